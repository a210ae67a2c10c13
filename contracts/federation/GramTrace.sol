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

    /// @dev `before`, packed (empty: all zeros), plus the products of the updates of one chunk, which are used up.
    function step(bytes calldata before, int256[][] memory updates) internal pure returns (bytes memory packed) {
        uint256 n = updates.length;
        uint256 size = n * (n + 1) / 2;
        require(before.length == 0 || before.length == 16 * size, WrongMatrix(before.length));
        packed = new bytes(16 * size);
        unchecked {
            // int128, and products of int32.
            for (uint256 i = 0; i < n; ++i) {
                _pair(updates[i]);
            }
            uint256 place = 0;
            for (uint256 i = 0; i < n; ++i) {
                int256[] memory row = updates[i];
                for (uint256 j = i; j < n; ++j) {
                    int256 sum = before.length == 0 ? int256(0) : _get(before, place);
                    _put(packed, place, sum + _dot(row, updates[j]));
                    ++place;
                }
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
        assembly ("memory-safe") {
            let from := packed.offset
            for { let i := 32 let end := shl(5, n) } iszero(gt(i, end)) { i := add(i, 32) } {
                let row := mload(add(g, i))
                for { let j := i } iszero(gt(j, end)) { j := add(j, 32) } {
                    let x := sar(128, calldataload(from))
                    mstore(add(row, j), x)
                    mstore(add(mload(add(g, j)), i), x)
                    from := add(from, 16)
                }
            }
        }
    }

    /// @dev Two numbers a word, in a row of 32: u[k] + 2^128 · u[k + 16], and in the second half the reverse, so that
    /// one multiplication has two products (see `_dot`).
    function _pair(int256[] memory u) private pure {
        assembly ("memory-safe") {
            let p := add(u, 32)
            for { let end := add(p, 512) } lt(p, end) { p := add(p, 32) } {
                let x := mload(p)
                let y := mload(add(p, 512))
                mstore(p, add(x, shl(128, y)))
                mstore(add(p, 512), add(y, shl(128, x)))
            }
        }
    }

    /// @dev Of paired rows: (x + 2^128 · y) · (y' + 2^128 · x') is x·y' + 2^128 · (x·x' + y·y'), modulo 2^256.
    /// Sixteen products of int32 are below 2^67: what is in the lower half is known by its sign, and is taken off.
    function _dot(int256[] memory a, int256[] memory b) private pure returns (int256 sum) {
        assembly ("memory-safe") {
            let p := add(a, 32)
            let q := add(b, 544)
            for { let end := add(p, 512) } lt(p, end) {} {
                sum := add(sum, mul(mload(p), mload(q)))
                sum := add(sum, mul(mload(add(p, 32)), mload(add(q, 32))))
                sum := add(sum, mul(mload(add(p, 64)), mload(add(q, 64))))
                sum := add(sum, mul(mload(add(p, 96)), mload(add(q, 96))))
                p := add(p, 128)
                q := add(q, 128)
            }
            sum := sar(128, sub(sum, signextend(15, sum)))
        }
    }

    /// @dev Whoever asks knows that there are as many.
    function _get(bytes calldata packed, uint256 place) private pure returns (int256 x) {
        assembly ("memory-safe") {
            x := sar(128, calldataload(add(packed.offset, shl(4, place))))
        }
    }

    function _put(bytes memory packed, uint256 place, int256 x) private pure {
        assembly ("memory-safe") {
            // Ascending places: the lower half, beyond this one, is written next, or is the padding of `bytes`.
            mstore(add(add(packed, 32), shl(4, place)), shl(128, x))
        }
    }
}
