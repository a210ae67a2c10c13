// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Claim, Mode, Pay, Phase} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";
import {Updates} from "./Updates.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Claims
/// @notice Aggregates with a bond, and the ends of rounds. See IFederation.
abstract contract Claims is Updates {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Lanes for uint256;
    using Lanes for uint256[4];

    /// @notice See IFederation.
    function claim(uint256 round, uint256 accepted, bytes32 modelRoot, bytes32 cid, bytes calldata trace)
        external
        payable
    {
        _claim(round, accepted, modelRoot, cid, trace, 0);
    }

    /// @notice See IFederation.
    function finalize(Claim calldata c) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        _checkPending(t, s, c);
        _notBefore(_challengeEnd(t, s));
        require(s.demanded() == 0, DemandsOpen(s.demanded()));
        // Effect
        uint256[4] memory sums;
        sums.put(c.seat, t.bond());
        _finish(t, s, c, _hashOf(c), sums);
    }

    /// @notice See IFederation.
    function skip() external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        Phase now_ = _phaseOf(t, s);
        // Check
        bool runs = now_ == Phase.Revealing || now_ == Phase.Judging || now_ == Phase.Claiming;
        require(runs, WrongPhase(now_));
        require(s.demanded() == 0, DemandsOpen(s.demanded()));
        uint256 idle;
        uint256 leader;
        if (LibBit.popCount(s.committed()) >= t.quorum()) {
            require(now_ != Phase.Revealing, WrongPhase(now_));
            idle = s.committed() & ~s.revealed();
            if (LibBit.popCount(s.revealed()) >= t.quorum()) {
                require(now_ == Phase.Claiming, WrongPhase(now_));
                idle |= _idleJudges(t, s);
                leader = _unclaimed(t, s);
            }
        }
        // Effect
        emit Skipped(s.round());
        s.addVoid();
        uint256[4] memory sums;
        _endRound(t, s, sums, idle, leader);
    }

    /// @notice See IFederation.
    function clock() external view returns (Phase phase_, uint256 endsAt) {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        phase_ = _phaseOf(t, s);
        if (phase_ == Phase.Joining) endsAt = t.start();
        else if (phase_ == Phase.Committing) endsAt = _commitEnd(t, s.since());
        else if (phase_ == Phase.Revealing) endsAt = _revealEnd(t, s.since());
        else if (phase_ == Phase.Judging) endsAt = _claimsFrom(t, s.since());
        else if (phase_ == Phase.Challenging) endsAt = _challengeEnd(t, s);
        else if (phase_ == Phase.Claiming) (, endsAt,) = _claiming(t, s);
    }

    /// @notice See IFederation.
    function judgement() external view returns (uint256 accepted, uint256 order, uint256 merits) {
        return _judge(_terms(), _load());
    }

    /// @dev As `claim`, with what the policy Work asks for.
    function _claim(
        uint256 round,
        uint256 accepted,
        bytes32 modelRoot,
        bytes32 cid,
        bytes calldata trace,
        bytes32 nonce
    ) internal {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        require(t.mode() == Mode.Optimistic, WrongMode());
        _requireRound(s, round);
        require(modelRoot != 0, NoModel());
        Claim memory c = _lead(t, s, modelRoot, nonce);
        require(c.accepted == accepted, WrongUpdates(c.accepted, accepted));
        c.cid = cid;
        if (trace.length != 0) {
            require(t.needsTrace(), UnexpectedTrace(bytes32(trace[:32])));
            uint256 merits;
            (c.gramRoot, c.selected, c.factors, merits) = abi.decode(trace, (bytes32, uint256, uint256, uint256));
            if (t.pay() == Pay.Alignment) c.merits = merits;
        }
        require((c.gramRoot != 0) == t.needsTrace(), UnexpectedTrace(c.gramRoot));
        // Effect
        _pending = keccak256(abi.encode(c));
        s.setClaimedAfter(block.timestamp - s.since());
        _save(s);
        _take(t, t.bond());
        emit Claimed(s.round(), c);
    }

    // ── claims ──────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev What the sender, whose turn it must be, may claim: `modelRoot` of those who are in.
    function _lead(PackedTerms t, PackedState memory s, bytes32 modelRoot, bytes32 nonce)
        internal
        returns (Claim memory c)
    {
        (c.claimer, c.seat, c.modelRoot) = (msg.sender, _activeSeat(s, msg.sender), modelRoot);
        _requirePhase(t, s, Phase.Claiming);
        _notBefore(s.since() + 1); // no time at all would mean that there is no claim
        uint256 order;
        (c.accepted, order, c.merits) = _judge(t, s);
        uint256 count = LibBit.popCount(c.accepted);
        require(count >= _needed(t), NotEnough(count, _needed(t)));
        require(s.tried() >> c.seat & 1 == 0, NotYourTurn(c.seat));
        c.leader = _turn(t, s, order, c, nonce);
        c.selected = c.accepted;
    }

    function _checkPending(PackedTerms t, PackedState memory s, Claim calldata c) private view {
        _requirePhase(t, s, Phase.Challenging);
        bytes32 pending = _pending;
        require(_hashOf(c) == pending, NotTheClaim(pending));
    }

    /// @dev Revert unless the claimer may claim now; returns the first of those in order whose claim was not refuted.
    function _turn(PackedTerms t, PackedState memory s, uint256 order, Claim memory c, bytes32)
        internal
        virtual
        returns (uint256 leader)
    {
        uint256 seat = c.seat;
        leader = NO_SEAT;
        uint256 from = _turnsFrom(t, s.since());
        uint256 turns = block.timestamp < from ? 0 : (block.timestamp - from) / t.turn();
        uint256 waiting = s.seats() & ~s.tried();
        uint256 place = 0;
        unchecked {
            // A byte for each of sixteen seats.
            for (; order != 0; order >>= 8) {
                uint256 next = (order & 0xff) - 1;
                if (waiting >> next & 1 == 0) continue;
                if (leader == NO_SEAT) leader = next;
                if (next == seat) break;
                ++place;
            }
        }
        require(turns >= place, NotYourTurn(seat));
    }

    /// @dev Until when claims are waited for: a turn for each in order, and one for anybody. And whether there can be a
    /// claim at all.
    function _claiming(PackedTerms t, PackedState memory s)
        private
        view
        returns (bool possible, uint256 endsAt, uint256 leader)
    {
        (uint256 accepted, uint256 order,) = _judge(t, s);
        possible = LibBit.popCount(accepted) >= _needed(t);
        leader = NO_SEAT;
        uint256 turns = 1;
        for (; order != 0; order >>= 8) {
            uint256 next = (order & 0xff) - 1;
            if ((s.seats() & ~s.tried()) >> next & 1 == 0) continue;
            if (leader == NO_SEAT) leader = next;
            ++turns;
        }
        endsAt = possible ? _turnsFrom(t, s.since()) + turns * t.turn() : _claimsFrom(t, s.since());
    }

    /// @dev A mask of the leader, where there could be a claim and the time for it is over; a revert where it is not.
    function _unclaimed(PackedTerms t, PackedState memory s) private returns (uint256) {
        (bool possible, uint256 endsAt, uint256 leader) = _claiming(t, s);
        if (!possible) return 0;
        _notBefore(endsAt);
        _unfound();
        return leader == NO_SEAT ? 0 : 1 << leader;
    }

    /// @dev The record of a claim that stands, what it pays besides what is in `sums`, and the next round.
    function _finish(
        PackedTerms t,
        PackedState memory s,
        Claim memory c,
        bytes32 claimHash,
        uint256[4] memory sums
    ) internal {
        bytes32 record = keccak256(abi.encode(_lastRecord(t), s.round(), c.modelRoot, claimHash));
        _record = record;
        emit Finalized(s.round(), record, c.modelRoot, c.accepted);
        _reward(t, c, sums);
        if (msg.sender == c.claimer) sums.put(c.seat, t.tip());
        else _owe(t, msg.sender, t.tip());
        s.addDone();
        uint256 leader = c.leader == c.seat || c.leader == NO_SEAT ? 0 : 1 << c.leader;
        _endRound(t, s, sums, s.committed() & ~s.revealed() | _idleJudges(t, s), leader);
    }

    /// @dev How many updates have to be in.
    function _needed(PackedTerms t) internal pure virtual returns (uint256) {
        return t.quorum();
    }

    /// @dev Nobody claimed, who could have.
    // solhint-disable-next-line no-empty-blocks
    function _unfound() internal virtual {}

    /// @dev What the round pays; the claimer gets its fee and what division leaves.
    function _reward(PackedTerms t, Claim memory c, uint256[4] memory sums) private pure {
        uint256 total;
        uint256 amount = t.reward() - t.fee() - t.tip();
        uint256 rest = amount;
        unchecked {
            // Sixteen seats, merits of 16 bits, amounts below 2^44; parts add up to the amount at most.
            for (uint256 merits = c.merits; merits != 0; merits >>= 16) {
                total += uint16(merits);
            }
            uint256 seat = 0;
            for (uint256 merits = c.merits; merits != 0; merits >>= 16) {
                uint256 part = amount * uint16(merits) / total;
                if (part != 0) sums.put(seat, part);
                rest -= part;
                ++seat;
            }
        }
        sums.put(c.seat, rest + t.fee());
    }
}

// slither-disable-end timestamp
