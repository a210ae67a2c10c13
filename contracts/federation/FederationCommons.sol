// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Disputes} from "./Disputes.sol";
import {Seats} from "./Seats.sol";

// solhint-disable no-empty-blocks

/// @title FederationCommons
/// @notice What is the same under all policies. Federations run this code on their own storage (see Delegation),
/// because one code does not hold everything.
contract FederationCommons is Seats, Disputes {}
