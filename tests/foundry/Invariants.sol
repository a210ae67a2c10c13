// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What every handler has beside its actions.
interface IHandler {
    /// @notice Revert unless everything is owed to whom it should be owed to, and is there.
    function check() external view;

    /// @notice All have stopped: let time pass, settle what is open as anyone may, pay out, and revert if anything stays.
    function finish() external;
}

/// @notice A system under random actions: `check` after each, `finish` after the last.
abstract contract Invariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    IHandler internal handler;

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        excluded = new FuzzSelector[](1);
        excluded[0] = FuzzSelector(address(handler), new bytes4[](1));
        excluded[0].selectors[0] = IHandler.finish.selector;
    }

    function invariant_owesWhatItHolds() external view {
        handler.check();
    }

    function afterInvariant() external {
        handler.finish();
    }
}
