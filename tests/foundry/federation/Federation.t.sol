// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Policy} from "../../../contracts/federation/IFederation.sol";
import {IHandler, Invariants} from "../Invariants.sol";
import {FederationHandler} from "./FederationHandler.sol";

/// @notice A federation whose parties are obliged, and whose claims may be wrong.
contract FederationInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Trusted)));
    }
}

/// @notice The same where all vote and mine.
contract FederationWorkInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Work)));
    }
}

/// @notice Where votes weigh what is behind them, and leaders are drawn.
contract FederationStakeInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Stake)));
    }
}

/// @notice Where two are elected.
contract FederationDelegatesInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Delegates)));
    }
}

/// @notice Where the best model of a round wins, as a committee of those without one judges.
contract FederationLearningInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Learning)));
    }
}
