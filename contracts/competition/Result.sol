// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A revealed model and what is known of it: address (160 bits), score (64), done (32).
/// `done` counts samples in direct mode; in optimistic mode it is the time of the claim, or SETTLED.
type Result is bytes32;

// A claim that stood its time.
uint256 constant SETTLED = type(uint32).max;

using ResultLib for Result global;

function toResult(address model, uint64 score, uint256 done) pure returns (Result) {
    return Result.wrap(bytes32((uint256(uint160(model)) << 96) | (uint256(score) << 32) | uint32(done)));
}

/// @title ResultLib
/// @notice Reads the fields of a Result.
library ResultLib {
    function model(Result result) internal pure returns (address) {
        return address(uint160(uint256(Result.unwrap(result)) >> 96));
    }

    function score(Result result) internal pure returns (uint64) {
        return uint64(uint256(Result.unwrap(result)) >> 32);
    }

    function done(Result result) internal pure returns (uint256) {
        return uint32(uint256(Result.unwrap(result)));
    }
}
