// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Seed} from "../../kernel/Seed.sol";
import {Batch} from "../Batch.sol";
import {Direct} from "../Direct.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {Pay} from "../IFederation.sol";
import {Lanes} from "../Lanes.sol";
import {Ballots, PackedBallot} from "./Ballots.sol";
import {IQuality} from "./IQuality.sol";
import {Medians} from "./Medians.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Quality
/// @notice See IQuality.
abstract contract Quality is Direct, IQuality {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Ballots for PackedBallot;
    using Batch for bytes;
    using Lanes for uint256;

    bytes32 private constant SCORES = keccak256("DILN federation scores");
    bytes32 private constant SIGNED_SCORES = keccak256("Scores(uint256 round,bytes32 commitment)");
    uint256 private constant SIGNED_BYTES = 96;
    uint256 private constant REVEAL_BYTES = 84;

    uint256 private _ballot;
    bytes32[16] internal _scores; // by seat

    /// @inheritdoc IQuality
    function draw() external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        PackedBallot memory b = _loadBallot();
        // Check
        require(_isJudging(t, s), NotTheCommitteesTime());
        // Effect
        if (b.round() != s.round()) {
            _fixSeed(s);
        } else {
            require(b.committee() == 0, AlreadyDrawn(s.round()));
            _drawCommittee(t, s, b);
            _ballot = b.word;
        }
    }

    /// @inheritdoc IQuality
    function commitScore(bytes32 commitment) external {
        (PackedState memory s, PackedBallot memory b) = _committing();
        uint256 seat = _seatOf(msg.sender);
        // Check
        require(_isIn(b.committee() & ~b.spoke() & s.seats(), seat), NotAParty(msg.sender));
        // Effect
        _commitScores(s, b, seat, commitment);
        _ballot = b.word;
    }

    /// @inheritdoc IQuality
    function commitScores(bytes calldata entries) external {
        // Check
        entries.check(SIGNED_BYTES);
        (PackedState memory s, PackedBallot memory b) = _committing();
        // Effect
        uint256 before = b.spoke();
        bytes32 domain = _domainSeparator();
        for (uint256 place = 0; place < entries.length;) {
            (, uint256 seat, bytes32 commitment) = _signed(SIGNED_SCORES, domain, s.round(), entries, place);
            if (_isIn(b.committee() & ~b.spoke() & s.seats(), seat)) _commitScores(s, b, seat, commitment);
            unchecked {
                place += SIGNED_BYTES; // below the length of calldata
            }
        }
        require(b.spoke() != before, NothingDone());
        _ballot = b.word;
    }

    /// @inheritdoc IQuality
    function revealScores(bytes calldata entries) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        PackedBallot memory b = _loadBallot();
        // Check
        entries.check(REVEAL_BYTES);
        bool spoken = b.spoke() == b.committee() || block.timestamp >= _speakEnd(t, s);
        require(_isJudging(t, s) && b.round() == s.round() && spoken, NotTheCommitteesTime());
        // Effect
        uint256 before = b.judged();
        for (uint256 place = 0; place < entries.length;) {
            _revealScores(s, b, entries, place);
            unchecked {
                place += REVEAL_BYTES; // below the length of calldata
            }
        }
        require(b.judged() != before, NothingDone());
        _ballot = b.word;
    }

    /// @inheritdoc IQuality
    function ballot() external view returns (uint256, uint256, uint256, uint256, uint256) {
        PackedBallot memory b = _loadBallot();
        return (b.round(), b.drawnFrom(), b.committee(), b.spoke(), b.judged());
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
    function _committing() private returns (PackedState memory s, PackedBallot memory b) {
        PackedTerms t = _terms();
        (s, b) = (_load(), _loadBallot());
        require(_isJudging(t, s) && block.timestamp < _speakEnd(t, s), NotTheCommitteesTime());
        require(b.round() == s.round(), NotTheCommitteesTime());
        if (b.committee() == 0) _drawCommittee(t, s, b);
    }

    function _isJudging(PackedTerms t, PackedState memory s) private view returns (bool) {
        bool open = s.round() != 0 && !s.closed() && s.claimedAfter() == 0;
        if (block.timestamp >= _claimsFrom(t, s.since())) return false;
        return open && !_isCommitting(t, s) && !_isRevealing(t, s);
    }

    function _speakEnd(PackedTerms t, PackedState memory s) private pure returns (uint256) {
        return _revealEnd(t, s.since()) + t.judging();
    }

    function _loadBallot() internal view returns (PackedBallot memory b) {
        b.word = _ballot;
    }

    function _fixSeed(PackedState memory s) private {
        PackedBallot memory b;
        b.begin(s.round(), block.number, _judges(s));
        _ballot = b.word;
    }

    /// @dev The seats that the committee is drawn from.
    function _judges(PackedState memory s) internal view virtual returns (uint256) {
        return s.revealed();
    }

    /// @dev The greatest odd number of them, up to the terms': Fisher and Yates. Whoever was excluded since then was so
    /// by somebody who may have known the seed: drawn as before, and silent.
    function _drawCommittee(PackedTerms t, PackedState memory s, PackedBallot memory b) private {
        bytes32 seed = Seed.read(b.drawnFrom(), 0);
        (uint256[] memory seats, uint256 n) = _seatsOf(b.among());
        uint256 size = t.committee() < n ? t.committee() : n;
        if (size % 2 == 0 && size != 0) --size;
        uint256 mask = 0;
        for (uint256 i = 0; i < size; ++i) {
            uint256 j = i + uint256(keccak256(abi.encode(seed, address(this), s.round(), i))) % (n - i);
            (seats[i], seats[j]) = (seats[j], seats[i]);
            mask |= 1 << seats[i];
        }
        b.setCommittee(mask);
        emit Drawn(s.round(), mask);
    }

    function _commitScores(PackedState memory s, PackedBallot memory b, uint256 seat, bytes32 commitment) private {
        b.addSpoke(1 << seat);
        _scores[seat] = commitment;
        emit ScoresCommitted(s.round(), seat, commitment);
    }

    /// @dev An entry of who is not waited for, or that opens something else, is left out.
    function _revealScores(PackedState memory s, PackedBallot memory b, bytes calldata entries, uint256 place) private {
        unchecked {
            // Places within calldata.
            address who = address(bytes20(entries.word(place)));
            uint256 seat = _seatOf(who);
            if (!_isIn(b.spoke() & ~b.judged(), seat)) return;
            bytes32 word = entries.word(place + 20);
            bytes32 commitment = _committedTo(SCORES, who, _payload(s.round(), word), entries.word(place + 52));
            if (commitment != _scores[seat]) return;
            _scores[seat] = word;
            b.addJudged(1 << seat);
            emit ScoresRevealed(s.round(), seat, uint256(word));
        }
    }

    function _seatsOf(uint256 mask) internal pure returns (uint256[] memory seats, uint256 count) {
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

    function _allRevealed(PackedState memory s) internal override {
        _fixSeed(s);
    }

    function _hasJudged(PackedTerms, PackedState memory s) internal view override returns (bool) {
        PackedBallot memory b = _loadBallot();
        return b.round() == s.round() && b.committee() != 0 && b.judged() == b.committee();
    }

    function _idleJudges(PackedTerms, PackedState memory s) internal view override returns (uint256) {
        PackedBallot memory b = _loadBallot();
        return b.round() == s.round() ? b.committee() & ~b.judged() : 0;
    }

    function _judge(PackedTerms t, PackedState memory s)
        internal
        view
        virtual
        override
        returns (uint256 accepted, uint256 order, uint256 merits)
    {
        PackedBallot memory b = _loadBallot();
        bool most = 2 * LibBit.popCount(b.judged()) > LibBit.popCount(b.committee());
        if (b.round() != s.round() || !most) return (0, 0, 0);
        if (s.revealed() == 0) return (0, 0, 0);
        uint256[] memory ranks = Medians.ranked(_medians(b.judged()), s.revealed());
        unchecked {
            // Sixteen seats; what is in is at most the limit.
            uint256 n = ranks.length;
            uint256 limit = (ranks[(n - 1) / 2] >> 8) * 3 / 2;
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

    function _medians(uint256 judged) internal view returns (uint256) {
        (uint256[] memory scorers, uint256 count) = _seatsOf(judged);
        uint256[] memory words = new uint256[](count);
        unchecked {
            // Sixteen seats.
            for (uint256 j = 0; j < count; ++j) {
                words[j] = uint256(_scores[scorers[j]]);
            }
        }
        return Medians.find(words, scorers);
    }
}

// slither-disable-end timestamp
