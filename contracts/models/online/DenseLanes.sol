// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {Words} from "./Words.sol";

/// @title Arithmetic over dense features
/// @notice Arithmetic over dense features, eight at a time, in assembly and bit tricks.
/// tests/contracts/mocks/SumReference.sol has the same one by one; tests hold the two together.
///
/// Features are bytes, 0 to 255. A row of numbers (weights, a centroid) is uint16s, 32 features to two words. They
/// stand in an order that spares shuffling: let byte b of a word of 32 features (0 the highest) have q = 31 − b,
/// j = q / 4, s = q % 4. Then its number is lane 2·(7 − j) + s % 2 of word s / 2. Every second lane of a word, spread
/// to 32 bits, is an *octet*: octet s holds the numbers of the bytes with that s, from right to left where the
/// features' octet holds them from left to right. The highest 32 bits of the product of the two octets are then
/// Σ x·c, for no sum of eight 24-bit products overflows a lane.
library DenseLanes {
    uint256 internal constant BYTES = 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
    uint256 internal constant HALVES = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 internal constant ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;
    uint256 private constant SINGLES = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant PAIRS = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    uint256 private constant QUADS = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;

    /// @notice How many words a row of `dims` numbers takes.
    function rowWords(uint256 dims) internal pure returns (uint256) {
        return ((dims + 31) >> 5) << 1;
    }

    function check(bytes calldata x, uint256 dims) internal pure {
        require(x.length == dims, IOnlineModelErrors.BadFeatures());
    }

    /// @notice 32 features from `offset` on, zeros beyond the end.
    function features(bytes calldata x, uint256 offset) internal pure returns (uint256 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := calldataload(add(x.offset, offset))
            let beyond := add(offset, 32)
            if gt(beyond, x.length) {
                beyond := shl(3, sub(beyond, x.length))
                word := shl(beyond, shr(beyond, word))
            }
        }
    }

    /// @notice Σ x.
    function sum(bytes calldata x) internal pure returns (uint256 total) {
        unchecked {
            for (uint256 i; i < x.length; i += 32) {
                uint256 word = features(x, i);
                uint256 octet = (word & BYTES) + (word >> 8 & BYTES) + (word >> 16 & BYTES) + (word >> 24 & BYTES);
                total += octet * ONES >> 224;
            }
        }
    }

    /// @notice Σ x·c over the row that begins at word `k`.
    function dot(Words.Loaded memory loaded, bytes calldata x, uint256 k) internal view returns (uint256 total) {
        (uint256 slot, uint256 at) = Words.place(loaded, k);
        unchecked {
            for (uint256 i; i < x.length; i += 32) {
                (uint256 low, uint256 high) = Words.pairAt(slot, at);
                total += dotPair(features(x, i), low, high);
                slot += 2;
                at += 64;
            }
        }
    }

    /// @notice Σ x·c of 32 features and their two words.
    function dotPair(uint256 word, uint256 low, uint256 high) internal pure returns (uint256 total) {
        unchecked {
            total = (word & BYTES) * (low & HALVES) >> 224;
            total += (word >> 8 & BYTES) * (low >> 16 & HALVES) >> 224;
            total += (word >> 16 & BYTES) * (high & HALVES) >> 224;
            total += (word >> 24 & BYTES) * (high >> 16 & HALVES) >> 224;
        }
    }

    /// @notice A word's lanes from right to left. Its octets change places: the mirror image of the one is the other.
    function mirrorLanes(uint256 word) internal pure returns (uint256) {
        word = word << 128 | word >> 128;
        word = (word & QUADS) << 64 | (word >> 64 & QUADS);
        word = (word & PAIRS) << 32 | (word >> 32 & PAIRS);
        return (word & HALVES) << 16 | (word >> 16 & HALVES);
    }

    /// @notice A word's bytes from right to left: octet s of the features is the mirror image of octet 3 − s of it.
    function mirrorBytes(uint256 word) internal pure returns (uint256) {
        word = mirrorLanes(word);
        return (word & SINGLES) << 8 | (word >> 8 & SINGLES);
    }
}
