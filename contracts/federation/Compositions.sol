// SPDX-License-Identifier: MIT
// What can be deployed: a policy each.
// solhint-disable one-contract-per-file
pragma solidity ^0.8.28;

import {Delegation} from "./Delegation.sol";
import {Delegates} from "./policies/Delegates.sol";
import {Learning} from "./policies/Learning.sol";
import {Masked} from "./policies/Masked.sol";
import {Quality} from "./policies/Quality.sol";
import {Stake} from "./policies/Stake.sol";
import {Trusted} from "./policies/Trusted.sol";
import {Work} from "./policies/Work.sol";

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

/// @title WorkFederation
/// @notice All vote, and whoever finds a nonce claims. See IFederation, IVoting and IWork.
contract WorkFederation is Work {
    constructor(address commons, address disputes) Delegation(commons, disputes) {}
}

/// @title StakeFederation
/// @notice All vote, and votes weigh. See IFederation, IVoting and Stake.
contract StakeFederation is Stake {
    constructor(address commons, address disputes) Delegation(commons, disputes) {}
}

/// @title DelegatesFederation
/// @notice The elected vote. See IFederation, IVoting and Delegates.
contract DelegatesFederation is Delegates {
    constructor(address commons, address disputes) Delegation(commons, disputes) {}
}

/// @title LearningFederation
/// @notice Validators pick the best model. See IFederation and Learning.
contract LearningFederation is Learning {
    constructor(address commons, address disputes) Delegation(commons, disputes) {}
}

/// @title MaskedFederation
/// @notice All updates are in, and nobody sees them. See IFederation and IMasked.
contract MaskedFederation is Masked {
    constructor(address commons, address disputes) Delegation(commons, disputes) {}
}
