// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Matrices are packed into halves of words.
// solhint-disable no-inline-assembly

/// @title GramTrace
/// @notice The inner products of all pairs of updates, after each chunk. A matrix is packed as its upper triangle,
/// row by row, in int128: products of int32 over 2^20 coordinates stay below 2^83.
library GramTrace {
    bytes32 private constant GRAM = keccak256("DILN federation gram");

    /// @notice The matrix has not the size of its updates.
    error WrongMatrix(uint256 length);

    function leaf(uint256 index, bytes memory packed) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(GRAM, uint32(index), packed));
    }

    /// @dev `before`, packed (empty: all zeros), plus the products of the updates of one chunk.
    function step(bytes calldata before, int256[][] memory updates) internal pure returns (bytes memory packed) {
        uint256 n = updates.length;
        uint256 size = n * (n + 1) / 2;
        require(before.length == 0 || before.length == 16 * size, WrongMatrix(before.length));
        packed = new bytes(16 * size);
        uint256 place = 0;
        for (uint256 i = 0; i < n; ++i) {
            for (uint256 j = i; j < n; ++j) {
                int256 sum = before.length == 0 ? int256(0) : _get(before, place);
                _put(packed, place, sum + dot(updates[i], updates[j]));
                ++place;
            }
        }
    }

    /// @dev All of the matrix, from its upper triangle.
    function matrix(bytes calldata packed, uint256 n) internal pure returns (int256[][] memory g) {
        require(packed.length == 8 * n * (n + 1), WrongMatrix(packed.length));
        g = new int256[][](n);
        for (uint256 i = 0; i < n; ++i) {
            g[i] = new int256[](n);
        }
        uint256 place = 0;
        for (uint256 i = 0; i < n; ++i) {
            for (uint256 j = i; j < n; ++j) {
                int256 x = _get(packed, place);
                (g[i][j], g[j][i]) = (x, x);
                ++place;
            }
        }
    }

    /// @dev Of equally long rows of int32.
    function dot(int256[] memory a, int256[] memory b) internal pure returns (int256 sum) {
        assembly ("memory-safe") {
            let end := add(a, shl(5, add(mload(a), 1)))
            let p := add(a, 32)
            let q := add(b, 32)
            for {} lt(p, end) {} {
                sum := add(sum, mul(mload(p), mload(q)))
                p := add(p, 32)
                q := add(q, 32)
            }
        }
    }

    function _get(bytes calldata packed, uint256 place) private pure returns (int256) {
        return int128(uint128(bytes16(packed[16 * place:16 * place + 16])));
    }

    function _put(bytes memory packed, uint256 place, int256 x) private pure {
        assembly ("memory-safe") {
            // Ascending places: the lower half, beyond this one, is written next, or is the padding of `bytes`.
            mstore(add(add(packed, 32), shl(4, place)), shl(128, x))
        }
    }
}
