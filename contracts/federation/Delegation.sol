// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Instance} from "../kernel/Instance.sol";
import {ChunkPair, Claim, IDisputes, ISeats, Link, Part, PartyChunk} from "./IFederation.sol";

// A call is handed on as it came.
// solhint-disable no-inline-assembly

/// @title Delegation
/// @notice Seats and disputes, run by the code of FederationCommons on this contract's storage.
abstract contract Delegation is ISeats, IDisputes, Instance {
    address private immutable COMMONS;

    constructor(address commons) {
        // slither-disable-next-line missing-zero-check (the migration deploys it the moment before)
        COMMONS = commons;
    }

    /// @inheritdoc ISeats
    function join(bytes calldata) external payable returns (uint256) {
        _delegate();
    }

    /// @inheritdoc ISeats
    function leave() external {
        _delegate();
    }

    /// @inheritdoc ISeats
    function evict(address) external {
        _delegate();
    }

    /// @inheritdoc ISeats
    function begin() external {
        _delegate();
    }

    /// @inheritdoc ISeats
    function close() external {
        _delegate();
    }

    /// @inheritdoc IDisputes
    function announce(bytes32) external {
        _delegate();
    }

    /// @inheritdoc IDisputes
    function refuteChunk(Claim calldata, Link calldata, PartyChunk[] calldata, ChunkPair calldata) external {
        _delegate();
    }

    /// @inheritdoc IDisputes
    function refuteStep(
        Claim calldata,
        PartyChunk[] calldata,
        uint256,
        bytes calldata,
        bytes32[] calldata,
        bytes32,
        bytes32[] calldata
    ) external {
        _delegate();
    }

    /// @inheritdoc IDisputes
    function refuteSelection(Claim calldata, bytes calldata, bytes32[] calldata) external {
        _delegate();
    }

    /// @inheritdoc IDisputes
    function demand(Part, address, uint256, Claim calldata) external payable {
        _delegate();
    }

    /// @inheritdoc IDisputes
    function supply(Part, uint256, Claim calldata, PartyChunk calldata) external {
        _delegate();
    }

    /// @inheritdoc IDisputes
    function forfeit(Part, address, uint256, Claim calldata) external {
        _delegate();
    }

    /// @dev Run the whole call in the other code, and end with what that says.
    function _delegate() private {
        _checkClone();
        address commons = COMMONS;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), commons, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(done) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }
}
