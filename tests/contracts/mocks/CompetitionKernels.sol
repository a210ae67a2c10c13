// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CodeChunks} from "../../../contracts/kernel/CodeChunks.sol";
import {DotKernel} from "../../../contracts/models/integer/DotKernel.sol";
import {IModelRunner, Job} from "../../../contracts/models/integer/IModelRunner.sol";
import {Batch, LaneKernel, Lanes} from "../../../contracts/models/integer/LaneKernel.sol";
import {Layer, NetworkFormat} from "../../../contracts/models/integer/NetworkFormat.sol";
import {ModelCode} from "../../../contracts/models/integer/ModelCode.sol";
import {NarrowKernel, Program} from "../../../contracts/models/integer/NarrowKernel.sol";
import {PlainModel} from "./PlainModel.sol";
import {TreeModel} from "../../../contracts/models/integer/TreeModel.sol";

/// Opens the libraries that run models, each by itself.
contract CompetitionKernels {
    event Stored(address head);

    function store(bytes calldata data) external returns (address head) {
        head = ModelCode.keep(data);
        emit Stored(head);
    }

    function locate(bytes calldata data) external view returns (address) {
        return ModelCode.locate(data);
    }

    function storeRaw(bytes memory data) external returns (address code) {
        (code,) = CodeChunks.store(data);
        emit Stored(code);
    }

    function load(address head) external view returns (bytes memory) {
        return ModelCode.read(head);
    }

    function plain(bytes memory model, bytes[] memory samples) external pure returns (int256[][] memory outputs) {
        outputs = new int256[][](samples.length);
        for (uint256 i = 0; i < samples.length; ++i) outputs[i] = PlainModel.run(model, samples[i]);
    }

    function dot(bytes memory model, bytes[] memory samples) external pure returns (int256[][] memory outputs) {
        Layer[] memory layers = NetworkFormat.parse(model);
        outputs = new int256[][](samples.length);
        for (uint256 i = 0; i < samples.length; ++i) {
            outputs[i] = DotKernel.run(layers, samples[i], NetworkFormat.widest(layers));
        }
    }

    function trees(bytes memory model, bytes[] memory samples) external pure returns (int256[][] memory outputs) {
        outputs = new int256[][](samples.length);
        for (uint256 i = 0; i < samples.length; ++i) {
            bytes memory sample = samples[i];
            uint256 place;
            assembly ("memory-safe") {
                place := add(sample, 32)
            }
            outputs[i] = TreeModel.run(TreeModel.parse(model), place);
        }
    }

    /// What a run on test samples costs, as its caller sees it.
    function gasOfTally(IModelRunner runner, bytes memory model, Job memory job) external view returns (uint256 gas) {
        gas = gasleft();
        runner.tally(model, job);
        gas -= gasleft();
    }

    /// `data`: the samples one behind the other, `stride` bytes apart.
    function lanes(bytes memory model, bytes memory data, uint256 stride)
        external
        pure
        returns (int256[][] memory outputs)
    {
        Layer[] memory layers = NetworkFormat.parse(model);
        bool narrow = NarrowKernel.fits(layers);
        Program memory program;
        Lanes memory plan;
        if (narrow) (program, plan) = NarrowKernel.compile(layers, 0);
        else plan = LaneKernel.plan(layers, data.length / stride);
        uint256 words = NetworkFormat.widest(layers) + LaneKernel.PADDING;
        uint256[] memory x = new uint256[](words);
        uint256[] memory y = new uint256[](words);
        outputs = new int256[][](data.length / stride);
        for (uint256 from = 0; from < outputs.length; from += plan.count) {
            uint256 count = outputs.length - from < plan.count ? outputs.length - from : plan.count;
            uint256 place;
            uint256 xs;
            uint256 ys;
            assembly ("memory-safe") {
                place := add(add(data, 32), mul(from, stride))
                xs := add(x, 32)
                ys := add(y, 32)
            }
            uint256 out = xs;
            if (narrow) {
                LaneKernel.spread(xs, Batch(place, stride, count), layers[0].inputs, plan);
                NarrowKernel.run(program, plan, xs);
            } else {
                LaneKernel.spreadWide(xs, Batch(place, stride, count), layers[0].inputs, plan);
                out = LaneKernel.run(layers, plan, xs, ys);
            }
            for (uint256 s = 0; s < count; ++s) outputs[from + s] = _lane(out, layers, plan, program.bias, s);
        }
    }

    function _lane(uint256 out, Layer[] memory layers, Lanes memory plan, int256 bias, uint256 lane)
        private
        pure
        returns (int256[] memory values)
    {
        values = new int256[](layers[layers.length - 1].outputs);
        for (uint256 k = 0; k < values.length; ++k) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(out, mul(32, k)))
            }
            values[k] = LaneKernel.output(word, lane, plan) + bias;
        }
    }
}
