// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Terms} from "./ITournament.sol";

/// @title Payouts
/// @notice What a stake gains or loses. Roundings favour the pot and the burn: gains down, losses and drag up.
library Payouts {
    /// @dev One, in the units of scores, multipliers, clip and drag.
    uint256 internal constant ONE = 1e9;

    /// @notice `gain` comes out of the pot, `burnt` out of stake and gain.
    function ofScores(Terms memory t, uint256 atRisk, uint256 stake, int256 correlation, int256 contribution)
        internal
        pure
        returns (uint256 gain, uint256 burnt)
    {
        int256 points = correlation * int256(uint256(t.corrMultiplier))
            + contribution * int256(uint256(t.contributionMultiplier));
        uint256 size = FixedPointMathLib.abs(points);
        size = atRisk > t.threshold ? size * t.threshold / (atRisk * ONE) : size / ONE;
        if (size > t.clip) size = t.clip;
        if (points < 0) return (0, _loss(t, atRisk, stake, size));
        gain = _change(t, atRisk, stake, size, false);
        burnt = _part(gain, t.drag);
    }

    /// @notice What is burnt of a stake by the worst score there is.
    function worst(Terms memory t, uint256 atRisk, uint256 stake) internal pure returns (uint256) {
        return _loss(t, atRisk, stake, t.clip);
    }

    function _loss(Terms memory t, uint256 atRisk, uint256 stake, uint256 size) private pure returns (uint256 burnt) {
        burnt = _change(t, atRisk, stake, size, true);
        burnt += _part(burnt, t.drag);
        if (burnt > stake) burnt = stake; // by rounding
    }

    /// @dev stake · size, and where all stakes together could gain more than the pot, that part of it that the pot
    /// bears: gains of one round, each rounded down, never exceed it.
    function _change(Terms memory t, uint256 atRisk, uint256 stake, uint256 size, bool up)
        private
        pure
        returns (uint256)
    {
        uint256 most = _part(atRisk, t.clip);
        (uint256 over, uint256 under) = most > t.pot ? (stake * size * t.pot, ONE * most) : (stake * size, ONE);
        return up ? FixedPointMathLib.divUp(over, under) : over / under;
    }

    function _part(uint256 amount, uint256 part) private pure returns (uint256) {
        return FixedPointMathLib.divUp(amount * part, ONE);
    }
}
