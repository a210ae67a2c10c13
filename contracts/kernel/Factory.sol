// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibClone} from "solady/src/utils/LibClone.sol";

/// @title Factory
/// @notice Makes instances (see Instance) at addresses that follow from what they are, who creates them and a salt: a
/// command that was killed can look whether it had succeeded, and nobody can take another one's address. A clone
/// has no constructor, so nothing foreign runs while it is made. Factories keep no money and have no owner.
abstract contract Factory {
    /// @notice `creator` made `instance`, a clone of `implementation`. `args` is what somebody who looks for it should
    /// know of what stands behind its code: nothing, where the instance tells it.
    event Created(address indexed instance, address indexed implementation, address indexed creator, bytes args);

    /// @dev Make an instance with the sender as creator, hand it `value`, and say so.
    function _create(address implementation, bytes memory args, bytes32 salt, uint256 value)
        internal
        returns (address instance)
    {
        instance = _clone(implementation, args, salt, value);
        emit Created(instance, implementation, msg.sender, args);
    }

    /// @dev The same for whoever says it itself: `args` of the event are the dearest part of it.
    function _clone(address implementation, bytes memory args, bytes32 salt, uint256 value)
        internal
        returns (address instance)
    {
        return LibClone.cloneDeterministic(value, implementation, args, _salted(msg.sender, salt));
    }

    /// @dev Where they put it, if `creator` calls.
    function _locate(address implementation, bytes memory args, address creator, bytes32 salt)
        internal
        view
        returns (address)
    {
        return LibClone.predictDeterministicAddress(implementation, args, _salted(creator, salt), address(this));
    }

    function _salted(address creator, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(creator, salt));
    }
}
