// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// solhint-disable no-inline-assembly
// (code and storage by offset, which Solidity has no words for)

import {Shape} from "./Shape.sol";

/// @title Where a shared model lives
/// @notice Where a model lives: its initial words in the clone's code, what has changed since in storage.
///
/// A model is a run of 256-bit words, sixteen 16-bit lanes each, lane 0 at the low end. Word `k` is
/// `sload(SPAN + k) + base[k]` (modulo 2^256): a word that nobody has touched costs no storage. Lanes 0 to 7 of
/// word 0 are not the model's: they hold the data handler's counters (and are zero in the base), so that what every
/// contribution writes shares a slot with what every model reads. A model's numbers begin at lane 8.
///
/// A clone's code is ERC-1167's 45 bytes, then: creator (20 bytes), token (20) and unit (12), the incentive
/// mechanism's terms (32), the model's shape (32), the model's base (32 for each word).
library Words {
    /// @dev keccak256("diln.sum.words") with the highest 8 and the lowest 32 bits cleared: `SPAN << 4` still fits.
    uint256 internal constant SPAN = 0x0051eacdf151cd1e1b04ff6e0597cc939472b74bc0f32017009c626d00000000;

    uint256 internal constant PROXY = 0x2d;
    uint256 internal constant MONEY = 0x41; // PROXY + 20
    uint256 internal constant TERMS = 0x61; // PROXY + 52
    uint256 internal constant SHAPE = 0x81; // PROXY + 84
    uint256 internal constant BASE = 0xa1; // PROXY + 116

    /// @notice What a model reads once per call and uses for every sample: its settings and its base in memory.
    /// @param base where the base's word 0 stands in memory; the others follow.
    /// @param notes where what a model noted about the last sample stands in memory.
    struct Loaded {
        Shape shape;
        uint256 base;
        uint256 notes;
    }

    /// @notice The word at `offset` of this clone's code.
    function argument(uint256 offset) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            extcodecopy(address(), 0, offset, 0x20)
            word := mload(0)
        }
    }

    /// @notice The two words at `offset` of this clone's code.
    function argumentPair(uint256 offset) internal view returns (uint256 first, uint256 second) {
        assembly ("memory-safe") {
            extcodecopy(address(), 0, offset, 0x40)
            first := mload(0)
            second := mload(0x20)
        }
    }

    function shape() internal view returns (Shape) {
        return Shape.wrap(argument(SHAPE));
    }

    function load() internal view returns (Loaded memory loaded) {
        Shape shape_ = shape();
        uint256 length = shape_.baseBytes();
        uint256 at;
        assembly ("memory-safe") {
            at := mload(0x40)
            extcodecopy(address(), at, BASE, length)
            mstore(0x40, add(at, length))
        }
        (loaded.shape, loaded.base) = (shape_, at);
    }

    /// @notice Where free memory begins; `release` it to give back what was allocated since, none of it being used
    /// any more: a batch needs no more memory than its largest sample.
    function mark() internal pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    function release(uint256 free) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }

    function get(Loaded memory loaded, uint256 k) internal view returns (uint256 word) {
        uint256 base = loaded.base;
        assembly ("memory-safe") {
            word := add(sload(add(SPAN, k)), mload(add(base, shl(5, k))))
        }
    }

    /// @notice Where word `k` stands: its slot, and its base in memory. Those of the next are one and 32 further.
    function place(Loaded memory loaded, uint256 k) internal pure returns (uint256 slot, uint256 at) {
        unchecked {
            return (SPAN + k, loaded.base + (k << 5)); // k is below 2^32, see SPAN
        }
    }

    /// @notice The word at a place, and the next.
    function pairAt(uint256 slot, uint256 at) internal view returns (uint256 first, uint256 second) {
        assembly ("memory-safe") {
            first := add(sload(slot), mload(at))
            second := add(sload(add(slot, 1)), mload(add(at, 0x20)))
        }
    }

    function setPairAt(uint256 slot, uint256 at, uint256 first, uint256 second) internal {
        assembly ("memory-safe") {
            sstore(slot, sub(first, mload(at)))
            sstore(add(slot, 1), sub(second, mload(add(at, 0x20))))
        }
    }

    function set(Loaded memory loaded, uint256 k, uint256 word) internal {
        uint256 base = loaded.base;
        assembly ("memory-safe") {
            sstore(add(SPAN, k), sub(word, mload(add(base, shl(5, k)))))
        }
    }
}
