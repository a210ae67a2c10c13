// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

using RulesLibrary for Rules global;

/// @notice What a market was created with, in one word of the clone's code, from the lowest bit up:
/// stake (48 bits) | tip (24) | duration (32) | openWait (32) | revealWait (32) | capacity (16) | portions (8) |
/// samples (16) | maxBytes (16) | threshold (16) | strikes (4) | passes (8) | loss (4).
type Rules is uint256;

library RulesLibrary {
    /// @notice What each sample contributed puts at stake, in units.
    function stake(Rules rules) internal pure returns (uint256) {
        return uint48(Rules.unwrap(rules));
    }

    /// @notice What whoever cranks gets for each contribution that the model learns, in units, while tips last.
    function tip(Rules rules) internal pure returns (uint256) {
        return uint24(Rules.unwrap(rules) >> 48);
    }

    /// @notice How long contributions are taken, in seconds, unless `capacity` ends it before.
    function duration(Rules rules) internal pure returns (uint256) {
        return uint32(Rules.unwrap(rules) >> 72);
    }

    /// @notice How long hidden contributions may be opened after that; zero: none may be hidden.
    function openWait(Rules rules) internal pure returns (uint256) {
        return uint32(Rules.unwrap(rules) >> 104);
    }

    /// @notice How long the provider may take to reveal the trial portion, and in the end the others.
    function revealWait(Rules rules) internal pure returns (uint256) {
        return uint32(Rules.unwrap(rules) >> 136);
    }

    /// @notice How many contributions are taken at most.
    function capacity(Rules rules) internal pure returns (uint256) {
        return uint16(Rules.unwrap(rules) >> 168);
    }

    /// @notice How many portions the test set has.
    function portions(Rules rules) internal pure returns (uint256) {
        return uint8(Rules.unwrap(rules) >> 184);
    }

    /// @notice How many samples each portion has, exactly.
    function samples(Rules rules) internal pure returns (uint256) {
        return uint16(Rules.unwrap(rules) >> 192);
    }

    /// @notice How many bytes a contribution has at most: what bounds its influence.
    function maxBytes(Rules rules) internal pure returns (uint256) {
        return uint16(Rules.unwrap(rules) >> 208);
    }

    /// @notice What a balance may not fall below, in thousandths of the stake.
    function threshold(Rules rules) internal pure returns (uint256) {
        return uint16(Rules.unwrap(rules) >> 224);
    }

    /// @notice How many contributions that leave the balance below the threshold make a participant drop out.
    function strikes(Rules rules) internal pure returns (uint256) {
        return uint256(Rules.unwrap(rules) >> 240) & 0xf;
    }

    /// @notice How often the contributions are gone through at most.
    function passes(Rules rules) internal pure returns (uint256) {
        return uint8(Rules.unwrap(rules) >> 244);
    }

    /// @notice 0: 1 − accuracy. 1: 1 − F1 of label 1.
    function loss(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 252;
    }
}
