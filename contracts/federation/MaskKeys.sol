// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title MaskKeys
/// @notice Keys that parties agree on masks with: points of secp256k1, as 64 bytes.
library MaskKeys {
    uint256 internal constant LENGTH = 64;
    uint256 private constant PRIME = 2 ** 256 - 2 ** 32 - 977;

    /// @dev Whether `key` begins with a point of the curve y² = x³ + 7; all of them but zero make one group, so that
    /// any such point will do, and nobody is stopped by a key that is none.
    function isOne(bytes calldata key) internal pure returns (bool) {
        if (key.length < LENGTH) return false;
        (uint256 x, uint256 y) = (uint256(bytes32(key[:32])), uint256(bytes32(key[32:64])));
        if (x >= PRIME || y >= PRIME) return false;
        return mulmod(y, y, PRIME) == addmod(mulmod(x, mulmod(x, x, PRIME), PRIME), 7, PRIME);
    }
}
