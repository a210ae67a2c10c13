// SPDX-License-Identifier: MIT
// What can be deployed: a policy each.
// solhint-disable one-contract-per-file
pragma solidity ^0.8.28;

import {Delegation} from "./Delegation.sol";
import {Quality} from "./policies/Quality.sol";
import {Trusted} from "./policies/Trusted.sol";

/// @title TrustedFederation
/// @notice All updates are in. See IFederation and Trusted.
contract TrustedFederation is Trusted {
    constructor(address commons, address disputes) Delegation(commons, disputes) {}
}

/// @title QualityFederation
/// @notice A committee decides which updates are in. See IFederation and IQuality.
contract QualityFederation is Quality {
    constructor(address commons, address disputes) Delegation(commons, disputes) {}
}
