// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHandler, Invariants} from "../Invariants.sol";
import {TournamentHandler} from "./TournamentHandler.sol";

/// @notice A tournament whose rounds overlap, with a pot that cannot bear all gains.
contract TournamentInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new TournamentHandler()));
    }
}
