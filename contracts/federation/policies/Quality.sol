// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
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
    uint256 private constant REVEAL_BYTES = 65;

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
            _draw(t, s, b);
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
        b.addSpoke(1 << seat);
        _scores[seat] = commitment;
        _ballot = b.word;
        emit ScoresCommitted(s.round(), 1 << seat);
    }

    /// @inheritdoc IQuality
    function commitScores(bytes calldata entries) external {
        // Check
        entries.check(SIGNED_BYTES);
        (PackedState memory s, PackedBallot memory b) = _committing();
        // Effect
        (uint256 awaited, uint256 spoke) = (b.committee() & ~b.spoke() & s.seats(), 0);
        bytes32 domain = _domainSeparator();
        for (uint256 place = 0; place < entries.length;) {
            (, uint256 seat, bytes32 commitment) = _signed(SIGNED_SCORES, domain, s.round(), entries, place);
            if (_isIn(awaited & ~spoke, seat)) {
                spoke |= 1 << seat;
                _scores[seat] = commitment;
            }
            unchecked {
                place += SIGNED_BYTES; // below the length of calldata
            }
        }
        require(spoke != 0, NothingDone());
        b.addSpoke(spoke);
        _ballot = b.word;
        emit ScoresCommitted(s.round(), spoke);
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
    function committeeFrom(bytes32 seed) external view returns (uint256) {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        PackedBallot memory b = _loadBallot();
        return b.round() == s.round() ? _drawn(t, s, b, seed) : 0;
    }

    /// @inheritdoc IQuality
    function scoresOf(uint256 seat) external view returns (bytes32) {
        return _scores[seat];
    }

    /// @inheritdoc IQuality
    function scoresCommitmentOf(uint256 round, uint256 seat, uint256 scores, bytes32 salt)
        external
        view
        returns (bytes32)
    {
        return _committedTo(SCORES, bytes32(seat), _payload(round, bytes32(scores)), salt);
    }

    // ── the committee ───────────────────────────────────────────────────────────────────────────────────────

    /// @dev The committee, drawn if it was not, in the time for its commitments.
    function _committing() private returns (PackedState memory s, PackedBallot memory b) {
        PackedTerms t = _terms();
        (s, b) = (_load(), _loadBallot());
        require(_isJudging(t, s) && block.timestamp < _speakEnd(t, s), NotTheCommitteesTime());
        require(b.round() == s.round(), NotTheCommitteesTime());
        if (b.committee() == 0) _draw(t, s, b);
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

    function _draw(PackedTerms t, PackedState memory s, PackedBallot memory b) private {
        b.setCommittee(_drawn(t, s, b, Seed.read(b.drawnFrom(), 0)));
        emit Drawn(s.round(), b.committee());
    }

    /// @dev The greatest odd number of them, up to the terms': Fisher and Yates. Whoever was excluded since then was so
    /// by somebody who may have known the seed: drawn as before, and silent.
    function _drawn(PackedTerms t, PackedState memory s, PackedBallot memory b, bytes32 seed)
        private
        view
        returns (uint256 mask)
    {
        uint256[] memory seats = _seatsOf(b.among());
        bytes32 here = bytes32(uint256(uint160(address(this))));
        bytes32 round = bytes32(s.round());
        unchecked {
            // Sixteen seats; i is below their number.
            uint256 n = seats.length;
            uint256 size = t.committee() < n ? t.committee() : n;
            if (size % 2 == 0 && size != 0) --size;
            for (uint256 i = 0; i < size; ++i) {
                uint256 j = i + uint256(EfficientHashLib.hash(seed, here, round, bytes32(i))) % (n - i);
                mask |= 1 << seats[j];
                seats[j] = seats[i]; // which nobody asks for again
            }
        }
    }

    /// @dev An entry of who is not waited for, or that opens something else, is left out.
    function _revealScores(PackedState memory s, PackedBallot memory b, bytes calldata entries, uint256 place) private {
        unchecked {
            // Places within calldata. Nobody gets another's seat within a round.
            uint256 seat = uint8(bytes1(entries.word(place)));
            if (!_isIn(b.spoke() & ~b.judged(), seat)) return;
            bytes32 word = entries.word(place + 1);
            bytes32 payload = _payload(s.round(), word);
            if (_committedTo(SCORES, bytes32(seat), payload, entries.word(place + 33)) != _scores[seat]) return;
            _scores[seat] = word;
            b.addJudged(1 << seat);
            emit ScoresRevealed(s.round(), seat, uint256(word));
        }
    }

    /// @dev Ascending.
    function _seatsOf(uint256 mask) internal pure returns (uint256[] memory seats) {
        seats = new uint256[](LibBit.popCount(mask));
        unchecked {
            // Sixteen seats.
            uint256 count = 0;
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
        uint256[] memory ranks = Medians.ranked(Medians.find(_scores, b.judged()), s.revealed());
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
                merits |= Lanes.lane(merit < type(uint16).max ? merit : type(uint16).max, seat);
            }
        }
    }
}

// slither-disable-end timestamp
