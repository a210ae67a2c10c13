// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Mode} from "../../../contracts/competition/ICompetition.sol";
import {IHandler, Invariants} from "../Invariants.sol";
import {CompetitionHandler} from "./CompetitionHandler.sol";

/// @notice Competitions whose scores the contract computes.
contract DirectInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new CompetitionHandler(Mode.Direct)));
    }
}
