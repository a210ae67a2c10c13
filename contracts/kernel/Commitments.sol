// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Commitments
/// @notice Commit first, reveal later. A commitment binds the chain, the contract, who made it and what it is for
/// (`domain`), so that a copy of it is worth nothing to anybody else or elsewhere. Its salt should be 32 random bytes.
abstract contract Commitments {
    /// @notice What was revealed hashes to `computed`, and not to what was `committed`.
    error WrongCommitment(bytes32 computed, bytes32 committed);

    function _commitmentOf(bytes32 domain, address who, bytes32 payload, bytes32 salt) internal view returns (bytes32) {
        return keccak256(abi.encode(domain, block.chainid, address(this), who, payload, salt));
    }

    function _checkRevealed(bytes32 committed, bytes32 domain, address who, bytes32 payload, bytes32 salt)
        internal
        view
    {
        bytes32 computed = _commitmentOf(domain, who, payload, salt);
        require(computed == committed, WrongCommitment(computed, committed));
    }
}
