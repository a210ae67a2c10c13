// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Layer} from "./NetworkFormat.sol";

// Lanes are made of MUL, SHR and MLOAD; PlainModel.sol is the same without assembly.
// solhint-disable no-inline-assembly
// For slither: lanes are turned round by XOR; masks are long.
// slither-disable-start incorrect-exp,too-many-digits

/**
 * @title DotKernel
 * @notice Runs a network on one sample.
 *
 * Eight lanes of 32 bits in a word, eight products a MUL. For words A = Σ a(i)·2^(32i) and B = Σ b(i)·2^(32i),
 * the top lane of A·B is Σ a(i)·b(7-i). So the inputs lie with their lanes reversed, and the top lane
 * of the sum of all products is the neuron's Σ (weight + 128) · input. The lanes below it sum at most
 * 4,096 · 255 · 255 < 2^32, so nothing is carried into it, and it does not overflow.
 *
 * A word of 32 bytes holds four lanes' worth of 8 bytes; `phase` k is byte k of each lane. A byte's place with
 * its lane reversed is its number xor 28. The reference is PlainModel.sol.
 */
library DotKernel {
    uint256 private constant PHASE = 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
    uint256 private constant ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;

    /// The outputs of the network for the bytes `sample`, as words.
    function run(Layer[] memory layers, bytes memory sample, uint256 widest)
        internal
        pure
        returns (int256[] memory outputs)
    {
        uint256 words = (widest + 31) >> 5;
        uint256 packed = _allocate(words); // inputs of a layer: bytes, lanes reversed
        uint256 phased = _allocate(4 * words); // the same, one word a phase
        outputs = new int256[](layers[layers.length - 1].outputs);
        _reverse(sample, packed);
        for (uint256 i = 0; i < layers.length; ++i) {
            uint256 sum = _unpack(packed, phased, layers[i].inputs);
            if (i + 1 == layers.length) _lastLayer(layers[i], phased, sum, outputs);
            else _hiddenLayer(layers[i], phased, sum, packed);
        }
    }

    /// Copy `sample` to `packed`, zeros behind it, with the eight lanes of each word in reverse order.
    function _reverse(bytes memory sample, uint256 packed) private pure {
        assembly ("memory-safe") {
            let length := mload(sample)
            for { let i := 0 } lt(i, length) { i := add(i, 32) } {
                let w := mload(add(add(sample, 32), i))
                let left := sub(length, i)
                if lt(left, 32) {
                    let cut := shl(3, sub(32, left))
                    w := shl(cut, shr(cut, w))
                }
                w := or(shr(128, w), shl(128, w))
                let low := 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff
                w := or(and(shr(64, w), low), shl(64, and(w, low)))
                low := 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff
                w := or(and(shr(32, w), low), shl(32, and(w, low)))
                mstore(add(packed, i), w)
            }
        }
    }

    /// Take the bytes at `packed` apart into one word a phase, clear them, and return the sum of all.
    function _unpack(uint256 packed, uint256 phased, uint256 inputs) private pure returns (uint256 sum) {
        uint256 phase = PHASE;
        uint256 ones = ONES;
        assembly ("memory-safe") {
            for { let end := add(packed, inputs) } lt(packed, end) { packed := add(packed, 32) } {
                let w := mload(packed)
                mstore(packed, 0)
                let a := and(shr(24, w), phase)
                let b := and(shr(16, w), phase)
                let c := and(shr(8, w), phase)
                let d := and(w, phase)
                mstore(phased, a)
                mstore(add(phased, 32), b)
                mstore(add(phased, 64), c)
                mstore(add(phased, 96), d)
                sum := add(sum, add(add(a, b), add(c, d)))
                phased := add(phased, 128)
            }
            sum := shr(224, mul(sum, ones)) // the sum of the eight lanes
        }
    }

    /// Write min(255, max(0, bias + Σ weight · input) >> shift) of each neuron to its place in `packed`.
    function _hiddenLayer(Layer memory layer, uint256 phased, uint256 sum, uint256 packed) private pure {
        uint256 row = layer.rows;
        uint256 shift = layer.shift;
        uint256 inputs = layer.inputs;
        uint256 neurons = layer.outputs;
        for (uint256 j = 0; j < neurons;) {
            int256 value = _neuron(row, phased, inputs, sum);
            assembly ("memory-safe") {
                value := mul(sgt(value, 0), shr(shift, value))
                if gt(value, 255) { value := 255 }
                mstore8(add(packed, xor(j, 28)), value)
                row := add(add(row, 4), inputs)
                j := add(j, 1)
            }
        }
    }

    function _lastLayer(Layer memory layer, uint256 phased, uint256 sum, int256[] memory outputs) private pure {
        uint256 row = layer.rows;
        for (uint256 j = 0; j < layer.outputs; ++j) {
            outputs[j] = _neuron(row, phased, layer.inputs, sum);
            row += 4 + layer.inputs;
        }
    }

    /// bias + Σ weight · input. Bytes of the next row that the last word brings meet inputs that are zero.
    function _neuron(uint256 row, uint256 phased, uint256 inputs, uint256 sum) private pure returns (int256 value) {
        uint256 phase = PHASE;
        assembly ("memory-safe") {
            let weights := add(row, 4)
            let acc := 0
            for { let end := add(weights, inputs) } lt(weights, end) { weights := add(weights, 32) } {
                let w := mload(weights)
                acc := add(acc, mul(and(shr(24, w), phase), mload(phased)))
                acc := add(acc, mul(and(shr(16, w), phase), mload(add(phased, 32))))
                acc := add(acc, mul(and(shr(8, w), phase), mload(add(phased, 64))))
                acc := add(acc, mul(and(w, phase), mload(add(phased, 96))))
                phased := add(phased, 128)
            }
            value := add(sub(shr(224, acc), shl(7, sum)), sar(224, mload(row)))
        }
    }

    function _allocate(uint256 words) private pure returns (uint256 start) {
        uint256[] memory space = new uint256[](words);
        assembly ("memory-safe") {
            start := add(space, 32)
        }
    }
}
// slither-disable-end incorrect-exp,too-many-digits
