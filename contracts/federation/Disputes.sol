// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {BURN_ADDRESS} from "../kernel/Currency.sol";
import {Merkle} from "../kernel/Merkle.sol";
import {Chunks} from "./Chunks.sol";
import {FederationLedger} from "./FederationLedger.sol";
import {GramTrace} from "./GramTrace.sol";
import {ChunkPair, Claim, Demand, IDisputes, Link, Mode, Part, PartyChunk, Pay, Rule} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";
import {Rules} from "./Rules.sol";
import {Selection} from "./Selection.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";
import {Sums} from "./Sums.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Disputes
/// @notice Refutations and demands. See IDisputes.
abstract contract Disputes is FederationLedger, IDisputes {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Lanes for uint256[4];

    uint256 private constant GROUP = 16; // chunks that are demanded at once
    uint256 private constant LEAVES = 256; // leaves of a trace: at most 64 parts, and 8 KiB each

    /// @inheritdoc IDisputes
    function announce(bytes32 evidence) external {
        if (_announced[evidence] == 0) _announced[evidence] = block.number;
        emit Announced(msg.sender, evidence);
    }

    /// @inheritdoc IDisputes
    function refuteChunk(
        Claim calldata c,
        Link calldata previous,
        PartyChunk[] calldata parties,
        ChunkPair calldata models
    ) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        _checkPending(t, s, c);
        _checkModels(t, c, previous, models);
        int256[] memory delta = _aggregated(t, c, parties, models.index);
        require(!Rules.follows(models.claimed, models.before, delta), NotRefuted());
        // Effect
        _refuted(t, s, c, models.index);
    }

    /// @inheritdoc IDisputes
    function refuteStep(
        Claim calldata c,
        PartyChunk[] calldata parties,
        uint256 index,
        bytes calldata before,
        bytes32[] calldata beforeProof,
        bytes32 leaf,
        bytes32[] calldata leafProof
    ) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        _checkPending(t, s, c);
        uint256 chunks = t.chunks();
        require(c.gramRoot != 0, UnexpectedTrace(0));
        require(Merkle.proves(c.gramRoot, leaf, leafProof, index, chunks), WrongProof(index));
        if (index != 0) {
            bytes32 last = GramTrace.leaf(index - 1, before);
            require(Merkle.proves(c.gramRoot, last, beforeProof, index - 1, chunks), WrongProof(index - 1));
        }
        require((index == 0) == (before.length == 0), GramTrace.WrongMatrix(before.length));
        int256[][] memory updates = _shown(t, c.accepted, parties, index);
        bytes memory right = GramTrace.step(before, updates);
        require(GramTrace.leaf(index, right) != leaf, NotRefuted());
        // Effect
        _refuted(t, s, c, index);
    }

    /// @inheritdoc IDisputes
    function refuteSelection(Claim calldata c, bytes calldata gram, bytes32[] calldata proof) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        _checkPending(t, s, c);
        uint256 chunks = t.chunks();
        require(c.gramRoot != 0, UnexpectedTrace(0));
        bytes32 last = GramTrace.leaf(chunks - 1, gram);
        require(Merkle.proves(c.gramRoot, last, proof, chunks - 1, chunks), WrongProof(chunks - 1));
        int256[][] memory g = GramTrace.matrix(gram, LibBit.popCount(c.accepted));
        (uint256 selected, uint256 factors, uint256 merits) = Selection.follow(t, g, c.accepted);
        bool same = selected == c.selected && factors == c.factors;
        require(!same || (t.pay() == Pay.Alignment && merits != c.merits), NotRefuted());
        // Effect
        _refuted(t, s, c, chunks);
    }

    /// @inheritdoc IDisputes
    function demand(Part part, address party, uint256 index, Claim calldata c) external payable {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        bytes32 key = _keyOf(s, part, party, index, c);
        Demand storage d = _demands[key];
        // Check
        bool revealed = s.round() != 0 && !s.closed() && !_isCommitting(t, s) && !_isRevealing(t, s);
        require(revealed && block.timestamp < _demandsEnd(t, s), NotTheTime());
        // What was supplied is in an event for everybody, so no bytes are demanded twice.
        require(d.asker == address(0), AlreadyDemanded(d.asker));
        if (part == Part.Update) {
            uint256 seat = _seatOf(party);
            require(seat != NO_SEAT && s.revealed() >> seat & 1 != 0, NotTheUpdate(party));
        } else {
            _checkPending(t, s, c);
            require(party == c.claimer, NotTheClaim(_pending));
            require(part == Part.Model || c.gramRoot != 0, UnexpectedTrace(0));
        }
        uint256 count = part == Part.Trace ? _leafGroups(t) : _groups(t);
        require(index < count, WrongProof(index));
        // Effect
        _demands[key] = Demand(msg.sender, uint40(block.timestamp + t.supply()), uint40(_claimedAt(s)));
        s.addDemand();
        _save(s);
        _take(t, t.stake());
        emit Demanded(s.round(), party, part, index, msg.sender, block.timestamp + t.supply());
    }

    /// @inheritdoc IDisputes
    function supply(Part part, uint256 index, Claim calldata c, PartyChunk calldata p) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        address party = part == Part.Update ? p.party : c.claimer;
        Demand storage d = _demands[_keyOf(s, part, party, index, c)];
        // Check
        require(d.deadline != 0 && (part == Part.Update || d.claimedAt == _claimedAt(s)), NotDemanded());
        _before(d.deadline);
        if (part == Part.Update) {
            _checkHead(p);
            _checkGroup(t, p.root, t.width(), index, p);
        } else {
            _checkPending(t, s, c);
            if (part == Part.Model) _checkGroup(t, c.modelRoot, 4, index, p);
            else _checkLeaves(t, c.gramRoot, index, p);
        }
        // Effect
        d.deadline = 0;
        s.removeDemand();
        _save(s);
        _owe(t, party, t.stake());
        emit Supplied(s.round(), party, part, index, p.data, p.proof);
    }

    /// @inheritdoc IDisputes
    function forfeit(Part part, address party, uint256 index, Claim calldata c) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        bytes32 key = _keyOf(s, part, party, index, c);
        Demand memory d = _demands[key];
        // Check
        require(d.deadline != 0, NotDemanded());
        uint256 seat = _seatOf(party);
        bool matters = part == Part.Update
            ? seat != NO_SEAT && s.revealed() >> seat & 1 != 0
            : s.claimedAfter() != 0 && d.claimedAt == _claimedAt(s) && _hashOf(c) == _pending;
        // What falls takes the claim with it, which stands on it.
        if (matters && s.claimedAfter() != 0) _checkPending(t, s, c);
        if (matters) _notBefore(d.deadline);
        // Effect
        delete _demands[key];
        s.removeDemand();
        _owe(t, d.asker, t.stake());
        emit DemandClosed(s.round(), party, part, index, matters);
        if (!matters) _save(s);
        else if (part == Part.Update) _exclude(t, s, seat, c);
        else _fallen(t, s, c, t.chunks(), d.asker, t.bond() / 2);
    }

    /// @inheritdoc IDisputes
    function demandOf(Part part, address party, uint256 index, Claim calldata c)
        external
        view
        returns (Demand memory)
    {
        return _demands[_keyOf(_load(), part, party, index, c)];
    }

    // ── what falls ──────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Half of the bond is the sender's if it announced the evidence before.
    function _refuted(PackedTerms t, PackedState memory s, Claim calldata c, uint256 chunk) internal {
        uint256 since = _announced[keccak256(abi.encode(msg.sender, keccak256(msg.data)))];
        bool announced = since != 0 && since < block.number;
        _fallen(t, s, c, chunk, msg.sender, announced ? t.bond() / 2 : 0);
    }

    /// @dev The claim is gone, `reward` of the bond is `winner`'s and the rest is burnt.
    function _fallen(
        PackedTerms t,
        PackedState memory s,
        Claim calldata c,
        uint256 chunk,
        address winner,
        uint256 reward
    ) private {
        s.addTried(1 << c.seat);
        _drop(t, s);
        _owe(t, winner, reward);
        _owe(t, BURN_ADDRESS, t.bond() - reward);
        emit Refuted(s.round(), winner, c.seat, chunk, reward * t.unit());
    }

    /// @dev The party's update is out of the round, and the party of the federation; so is a claim that stands on it.
    function _exclude(PackedTerms t, PackedState memory s, uint256 seat, Claim calldata c) private {
        uint256[4] memory sums;
        s.dropUpdates(1 << seat);
        _fine(t, s, sums, 1 << seat, 0);
        s.dropSeats(1 << seat);
        _earned.add(sums);
        if (s.claimedAfter() != 0 && (c.accepted >> seat & 1 != 0 || c.seat == seat)) {
            _drop(t, s);
            _owe(t, c.claimer, t.bond());
        } else {
            _save(s);
        }
    }

    /// @dev Without a claim; the time for claims begins again.
    function _drop(PackedTerms t, PackedState memory s) private {
        _reopenClaims(t, s);
        _save(s);
    }

    // ── evidence ────────────────────────────────────────────────────────────────────────────────────────────

    function _checkPending(PackedTerms t, PackedState memory s, Claim calldata c) internal view {
        bytes32 pending = _pending;
        bool open = s.claimedAfter() != 0 && (s.demanded() != 0 || block.timestamp < _challengeEnd(t, s));
        require(open && _hashOf(c) == pending, NotTheClaim(pending));
    }

    /// @dev By how much the model moves in chunk `index`.
    function _aggregated(PackedTerms t, Claim calldata c, PartyChunk[] calldata parties, uint256 index)
        internal
        view
        virtual
        returns (int256[] memory)
    {
        Rule rule = t.rule();
        bool ordered = rule == Rule.Median || rule == Rule.TrimmedMean;
        if (!ordered && !t.clips()) return _mean(t, c.selected, parties, index);
        if (ordered) return _middle(t, c.selected, parties, index);
        int256[][] memory updates = _shown(t, c.selected, parties, index);
        uint256[] memory weights = new uint256[](updates.length);
        for (uint256 i = 0; i < weights.length; ++i) {
            weights[i] = parties[i].weight;
        }
        Rules.scale(updates, c.selected, c.factors);
        return Rules.mean(updates, weights);
    }

    /// @dev Of what each in `mask` revealed, in lanes.
    function _mean(PackedTerms t, uint256 mask, PartyChunk[] calldata parties, uint256 index)
        private
        view
        returns (int256[] memory)
    {
        uint256[] memory sums = Sums.none();
        (uint256 seen, uint256 total, uint256 factors, uint256 width) = (0, 0, 0, t.width());
        for (uint256 i = 0; i < parties.length; ++i) {
            PartyChunk calldata p = parties[i];
            seen = _checkChunk(t, p, index, seen);
            unchecked {
                // Sixteen weights of 16 bits, shifts of at most 24.
                uint256 weight = p.weight;
                uint256 factor = weight << p.shift;
                Sums.add(sums, p.data, width, factor);
                (total, factors) = (total + weight, factors + factor);
            }
        }
        require(seen == mask, WrongParties(seen, mask));
        return Sums.mean(sums, width, factors, total);
    }

    /// @dev The same without the least and the greatest.
    function _middle(PackedTerms t, uint256 mask, PartyChunk[] calldata parties, uint256 index)
        private
        view
        returns (int256[] memory)
    {
        (uint256 n, uint256 width, uint256 seen) = (parties.length, t.width(), 0);
        uint256[] memory rows = Sums.rowsOf(n);
        for (uint256 i = 0; i < n; ++i) {
            PartyChunk calldata p = parties[i];
            seen = _checkChunk(t, p, index, seen);
            Sums.put(rows, i, p.data, width, p.shift);
        }
        require(seen == mask, WrongParties(seen, mask));
        uint256 trim = t.rule() == Rule.Median ? (n - 1) / 2 : Rules.trimOf(t.trim(), n);
        return Sums.middle(rows, n, width, trim);
    }

    /// @dev The values of chunk `index` of every update in `mask`, in the order of seats. Reverts unless each is shown
    /// once, as it was revealed.
    function _shown(PackedTerms t, uint256 mask, PartyChunk[] calldata parties, uint256 index)
        private
        view
        returns (int256[][] memory updates)
    {
        uint256 seen = 0;
        updates = new int256[][](parties.length);
        for (uint256 i = 0; i < parties.length; ++i) {
            PartyChunk calldata p = parties[i];
            seen = _checkChunk(t, p, index, seen);
            updates[i] = Chunks.values(p.data, t.width(), p.shift);
        }
        require(seen == mask, WrongParties(seen, mask));
    }

    /// @dev Revert unless `p` is chunk `index` of an update as it was revealed, by a seat above those already `seen`;
    /// returns the mask of all of them.
    function _checkChunk(PackedTerms t, PartyChunk calldata p, uint256 index, uint256 seen)
        internal
        view
        returns (uint256)
    {
        uint256 length = Chunks.COORDINATES * t.width();
        uint256 seat = _checkHead(p);
        bytes calldata data = p.data;
        require(data.length == length, WrongLength(data.length, length));
        require(Chunks.isProven(p.root, data, p.proof, index, t.chunks()), WrongProof(index));
        // Ascending, so that nobody is shown twice.
        require(seen >> seat == 0, NotTheUpdate(p.party));
        return seen | 1 << seat;
    }

    /// @dev The seat of the party that revealed this.
    function _checkHead(PartyChunk calldata p) private view returns (uint256 seat) {
        uint256 kept = _parties[p.party];
        bytes32 digest = keccak256(abi.encodePacked(p.root, p.weight, p.shift, p.cid));
        require(kept != 0 && (uint256(digest) ^ kept) >> 8 == 0, NotTheUpdate(p.party));
        return uint8(kept) - 1;
    }

    function _checkModels(PackedTerms t, Claim calldata c, Link calldata previous, ChunkPair calldata models)
        internal
        view
    {
        bytes32 record = _lastRecord(t);
        require(keccak256(abi.encode(previous)) == record, NotTheRecord(record));
        _checkModelChunk(t, previous.modelRoot, models.index, models.before, models.beforeProof);
        _checkModelChunk(t, c.modelRoot, models.index, models.claimed, models.claimedProof);
    }

    function _checkModelChunk(
        PackedTerms t,
        bytes32 root,
        uint256 index,
        bytes calldata data,
        bytes32[] calldata proof
    ) internal pure {
        uint256 length = 4 * Chunks.COORDINATES;
        require(data.length == length, WrongLength(data.length, length));
        require(Chunks.isProven(root, data, proof, index, t.chunks()), WrongProof(index));
    }

    /// @dev Revert unless `p` has the chunks of group `index` below `root`, of `width` bytes a coordinate.
    function _checkGroup(PackedTerms t, bytes32 root, uint256 width, uint256 index, PartyChunk calldata p)
        private
        pure
    {
        if (t.mode() == Mode.Direct) {
            require(p.data.length == t.size(), WrongLength(p.data.length, t.size()));
            require(sha256(p.data) == root, WrongProof(index));
            return;
        }
        uint256 first = GROUP * index;
        uint256 left = t.chunks() - first;
        uint256 count = left < GROUP ? left : GROUP;
        uint256 length = Chunks.COORDINATES * width;
        require(p.data.length == count * length, WrongLength(p.data.length, count * length));
        bytes32[] memory nodes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = Chunks.leaf(first + i, p.data[i * length:(i + 1) * length]);
        }
        require(Merkle.proves(root, Merkle.rootOf(nodes), p.proof, index, _groups(t)), WrongProof(index));
    }

    /// @dev Revert unless `p` has the leaves of group `index` below `root`. They are hashes: up to the first wrong one
    /// whoever refutes has the matrices itself, and so a claimer is not asked for each of thousands.
    function _checkLeaves(PackedTerms t, bytes32 root, uint256 index, PartyChunk calldata p) private pure {
        uint256 left = t.chunks() - LEAVES * index;
        uint256 count = left < LEAVES ? left : LEAVES;
        require(p.data.length == 32 * count, WrongLength(p.data.length, 32 * count));
        bytes32[] memory nodes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = bytes32(p.data[32 * i:32 * i + 32]);
        }
        require(Merkle.proves(root, Merkle.rootOf(nodes), p.proof, index, _leafGroups(t)), WrongProof(index));
    }

    function _groups(PackedTerms t) private pure returns (uint256) {
        return t.mode() == Mode.Direct ? 1 : (t.chunks() + GROUP - 1) / GROUP;
    }

    function _leafGroups(PackedTerms t) private pure returns (uint256) {
        return (t.chunks() + LEAVES - 1) / LEAVES;
    }

    /// @dev Parts of a claim are of this claim, not of a later one of the same party.
    function _keyOf(PackedState memory s, Part part, address party, uint256 index, Claim calldata c)
        private
        pure
        returns (bytes32)
    {
        bytes32 whose = part == Part.Update ? bytes32(uint256(uint160(party))) : _hashOf(c);
        return keccak256(abi.encode(s.round(), part, whose, index));
    }

    /// @dev Before a claim: to the end of the first turn (of a sum: as _turnsFrom says). Then: as long as there is time
    /// to supply, and as much again to refute with what is shown. So nobody delays a round by asking for its own parts.
    function _demandsEnd(PackedTerms t, PackedState memory s) private pure returns (uint256) {
        if (s.claimedAfter() == 0) return _claimsFrom(t, s.since()) + t.turn() - (t.isDirect() ? t.supply() : 0);
        return _challengeEnd(t, s) - 2 * t.supply();
    }

    /// @dev When the pending claim was posted, and so which one it is; zero if there is none.
    function _claimedAt(PackedState memory s) private pure returns (uint256) {
        return s.claimedAfter() == 0 ? 0 : s.since() + s.claimedAfter();
    }
}

// slither-disable-end timestamp
