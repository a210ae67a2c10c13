// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHandler, Invariants} from "../Invariants.sol";
import {MarketHandler} from "./MarketHandler.sol";

/// @notice Markets in ether and tokens, by several rules, with good and bad test sets.
contract MarketInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new MarketHandler()));
    }
}
