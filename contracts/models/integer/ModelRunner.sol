// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CodeChunks} from "../../kernel/CodeChunks.sol";
import {DotKernel} from "./DotKernel.sol";
import {IModelRunner, Job} from "./IModelRunner.sol";
import {Batch, LaneKernel, Lanes} from "./LaneKernel.sol";
import {ModelCode} from "./ModelCode.sol";
import {NarrowKernel, Program} from "./NarrowKernel.sol";
import {Layer, NetworkFormat} from "./NetworkFormat.sol";
import {Score} from "./Score.sol";
import {TreeModel, Trees} from "./TreeModel.sol";

// Addresses in memory, which the kernels share.
// solhint-disable no-inline-assembly

/// What a run on many samples keeps in memory.
struct Plan {
    Layer[] layers;
    Layer last;
    Program program; // of narrow networks
    bool narrow;
    Lanes lanes;
    uint256 x; // room for two layers' words
    uint256 y;
    Job job;
}

/// @title ModelRunner
/// @notice Runs integer models, and keeps them as code; no state else.
contract ModelRunner is IModelRunner {
    /// @inheritdoc IModelRunner
    function check(bytes calldata model, uint256 features, uint256 classes) external view returns (address head) {
        bytes memory encoded = model;
        _checkKind(model);
        if (uint8(encoded[0]) == TreeModel.KIND) {
            Trees memory trees = TreeModel.parse(encoded);
            TreeModel.check(trees);
            _checkShape(trees.inputs, trees.outputs, features, classes);
        } else {
            Layer[] memory layers = NetworkFormat.parse(encoded);
            _checkShape(layers[0].inputs, layers[layers.length - 1].outputs, features, classes);
        }
        return ModelCode.locate(model);
    }

    /// @inheritdoc IModelRunner
    function tally(bytes calldata model, Job calldata job) external view returns (address head, uint256 points) {
        head = ModelCode.locate(model);
        bytes memory encoded = model;
        uint256 stride = job.features + (job.classes == 0 ? 4 : 1);
        bytes memory data = CodeChunks.slice(job.data, job.from * stride, job.count * stride);
        if (uint8(model[0]) == TreeModel.KIND) return (head, _tallyTrees(encoded, data, job));
        return (head, _tallyNetwork(encoded, data, job));
    }

    /// @inheritdoc IModelRunner
    function keep(bytes calldata model) external returns (address head) {
        _checkKind(model);
        return ModelCode.keep(model);
    }

    /// @inheritdoc IModelRunner
    function predict(address head, bytes calldata features, uint256 classes) external view returns (int256) {
        bytes memory encoded = ModelCode.read(head);
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

    function _tallyNetwork(bytes memory model, bytes memory data, Job memory job) private pure returns (uint256 sum) {
        Layer[] memory layers = NetworkFormat.parse(model);
        uint256 room = NetworkFormat.widest(layers) + LaneKernel.PADDING;
        bool narrow = NarrowKernel.fits(layers);
        // slither-disable-next-line uninitialized-local (wide networks have none)
        Program memory program;
        Lanes memory lanes;
        if (narrow) (program, lanes) = NarrowKernel.compile(layers, job.classes);
        else lanes = LaneKernel.plan(layers, job.count);
        Layer memory last = layers[layers.length - 1];
        Plan memory plan = Plan(layers, last, program, narrow, lanes, _room(room), _room(room), job);
        Batch memory batch = Batch(_start(data), job.features + (job.classes == 0 ? 4 : 1), lanes.count);
        unchecked {
            // Points fit their counters for any number of samples that a competition allows; addresses in memory.
            uint256 count = lanes.count;
            uint256 step = count * batch.stride;
            uint256 left = job.count;
            for (; left >= count; left -= count) {
                sum += _tallyLanes(plan, batch);
                batch.start += step;
            }
            batch.count = left;
            if (left > 0) sum += _tallyLanes(plan, batch);
        }
    }

    function _tallyLanes(Plan memory plan, Batch memory batch) private pure returns (uint256) {
        Job memory job = plan.job;
        Lanes memory lanes = plan.lanes;
        Layer memory last = plan.last;
        uint256 outputs = plan.x;
        uint256 labels;
        if (plan.narrow) {
            labels = LaneKernel.spread(outputs, batch, job.features, lanes);
            NarrowKernel.run(plan.program, lanes, outputs);
        } else {
            labels = LaneKernel.spreadWide(outputs, batch, job.features, lanes);
            outputs = LaneKernel.run(plan.layers, lanes, outputs, plan.y);
        }
        if (job.classes == 0) return _errors(_word(outputs), plan, batch);
        uint256 predicted = LaneKernel.classes(outputs, last.outputs, lanes);
        if (job.metric == Score.ACCURACY) return LaneKernel.equal(predicted, labels, batch.count, lanes);
        return _points(predicted, labels, batch.count, plan);
    }

    /// The points of the first `count` lanes of predicted classes and labels.
    function _points(uint256 predicted, uint256 labels, uint256 count, Plan memory plan)
        private
        pure
        returns (uint256 sum)
    {
        Job memory job = plan.job;
        uint256 width = plan.lanes.width;
        unchecked {
            // Shifts below 256; points as above.
            for (; count > 0; --count) {
                sum += Score.points(job.metric, job.classes, int256(predicted & 0xff), int256(labels & 0xff));
                predicted >>= width;
                labels >>= width;
            }
        }
    }

    /// The absolute errors of a batch whose outputs lie in the lanes of `word`.
    function _errors(uint256 word, Plan memory plan, Batch memory batch)
        private
        pure
        returns (uint256 sum)
    {
        uint256 label = batch.start + batch.stride - 4; // the last four bytes of a sample
        unchecked {
            // At most 2^32 a sample.
            for (uint256 lane = 0; lane < batch.count; ++lane) {
                int256 output = LaneKernel.output(word, lane, plan.lanes) + plan.program.bias;
                int256 prediction = _clip(output >> plan.last.shift);
                sum += Score.points(Score.MEAN_ABSOLUTE_ERROR, 0, prediction, _label(label, 0));
                label += batch.stride;
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

    function _checkKind(bytes calldata model) private pure {
        require(model.length > 0, MalformedModel(0));
        uint256 kind = uint8(model[0]);
        require(kind == NetworkFormat.KIND || kind == TreeModel.KIND, MalformedModel(0));
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
