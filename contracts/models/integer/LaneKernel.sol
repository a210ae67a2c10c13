// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";

import {Layer} from "./NetworkFormat.sol";

// Lanes are made of MUL, SHR and MLOAD; PlainModel.sol is the same without assembly.
// solhint-disable no-inline-assembly
// For slither: shifts in the order that Yul has them.
// slither-disable-start incorrect-shift

/// How samples lie side by side in a word.
struct Lanes {
    uint256 width; // bits of a lane
    uint256 count; // samples in a word
    uint256 ones; // 1 in each lane
}

/// Samples in memory that fit the lanes.
struct Batch {
    uint256 start; // memory address of the first
    uint256 stride; // bytes from one to the next
    uint256 count;
}

/**
 * @title LaneKernel
 * @notice Runs a network on several samples at once.
 *
 * Word i of a layer's input holds input i of 7 to 14 samples, one in each lane, so that one MUL by a weight
 * serves all of them. The reference is PlainModel.sol.
 *
 * Why lanes do not disturb each other. A word is the sum over lanes of value · 2^(width · lane), modulo 2^256.
 * That sum is linear, so lanes may overflow into each other on the way as long as each final value fits its
 * lane. A neuron's sum lies within ±bound, bound = 128 · 255 · inputs + |bias|; HALF = 2^(width-1) > bound is
 * added to each lane, which makes the value positive and its top bit the sign (1: not negative). Weights are
 * stored plus 128: the kernel subtracts 128 · Σ inputs once for a layer. Where outputs are compared with each
 * other, HALF is above 2 · bound, so that the same holds for their differences.
 */
library LaneKernel {
    /// Words that a step may reach beyond a layer's inputs.
    uint256 internal constant PADDING = 16;

    /// A lane has room for two bytes at least, see spread.
    uint256 internal constant LEAST = 0x7fff;

    /// The narrowest lanes that hold every sum of these layers.
    function plan(Layer[] memory layers) internal pure returns (Lanes memory) {
        uint256 bound = LEAST;
        for (uint256 i = 0; i < layers.length; ++i) {
            uint256 candidate = 32_640 * layers[i].inputs + _largestBias(layers[i]);
            if (candidate > bound) bound = candidate;
        }
        return fitted(bound, layers[layers.length - 1].outputs);
    }

    /// The narrowest lanes that hold values within ±bound, and differences of `outputs` values.
    function fitted(uint256 bound, uint256 outputs) internal pure returns (Lanes memory lanes) {
        lanes.width = LibBit.fls(bound) + (outputs > 1 ? 3 : 2);
        lanes.count = 256 / lanes.width;
        unchecked {
            // 1 + 2^width + … of `count` terms; where they fill the word, 2^256 - 1 is what 0 - 1 gives.
            lanes.ones = ((1 << (lanes.width * lanes.count)) - 1) / ((1 << lanes.width) - 1);
        }
    }

    /// Spread a batch over the words at `x`: `inputs` words, and up to four that hold anything. Returns the word of
    /// the bytes behind the inputs (labels of classes).
    function spread(uint256 x, Batch memory batch, uint256 inputs, Lanes memory lanes)
        internal
        pure
        returns (uint256 labels)
    {
        uint256 first = batch.start;
        uint256 stride = batch.stride;
        uint256 width = lanes.width;
        uint256 ones = lanes.ones;
        uint256 last;
        unchecked {
            last = first + stride * (batch.count - 1); // count > 0; addresses in memory
        }
        assembly ("memory-safe") {
            let end := add(x, shl(5, inputs))
            for { let word := x } iszero(gt(word, end)) { word := add(word, 128) } {
                // A lane has room for two bytes: four inputs at a time, two in each of two words. From the last
                // sample to the first, which ends up in the lowest lane.
                let ab := 0
                let cd := 0
                for { let place := last } 1 { place := sub(place, stride) } {
                    let w := mload(place)
                    ab := or(shl(width, ab), shr(240, w))
                    cd := or(shl(width, cd), and(shr(224, w), 0xffff))
                    if eq(place, first) { break }
                }
                let low := mul(0xff, ones)
                mstore(word, and(shr(8, ab), low))
                mstore(add(word, 32), and(ab, low))
                mstore(add(word, 64), and(shr(8, cd), low))
                mstore(add(word, 96), and(cd, low))
                first := add(first, 4)
                last := add(last, 4)
            }
            labels := mload(end)
        }
    }

    /// Run all layers on the words at `x`, using the words at `y` too; both have room for the widest layer and
    /// PADDING words more. Returns where the outputs lie; each lane holds its output plus HALF.
    function run(Layer[] memory layers, Lanes memory lanes, uint256 x, uint256 y) internal pure returns (uint256) {
        unchecked {
            // A handful of layers; sums modulo 2^256 are what lanes want; addresses in memory.
            uint256 hidden = layers.length - 1;
            _pad(x + 32 * layers[0].inputs, layers[0].inputs);
            for (uint256 i = 0; i < hidden; ++i) {
                Layer memory layer = layers[i];
                _accumulate(layer, lanes, x, y);
                _activate(y, layer.outputs, layer.shift, lanes);
                (x, y) = (y, x);
            }
            _accumulate(layers[hidden], lanes, x, y);
            return y;
        }
    }

    /// The output of one lane.
    function output(uint256 word, uint256 lane, Lanes memory lanes) internal pure returns (int256) {
        unchecked {
            // Shifts below 256, a lane's value below 2^width.
            uint256 value = (word >> (lanes.width * lane)) & ((1 << lanes.width) - 1);
            return int256(value) - int256(1 << (lanes.width - 1));
        }
    }

    /// The class that each lane predicts, from the words of `count` outputs at `outputs`: the first of the largest,
    /// or of one output whether it is above zero.
    function classes(uint256 outputs, uint256 count, Lanes memory lanes) internal pure returns (uint256 best) {
        uint256 ones = lanes.ones;
        uint256 width = lanes.width;
        assembly ("memory-safe") {
            let top := sub(width, 1)
            let largest := mload(outputs)
            switch count
            case 1 { best := and(shr(top, sub(largest, ones)), ones) }
            default {
                // HALF - 1 in each lane: the top bit of a difference plus this tells whether it is above zero.
                let above := sub(shl(top, ones), ones)
                for { let k := 1 } lt(k, count) { k := add(k, 1) } {
                    let candidate := mload(add(outputs, shl(5, k)))
                    let larger := and(shr(top, add(sub(candidate, largest), above)), ones)
                    larger := sub(shl(width, larger), larger) // all bits of the lanes where the candidate wins
                    largest := xor(largest, and(larger, xor(largest, candidate)))
                    best := xor(best, and(larger, xor(best, mul(k, ones))))
                }
            }
        }
    }

    /// In how many of the first `count` lanes the bytes of `a` and `b` are equal.
    function equal(uint256 a, uint256 b, uint256 count, Lanes memory lanes) internal pure returns (uint256 same) {
        uint256 width = lanes.width;
        uint256 ones = lanes.ones;
        uint256 all = lanes.count;
        assembly ("memory-safe") {
            let top := sub(width, 1)
            let used := and(ones, sub(shl(mul(width, count), 1), 1)) // shl by 256 gives 0, and 0 - 1 all bits
            // A lane's difference plus HALF - 1 reaches HALF unless the difference is zero.
            let other := shr(top, add(xor(a, b), sub(shl(top, ones), ones)))
            same := and(not(other), used)
            // Times `ones`, the lane before the last holds the sum of all lanes; it is far below 2^width.
            same := and(shr(mul(width, sub(all, 1)), mul(same, ones)), sub(shl(width, 1), 1))
        }
    }

    /// y[j] = HALF + bias[j] + Σ weight[j][i] · x[i] in each lane.
    // 32 steps, unrolled.
    // solhint-disable-next-line function-max-lines
    function _accumulate(Layer memory layer, Lanes memory lanes, uint256 x, uint256 y) private pure {
        uint256 inputs = layer.inputs;
        uint256 ones = lanes.ones;
        uint256 row = layer.rows;
        uint256 last;
        uint256 base;
        unchecked {
            // Modulo 2^256, as explained above; addresses in memory.
            base = (ones << (lanes.width - 1)) - 128 * _sum(x, inputs);
            last = y + 32 * layer.outputs;
        }
        assembly ("memory-safe") {
            let end := add(x, shl(5, inputs))
            // Steps of 32 inputs, of which the last may overshoot by up to 15, else steps of 4.
            let bulk := add(x, shl(10, shr(5, add(inputs, 15))))
            for { } 1 { } {
                let acc := add(base, mul(sar(224, mload(row)), ones))
                let weights := add(row, 4)
                let p := x
                for { } lt(p, bulk) { p := add(p, 1024) } {
                    let w := mload(weights)
                    acc := add(acc, mul(byte(0, w), mload(p)))
                    acc := add(acc, mul(byte(1, w), mload(add(p, 32))))
                    acc := add(acc, mul(byte(2, w), mload(add(p, 64))))
                    acc := add(acc, mul(byte(3, w), mload(add(p, 96))))
                    acc := add(acc, mul(byte(4, w), mload(add(p, 128))))
                    acc := add(acc, mul(byte(5, w), mload(add(p, 160))))
                    acc := add(acc, mul(byte(6, w), mload(add(p, 192))))
                    acc := add(acc, mul(byte(7, w), mload(add(p, 224))))
                    acc := add(acc, mul(byte(8, w), mload(add(p, 256))))
                    acc := add(acc, mul(byte(9, w), mload(add(p, 288))))
                    acc := add(acc, mul(byte(10, w), mload(add(p, 320))))
                    acc := add(acc, mul(byte(11, w), mload(add(p, 352))))
                    acc := add(acc, mul(byte(12, w), mload(add(p, 384))))
                    acc := add(acc, mul(byte(13, w), mload(add(p, 416))))
                    acc := add(acc, mul(byte(14, w), mload(add(p, 448))))
                    acc := add(acc, mul(byte(15, w), mload(add(p, 480))))
                    acc := add(acc, mul(byte(16, w), mload(add(p, 512))))
                    acc := add(acc, mul(byte(17, w), mload(add(p, 544))))
                    acc := add(acc, mul(byte(18, w), mload(add(p, 576))))
                    acc := add(acc, mul(byte(19, w), mload(add(p, 608))))
                    acc := add(acc, mul(byte(20, w), mload(add(p, 640))))
                    acc := add(acc, mul(byte(21, w), mload(add(p, 672))))
                    acc := add(acc, mul(byte(22, w), mload(add(p, 704))))
                    acc := add(acc, mul(byte(23, w), mload(add(p, 736))))
                    acc := add(acc, mul(byte(24, w), mload(add(p, 768))))
                    acc := add(acc, mul(byte(25, w), mload(add(p, 800))))
                    acc := add(acc, mul(byte(26, w), mload(add(p, 832))))
                    acc := add(acc, mul(byte(27, w), mload(add(p, 864))))
                    acc := add(acc, mul(byte(28, w), mload(add(p, 896))))
                    acc := add(acc, mul(byte(29, w), mload(add(p, 928))))
                    acc := add(acc, mul(byte(30, w), mload(add(p, 960))))
                    acc := add(acc, mul(byte(31, w), mload(add(p, 992))))
                    weights := add(weights, 32)
                }
                for { } lt(p, end) { p := add(p, 128) } {
                    let w := mload(weights)
                    acc := add(acc, mul(byte(0, w), mload(p)))
                    acc := add(acc, mul(byte(1, w), mload(add(p, 32))))
                    acc := add(acc, mul(byte(2, w), mload(add(p, 64))))
                    acc := add(acc, mul(byte(3, w), mload(add(p, 96))))
                    weights := add(weights, 4)
                }
                mstore(y, acc)
                y := add(y, 32)
                if eq(y, last) { break }
                row := add(add(row, 4), inputs)
            }
        }
    }

    /// In each lane of the `count` words at `y`: min(255, max(0, value) >> shift), without HALF; zeros behind.
    function _activate(uint256 y, uint256 count, uint256 shift, Lanes memory lanes) private pure {
        assembly ("memory-safe") {
            let ones := mload(add(lanes, 64)) // the last in a Lanes
            let top := sub(mload(lanes), 1) // the width comes first
            // The bits that a shifted lane can have; none if the shift exceeds the lane.
            let kept := mul(sub(shl(mul(gt(top, shift), sub(top, shift)), 1), 1), ones)
            for { let end := add(y, shl(5, count)) } 1 { } {
                let acc := mload(y)
                let m := and(shr(top, acc), ones)
                // A positive lane is kept without its top bit, a negative one becomes zero.
                acc := and(shr(shift, and(acc, sub(shl(top, m), m))), kept)
                // Plus HALF - 256, the top bit tells whether a lane is over 255; if so, its low bits are all set.
                m := and(shr(top, add(acc, mul(sub(shl(top, 1), 256), ones))), ones)
                mstore(y, and(or(acc, sub(shl(8, m), m)), mul(255, ones)))
                y := add(y, 32)
                if eq(y, end) { break }
            }
        }
        _pad(y, count);
    }

    /// Zeros from `end` on, where `count` words end, for steps that overshoot.
    function _pad(uint256 end, uint256 count) private pure {
        assembly ("memory-safe") {
            mstore(end, 0)
            mstore(add(end, 32), 0)
            mstore(add(end, 64), 0)
            if gt(and(count, 31), 16) {
                for { let last := add(end, 480) } lt(end, last) { end := add(end, 32) } { mstore(add(end, 32), 0) }
            }
        }
    }

    /// The sum of the `count` words at `x`, which zeros follow.
    function _sum(uint256 x, uint256 count) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            for { let end := add(x, shl(5, count)) } lt(x, end) { x := add(x, 128) } {
                sum := add(sum, add(add(mload(x), mload(add(x, 32))), add(mload(add(x, 64)), mload(add(x, 96)))))
            }
        }
    }

    function _largestBias(Layer memory layer) private pure returns (uint256 largest) {
        uint256 row = layer.rows;
        uint256 step = layer.inputs + 4;
        uint256 outputs = layer.outputs;
        assembly ("memory-safe") {
            for { let last := add(row, mul(outputs, step)) } lt(row, last) { row := add(row, step) } {
                let bias := sar(224, mload(row))
                let sign := sar(255, bias)
                bias := sub(xor(bias, sign), sign) // its absolute value
                if gt(bias, largest) { largest := bias }
            }
        }
    }
}
// slither-disable-end incorrect-shift
