// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {Batch} from "../Batch.sol";
import {Claims} from "../Claims.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {Phase} from "../IFederation.sol";
import {Lanes} from "../Lanes.sol";
import {Masks} from "../Masks.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {IMasked, IMaskedDisputes} from "./IMasked.sol";

/// @title Masked
/// @notice See IMasked. Every update is in; the organizer claims first, if it has a seat, then any seat may.
abstract contract Masked is Claims, IMasked {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Batch for bytes;

    uint256 private constant ENTRY = 52; // bytes before the sheet
    uint256 private constant MAX_SHARED = 16_384;

    uint256 private constant ROUND = 232;
    uint256 private constant PARTIES = 216;
    uint256 private constant TOLD = 200;
    /// @dev The hashes of seeds that two are to have in common, each added twice: zero once all are told and agree. Who
    /// finds hashes that add up to zero as well has done no more than who adds nonsense to its update.
    uint256 private constant HASHES = 2 ** 200 - 1;

    uint256 private _veil; // round, who is in, who was told of, hashes

    /// @inheritdoc IMasked
    function unmask(bytes calldata entries) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        (uint256 among, uint256 disagreed) = _maskedWith();
        uint256 length = ENTRY + Masks.lengthOf(among);
        entries.check(length);
        _requireUnmasking(t, s);
        // Effect
        uint256 veil = _begun(s);
        uint256 before = veil;
        for (uint256 place = 0; place < entries.length; place += length) {
            veil = _unmask(s, veil, among, disagreed, entries[place:place + length]);
        }
        require(veil != before, NothingDone());
        _veil = veil;
        if (_allTold(veil) && veil & HASHES != 0) _tellAnew(t, s);
    }

    /// @inheritdoc IMasked
    function compare(bytes calldata entries) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        _requireUnmasking(t, s);
        (uint256 among, uint256 disagreed) = _maskedWith();
        uint256 veil = _begun(s);
        uint256 parties = uint16(veil >> PARTIES);
        uint256 length = ENTRY + Masks.lengthOf(among);
        uint256 whole = length * LibBit.popCount(parties);
        require(entries.length == whole, WrongLength(entries.length, whole));
        uint256 place = 0;
        for (uint256 seat = 0; parties >> seat != 0; ++seat) {
            if (parties >> seat & 1 == 0) continue;
            _checkSheet(entries[place:place + length], seat);
            place += length;
        }
        uint256 pairs = Masks.disagreeing(entries, length, among, parties);
        require(disagreed == 0 && pairs != 0, NothingDone());
        // Effect
        // All others agree, and nothing is left to be compared.
        veil &= ~HASHES;
        for (uint256 seat = 0; parties >> seat != 0; ++seat) {
            if (Lanes.small(pairs, seat) != 0) veil &= ~(1 << (TOLD + seat));
        }
        _veil = veil;
        _setDisagreed(among, pairs);
        _tellAnew(t, s);
        emit Disagreed(s.round(), pairs);
    }

    /// @inheritdoc IMasked
    function share(bytes calldata shares) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        uint256 seat = _activeSeat(s, msg.sender);
        // Check
        require(shares.length <= MAX_SHARED, WrongLength(shares.length, MAX_SHARED));
        _requireUnmasking(t, s);
        // Effect
        _veil = _begun(s);
        emit Shared(s.round(), seat, shares);
    }

    /// @inheritdoc IMasked
    function masks()
        external
        view
        returns (uint256 round, uint256 among, uint256 parties, uint256 told, uint256 disagreed, bool lost)
    {
        PackedState memory s = _load();
        uint256 veil = _current(s);
        (round, parties, told) = (s.round(), uint16(veil >> PARTIES), uint16(veil >> TOLD));
        (among, disagreed) = _maskedWith();
        lost = _isLost(s, veil);
    }

    /// @notice Nothing here is added up by the contract.
    function sum(bytes calldata) external pure {
        revert WrongMode();
    }

    /// @dev While it is fixed who is in, and they are enough to hide each other.
    function _requireUnmasking(PackedTerms t, PackedState memory s) private view {
        _requirePhase(t, s, Phase.Judging);
        uint256 count = LibBit.popCount(s.revealed());
        require(count >= t.quorum(), NotEnough(count, t.quorum()));
    }

    /// @dev An entry of who is not in or was told of before, or that is not what its party committed to, is left out.
    function _unmask(
        PackedState memory s,
        uint256 veil,
        uint256 among,
        uint256 disagreed,
        bytes calldata entry
    ) private returns (uint256) {
        uint256 parties = uint16(veil >> PARTIES);
        address who = address(bytes20(entry[:20]));
        uint256 kept = _parties[who];
        if (kept == 0) return veil;
        uint256 seat = uint8(kept) - 1;
        if (!_isIn(parties & ~(veil >> TOLD), seat)) return veil;
        bytes memory sheet = Masks.asCommitted(entry[ENTRY:], among, Masks.due(among, parties, disagreed, seat));
        if (!_isCommitted(kept, entry, sheet)) return veil;
        emit Unmasked(s.round(), who, seat, among, entry[ENTRY:]);
        if (disagreed == 0) veil ^= Masks.shared(sheet, among, parties, seat) & HASHES;
        return veil | 1 << (TOLD + seat);
    }

    /// @dev Revert unless `entry` has the sheet that `seat` committed to, and nothing told in it.
    function _checkSheet(bytes calldata entry, uint256 seat) private view {
        address who = address(bytes20(entry[:20]));
        bool its = _seatOf(who) == seat && _isCommitted(_parties[who], entry, entry[ENTRY:]);
        require(its, NotTheUpdate(who));
    }

    /// @dev Whether `kept` is of the root in `entry` and of `sheet`.
    function _isCommitted(uint256 kept, bytes calldata entry, bytes memory sheet) private pure returns (bool) {
        bytes32 digest = keccak256(abi.encodePacked(entry[20:52], uint16(1), uint8(0), sha256(sheet)));
        return (uint256(digest) ^ kept) >> 8 == 0;
    }

    /// @dev The time for it begins again, and never ends sooner than it did: twice in a round at most, once all are
    /// told of and somebody disagrees, and once it is known who. What was before is over, or all have done it.
    function _tellAnew(PackedTerms t, PackedState memory s) private {
        s.setSince(FixedPointMathLib.max(s.since(), block.timestamp - _revealEnd(t, 0)));
        _save(s);
    }

    // ── the policy ──────────────────────────────────────────────────────────────────────────────────────────

    /// @dev What was told in this round; zero before anything was.
    function _current(PackedState memory s) private view returns (uint256 veil) {
        veil = _veil;
        if (veil >> ROUND != s.round()) veil = 0;
    }

    /// @dev The same, where it is fixed who is in, now at the latest.
    function _begun(PackedState memory s) private view returns (uint256 veil) {
        veil = _current(s);
        if (veil == 0) veil = s.round() << ROUND | s.revealed() << PARTIES;
    }

    function _isLost(PackedState memory s, uint256 veil) private pure returns (bool) {
        return veil != 0 && uint16(veil >> PARTIES) != s.revealed();
    }

    function _allTold(uint256 veil) private pure returns (bool) {
        return uint16(veil >> TOLD) == uint16(veil >> PARTIES);
    }

    function _hasJudged(PackedTerms, PackedState memory s) internal view override returns (bool) {
        uint256 veil = _current(s);
        return veil != 0 && (_isLost(s, veil) || (_allTold(veil) && veil & HASHES == 0));
    }

    function _idleJudges(PackedTerms, PackedState memory s) internal view override returns (uint256) {
        uint256 veil = _current(s);
        return _isLost(s, veil) ? 0 : s.revealed() & ~(veil >> TOLD);
    }

    // solhint-disable-next-line no-empty-blocks
    function _allRevealed(PackedState memory s) internal pure override {}

    function _judge(PackedTerms t, PackedState memory s)
        internal
        view
        override
        returns (uint256 accepted, uint256 order, uint256 merits)
    {
        uint256 veil = _current(s);
        if (veil == 0 || _isLost(s, veil) || !_allTold(veil) || veil & HASHES != 0) return (0, 0, 0);
        accepted = s.revealed();
        uint256 seat = _seatOf(t.organizer());
        if (_isIn(s.seats(), seat)) order = seat + 1;
        merits = Lanes.ones(accepted);
    }

    function _isDispute(bytes4 selector) internal pure override returns (bool) {
        return selector == IMaskedDisputes.refuteMasked.selector || super._isDispute(selector);
    }
}
