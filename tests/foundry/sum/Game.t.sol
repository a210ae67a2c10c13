// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHandler, Invariants} from "../Invariants.sol";
import {Models} from "./Models.sol";
import {SumHandler} from "./SumHandler.sol";

/// @notice Points, levels and badges beside deposits, over naive Bayes.
contract GameInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new SumHandler("NaiveBayesGame", Models.BAYES, 7, true)));
    }
}
