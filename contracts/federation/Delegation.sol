// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Instance} from "../kernel/Instance.sol";
import {IDisputes} from "./IFederation.sol";

// A call is handed on as it came.
// solhint-disable no-inline-assembly, no-complex-fallback

/// @title Delegation
/// @notice What a policy's own code does not know is run by other code on this contract's storage: refutations and
/// demands by that of FederationDisputes, everything else (ISeats, IViews, IBalances) by that of FederationCommons.
/// @dev A function that is not here costs the others no comparison: what every round calls is found sooner.
abstract contract Delegation is Instance {
    address private immutable COMMONS;
    address private immutable DISPUTES;

    constructor(address commons, address disputes) {
        // slither-disable-next-line missing-zero-check (the migration deploys them the moment before)
        (COMMONS, DISPUTES) = (commons, disputes);
    }

    /// @notice Run the whole call in the other code, and end with what that says. It takes value where that does.
    fallback() external payable {
        _checkClone();
        address code = _isDispute(msg.sig) ? DISPUTES : COMMONS;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), code, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(done) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    function _isDispute(bytes4 selector) internal pure virtual returns (bool) {
        if (selector == IDisputes.refuteChunk.selector || selector == IDisputes.refuteStep.selector) return true;
        if (selector == IDisputes.refuteSelection.selector || selector == IDisputes.announce.selector) return true;
        if (selector == IDisputes.demand.selector || selector == IDisputes.supply.selector) return true;
        return selector == IDisputes.forfeit.selector || selector == IDisputes.demandOf.selector;
    }
}
