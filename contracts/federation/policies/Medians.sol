// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Lanes} from "../Lanes.sol";

// Eight lanes at once; the tests hold it against Python.
// solhint-disable no-inline-assembly

/// @title Medians
/// @notice Medians of sixteen columns of scores at once. A word has sixteen scores of 16 bits; its eight even and its
/// eight odd ones are spread over a word each, so that every score has as much room above it, and a comparison leaves
/// its answer there.
library Medians {
    uint256 private constant LOW = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant CARRY = 0x0001000000010000000100000001000000010000000100000001000000010000;

    /// @notice Of each column of the rows of `judges`, without the score that stands in the own column of a row: the
    /// lower one of an even number, or two liars of five would throw out the updates of the honest three.
    /// @param scores by seat, sixteen in a row.
    function find(bytes32[16] storage scores, uint256 judges) internal view returns (uint256 medians) {
        unchecked {
            // Rows and lanes are sixteen at most. An own score becomes the greatest, and so the last one of its column.
            uint256 n = LibBit.popCount(judges);
            uint256[] memory even = new uint256[](n);
            uint256[] memory odd = new uint256[](n);
            uint256 owners = 0;
            uint256 row = 0;
            for (uint256 seat = 0; judges >> seat != 0; ++seat) {
                if (judges >> seat & 1 == 0) continue;
                uint256 own = Lanes.lane(type(uint16).max, seat);
                owners |= own;
                own |= uint256(scores[seat]);
                (even[row], odd[row]) = (own & LOW, own >> 16 & LOW);
                ++row;
            }
            _sort(even, odd);
            (uint256 others, uint256 fewer) = (n == 0 ? 0 : (n - 1) / 2, n < 2 ? 0 : (n - 2) / 2);
            uint256 all = even[others] | odd[others] << 16;
            return all & ~owners | (even[fewer] | odd[fewer] << 16) & owners;
        }
    }

    /// @notice The medians of the seats in `mask` with their seats in the low byte, the least first.
    function ranked(uint256 medians, uint256 mask) internal pure returns (uint256[] memory ranks) {
        assembly ("memory-safe") {
            ranks := mload(64)
            let end := add(ranks, 32)
            mstore(ranks, 0) // what sinks stops here
            for { let seat := 0 } shr(seat, mask) { seat := add(seat, 1) } {
                if and(shr(seat, mask), 1) {
                    let rank := or(shl(8, and(shr(shl(4, seat), medians), 0xffff)), seat)
                    let place := end
                    let last := mload(sub(place, 32))
                    for {} gt(last, rank) {} {
                        mstore(place, last)
                        place := sub(place, 32)
                        last := mload(sub(place, 32))
                    }
                    mstore(place, rank)
                    end := add(end, 32)
                }
            }
            mstore(ranks, sub(shr(5, sub(end, ranks)), 1))
            mstore(64, end)
        }
    }

    /// @dev Every column on its own, ascending: each row sinks as far as it is greater, lane by lane.
    function _sort(uint256[] memory even, uint256[] memory odd) private pure {
        assembly ("memory-safe") {
            let gap := sub(odd, even)
            let first := add(even, 32)
            let end := add(first, shl(5, mload(even)))
            for { let last := add(first, 32) } lt(last, end) { last := add(last, 32) } {
                let b := mload(last)
                let d := mload(add(last, gap))
                for { let place := first } lt(place, last) { place := add(place, 32) } {
                    // A lane keeps its carry where a is not less than b: they change places.
                    let a := mload(place)
                    let carry := and(sub(or(a, CARRY), b), CARRY)
                    let change := and(xor(a, b), sub(carry, shr(16, carry)))
                    mstore(place, xor(a, change))
                    b := xor(b, change)
                    let c := mload(add(place, gap))
                    carry := and(sub(or(c, CARRY), d), CARRY)
                    change := and(xor(c, d), sub(carry, shr(16, carry)))
                    mstore(add(place, gap), xor(c, change))
                    d := xor(d, change)
                }
                mstore(last, b)
                mstore(add(last, gap), d)
            }
        }
    }
}
