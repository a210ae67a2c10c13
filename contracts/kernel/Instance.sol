// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Instance
/// @notice An ERC-1167 clone whose arguments stand behind its code: no one initializes it, nobody can change it, and
/// reading them costs a transaction about 100 gas and 3 a word (a slot of storage: 2,100).
abstract contract Instance {
    /// @dev Where the arguments begin: ERC-1167's own code has 45 bytes.
    uint256 internal constant ARGUMENTS = 0x2d;

    address private immutable IMPLEMENTATION = address(this);

    /// @notice This is what clones run; make one with the factory.
    error NotAClone();

    function _checkClone() internal view {
        require(address(this) != IMPLEMENTATION, NotAClone());
    }
}
