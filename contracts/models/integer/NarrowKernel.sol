// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LaneKernel, Lanes} from "./LaneKernel.sol";
import {Layer} from "./NetworkFormat.sol";

/// A network of narrow layers, made ready to run on many batches.
struct Program {
    uint256 start; // memory address of the first layer's block
    uint256 last; // and of the last layer's
    int256 bias; // to be added to a number that is predicted
}

/**
 * @title NarrowKernel
 * @notice Runs a network whose layers have at most four inputs each on several samples at once.
 *
 * The lanes are LaneKernel's, and so is why they do not disturb each other. What does not change from batch to batch
 * is worked out once, and a layer's inputs stay on the stack. A layer's block is
 *
 *   end of the block | shift | the bits that a shifted lane can have | HALF - 256 in each lane |
 *   for each neuron: bias + HALF in each lane | four weights, zeros for inputs that there are not
 *
 * Lanes stay narrow whatever the biases: what the weights add, S, spans less than 2^17 (4 · 255 · 128), so a bias
 * beyond that only says which few values a neuron can have, and a smaller one says the same (`_hidden`, `_sign`).
 * The reference is PlainModel.sol.
 */
library NarrowKernel {
    uint256 private constant INPUTS = 4;
    uint256 private constant HEADER = 128;
    uint256 private constant NEURON = 160;
    uint256 private constant SHIFT = 17;

    function fits(Layer[] memory layers) internal pure returns (bool) {
        for (uint256 i = 0; i < layers.length; ++i) {
            if (layers[i].inputs > INPUTS) return false;
        }
        return true;
    }

    /// The program of narrow layers, in free memory, and its lanes. One output is a number where `classes` is zero.
    function compile(Layer[] memory layers, uint256 classes)
        internal
        pure
        returns (Program memory program, Lanes memory lanes)
    {
        uint256 hidden = layers.length - 1;
        uint256 outputs = layers[hidden].outputs;
        uint256 bound = LaneKernel.LEAST;
        uint256 place = _word(0x40);
        program.start = place;
        for (uint256 i = 0; i <= hidden; ++i) {
            program.last = place;
            uint256 start = place;
            place = _weights(layers[i], start);
            if (i == hidden && outputs == 1 && classes == 0) {
                program.bias = int256(_word(start + HEADER));
                _store(start + HEADER, 0);
            }
            uint256 largest = _biases(start, i < hidden, outputs == 1);
            if (largest > bound) bound = largest;
        }
        _store(0x40, place);
        lanes = LaneKernel.fitted(bound, outputs);
        _intoLanes(program.start, place, lanes);
    }

    /// Run the program on the four words at `x`; words of inputs that there are not may hold anything. The outputs,
    /// each plus HALF, take the inputs' place.
    function run(Program memory program, Lanes memory lanes, uint256 x) internal pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let top := sub(mload(lanes), 1) // the width comes first
            let signs := shl(top, mload(add(lanes, 64))) // HALF in each lane; the ones come last
            let full := mul(255, mload(add(lanes, 64)))
            let place := mload(program)
            for { } lt(place, mload(add(program, 32))) { } {
                let a := mload(x)
                let b := mload(add(x, 32))
                let c := mload(add(x, 64))
                let d := mload(add(x, 96))
                let shift := mload(add(place, 32))
                mstore(0, mload(add(place, 64))) // scratch space
                mstore(32, mload(add(place, 96)))
                let end := mload(place)
                place := add(place, HEADER)
                for { let y := x } 1 { y := add(y, 32) } {
                    let acc := add(mul(mload(add(place, 32)), a), mul(mload(add(place, 64)), b))
                    acc := add(acc, add(mul(mload(add(place, 96)), c), mul(mload(add(place, 128)), d)))
                    acc := add(acc, mload(place))
                    // A lane with the top bit is positive and kept without it, another becomes zero.
                    let m := and(acc, signs)
                    acc := and(shr(shift, and(acc, sub(m, shr(top, m)))), mload(0))
                    // Plus HALF - 256, the top bit tells whether a lane is over 255; if so, its bits are all set.
                    m := and(add(acc, mload(32)), signs)
                    mstore(y, and(or(acc, sub(m, shr(top, m))), full))
                    place := add(place, NEURON)
                    if eq(place, end) { break }
                }
            }
            let a := mload(x)
            let b := mload(add(x, 32))
            let c := mload(add(x, 64))
            let d := mload(add(x, 96))
            let end := mload(place)
            place := add(place, HEADER)
            for { } 1 { x := add(x, 32) } {
                let acc := add(mul(mload(add(place, 32)), a), mul(mload(add(place, 64)), b))
                acc := add(acc, add(mul(mload(add(place, 96)), c), mul(mload(add(place, 128)), d)))
                mstore(x, add(acc, mload(place)))
                place := add(place, NEURON)
                if eq(place, end) { break }
            }
        }
    }

    /// Write the block of `layer` with its biases as they are, and return its end.
    function _weights(Layer memory layer, uint256 place) private pure returns (uint256 end) {
        uint256 inputs = layer.inputs;
        uint256 row = layer.rows;
        unchecked {
            // Addresses in memory.
            end = place + HEADER + NEURON * layer.outputs;
            _store(place, end);
            _store(place + 32, layer.shift);
            for (place += HEADER; place < end; place += NEURON) {
                uint256 word = _word(row);
                _store(place, uint256(int256(word) >> 224));
                for (uint256 i = 0; i < INPUTS; ++i) {
                    uint256 weight = i < inputs ? (word >> (216 - 8 * i) & 0xff) - 128 : 0; // modulo 2^256
                    _store(place + 32 + 32 * i, weight);
                }
                row += 4 + inputs;
            }
        }
    }

    /// Replace the biases (and the shift) of the block at `place` by those that keep its sums small, and return the
    /// largest sum, whatever its sign.
    function _biases(uint256 place, bool hidden, bool single) private pure returns (uint256 largest) {
        uint256 end = _word(place);
        uint256 shift = _word(place + 32);
        if (shift > SHIFT) _store(place + 32, SHIFT);
        unchecked {
            // Addresses in memory; sums of four products and a bias of 32 bits.
            for (place += HEADER; place < end; place += NEURON) {
                int256 bias = int256(_word(place));
                (int256 low, int256 high) = _range(place + 32);
                if (hidden) bias = _hidden(bias, low, high, shift);
                else if (single) bias = _sign(bias, low, high);
                _store(place, uint256(bias));
                if (bias + high > int256(largest)) largest = uint256(bias + high);
                if (-bias - low > int256(largest)) largest = uint256(-bias - low);
            }
        }
    }

    /// The least and the largest S of the four weights at `place`.
    function _range(uint256 place) private pure returns (int256 low, int256 high) {
        unchecked {
            // Bytes.
            for (uint256 i = 0; i < INPUTS; ++i) {
                int256 weight = int256(_word(place + 32 * i));
                if (weight < 0) low += 255 * weight;
                else high += 255 * weight;
            }
        }
    }

    /// A bias that, with a shift of SHIFT at most, gives what `bias` with `shift` gives for all S from `low` to `high`.
    function _hidden(int256 bias, int256 low, int256 high, uint256 shift) private pure returns (int256) {
        uint256 least = shift < SHIFT ? shift : SHIFT;
        unchecked {
            // At most 2^40.
            if (bias + high <= 0) return -high; // always 0
            if (bias + low >= int256(256 << shift)) return int256(256 << least) - low; // always 255
            if (shift <= SHIFT) return bias;
            // The sum passes one multiple of 2^shift at most, `next`, and does so where S reaches `from`.
            int256 next = ((bias + low) >> shift) + 1;
            int256 from = (next << shift) - bias;
            return (next << SHIFT) - (from > high ? high + 1 : from);
        }
    }

    /// A bias that tells apart sums above zero from others as `bias` does, for all S from `low` to `high`.
    function _sign(int256 bias, int256 low, int256 high) private pure returns (int256) {
        unchecked {
            // Sums of four products.
            if (bias <= -high) return -high;
            return bias > -low ? 1 - low : bias;
        }
    }

    /// Fill in what depends on the lanes, for all blocks from `place` to `last`.
    function _intoLanes(uint256 place, uint256 last, Lanes memory lanes) private pure {
        uint256 ones = lanes.ones;
        unchecked {
            // Addresses in memory; words of lanes modulo 2^256.
            uint256 top = lanes.width - 1;
            while (place < last) {
                uint256 end = _word(place);
                uint256 shift = _word(place + 32);
                _store(place + 64, ((1 << (top > shift ? top - shift : 0)) - 1) * ones);
                _store(place + 96, ((1 << top) - 256) * ones);
                for (place += HEADER; place < end; place += NEURON) _store(place, (_word(place) + (1 << top)) * ones);
            }
        }
    }

    function _word(uint256 place) private pure returns (uint256 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := mload(place)
        }
    }

    function _store(uint256 place, uint256 word) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(place, word)
        }
    }
}
