// SPDX-License-Identifier: MIT
// solhint-disable no-empty-blocks, one-contract-per-file
pragma solidity ^0.8.28;

import {DataHandler} from "./DataHandler.sol";
import {Gamification} from "./incentives/Gamification.sol";
import {SelfAssessment} from "./incentives/SelfAssessment.sol";
import {DensePerceptron} from "../models/online/DensePerceptron.sol";
import {NaiveBayes} from "../models/online/NaiveBayes.sol";
import {NearestCentroid} from "../models/online/NearestCentroid.sol";
import {SparseLogistic} from "../models/online/SparseLogistic.sol";
import {SparseNearestCentroid} from "../models/online/SparseNearestCentroid.sol";
import {SparsePerceptron} from "../models/online/SparsePerceptron.sol";

// Each contract here is one choice of the three parts, deployed once per chain; models are clones of them
// (SumFactory). To replace a part, name another one: no part is changed for it.

/// @title SparsePerceptronStake
/// @notice The sparse perceptron, with deposit, refund, take.
contract SparsePerceptronStake is DataHandler, SelfAssessment, SparsePerceptron {}

/// @title SparseLogisticStake
/// @notice Logistic regression over sparse features, with deposit, refund, take.
contract SparseLogisticStake is DataHandler, SelfAssessment, SparseLogistic {}

/// @title SparseNearestCentroidStake
/// @notice The sparse nearest centroid, with deposit, refund, take.
contract SparseNearestCentroidStake is DataHandler, SelfAssessment, SparseNearestCentroid {}

/// @title NaiveBayesStake
/// @notice Multinomial naive Bayes, with deposit, refund, take.
contract NaiveBayesStake is DataHandler, SelfAssessment, NaiveBayes {}

/// @title DensePerceptronStake
/// @notice The dense perceptron, with deposit, refund, take.
contract DensePerceptronStake is DataHandler, SelfAssessment, DensePerceptron {}

/// @title NearestCentroidStake
/// @notice The dense nearest centroid, with deposit, refund, take.
contract NearestCentroidStake is DataHandler, SelfAssessment, NearestCentroid {}

/// @title SparsePerceptronGame
/// @notice The sparse perceptron, with points, levels and badges.
contract SparsePerceptronGame is DataHandler, Gamification, SparsePerceptron {}

/// @title SparseLogisticGame
/// @notice Logistic regression over sparse features, with points, levels and badges.
contract SparseLogisticGame is DataHandler, Gamification, SparseLogistic {}

/// @title SparseNearestCentroidGame
/// @notice The sparse nearest centroid, with points, levels and badges.
contract SparseNearestCentroidGame is DataHandler, Gamification, SparseNearestCentroid {}

/// @title NaiveBayesGame
/// @notice Multinomial naive Bayes, with points, levels and badges.
contract NaiveBayesGame is DataHandler, Gamification, NaiveBayes {}

/// @title DensePerceptronGame
/// @notice The dense perceptron, with points, levels and badges.
contract DensePerceptronGame is DataHandler, Gamification, DensePerceptron {}

/// @title NearestCentroidGame
/// @notice The dense nearest centroid, with points, levels and badges.
contract NearestCentroidGame is DataHandler, Gamification, NearestCentroid {}
