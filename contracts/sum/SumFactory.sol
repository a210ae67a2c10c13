// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Factory} from "../kernel/Factory.sol";

/// @title What the factory needs of a composition
/// @notice A clone checks its own arguments.
interface IInitializable {
    /// @notice Begin, once; revert if the arguments do not fit.
    function initialize() external;
}

// slither-disable-start missing-inheritance (Incentive has nothing external: everything "implements" it)
/// @title The factory of shared models
/// @notice A shared model is an ERC-1167 clone of a composition (Compositions.sol, or anyone's own) with its settings
/// and its initial weights in its code, so creating one costs its weights' bytes and little more.
///
/// Anyone may clone anything: that an address was created here says who created it and from what, not that the
/// implementation is to be trusted. Compare the implementation with the published deployments.
contract SumFactory is Factory {
    /// @notice Clone `implementation`.
    /// @param salt makes the address one's own, so that a command that was killed can look whether it had succeeded.
    /// @param args token (20 bytes), unit (12), terms (32), shape (32), initial weights.
    function create(address implementation, bytes32 salt, bytes calldata args) external returns (address sum) {
        // Effect:
        sum = _create(implementation, abi.encodePacked(msg.sender, args), salt, 0);
        // Interaction: with the clone, which has nothing yet
        IInitializable(sum).initialize();
    }

    /// @notice Where `create` puts it.
    function addressOf(address implementation, address creator, bytes32 salt, bytes calldata args)
        external
        view
        returns (address)
    {
        return _locate(implementation, abi.encodePacked(creator, args), creator, salt);
    }
}
// slither-disable-end missing-inheritance
