// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {NaiveBayes} from "../models/NaiveBayes.sol";
import {SparsePerceptron} from "../models/SparsePerceptron.sol";
import {PredictionMarket} from "./PredictionMarket.sol";

// Each contract here is a market for one model, deployed once per chain; markets are clones of them (SumFactory).
// Any other model is plugged in the same way.

contract SparsePerceptronMarket is PredictionMarket, SparsePerceptron {}

contract NaiveBayesMarket is PredictionMarket, NaiveBayes {}
