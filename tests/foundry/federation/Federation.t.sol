// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Mode, Policy, Privacy} from "../../../contracts/federation/IFederation.sol";
import {IHandler, Invariants} from "../Invariants.sol";
import {FederationHandler} from "./FederationHandler.sol";
import {MaskedHandler} from "./MaskedHandler.sol";

/// @notice A federation whose parties are obliged, and whose claims may be wrong.
contract FederationInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Trusted, Privacy.Open, Mode.Optimistic)));
    }
}

/// @notice The same where all vote and mine.
contract FederationWorkInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Work, Privacy.Open, Mode.Optimistic)));
    }
}

/// @notice Where votes weigh what is behind them, and leaders are drawn.
contract FederationStakeInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Stake, Privacy.Open, Mode.Optimistic)));
    }
}

/// @notice Where two are elected.
contract FederationDelegatesInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Delegates, Privacy.Open, Mode.Optimistic)));
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
        handler = IHandler(address(new FederationHandler(Policy.Learning, Privacy.Open, Mode.Optimistic)));
    }
}

/// @notice Where a committee scores, and pay follows its medians.
contract FederationQualityInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Quality, Privacy.Open, Mode.Optimistic)));
    }
}

/// @notice Where the contract adds small updates up by itself.
contract FederationDirectInvariants is Invariants {
    function setUp() external {
        handler = IHandler(address(new FederationHandler(Policy.Trusted, Privacy.Open, Mode.Direct)));
    }
}
