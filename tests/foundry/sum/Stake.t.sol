// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHandler, Invariants} from "../Invariants.sol";
import {Models} from "./Models.sol";
import {SumHandler} from "./SumHandler.sol";

/// @notice Deposit, refund, take over a perceptron.
contract StakeInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new SumHandler("SparsePerceptronStake", Models.PERCEPTRON, 7, false)));
    }
}
