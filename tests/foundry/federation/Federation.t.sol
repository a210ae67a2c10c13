// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Policy, Privacy} from "../../../contracts/federation/IFederation.sol";
import {IHandler, Invariants} from "../Invariants.sol";
import {FederationHandler} from "./FederationHandler.sol";
import {MaskedHandler} from "./MaskedHandler.sol";

/// @notice A federation whose parties are obliged, and whose claims may be wrong.
contract FederationInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Trusted, Privacy.Open)));
    }
}

/// @notice The same where all vote and mine.
contract FederationWorkInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Work, Privacy.Open)));
    }
}

/// @notice Where votes weigh what is behind them, and leaders are drawn.
contract FederationStakeInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Stake, Privacy.Open)));
    }
}

/// @notice Where two are elected.
contract FederationDelegatesInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Delegates, Privacy.Open)));
    }
}

/// @notice Where nobody sees an update, and seeds are told, or not, or are not what two had agreed on.
contract FederationMaskedInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new MaskedHandler()));
    }
}

/// @notice Where the best model of a round wins, as a committee of those without one judges.
contract FederationLearningInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Learning, Privacy.Open)));
    }
}
