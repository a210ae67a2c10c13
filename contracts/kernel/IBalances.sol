// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFunds} from "./IFunds.sol";

/// @title IBalances
/// @notice Everyone's balance (see IFunds), by the name that wallets know. ERC-721 calls the number of somebody's tokens
/// so, too: a system that has both gives only IFunds.
interface IBalances is IFunds {
    /// @notice What `who` can withdraw.
    function balanceOf(address who) external view returns (uint256);
}
