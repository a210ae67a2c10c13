// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DataHandler} from "./DataHandler.sol";
import {Gamification} from "./incentives/Gamification.sol";
import {SelfAssessment} from "./incentives/SelfAssessment.sol";
import {DensePerceptron} from "./models/DensePerceptron.sol";
import {NaiveBayes} from "./models/NaiveBayes.sol";
import {NearestCentroid} from "./models/NearestCentroid.sol";
import {SparseLogistic} from "./models/SparseLogistic.sol";
import {SparseNearestCentroid} from "./models/SparseNearestCentroid.sol";
import {SparsePerceptron} from "./models/SparsePerceptron.sol";

// Each contract here is one choice of the three parts, deployed once per chain; models are clones of them
// (SumFactory). To replace a part, name another one: no part is changed for it.

contract SparsePerceptronStake is DataHandler, SelfAssessment, SparsePerceptron {}

contract SparseLogisticStake is DataHandler, SelfAssessment, SparseLogistic {}

contract SparseNearestCentroidStake is DataHandler, SelfAssessment, SparseNearestCentroid {}

contract NaiveBayesStake is DataHandler, SelfAssessment, NaiveBayes {}

contract DensePerceptronStake is DataHandler, SelfAssessment, DensePerceptron {}

contract NearestCentroidStake is DataHandler, SelfAssessment, NearestCentroid {}

contract SparsePerceptronGame is DataHandler, Gamification, SparsePerceptron {}

contract SparseLogisticGame is DataHandler, Gamification, SparseLogistic {}

contract SparseNearestCentroidGame is DataHandler, Gamification, SparseNearestCentroid {}

contract NaiveBayesGame is DataHandler, Gamification, NaiveBayes {}

contract DensePerceptronGame is DataHandler, Gamification, DensePerceptron {}

contract NearestCentroidGame is DataHandler, Gamification, NearestCentroid {}
