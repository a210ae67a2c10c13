// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DataHandler} from "./DataHandler.sol";
import {SelfAssessment} from "./incentives/SelfAssessment.sol";
import {SparsePerceptron} from "./models/SparsePerceptron.sol";

// Each contract here is one choice of the three parts, deployed once per chain; models are clones of them
// (SumFactory). To replace a part, name another one: no part is changed for it.

contract SparsePerceptronStake is DataHandler, SelfAssessment, SparsePerceptron {}
