// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {LibSort} from "solady/src/utils/LibSort.sol";
import {Seed} from "../../kernel/Seed.sol";
import {Batch} from "../Batch.sol";
import {Claims} from "../Claims.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {Pay, State} from "../IFederation.sol";
import {Lanes} from "../Lanes.sol";
import {IQuality} from "./IQuality.sol";
import {Medians} from "./Medians.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Quality
/// @notice See IQuality.
abstract contract Quality is Claims, IQuality {
    using FederationTerms for PackedTerms;
    using Batch for bytes;
    using Lanes for uint256;

    bytes32 private constant SCORES = keccak256("DILN federation scores");
    bytes32 private constant SIGNED_SCORES = keccak256("Scores(uint256 round,bytes32 commitment)");
    uint256 private constant SIGNED_BYTES = 96;
    uint256 private constant REVEAL_BYTES = 84;

    /// @dev One slot.
    struct Ballot {
        uint24 round;
        uint64 drawnFrom; // the number of a block
        uint16 committee;
        uint16 spoke; // committed to scores
        uint16 judged; // revealed them
    }

    Ballot private _ballot;
    mapping(uint256 seat => bytes32) private _scores;

    /// @inheritdoc IQuality
    function draw() external {
        (PackedTerms memory t, State memory s) = (_terms(), _load());
        Ballot memory b = _ballot;
        // Check
        require(_isJudging(t, s), NotTheCommitteesTime());
        // Effect
        if (b.round != s.round) {
            _fixSeed(s);
        } else {
            require(b.committee == 0, AlreadyDrawn(s.round));
            _drawCommittee(t, s, b);
            _ballot = b;
        }
    }

    /// @inheritdoc IQuality
    function commitScore(bytes32 commitment) external {
        (State memory s, Ballot memory b) = _committing();
        uint256 seat = _seatOf(msg.sender);
        // Check
        require(_isIn(b.committee & ~b.spoke, seat), NotAParty(msg.sender));
        // Effect
        _commitScores(s, b, seat, commitment);
        _ballot = b;
    }

    /// @inheritdoc IQuality
    function commitScores(bytes calldata entries) external {
        // Check
        entries.check(SIGNED_BYTES);
        (State memory s, Ballot memory b) = _committing();
        // Effect
        uint256 before = b.spoke;
        bytes32 domain = _domainSeparator();
        for (uint256 place = 0; place < entries.length;) {
            (, uint256 seat, bytes32 commitment) = _signed(SIGNED_SCORES, domain, s.round, entries, place);
            if (_isIn(b.committee & ~b.spoke, seat)) _commitScores(s, b, seat, commitment);
            unchecked {
                place += SIGNED_BYTES; // below the length of calldata
            }
        }
        require(b.spoke != before, NothingDone());
        _ballot = b;
    }

    /// @inheritdoc IQuality
    function revealScores(bytes calldata entries) external {
        (PackedTerms memory t, State memory s) = (_terms(), _load());
        Ballot memory b = _ballot;
        // Check
        entries.check(REVEAL_BYTES);
        bool spoken = b.spoke == b.committee || block.timestamp >= _speakEnd(t, s);
        require(_isJudging(t, s) && b.round == s.round && spoken, NotTheCommitteesTime());
        // Effect
        uint256 before = b.judged;
        for (uint256 place = 0; place < entries.length;) {
            _revealScores(s, b, entries, place);
            unchecked {
                place += REVEAL_BYTES; // below the length of calldata
            }
        }
        require(b.judged != before, NothingDone());
        _ballot = b;
    }

    /// @inheritdoc IQuality
    function ballot() external view returns (uint256, uint256, uint256, uint256, uint256) {
        Ballot memory b = _ballot;
        return (b.round, b.drawnFrom, b.committee, b.spoke, b.judged);
    }

    /// @inheritdoc IQuality
    function scoresOf(uint256 seat) external view returns (bytes32) {
        return _scores[seat];
    }

    /// @inheritdoc IQuality
    function scoresCommitmentOf(uint256 round, address party, uint256 scores, bytes32 salt)
        external
        view
        returns (bytes32)
    {
        return _commitmentOf(SCORES, party, _payload(round, bytes32(scores)), salt);
    }

    // ── the committee ───────────────────────────────────────────────────────────────────────────────────────

    /// @dev The committee, drawn if it was not, in the time for its commitments.
    function _committing() private returns (State memory s, Ballot memory b) {
        PackedTerms memory t = _terms();
        (s, b) = (_load(), _ballot);
        require(_isJudging(t, s) && block.timestamp < _speakEnd(t, s), NotTheCommitteesTime());
        require(b.round == s.round, NotTheCommitteesTime());
        if (b.committee == 0) _drawCommittee(t, s, b);
    }

    function _isJudging(PackedTerms memory t, State memory s) private view returns (bool) {
        bool open = s.round != 0 && !s.closed && s.claimedAfter == 0 && block.timestamp < _claimsFrom(t, s.since);
        return open && !_isCommitting(t, s) && !_isRevealing(t, s);
    }

    function _speakEnd(PackedTerms memory t, State memory s) private pure returns (uint256) {
        return _revealEnd(t, s.since) + t.judging();
    }

    function _fixSeed(State memory s) private {
        _ballot = Ballot(uint24(s.round), uint64(block.number), 0, 0, 0);
    }

    /// @dev The greatest odd number of those who revealed, up to the terms': Fisher and Yates.
    function _drawCommittee(PackedTerms memory t, State memory s, Ballot memory b) private {
        bytes32 seed = Seed.read(b.drawnFrom, 0);
        (uint256[] memory seats, uint256 n) = _seatsOf(s.revealed);
        uint256 size = t.committee() < n ? t.committee() : n;
        if (size % 2 == 0 && size != 0) --size;
        uint256 mask = 0;
        for (uint256 i = 0; i < size; ++i) {
            uint256 j = i + uint256(keccak256(abi.encode(seed, address(this), s.round, i))) % (n - i);
            (seats[i], seats[j]) = (seats[j], seats[i]);
            mask |= 1 << seats[i];
        }
        b.committee = uint16(mask);
        emit Drawn(s.round, mask);
    }

    function _commitScores(State memory s, Ballot memory b, uint256 seat, bytes32 commitment) private {
        b.spoke |= uint16(1 << seat);
        _scores[seat] = commitment;
        emit ScoresCommitted(s.round, seat, commitment);
    }

    /// @dev An entry of who is not waited for, or that opens something else, is left out.
    function _revealScores(State memory s, Ballot memory b, bytes calldata entries, uint256 place) private {
        unchecked {
            // Places within calldata.
            address who = address(bytes20(entries.word(place)));
            uint256 seat = _seatOf(who);
            if (!_isIn(b.spoke & ~b.judged, seat)) return;
            bytes32 word = entries.word(place + 20);
            bytes32 commitment = _commitmentOf(SCORES, who, _payload(s.round, word), entries.word(place + 52));
            if (commitment != _scores[seat]) return;
            _scores[seat] = word;
            b.judged |= uint16(1 << seat);
            emit ScoresRevealed(s.round, seat, uint256(word));
        }
    }

    function _seatsOf(uint256 mask) private pure returns (uint256[] memory seats, uint256 count) {
        seats = new uint256[](LibBit.popCount(mask));
        unchecked {
            // Sixteen seats.
            for (uint256 seat = 0; mask >> seat != 0; ++seat) {
                if (mask >> seat & 1 == 0) continue;
                seats[count] = seat;
                ++count;
            }
        }
    }

    // ── the policy ──────────────────────────────────────────────────────────────────────────────────────────

    function _allRevealed(State memory s) internal override {
        _fixSeed(s);
    }

    function _hasJudged(PackedTerms memory, State memory s) internal view override returns (bool) {
        Ballot memory b = _ballot;
        return b.round == s.round && b.committee != 0 && b.judged == b.committee;
    }

    function _idleJudges(PackedTerms memory, State memory s) internal view override returns (uint256) {
        Ballot memory b = _ballot;
        return b.round == s.round ? b.committee & ~b.judged : 0;
    }

    function _judge(PackedTerms memory t, State memory s)
        internal
        view
        override
        returns (uint256 accepted, uint256 order, uint256 merits)
    {
        Ballot memory b = _ballot;
        if (b.round != s.round || 2 * LibBit.popCount(b.judged) <= LibBit.popCount(b.committee)) return (0, 0, 0);
        (uint256[] memory seats, uint256 n) = _seatsOf(s.revealed);
        if (n == 0) return (0, 0, 0);
        uint256 medians = _medians(b.judged);
        uint256[] memory ranks = new uint256[](n);
        unchecked {
            // Sixteen seats; what is in is at most the limit.
            for (uint256 i = 0; i < n; ++i) {
                ranks[i] = medians.small(seats[i]) << 8 | seats[i];
            }
            LibSort.insertionSort(ranks);
            uint256 limit = (ranks[n / 2] >> 8) * 3 / 2;
            bool paid = t.pay() == Pay.Quality;
            for (uint256 i = 0; i < n; ++i) {
                uint256 rank = ranks[i];
                if (rank >> 8 > limit) break;
                uint256 seat = uint8(rank);
                accepted |= 1 << seat;
                order |= (seat + 1) << (8 * i);
                uint256 merit = paid ? limit - (rank >> 8) + 1 : 1;
                merits |= (merit < type(uint16).max ? merit : type(uint16).max) << (16 * seat);
            }
        }
    }

    function _medians(uint256 judged) private view returns (uint256) {
        (uint256[] memory scorers, uint256 count) = _seatsOf(judged);
        uint256[] memory words = new uint256[](count);
        for (uint256 j = 0; j < count; ++j) {
            words[j] = uint256(_scores[scorers[j]]);
        }
        return Medians.find(words, scorers);
    }
}

// slither-disable-end timestamp
