// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {ReentrancyGuard} from "solady/src/utils/ReentrancyGuard.sol";
import {Commitments} from "../kernel/Commitments.sol";
import {BURN_ADDRESS, Currency, CurrencyTransfers} from "../kernel/Currency.sol";
import {IFunds} from "../kernel/IFunds.sol";
import {Instance} from "../kernel/Instance.sol";
import {Phases} from "../kernel/Phases.sol";
import {Claim, Demand, IFederationEvents, Policy} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";

// Claims are hashed as they come.
// solhint-disable no-inline-assembly

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title FederationLedger
/// @notice All that a federation stores, and how it is reckoned with. It is in two codes, a Federation and
/// FederationCommons, which both stand on this.
abstract contract FederationLedger is IFederationEvents, Instance, Phases, Commitments, ReentrancyGuard {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Lanes for uint256[4];

    uint256 internal constant NO_SEAT = type(uint256).max;

    uint256 private _state;
    /// @dev 248 bits of the commitment, then of the digest, of the last round; the seat plus one in the low byte.
    mapping(address party => uint256) internal _parties;
    /// @dev By seat, in multiples of `unit`: what a seat has earned, and what it has lost of its deposit.
    uint256[4] internal _earned;
    uint256[4] internal _lost;
    mapping(address who => uint256) internal _balances;
    /// @dev By seat, where deposits weigh: what others have put behind it.
    uint256[4] internal _backed;
    /// @dev The same of who has no seat; and what each has put behind whom.
    mapping(address party => uint256) internal _unseated;
    mapping(address who => mapping(address party => uint256)) internal _given;
    /// @dev The hash of the last claim; it is pending where the state says so.
    bytes32 internal _pending;
    bytes32 internal _record;
    mapping(bytes32 evidence => uint256 blockNumber) internal _announced;
    mapping(bytes32 key => Demand) internal _demands;
    /// @dev Where updates are masked: the seats that took part when the round began, who share masks; and whether some
    /// of them disagree. Then sixteen bits for each seat say with whom, else `_disagreed` is of a round before.
    uint256 private _among;
    uint256 private _disagreed;
    uint256 private constant DISAGREE = 1 << 16;

    // ── terms and time ──────────────────────────────────────────────────────────────────────────────────────

    function _terms() internal view returns (PackedTerms) {
        _checkClone();
        return FederationTerms.read(ARGUMENTS);
    }

    /// @dev The end of commitments; the end of reveals; the end of judging.
    function _commitEnd(PackedTerms t, uint256 since) internal pure returns (uint256) {
        return since + t.committing();
    }

    function _revealEnd(PackedTerms t, uint256 since) internal pure returns (uint256) {
        return since + t.committing() + t.revealing();
    }

    function _claimsFrom(PackedTerms t, uint256 since) internal pure returns (uint256) {
        return since + t.committing() + t.revealing() + _judgingTime(t);
    }

    /// @dev From when on claims have turns: in the mode Direct, where sums wait for what is demanded, so much later as
    /// there is to supply it. Demands end as much before the first turn does, or one's own would take it from another.
    function _turnsFrom(PackedTerms t, uint256 since) internal pure returns (uint256) {
        return _claimsFrom(t, since) + (t.isDirect() ? t.supply() : 0);
    }

    function _challengeEnd(PackedTerms t, PackedState memory s) internal pure returns (uint256) {
        return s.since() + s.claimedAfter() + t.challenge();
    }

    function _judgingTime(PackedTerms t) private pure returns (uint256) {
        bool twice = t.policy() == Policy.Quality || t.policy() == Policy.Learning;
        return twice ? 2 * t.judging() : t.judging();
    }

    function _load() internal view returns (PackedState memory s) {
        s.word = _state;
    }

    function _save(PackedState memory s) internal {
        _state = s.word;
    }

    /// @dev Until all have committed, or to the end of the time for it: there is always some where what is behind seats
    /// weighs, so that no cartel keeps backers from leaving.
    function _isCommitting(PackedTerms t, PackedState memory s) internal view returns (bool) {
        if (s.committed() == s.seats() && !t.weighs()) return false;
        return block.timestamp < _commitEnd(t, s.since());
    }

    /// @dev Where commitments are over.
    function _isRevealing(PackedTerms t, PackedState memory s) internal view returns (bool) {
        return s.revealed() != s.committed() && block.timestamp < _revealEnd(t, s.since());
    }

    /// @dev The time for claims begins now, whatever was before.
    function _reopenClaims(PackedTerms t, PackedState memory s) internal view {
        s.setClaimedAfter(0);
        s.setSince(block.timestamp - _claimsFrom(t, 0));
    }

    // ── seats ───────────────────────────────────────────────────────────────────────────────────────────────

    function _seatOf(address who) internal view returns (uint256) {
        uint256 low = uint8(_parties[who]);
        return low == 0 ? NO_SEAT : low - 1;
    }

    /// @dev The seat of `who` that takes part, or a revert.
    function _activeSeat(PackedState memory s, address who) internal view returns (uint256 seat) {
        seat = _seatOf(who);
        require(seat != NO_SEAT && s.seats() >> seat & 1 != 0, NotAParty(who));
    }

    /// @dev Of the last finalized round; of the model that the first one trains on.
    function _lastRecord(PackedTerms t) internal view returns (bytes32 record) {
        record = _record;
        if (record == 0) record = keccak256(abi.encode(bytes32(0), uint256(0), t.genesis(), bytes32(0)));
    }

    /// @dev keccak256(abi.encode(c)), which is how it lies in calldata; what is not encoded so has another hash.
    function _hashOf(Claim calldata c) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(64)
            calldatacopy(free, c, 320)
            hash := keccak256(free, 320)
        }
    }

    // ── rounds ──────────────────────────────────────────────────────────────────────────────────────────────

    function _openRound(PackedTerms t, PackedState memory s) internal {
        s.open(block.timestamp);
        if (t.isMasked()) _among = s.seats();
    }

    /// @dev Who shares masks in this round, and who of them disagrees with whom.
    function _maskedWith() internal view returns (uint256 among, uint256 disagreed) {
        among = _among;
        if (among & DISAGREE != 0) (among, disagreed) = (among ^ DISAGREE, _disagreed);
    }

    function _setDisagreed(uint256 among, uint256 disagreed) internal {
        (_among, _disagreed) = (among | DISAGREE, disagreed);
    }

    function _close(PackedTerms t, PackedState memory s) internal {
        s.setClosed();
        uint256 rest = (t.rounds() - s.done()) * t.reward();
        _owe(t, t.organizer(), rest);
        emit Closed(rest * t.unit());
    }

    // ── money ───────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Take the fine from the seats in `idle`, and again from those in `again`, for the others who revealed. A
    /// seat that could not pay one more does not take part any longer.
    function _fine(PackedTerms t, PackedState memory s, uint256[4] memory sums, uint256 idle, uint256 again) internal {
        if (idle | again == 0) return;
        uint256 pool;
        uint256[4] memory losses;
        for (uint256 seat = 0; (idle | again) >> seat != 0; ++seat) {
            uint256 times = (idle >> seat & 1) + (again >> seat & 1);
            if (times == 0) continue;
            uint256 left = t.deposit() - _lost.get(seat);
            uint256 loss = times * t.fine() < left ? times * t.fine() : left;
            losses.put(seat, loss);
            pool += loss;
            if (left - loss < t.fine()) s.dropSeats(1 << seat);
        }
        _lost.add(losses);
        // Too few committed: nobody owes a reveal, so all of them acted.
        bool few = LibBit.popCount(s.committed()) < t.quorum();
        uint256 acted = (few ? s.committed() : s.revealed()) & ~(idle | again);
        _share(t, sums, acted, pool);
        emit Fined(s.round(), idle | again, pool, acted);
    }

    /// @dev Equal parts to the seats of `mask`; what is left to the lowest; burnt if there is nobody.
    function _share(PackedTerms t, uint256[4] memory sums, uint256 mask, uint256 amount) private {
        uint256 count = LibBit.popCount(mask);
        if (count == 0) {
            _owe(t, BURN_ADDRESS, amount);
            return;
        }
        uint256 part = amount / count;
        uint256 more = amount % count;
        for (uint256 seat = 0; mask >> seat != 0; ++seat) {
            if (mask >> seat & 1 == 0) continue;
            Lanes.put(sums, seat, part + more);
            more = 0;
        }
    }

    /// @dev `amount` in multiples of the unit. What a seat earns goes to its lane instead, four of which share a slot.
    function _owe(PackedTerms t, address who, uint256 amount) internal {
        if (amount != 0) _balances[who] += amount * t.unit();
    }

    /// @dev Out of the value and the sender's balance; of a token, what that lacks comes by the sender's allowance.
    /// Last of all effects: a token that calls back sees them done.
    function _take(PackedTerms t, uint256 amount) internal {
        Currency currency_ = t.currency();
        uint256 brought = msg.value;
        require(brought == 0 || currency_.isEther(), CurrencyTransfers.WrongPayment(brought, 0));
        uint256 wanted = amount * t.unit();
        if (brought == wanted) return;
        uint256 balance = _owned(t, msg.sender);
        if (balance < wanted && !currency_.isEther()) {
            brought = wanted - balance;
            _pull(currency_, brought);
            balance = _owned(t, msg.sender); // as it is now: a token may have called back
        }
        balance += brought;
        require(balance >= wanted, IFunds.Underfunded(balance, wanted));
        _setOwned(msg.sender, balance - wanted);
    }

    /// @dev Not while `fund` measures what arrives, as a token that calls back could: it would count twice.
    function _pull(Currency currency_, uint256 amount) private nonReentrant {
        currency_.pull(amount);
    }

    /// @dev What `who` can withdraw, with what its seat earned.
    function _owned(PackedTerms t, address who) internal view returns (uint256 balance) {
        balance = _balances[who];
        uint256 seat = _seatOf(who);
        if (seat != NO_SEAT) balance += _earned.get(seat) * t.unit();
    }

    function _setOwned(address who, uint256 amount) internal {
        uint256 seat = _seatOf(who);
        if (seat != NO_SEAT) _earned.clear(seat);
        _balances[who] = amount;
    }
}

// slither-disable-end timestamp
