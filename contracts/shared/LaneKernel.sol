// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Layer} from "./NetworkFormat.sol";

/// How samples lie side by side in a word.
struct Lanes {
    uint256 width; // bits of a lane
    uint256 count; // samples in a word
    uint256 ones; // 1 in each lane
}

/**
 * @title Runs a network on several samples at once
 *
 * Word i of a layer's input holds input i of 7 to 14 samples, one in each lane, so that one MUL by a weight
 * serves all of them. The reference is PlainModel.sol.
 *
 * Why lanes do not disturb each other. A word is the sum over lanes of value · 2^(width · lane), modulo 2^256.
 * That sum is linear, so lanes may overflow into each other on the way as long as each final value fits its
 * lane. A neuron's sum lies within ±bound, bound = 128 · 255 · inputs + |bias|; HALF = 2^(width-1) > bound is
 * added to each lane, which makes the value positive and its top bit the sign (1: not negative). Weights are
 * stored plus 128: the kernel subtracts 128 · Σ inputs once for a layer.
 */
library LaneKernel {
    /// The narrowest lanes that hold every sum of these layers.
    function plan(Layer[] memory layers) internal pure returns (Lanes memory lanes) {
        uint256 bound = 255; // HALF must be 256 at least, for the clipping
        for (uint256 i = 0; i < layers.length; ++i) {
            uint256 candidate = 32_640 * layers[i].inputs + _largestBias(layers[i]);
            if (candidate > bound) bound = candidate;
        }
        lanes.width = 1;
        for (; bound != 0; bound >>= 1) ++lanes.width;
        lanes.count = 256 / lanes.width;
        for (uint256 i = 0; i < lanes.count; ++i) lanes.ones |= 1 << (lanes.width * i);
    }

    /// Spread `count` samples that start at memory address `data`, `stride` bytes apart, over the words at `x`.
    /// Writes `inputs` words and up to four words of zeros behind them.
    function spread(uint256 x, uint256 data, uint256 stride, uint256 count, uint256 inputs, uint256 width)
        internal
        pure
    {
        assembly ("memory-safe") {
            let last := mul(stride, sub(count, 1))
            let end := add(x, shl(5, inputs))
            let word := x
            for { } lt(word, end) { word := add(word, 128) } {
                let a := 0
                let b := 0
                let c := 0
                let d := 0
                // From the last sample to the first, which ends up in the lowest lane.
                for { let place := add(data, last) } iszero(lt(place, data)) { place := sub(place, stride) } {
                    let bytes4 := mload(place)
                    a := or(shl(width, a), byte(0, bytes4))
                    b := or(shl(width, b), byte(1, bytes4))
                    c := or(shl(width, c), byte(2, bytes4))
                    d := or(shl(width, d), byte(3, bytes4))
                }
                mstore(word, a)
                mstore(add(word, 32), b)
                mstore(add(word, 64), c)
                mstore(add(word, 96), d)
                data := add(data, 4)
            }
            mstore(end, 0) // what a last step of four read beyond the features
            mstore(add(end, 32), 0)
            mstore(add(end, 64), 0)
        }
    }

    /// Run all layers on the words at `x`, using the words at `y` too; both have room for the widest layer and
    /// four words more. Returns where the outputs lie; each lane holds its output plus HALF.
    function run(Layer[] memory layers, Lanes memory lanes, uint256 x, uint256 y) internal pure returns (uint256) {
        for (uint256 i = 0; i < layers.length; ++i) {
            _accumulate(layers[i], lanes, x, y);
            if (i + 1 < layers.length) _activate(y, layers[i].outputs, layers[i].shift, lanes);
            (x, y) = (y, x);
        }
        return x;
    }

    /// The output of one lane.
    function output(uint256 word, uint256 lane, Lanes memory lanes) internal pure returns (int256) {
        unchecked {
            // Shifts below 256, a lane's value below 2^width.
            uint256 value = (word >> (lanes.width * lane)) & ((1 << lanes.width) - 1);
            return int256(value) - int256(1 << (lanes.width - 1));
        }
    }

    /// y[j] = HALF + bias[j] + Σ weight[j][i] · x[i] in each lane.
    function _accumulate(Layer memory layer, Lanes memory lanes, uint256 x, uint256 y) private pure {
        uint256 ones = lanes.ones;
        uint256 base = ones << (lanes.width - 1);
        uint256 inputs = layer.inputs;
        uint256 outputs = layer.outputs;
        uint256 row = layer.rows;
        assembly ("memory-safe") {
            let end := add(x, shl(5, inputs)) // beyond it lie zeros, so the last step of four may overshoot
            let sum := 0
            for { let p := x } lt(p, end) { p := add(p, 128) } {
                sum := add(sum, add(add(mload(p), mload(add(p, 32))), add(mload(add(p, 64)), mload(add(p, 96)))))
            }
            base := sub(base, shl(7, sum))
            let bulk := add(x, shl(10, shr(5, inputs)))
            for { let last := add(y, shl(5, outputs)) } lt(y, last) { y := add(y, 32) } {
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
                row := add(add(row, 4), inputs)
            }
        }
    }

    /// In each lane of the `count` words at `y`: min(255, max(0, value) >> shift), without HALF; zeros behind.
    function _activate(uint256 y, uint256 count, uint256 shift, Lanes memory lanes) private pure {
        uint256 ones = lanes.ones;
        uint256 top = lanes.width - 1;
        uint256 kept = shift < top ? ((1 << (top - shift)) - 1) * ones : 0; // the bits that a shifted lane can have
        uint256 overflow = ((1 << top) - 256) * ones; // added to a lane: the top bit tells whether it is over 255
        assembly ("memory-safe") {
            let end := add(y, shl(5, count))
            for { } lt(y, end) { y := add(y, 32) } {
                let acc := mload(y)
                let positive := and(shr(top, acc), ones)
                // A positive lane is kept without its top bit, a negative one becomes zero.
                let value := and(shr(shift, and(acc, sub(shl(top, positive), positive))), kept)
                let clipped := and(shr(top, add(value, overflow)), ones)
                mstore(y, or(and(value, mul(255, ones)), mul(255, clipped)))
            }
            mstore(end, 0)
            mstore(add(end, 32), 0)
            mstore(add(end, 64), 0)
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
