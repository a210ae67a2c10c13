// SPDX-License-Identifier: MIT
// solhint-disable one-contract-per-file, no-empty-blocks
// (each is one choice of parts that stand elsewhere)
pragma solidity ^0.8.28;

import {NaiveBayes} from "../models/online/NaiveBayes.sol";
import {SparsePerceptron} from "../models/online/SparsePerceptron.sol";
import {MarketCounts, MarketLinear} from "./MarketModel.sol";
import {MarketReward} from "./MarketReward.sol";
import {PredictionMarket} from "./PredictionMarket.sol";

// Each market here is for one model, deployed once per chain with the contract that measures for it; markets are clones
// of it (SumFactory). Any other model is plugged in the same way.

/// @title SparsePerceptronMeasurer
/// @notice Measures for SparsePerceptronMarket.
contract SparsePerceptronMeasurer is MarketReward, SparsePerceptron {}

/// @title SparsePerceptronMarket
/// @notice A market for data that make a sparse perceptron better.
contract SparsePerceptronMarket is PredictionMarket, SparsePerceptron, MarketLinear {
    constructor() PredictionMarket(address(new SparsePerceptronMeasurer())) {}
}

/// @title NaiveBayesMeasurer
/// @notice Measures for NaiveBayesMarket.
contract NaiveBayesMeasurer is MarketReward, NaiveBayes {}

/// @title NaiveBayesMarket
/// @notice A market for data that make naive Bayes better.
contract NaiveBayesMarket is PredictionMarket, NaiveBayes, MarketCounts {
    constructor() PredictionMarket(address(new NaiveBayesMeasurer())) {}
}
