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

/// @title LaneKernel
/// @notice Runs a network on several samples at once.
///
/// Word i of a layer's input holds input i of 7 to 14 samples, one in each lane, so that one MUL by a weight
/// serves all of them. The reference is PlainModel.sol.
///
/// Why lanes do not disturb each other. A word is the sum over lanes of value · 2^(width · lane), modulo 2^256.
/// That sum is linear, so lanes may overflow into each other on the way as long as each final value fits its
/// lane. A neuron's sum lies within ±bound, bound = 128 · 255 · inputs + |bias|; HALF = 2^(width-1) > bound is
/// added to each lane, which makes the value positive and its top bit the sign (1: not negative). Weights are
/// stored plus 128: the kernel subtracts 128 · Σ inputs once for a layer. Where outputs are compared with each
/// other, HALF is above 2 · bound, so that the same holds for their differences.
library LaneKernel {
    /// Words that a step may reach beyond a layer's inputs.
    uint256 internal constant PADDING = 16;

    /// A lane has room for two bytes at least, see spread.
    uint256 internal constant LEAST = 0x7fff;

    /// Lanes that hold every sum of these layers: what any weights can add up to, or, where that is not enough for
    /// `samples` at once, the narrowest, which what these weights can add up to tells.
    function plan(Layer[] memory layers, uint256 samples) internal pure returns (Lanes memory lanes) {
        uint256 outputs = layers[layers.length - 1].outputs;
        uint256 bound = LEAST;
        for (uint256 i = 0; i < layers.length; ++i) {
            uint256 candidate = 32_640 * layers[i].inputs + _largestBias(layers[i]);
            if (candidate > bound) bound = candidate;
        }
        lanes = fitted(bound, outputs);
        if (samples <= lanes.count) return lanes;
        bound = LEAST;
        for (uint256 i = 0; i < layers.length; ++i) {
            uint256 candidate = _largestSum(layers[i]);
            if (candidate > bound) bound = candidate;
        }
        return fitted(bound, outputs);
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
            for { let word := x } 1 { } {
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
                word := add(word, 128)
                if gt(word, end) { break }
                first := add(first, 4)
                last := add(last, 4)
            }
            labels := mload(end)
        }
    }

    /// The same, twelve inputs at a time where a lane has room for three bytes, else eight; up to twelve words more
    /// hold anything.
    // Two loops, unrolled.
    // solhint-disable-next-line function-max-lines
    function spreadWide(uint256 x, Batch memory batch, uint256 inputs, Lanes memory lanes)
        internal
        pure
        returns (uint256 labels)
    {
        uint256 first = batch.start;
        uint256 stride = batch.stride;
        uint256 width = lanes.width;
        uint256 last;
        unchecked {
            last = first + stride * (batch.count - 1); // count > 0; addresses in memory
        }
        assembly ("memory-safe") {
            // What is needed but once in a turn waits in scratch space.
            mstore(0, add(x, shl(5, inputs)))
            mstore(32, mul(0xff, mload(add(lanes, 64)))) // the ones come last
            // What comes before in a sample is added with each, so many places higher, and taken off at the end.
            switch lt(width, 24)
            case 0 {
                for { } iszero(gt(x, mload(0))) { x := add(x, 384) } {
                    let a := 0
                    let b := 0
                    let c := 0
                    let d := 0
                    for { let place := last } 1 { place := sub(place, stride) } {
                        let w := mload(place)
                        a := add(shr(232, w), shl(width, a))
                        b := add(shr(208, w), shl(width, b))
                        c := add(shr(184, w), shl(width, c))
                        d := add(shr(160, w), shl(width, d))
                        if eq(place, first) { break }
                    }
                    d := sub(d, shl(24, c))
                    c := sub(c, shl(24, b))
                    b := sub(b, shl(24, a))
                    let low := mload(32)
                    mstore(x, and(shr(16, a), low))
                    mstore(add(x, 32), and(shr(8, a), low))
                    mstore(add(x, 64), and(a, low))
                    mstore(add(x, 96), and(shr(16, b), low))
                    mstore(add(x, 128), and(shr(8, b), low))
                    mstore(add(x, 160), and(b, low))
                    mstore(add(x, 192), and(shr(16, c), low))
                    mstore(add(x, 224), and(shr(8, c), low))
                    mstore(add(x, 256), and(c, low))
                    mstore(add(x, 288), and(shr(16, d), low))
                    mstore(add(x, 320), and(shr(8, d), low))
                    mstore(add(x, 352), and(d, low))
                    first := add(first, 12)
                    last := add(last, 12)
                }
            }
            default {
                for { } iszero(gt(x, mload(0))) { x := add(x, 256) } {
                    let a := 0
                    let b := 0
                    let c := 0
                    let d := 0
                    for { let place := last } 1 { place := sub(place, stride) } {
                        let w := mload(place)
                        a := add(shr(240, w), shl(width, a))
                        b := add(shr(224, w), shl(width, b))
                        c := add(shr(208, w), shl(width, c))
                        d := add(shr(192, w), shl(width, d))
                        if eq(place, first) { break }
                    }
                    d := sub(d, shl(16, c))
                    c := sub(c, shl(16, b))
                    b := sub(b, shl(16, a))
                    let low := mload(32)
                    mstore(x, and(shr(8, a), low))
                    mstore(add(x, 32), and(a, low))
                    mstore(add(x, 64), and(shr(8, b), low))
                    mstore(add(x, 96), and(b, low))
                    mstore(add(x, 128), and(shr(8, c), low))
                    mstore(add(x, 160), and(c, low))
                    mstore(add(x, 192), and(shr(8, d), low))
                    mstore(add(x, 224), and(d, low))
                    first := add(first, 8)
                    last := add(last, 8)
                }
            }
            labels := mload(mload(0))
        }
    }

    /// Run all layers on the words at `x`, using the words at `y` too; both have room for the widest layer and
    /// PADDING words more. Returns where the outputs lie; each lane holds its output plus HALF.
    function run(Layer[] memory layers, Lanes memory lanes, uint256 x, uint256 y) internal pure returns (uint256) {
        unchecked {
            // A handful of layers; sums modulo 2^256 are what lanes want; addresses in memory.
            uint256 hidden = layers.length - 1;
            _pad(x + 32 * layers[0].inputs);
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

    /// y[j] = HALF + bias[j] + Σ weight[j][i] · x[i] in each lane; up to three words more hold anything.
    ///
    /// Ten inputs at a time lie on the stack while all neurons take them, four in a turn. The last ten may overshoot:
    /// zeros follow the inputs, so it does not matter what follows the weights. What is needed but once in a turn waits
    /// in scratch space. Products are the outer terms: so the compiler leaves the inputs where they lie.
    // 40 steps, unrolled.
    // solhint-disable-next-line function-max-lines
    function _accumulate(Layer memory layer, Lanes memory lanes, uint256 x, uint256 y) private pure {
        uint256 inputs = layer.inputs;
        uint256 row = layer.rows;
        uint256 last = _begin(layer, lanes, y);
        assembly ("memory-safe") {
            mstore(0, last)
            mstore(32, add(inputs, 4))
            row := add(row, 4)
            mstore(add(last, 160), add(x, shl(5, inputs)))
            mstore(add(last, 192), y)
            for { } lt(x, mload(add(mload(0), 160))) { x := add(x, 320) } {
                let a := mload(x)
                let b := mload(add(x, 32))
                let c := mload(add(x, 64))
                let d := mload(add(x, 96))
                let e := mload(add(x, 128))
                let f := mload(add(x, 160))
                let g := mload(add(x, 192))
                let h := mload(add(x, 224))
                let i := mload(add(x, 256))
                let j := mload(add(x, 288))
                mstore(
                    add(mload(0), 128),
                    add(
                        add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h))),
                        add(add(i, j), mload(add(mload(0), 128)))
                    )
                )
                let weights := row
                for { let place := mload(add(mload(0), 192)) } lt(place, mload(0)) { place := add(place, 128) } {
                    let w := mload(weights)
                    mstore(
                        place,
                        add(mul(j, byte(9, w)), add(mul(i, byte(8, w)), add(mul(h, byte(7, w)), add(mul(g, byte(6, w)),
                        add(mul(f, byte(5, w)), add(mul(e, byte(4, w)), add(mul(d, byte(3, w)), add(mul(c, byte(2, w)),
                        add(mul(b, byte(1, w)), add(mul(a, byte(0, w)), mload(place)))))))))))
                    )
                    weights := add(weights, mload(32))
                    w := mload(weights)
                    mstore(
                        add(place, 32),
                        add(mul(j, byte(9, w)), add(mul(i, byte(8, w)), add(mul(h, byte(7, w)), add(mul(g, byte(6, w)),
                        add(mul(f, byte(5, w)), add(mul(e, byte(4, w)), add(mul(d, byte(3, w)), add(mul(c, byte(2, w)),
                        add(mul(b, byte(1, w)), add(mul(a, byte(0, w)), mload(add(place, 32))))))))))))
                    )
                    weights := add(weights, mload(32))
                    w := mload(weights)
                    mstore(
                        add(place, 64),
                        add(mul(j, byte(9, w)), add(mul(i, byte(8, w)), add(mul(h, byte(7, w)), add(mul(g, byte(6, w)),
                        add(mul(f, byte(5, w)), add(mul(e, byte(4, w)), add(mul(d, byte(3, w)), add(mul(c, byte(2, w)),
                        add(mul(b, byte(1, w)), add(mul(a, byte(0, w)), mload(add(place, 64))))))))))))
                    )
                    weights := add(weights, mload(32))
                    w := mload(weights)
                    mstore(
                        add(place, 96),
                        add(mul(j, byte(9, w)), add(mul(i, byte(8, w)), add(mul(h, byte(7, w)), add(mul(g, byte(6, w)),
                        add(mul(f, byte(5, w)), add(mul(e, byte(4, w)), add(mul(d, byte(3, w)), add(mul(c, byte(2, w)),
                        add(mul(b, byte(1, w)), add(mul(a, byte(0, w)), mload(add(place, 96))))))))))))
                    )
                    weights := add(weights, mload(32))
                }
                row := add(row, 10)
            }
            // Weights are stored plus 128.
            last := mload(0)
            y := mload(add(last, 192))
            let sum := shl(7, mload(add(last, 128)))
            for { } lt(y, last) { y := add(y, 32) } { mstore(y, sub(mload(y), sum)) }
        }
    }

    /// y[j] = HALF + bias[j] in each lane. Returns the end of the outputs; four words behind it a sum begins.
    function _begin(Layer memory layer, Lanes memory lanes, uint256 y) private pure returns (uint256 last) {
        uint256 ones = lanes.ones;
        uint256 row = layer.rows;
        unchecked {
            // Modulo 2^256, as explained above; addresses in memory.
            uint256 half = ones << (lanes.width - 1);
            uint256 step = layer.inputs + 4;
            last = y + 32 * layer.outputs;
            assembly ("memory-safe") {
                for { } lt(y, last) { y := add(y, 32) } {
                    mstore(y, add(half, mul(sar(224, mload(row)), ones)))
                    row := add(row, step)
                }
                mstore(add(last, 128), 0)
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
        _pad(y);
    }

    /// Zeros from `end` on, where inputs end, for steps that overshoot by up to nine.
    function _pad(uint256 end) private pure {
        assembly ("memory-safe") {
            mstore(end, 0)
            mstore(add(end, 32), 0)
            mstore(add(end, 64), 0)
            mstore(add(end, 96), 0)
            mstore(add(end, 128), 0)
            mstore(add(end, 160), 0)
            mstore(add(end, 192), 0)
            mstore(add(end, 224), 0)
            mstore(add(end, 256), 0)
        }
    }

    /// The largest |bias + Σ weight · input| of a neuron of the layer, for inputs from 0 to 255.
    ///
    /// Thirty-two weights at a time: as they are stored, plus 128, the top bit of a byte tells whether a weight is not
    /// negative, and the others are the weight then. Bytes are added up in sixteen lanes of 16 bits, 4,096 at most in
    /// all: below 2^16 after every 128 words.
    function _largestSum(Layer memory layer) private pure returns (uint256 largest) {
        uint256 inputs = layer.inputs;
        uint256 row = layer.rows;
        uint256 outputs = layer.outputs;
        assembly ("memory-safe") {
            let tops := 0x8080808080808080808080808080808080808080808080808080808080808080
            let even := 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff
            for { } outputs { outputs := sub(outputs, 1) } {
                let bias := sar(224, mload(row))
                row := add(row, 4)
                let positive := 0
                let all := 0
                for { let end := add(row, inputs) } lt(row, end) { } {
                    let w := mload(row)
                    row := add(row, 32)
                    if gt(row, end) { // what lies behind the row becomes bytes of 0, which add nothing
                        let beyond := shl(3, sub(row, end))
                        w := shl(beyond, shr(beyond, w))
                        row := end
                    }
                    all := add(all, add(and(w, even), and(shr(8, w), even)))
                    let tested := and(w, tops)
                    w := and(w, sub(tested, shr(7, tested)))
                    positive := add(positive, add(and(w, even), and(shr(8, w), even)))
                }
                let pairs := 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff
                let ones := 0x0000000100000001000000010000000100000001000000010000000100000001
                positive := shr(224, mul(add(and(positive, pairs), and(shr(16, positive), pairs)), ones))
                all := shr(224, mul(add(and(all, pairs), and(shr(16, all), pairs)), ones))
                // Σ weight = all - 128 · inputs, and what is not positive of it is negative
                let high := add(bias, mul(255, positive))
                let low := add(bias, mul(255, sub(sub(all, shl(7, inputs)), positive)))
                if sgt(high, largest) { largest := high }
                low := sub(0, low)
                if sgt(low, largest) { largest := low }
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
