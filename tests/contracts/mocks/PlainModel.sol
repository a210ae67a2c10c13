// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Layer, NetworkFormat} from "../../../contracts/models/integer/NetworkFormat.sol";

/**
 * @title PlainModel
 * @notice Networks in plain Solidity: the reference of all kernels.
 *
 * Slow and obvious. No contract uses it; the tests hold the kernels against it.
 */
library PlainModel {
    /// The outputs of the network `model` for the bytes `sample`.
    function run(bytes memory model, bytes memory sample) internal pure returns (int256[] memory values) {
        Layer[] memory layers = NetworkFormat.parse(model);
        values = new int256[](sample.length);
        for (uint256 i = 0; i < sample.length; ++i) values[i] = int256(uint256(uint8(sample[i])));
        uint256 offset = 4 + 3 * layers.length;
        for (uint256 layer = 0; layer < layers.length; ++layer) {
            bool last = layer + 1 == layers.length;
            int256[] memory next = new int256[](layers[layer].outputs);
            for (uint256 j = 0; j < next.length; ++j) {
                int256 sum = _bias(model, offset);
                offset += 4;
                for (uint256 i = 0; i < values.length; ++i) {
                    sum += (int256(uint256(uint8(model[offset + i]))) - 128) * values[i];
                }
                offset += values.length;
                next[j] = last ? sum : _activation(sum, layers[layer].shift);
            }
            values = next;
        }
    }

    function _activation(int256 sum, uint256 shift) private pure returns (int256) {
        if (sum < 0) return 0;
        sum >>= shift;
        return sum > 255 ? int256(255) : sum;
    }

    function _bias(bytes memory model, uint256 offset) private pure returns (int256) {
        bytes4 word = bytes4(
            bytes.concat(model[offset], model[offset + 1], model[offset + 2], model[offset + 3])
        );
        return int256(int32(uint32(word)));
    }
}
