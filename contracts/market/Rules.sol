// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

using RulesLibrary for Rules global;

/// @notice What a market was created with, in one word of the clone's code, from the lowest bit up:
/// stake (48 bits) | tip (24) | duration (28) | openWait (28) | revealWait (28) | capacity (16) | portions (8) |
/// samples (16) | maxBytes (16) | threshold (10) | margin (10) | strikes (4) | passes (4) | loss (4) | validation (8) |
/// weighted (4).
type Rules is uint256;

/// @title The rules of a market
/// @notice Reads them out of their word.
library RulesLibrary {
    /// @dev Waits have 28 bits: eight years.
    uint256 private constant WAIT = (1 << 28) - 1;
    uint256 private constant TEN_BITS = (1 << 10) - 1;

    /// @notice What each sample contributed (or each contribution, see `weighted`) puts at stake, in units.
    function stake(Rules rules) internal pure returns (uint256) {
        return uint48(Rules.unwrap(rules));
    }

    /// @notice What whoever measures gets for each step of it (see IPredictionMarket.crank), in units. Each
    /// contribution pays beforehand for being measured once (see MarketBase._fee).
    function tip(Rules rules) internal pure returns (uint256) {
        return uint24(Rules.unwrap(rules) >> 48);
    }

    /// @notice How long contributions are taken, in seconds, unless `capacity` ends it before.
    function duration(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 72 & WAIT;
    }

    /// @notice How long hidden contributions may be opened after that; zero: none may be hidden.
    function openWait(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 100 & WAIT;
    }

    /// @notice How long the provider may take to reveal the trial portion, and in the end the others.
    function revealWait(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 128 & WAIT;
    }

    /// @notice How many contributions are taken at most.
    function capacity(Rules rules) internal pure returns (uint256) {
        return uint16(Rules.unwrap(rules) >> 156);
    }

    /// @notice How many portions the test set has.
    function portions(Rules rules) internal pure returns (uint256) {
        return uint8(Rules.unwrap(rules) >> 172);
    }

    /// @notice How many samples each portion has, exactly.
    function samples(Rules rules) internal pure returns (uint256) {
        return uint16(Rules.unwrap(rules) >> 180);
    }

    /// @notice How many bytes a contribution has at most: what bounds its influence.
    function maxBytes(Rules rules) internal pure returns (uint256) {
        return uint16(Rules.unwrap(rules) >> 196);
    }

    /// @notice What a balance may not fall below, in thousandths of the stake; 1000 at most.
    function threshold(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 212 & TEN_BITS;
    }

    /// @notice By how much a contribution must make the model better to be kept, in thousandths of the initial loss.
    /// What does less neither counts nor costs: it cannot be told from chance.
    function margin(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 222 & TEN_BITS;
    }

    /// @notice How many contributions that leave the balance below the threshold make a participant drop out.
    function strikes(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 232 & 0xf;
    }

    /// @notice How often the contributions are gone through at most.
    function passes(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 236 & 0xf;
    }

    /// @notice 0: 1 − accuracy. 1: 1 − F1 of label 1. 2: the mean hinge loss (see Tally).
    function loss(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 240 & 0xf;
    }

    /// @notice How many portions validate: a contribution scores no more than it improves there, too. They are those
    /// that follow the trial portion, cyclically, so nobody knows beforehand which.
    function validation(Rules rules) internal pure returns (uint256) {
        return uint8(Rules.unwrap(rules) >> 244);
    }

    /// @notice 1: what is at stake is counted by samples. 0: by contributions, whatever their size.
    function weighted(Rules rules) internal pure returns (uint256) {
        return Rules.unwrap(rules) >> 252;
    }

    /// @notice The weight of a contribution: how many stakes it takes.
    function weight(Rules rules, uint256 count) internal pure returns (uint256) {
        return weighted(rules) == 0 ? 1 : count;
    }
}
