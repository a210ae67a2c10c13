// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {NaiveBayes} from "../models/NaiveBayes.sol";
import {SparsePerceptron} from "../models/SparsePerceptron.sol";
import {MarketCounts, MarketLinear} from "./MarketModel.sol";
import {MarketReward} from "./MarketReward.sol";
import {PredictionMarket} from "./PredictionMarket.sol";

// Each market here is for one model, deployed once per chain with the contract that measures for it; markets are clones
// of it (SumFactory). Any other model is plugged in the same way.

contract SparsePerceptronMeasurer is MarketReward, SparsePerceptron {}

contract SparsePerceptronMarket is PredictionMarket, SparsePerceptron, MarketLinear {
    constructor() PredictionMarket(address(new SparsePerceptronMeasurer())) {}
}

contract NaiveBayesMeasurer is MarketReward, NaiveBayes {}

contract NaiveBayesMarket is PredictionMarket, NaiveBayes, MarketCounts {
    constructor() PredictionMarket(address(new NaiveBayesMeasurer())) {}
}
