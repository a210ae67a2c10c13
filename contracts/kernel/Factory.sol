// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibClone} from "solady/src/utils/LibClone.sol";

/// @title Factory
/// @notice Makes instances (see Instance) at addresses that follow from what they are, who creates them and a salt: a
/// command that was killed can look whether it had succeeded, and nobody can take another one's address. A clone
/// has no constructor, so nothing foreign runs while it is made. Factories keep no money and have no owner.
abstract contract Factory {
    /// @notice `creator` made `instance`, a clone of `implementation`; `args` stand behind its code, and are left out
    /// here where it tells them itself.
    event Created(address indexed instance, address indexed implementation, address indexed creator, bytes args);

    /// @dev Make an instance with the sender as creator, hand it `value`, and say so.
    function _create(address implementation, bytes memory args, bytes32 salt, uint256 value)
        internal
        returns (address instance)
    {
        return _create(implementation, args, salt, value, args);
    }

    /// @dev The same, where the event's `args` are `told`.
    function _create(address implementation, bytes memory args, bytes32 salt, uint256 value, bytes memory told)
        internal
        returns (address instance)
    {
        instance = LibClone.cloneDeterministic(value, implementation, args, _salted(msg.sender, salt));
        emit Created(instance, implementation, msg.sender, told);
    }

    /// @dev Where `_create` puts it, if `creator` calls.
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
