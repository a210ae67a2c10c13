// SPDX-License-Identifier: MIT
// Each runs on the storage of a federation (see Delegation), because one code does not hold everything.
// solhint-disable one-contract-per-file, no-empty-blocks
pragma solidity ^0.8.28;

import {Disputes} from "./Disputes.sol";
import {MaskedDisputes} from "./MaskedDisputes.sol";
import {Seats} from "./Seats.sol";
import {Views} from "./Views.sol";

/// @title FederationCommons
/// @notice Seats, balances and views, the same under all policies.
contract FederationCommons is Seats, Views {}

/// @title FederationDisputes
/// @notice Refutations and demands, the same under all policies.
contract FederationDisputes is Disputes {}

/// @title FederationMaskedDisputes
/// @notice The same where updates are masked.
contract FederationMaskedDisputes is MaskedDisputes {}
