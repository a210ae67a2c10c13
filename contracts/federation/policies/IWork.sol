// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IWork
/// @notice All parties vote; an update is in with the votes of more than half of all seats (Zhu et al. 2019). Whoever
/// first finds a nonce that hashes below the target aggregates (Chen et al. 2018): the hash binds sender and result, so
/// that nobody takes it. The target follows the time that the last one took, up to four times as large or small, and
/// aims at a quarter of `turn`; where nobody found one in a turn, the round is void and the target four times as large.
///
/// It is a lottery in which hash rate buys tickets, with money of its own at stake only through the bond. It says
/// nothing of the result, which is refutable like everybody's.
interface IWork {
    /// @notice Not below the target.
    error NoWork(bytes32 hash, uint256 target);

    /// @notice As `claim`, with keccak256(abi.encode(record, round, sender, modelRoot, nonce)) below the target.
    /// (`claim` is this with the nonce zero.)
    function mine(
        uint256 round,
        uint256 accepted,
        bytes32 modelRoot,
        bytes32 cid,
        bytes calldata trace,
        bytes32 nonce
    ) external payable;

    /// @notice What hashes have to be below.
    function target() external view returns (uint256);
}
