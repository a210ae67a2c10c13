// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHandler, Invariants} from "../Invariants.sol";
import {RegistryHandler} from "./RegistryHandler.sol";

/// @notice Projects, versions and approvals of accounts that get in one another's way.
contract RegistryInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new RegistryHandler()));
    }
}
