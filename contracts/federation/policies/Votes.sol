// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Batch} from "../Batch.sol";
import {Direct} from "../Direct.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {Phase} from "../IFederation.sol";
import {Lanes} from "../Lanes.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {Ballots, PackedBallot} from "./Ballots.sol";
import {IVoting} from "./IVoting.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Votes
/// @notice See IVoting. A policy says who may vote, what votes weigh and who claims.
abstract contract Votes is Direct, IVoting {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Ballots for PackedBallot;
    using Batch for bytes;
    using Lanes for uint256;

    bytes32 private constant SIGNED_VOTES = keccak256("Votes(uint256 round,uint256 accepted)");
    uint256 private constant SIGNED_VOTE_BYTES = 96;

    uint256 internal _ballot;
    uint256 private _votes;

    /// @inheritdoc IVoting
    function vote(uint256 round, uint256 accepted) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        uint256 seat = _activeSeat(s, msg.sender);
        // Check
        _requireRound(s, round);
        _requirePhase(t, s, Phase.Judging);
        (PackedBallot memory b, uint256 masks) = _open(t, s);
        require(_isIn(_voters(t, s, b) & ~b.judged(), seat), NotAParty(msg.sender));
        // Effect
        _store(b, _count(s, b, masks, seat, accepted));
    }

    /// @inheritdoc IVoting
    function voteSigned(bytes calldata entries) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        entries.check(SIGNED_VOTE_BYTES);
        _requirePhase(t, s, Phase.Judging);
        // Effect
        (PackedBallot memory b, uint256 masks) = _open(t, s);
        uint256 before = b.judged();
        uint256 voters = _voters(t, s, b) & s.seats();
        bytes32 domain = _domainSeparator();
        for (uint256 place = 0; place < entries.length;) {
            (, uint256 seat, bytes32 accepted) = _signed(SIGNED_VOTES, domain, s.round(), entries, place);
            if (_isIn(voters & ~b.judged(), seat)) masks = _count(s, b, masks, seat, uint256(accepted));
            unchecked {
                place += SIGNED_VOTE_BYTES; // below the length of calldata
            }
        }
        require(b.judged() != before, NothingDone());
        _store(b, masks);
    }

    /// @inheritdoc IVoting
    function votes() external view returns (uint256 round, uint256 voters, uint256 voted, uint256 masks) {
        (PackedTerms t, PackedState memory s, PackedBallot memory b) = (_terms(), _load(), _current());
        if (b.round() != s.round()) return (s.round(), _voters(t, s, b), 0, 0);
        return (s.round(), _voters(t, s, b), b.judged(), _votes);
    }

    // ── the ballot ──────────────────────────────────────────────────────────────────────────────────────────

    function _current() internal view returns (PackedBallot memory b) {
        b.word = _ballot;
    }

    /// @dev The round's ballot, begun with the last reveal, or here where not all revealed.
    function _open(PackedTerms t, PackedState memory s) private view returns (PackedBallot memory b, uint256 masks) {
        b = _current();
        if (b.round() != s.round()) b.begin(s.round(), block.number, s.revealed());
        else if (b.judged() != 0) masks = _votes;
        _prepare(t, s, b);
    }

    function _store(PackedBallot memory b, uint256 masks) private {
        b.setLast(block.timestamp);
        _ballot = b.word;
        _votes = masks;
    }

    function _count(PackedState memory s, PackedBallot memory b, uint256 masks, uint256 seat, uint256 accepted)
        private
        returns (uint256)
    {
        accepted &= s.revealed();
        b.addJudged(1 << seat);
        emit Voted(s.round(), seat, accepted);
        return masks | Lanes.lane(accepted, seat);
    }

    // ── the policy ──────────────────────────────────────────────────────────────────────────────────────────

    function _allRevealed(PackedState memory s) internal override {
        PackedBallot memory b;
        b.begin(s.round(), block.number, s.revealed());
        _ballot = b.word;
    }

    function _hasJudged(PackedTerms t, PackedState memory s) internal view override returns (bool) {
        PackedBallot memory b = _current();
        if (b.round() != s.round() || b.judged() == 0) return false;
        return _voters(t, s, b) & s.seats() & ~b.judged() == 0;
    }

    function _idleJudges(PackedTerms t, PackedState memory s) internal view override returns (uint256) {
        PackedBallot memory b = _current();
        return _voters(t, s, b) & ~(b.round() == s.round() ? b.judged() : 0);
    }

    function _judge(PackedTerms t, PackedState memory s)
        internal
        view
        override
        returns (uint256 accepted, uint256 order, uint256 merits)
    {
        PackedBallot memory b = _current();
        if (b.round() != s.round() || b.judged() == 0) return (0, 0, 0);
        // Who was excluded since has no vote, as it no longer counts among those whose votes are wanted.
        uint256 voters = Lanes.ones(s.seats()) * type(uint16).max;
        accepted = s.revealed() & _carried(t, s, b, _votes & voters);
        return (accepted, b.order(), Lanes.ones(accepted));
    }

    /// @dev The updates that more than `_most` have voted for, of masks of sixteen bits a voter.
    function _carried(PackedTerms t, PackedState memory s, PackedBallot memory b, uint256 masks)
        internal
        view
        virtual
        returns (uint256 carried)
    {
        uint256 most = _most(t, s, b);
        unchecked {
            // Sixteen seats.
            for (uint256 seat = 0; seat < 16; ++seat) {
                if (Lanes.sum(masks >> seat & Lanes.ONES) > most) carried |= 1 << seat;
            }
        }
    }

    /// @dev Who may vote.
    function _voters(PackedTerms t, PackedState memory s, PackedBallot memory b)
        internal
        view
        virtual
        returns (uint256);

    /// @dev The votes for what is in weigh more than that.
    function _most(PackedTerms t, PackedState memory s, PackedBallot memory b) internal view virtual returns (uint256);

    /// @dev Before a vote: who may, and who claims first.
    // solhint-disable-next-line no-empty-blocks
    function _prepare(PackedTerms, PackedState memory, PackedBallot memory) internal view virtual {}
}

// slither-disable-end timestamp
