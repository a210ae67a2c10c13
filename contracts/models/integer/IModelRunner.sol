// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/**
 * Integer models
 * ==============
 *
 * One specification, three readers: orchestrator/learning/integer (Python), PlainModel.sol (plain Solidity) and
 * LaneKernel.sol / NarrowKernel.sol / DotKernel.sol (assembly). They agree bit for bit.
 *
 * Inputs and activations are bytes (0…255), weights int8, biases int32; numbers are big-endian.
 *
 * Network (linear and logistic models are networks of one layer):
 *
 *   01 | layers (1) | sizes (2 each, layers + 1) | shifts (1 each, layers) | for each layer, each neuron:
 *   bias (4), weights (1 each, plus 128)
 *
 *   hidden neuron: min(255, max(0, bias + Σ weight · input) >> shift)
 *   output neuron: bias + Σ weight · input; the last shift applies to scalar predictions only
 *
 * Trees:
 *
 *   02 | inputs (2) | outputs (2) | shift (1) | trees (2) | nodes (2) | rows (2) | bias (4 each, outputs) |
 *   root (2 each, trees) | nodes (5 each) | rows of outputs (2 each)
 *
 *   inner node: input (2), threshold (1), other (2): go on with the next node if input <= threshold, else with
 *   `other`, which lies behind it. leaf: ff ff, 00, row (2). A tree's nodes lie from its root to before the next
 *   one's, the first tree's from 0 on. There is one tree or more; trees times outputs
 *   are 16,384 at most.
 *   output: bias + Σ over trees of the row reached.
 *
 * Prediction: of several outputs the first of the largest (class); of one output 1 if it is above zero (two
 * classes), or output >> shift, rounded down and clipped to int32 (numbers).
 */

/// How test samples lie in `data` and how they are scored.
struct Job {
    address data; // chunk with whole samples
    uint256 from; // number of the first sample in `data`
    uint256 count;
    uint256 features;
    uint256 classes; // 0: int32 labels
    uint256 metric; // 0 accuracy, 1 macro-F1, 2 mean absolute error
}

/// @title IModelErrors
/// @notice What can be wrong with a model.
interface IModelErrors {
    error MalformedModel(uint256 offset);
    error WrongInputs(uint256 inputs, uint256 expected);
    error WrongOutputs(uint256 outputs, uint256 expected);
}

/// @title Runs integer models, and keeps them as code
/// @notice A model's address follows from its bytes alone, whether or not it is kept, so it stands for the model.
interface IModelRunner is IModelErrors {
    /// @notice Revert unless the model is well-formed, takes `features` inputs and gives what `classes` needs.
    function check(bytes calldata model, uint256 features, uint256 classes) external view returns (address head);

    /// @notice The sum of the points of the model's predictions on a run of samples, see Score.points.
    function tally(bytes calldata model, Job calldata job) external view returns (address head, uint256 points);

    /// @notice Keep the model as code, unless it is. Anyone.
    function keep(bytes calldata model) external returns (address head);

    /// @notice The prediction of a kept and checked model for one sample of bytes.
    function predict(address head, bytes calldata features, uint256 classes) external view returns (int256);
}
