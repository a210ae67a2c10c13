// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CodeStore} from "./CodeStore.sol";
import {DotKernel} from "./DotKernel.sol";
import {IModelRunner, Job} from "./IModelRunner.sol";
import {LaneKernel, Lanes} from "./LaneKernel.sol";
import {Layer, NetworkFormat} from "./NetworkFormat.sol";
import {Score} from "./Score.sol";
import {TreeModel, Trees} from "./TreeModel.sol";

/// @title Runs integer models that are kept as code; stateless
contract ModelRunner is IModelRunner {
    /// @inheritdoc IModelRunner
    function check(address model, uint256 features, uint256 classes) external view {
        bytes memory encoded = CodeStore.read(model);
        require(encoded.length > 0, MalformedModel(0));
        if (uint8(encoded[0]) == TreeModel.KIND) {
            Trees memory trees = TreeModel.parse(encoded);
            TreeModel.check(trees);
            _checkShape(trees.inputs, trees.outputs, features, classes);
        } else {
            require(uint8(encoded[0]) == NetworkFormat.KIND, MalformedModel(0));
            Layer[] memory layers = NetworkFormat.parse(encoded);
            _checkShape(layers[0].inputs, layers[layers.length - 1].outputs, features, classes);
        }
    }

    /// @inheritdoc IModelRunner
    function tally(Job calldata job) external view returns (uint256) {
        bytes memory model = CodeStore.read(job.model);
        uint256 stride = job.features + (job.classes == 0 ? 4 : 1);
        bytes memory data = CodeStore.slice(job.data, job.from * stride, job.count * stride);
        if (uint8(model[0]) == TreeModel.KIND) return _tallyTrees(model, data, job);
        return _tallyNetwork(model, data, job);
    }

    /// @inheritdoc IModelRunner
    function predict(address model, bytes calldata features, uint256 classes) external view returns (int256) {
        bytes memory encoded = CodeStore.read(model);
        bytes memory sample = features;
        if (uint8(encoded[0]) == TreeModel.KIND) {
            Trees memory trees = TreeModel.parse(encoded);
            require(sample.length == trees.inputs, WrongInputs(sample.length, trees.inputs));
            return _prediction(TreeModel.run(trees, _start(sample)), classes, trees.shift);
        }
        Layer[] memory layers = NetworkFormat.parse(encoded);
        require(sample.length == layers[0].inputs, WrongInputs(sample.length, layers[0].inputs));
        int256[] memory outputs = DotKernel.run(layers, sample, NetworkFormat.widest(layers));
        return _prediction(outputs, classes, layers[layers.length - 1].shift);
    }

    function _tallyNetwork(bytes memory model, bytes memory data, Job calldata job) private pure returns (uint256 sum) {
        Layer[] memory layers = NetworkFormat.parse(model);
        Lanes memory lanes = LaneKernel.plan(layers);
        uint256 room = NetworkFormat.widest(layers) + 4;
        uint256 x = _room(room);
        uint256 y = _room(room);
        Job memory task = job;
        uint256 stride = task.features + (task.classes == 0 ? 4 : 1);
        uint256 place = _start(data);
        for (uint256 left = task.count; left > 0;) {
            uint256 count = left < lanes.count ? left : lanes.count;
            LaneKernel.spread(x, place, stride, count, task.features, lanes.width);
            uint256 outputs = LaneKernel.run(layers, lanes, x, y);
            sum += _points(outputs, layers[layers.length - 1], lanes, count, place, stride, task);
            unchecked {
                // count <= left; addresses in memory.
                left -= count;
                place += count * stride;
            }
        }
    }

    /// The points of the `count` samples at `at`, whose outputs lie in the lanes of the words at `outputs`.
    function _points(
        uint256 outputs,
        Layer memory layer,
        Lanes memory lanes,
        uint256 count,
        uint256 place,
        uint256 stride,
        Job memory task
    ) private pure returns (uint256 sum) {
        unchecked {
            // Points fit their counters for any number of samples that a competition allows.
            for (uint256 lane = 0; lane < count; ++lane) {
                int256 best = LaneKernel.output(_word(outputs), lane, lanes);
                int256 prediction;
                if (layer.outputs > 1) {
                    for (uint256 k = 1; k < layer.outputs; ++k) {
                        int256 candidate = LaneKernel.output(_word(outputs + 32 * k), lane, lanes);
                        if (candidate > best) (best, prediction) = (candidate, int256(k));
                    }
                } else {
                    prediction = task.classes == 0 ? _clip(best >> layer.shift) : int256(best > 0 ? int8(1) : int8(0));
                }
                int256 label = _label(place + task.features, task.classes);
                sum += Score.points(task.metric, task.classes, prediction, label);
                place += stride;
            }
        }
    }

    function _tallyTrees(bytes memory model, bytes memory data, Job calldata job) private pure returns (uint256 sum) {
        Trees memory trees = TreeModel.parse(model);
        uint256 stride = job.features + (job.classes == 0 ? 4 : 1);
        uint256 place = _start(data);
        uint256 free = _free();
        for (uint256 i = 0; i < job.count; ++i) {
            int256 prediction = _prediction(TreeModel.run(trees, place), job.classes, trees.shift);
            sum += Score.points(job.metric, job.classes, prediction, _label(place + job.features, job.classes));
            place += stride;
            _release(free);
        }
    }

    function _prediction(int256[] memory outputs, uint256 classes, uint256 shift) private pure returns (int256 best) {
        if (outputs.length == 1) {
            if (classes == 0) return _clip(outputs[0] >> shift);
            return outputs[0] > 0 ? int256(1) : int256(0);
        }
        for (uint256 k = 1; k < outputs.length; ++k) {
            if (outputs[k] > outputs[uint256(best)]) best = int256(k);
        }
    }

    function _clip(int256 value) private pure returns (int256) {
        if (value > type(int32).max) return type(int32).max;
        return value < type(int32).min ? int256(type(int32).min) : value;
    }

    function _label(uint256 place, uint256 classes) private pure returns (int256 label) {
        assembly ("memory-safe") {
            let w := mload(place)
            switch classes
            case 0 { label := sar(224, w) }
            default { label := byte(0, w) }
        }
    }

    /// Numbers need one output; two classes one or two; more classes as many.
    function _checkShape(uint256 inputs, uint256 outputs, uint256 features, uint256 classes) private pure {
        require(inputs == features, WrongInputs(inputs, features));
        bool fits = classes == 0 ? outputs == 1 : outputs == classes || (classes == 2 && outputs == 1);
        require(fits, WrongOutputs(outputs, classes == 0 ? 1 : classes));
    }

    function _word(uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(place)
        }
    }

    function _start(bytes memory data) private pure returns (uint256 start) {
        assembly ("memory-safe") {
            start := add(data, 32)
        }
    }

    /// `words` words of memory, not cleared.
    function _room(uint256 words) private pure returns (uint256 start) {
        assembly ("memory-safe") {
            start := mload(0x40)
            mstore(0x40, add(start, shl(5, words)))
        }
    }

    function _free() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    /// Give back what was allocated since `free`: nothing of it is used any more.
    function _release(uint256 free) private pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }
}
