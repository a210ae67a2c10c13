// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHandler, Invariants} from "../Invariants.sol";
import {FederationHandler} from "./FederationHandler.sol";

/// @notice A federation whose parties are obliged, and whose claims may be wrong.
contract FederationInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler()));
    }
}
