// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// solhint-disable no-inline-assembly
// (the inner loops; a plain reference is held beside them)

import {Weights} from "./Weights.sol";

/// @title Loops over sparse features, of words that are held in memory
/// @notice What SparseLanes does, through a batch: each word is read once before it and written once behind it.
///
/// Words stand in the opposite order, word k at `top` − 32·k, so that the 256 bits at `top` − 2·l have lane l at
/// their low end, wherever in its word it stands: a feature's lane is one MLOAD away. Where the lowest lane begins,
/// these bits reach below all words; there is room for it. `loaded.notes` is `top`.
library HeldLanes {
    /// @notice Hold the model's first `length` words in memory.
    function hold(Weights.Loaded memory loaded, uint256 length) internal view {
        uint256 base = loaded.base;
        uint256 slot = Weights.SPAN;
        uint256 top;
        assembly ("memory-safe") {
            top := add(mload(0x40), shl(5, length))
            mstore(0x40, add(top, 32))
            let at := top
            for { let end := add(base, shl(5, length)) } lt(base, end) { base := add(base, 32) } {
                mstore(at, add(sload(slot), mload(base)))
                slot := add(slot, 1)
                at := sub(at, 32)
            }
        }
        loaded.notes = top;
    }

    /// @notice Write the words back that `hold` took.
    function keep(Weights.Loaded memory loaded, uint256 length) internal {
        uint256 base = loaded.base;
        uint256 slot = Weights.SPAN;
        uint256 at = loaded.notes;
        assembly ("memory-safe") {
            for { let end := add(base, shl(5, length)) } lt(base, end) { base := add(base, 32) } {
                sstore(slot, sub(mload(at), mload(base)))
                slot := add(slot, 1)
                at := sub(at, 32)
            }
        }
    }

    /// @notice The sum of the model's lane `first` and of the lanes of the features of `x`, counted from there.
    ///
    /// Sixteen features come in a word. What lies behind the last one becomes feature 0, and is taken off again.
    function sum(Weights.Loaded memory loaded, bytes calldata x, uint256 first) internal pure returns (uint256 result) {
        uint256 zeroth = _origin(loaded, first);
        assembly ("memory-safe") {
            let zero := and(mload(zeroth), 0xffff)
            result := zero
            let i := x.offset
            for { let end := add(i, x.length) } lt(i, end) {} {
                let w := calldataload(i)
                i := add(i, 32)
                if gt(i, end) {
                    let beyond := shl(3, sub(i, end))
                    w := shl(beyond, shr(beyond, w))
                    result := sub(result, mul(zero, shr(4, beyond)))
                }
                result := add(result, and(mload(sub(zeroth, and(shr(239, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(223, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(207, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(191, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(175, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(159, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(143, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(127, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(111, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(95, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(79, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(63, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(47, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(31, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shr(15, w), 0x1fffe))), 0xffff))
                result := add(result, and(mload(sub(zeroth, and(shl(1, w), 0x1fffe))), 0xffff))
            }
        }
    }

    /// @notice Add `step`, less than 2^14 either way, to the lanes that `sum` adds up, saturating.
    ///
    /// A lane that stays in its range changes no bit beyond its own.
    function shift(Weights.Loaded memory loaded, bytes calldata x, uint256 first, int256 step) internal pure {
        uint256 zeroth = _origin(loaded, first);
        assembly ("memory-safe") {
            let at := zeroth // feature 0
            let i := x.offset
            for { let end := add(i, x.length) } 1 { i := add(i, 2) } {
                let old := mload(at)
                let value := add(old, step)
                if shr(16, xor(value, old)) { value := or(shl(16, shr(16, old)), mul(0xffff, sgt(step, 0))) }
                mstore(at, value)
                if iszero(lt(i, end)) { break }
                at := sub(zeroth, and(shr(239, calldataload(i)), 0x1fffe))
            }
        }
    }

    /// @notice Where the bits begin that have the model's lane `first` at their low end.
    function _origin(Weights.Loaded memory loaded, uint256 first) private pure returns (uint256) {
        unchecked {
            return loaded.notes - 2 * (8 + first); // an address in memory
        }
    }
}
