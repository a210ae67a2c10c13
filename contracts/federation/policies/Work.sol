// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {Claim} from "../IFederation.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {Ballots, PackedBallot} from "./Ballots.sol";
import {IWork} from "./IWork.sol";
import {Votes} from "./Votes.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Work
/// @notice See IWork.
abstract contract Work is Votes, IWork {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Ballots for PackedBallot;

    uint256 private _target; // zero: as the terms say

    /// @inheritdoc IWork
    function mine(
        uint256 round,
        uint256 accepted,
        bytes32 modelRoot,
        bytes32 cid,
        bytes calldata trace,
        bytes32 nonce
    ) external payable {
        _claim(round, accepted, modelRoot, cid, trace, nonce);
    }

    /// @inheritdoc IWork
    function target() external view returns (uint256) {
        return _present(_terms());
    }

    function _present(PackedTerms t) private view returns (uint256 present) {
        present = _target;
        if (present == 0) present = type(uint256).max >> t.difficulty();
    }

    /// @dev Whoever has found a nonce, and nobody before.
    function _turn(PackedTerms t, PackedState memory s, uint256, Claim memory c, bytes32 nonce)
        internal
        override
        returns (uint256)
    {
        uint256 present = _present(t);
        bytes32 hash = keccak256(abi.encode(_lastRecord(t), s.round(), c.claimer, c.modelRoot, nonce));
        require(uint256(hash) < present, NoWork(hash, present));
        PackedBallot memory b = _current();
        uint256 since = FixedPointMathLib.min(_claimsFrom(t, s.since()), b.last());
        _target = _next(present, block.timestamp - FixedPointMathLib.min(since, block.timestamp), t.turn());
        return NO_SEAT;
    }

    function _unfound() internal override {
        _target = FixedPointMathLib.saturatingMul(_present(_terms()), 4);
    }

    /// @dev In the relation of the time that it took to a quarter of a turn, which is wanted.
    function _next(uint256 present, uint256 took, uint256 turn) private pure returns (uint256) {
        if (took >= turn) return FixedPointMathLib.saturatingMul(present, 4);
        if (16 * took <= turn) return present / 4 + 1;
        return FixedPointMathLib.saturatingMul(present / turn, 4 * took) + 1;
    }

    function _voters(PackedTerms, PackedState memory s, PackedBallot memory) internal pure override returns (uint256) {
        return s.seats();
    }

    /// @dev Half of all seats, not of those who voted.
    function _most(PackedTerms, PackedState memory s, PackedBallot memory) internal pure override returns (uint256) {
        return LibBit.popCount(s.seats()) / 2;
    }
}

// slither-disable-end timestamp
