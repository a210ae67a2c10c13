// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Currency} from "./Currency.sol";

/**
 * @title IFunds
 * @notice Everyone's balance in ether or in one token.
 *
 * Money comes in with `fund` (or as the value of a call) and goes out with `withdraw`. In between only balances move,
 * so nothing else calls a wallet or a token, and a wallet that refuses money blocks only itself. A token that keeps a
 * fee on transfer is credited with what arrives; one whose balances change by themselves (rebasing) must be wrapped
 * first.
 */
interface IFunds {
    /// @notice `payer` brought `amount` in for `beneficiary`.
    event Funded(address indexed beneficiary, address indexed payer, uint256 amount);
    /// @notice `amount` of `account` went to `to`.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice There is only `balance` where `amount` is needed.
    error Underfunded(uint256 balance, uint256 amount);
    /// @notice There is nothing to withdraw.
    error NothingOwed();
    /// @notice Only `account` itself withdraws its balance.
    error NotTheAccount(address account);

    /// @notice Bring `amount` in for `beneficiary`: as the value of this call, or by an allowance of the token.
    function fund(address beneficiary, uint256 amount) external payable;

    /// @notice Take `amount` (the largest number: all) out of the sender's balance and send it to `to`.
    function withdraw(address to, uint256 amount) external;

    /// @notice Send the whole balance of `account` to itself, where the system lets anyone do that.
    function withdrawFor(address account) external returns (uint256 amount);

    /// @notice What all amounts are in.
    function currency() external view returns (Currency);
}
