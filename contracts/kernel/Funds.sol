// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuard} from "solady/src/utils/ReentrancyGuard.sol";
import {BURN_ADDRESS, Currency, CurrencyTransfers} from "./Currency.sol";
import {IFunds} from "./IFunds.sol";

/// @title Funds
/// @notice See IFunds. A system says in what currency, and where balances are kept.
abstract contract Funds is IFunds, ReentrancyGuard {
    address internal constant BURN = BURN_ADDRESS;

    /// @inheritdoc IFunds
    function fund(address beneficiary, uint256 amount) external payable nonReentrant {
        _fund(_currency(), beneficiary, amount);
    }

    /// @inheritdoc IFunds
    function withdraw(address to, uint256 amount) external nonReentrant {
        _withdraw(msg.sender, to, amount);
    }

    /// @inheritdoc IFunds
    function withdrawFor(address account) external nonReentrant returns (uint256 amount) {
        // Check
        require(msg.sender == account || _anyoneWithdrawsFor(account), NotTheAccount(account));
        amount = _balance(account);
        _withdraw(account, account, amount);
    }

    /// @inheritdoc IFunds
    function currency() external view returns (Currency) {
        return _currency();
    }

    /// @dev Credit `beneficiary` with what arrives of `amount`. The caller guards against being called back.
    function _fund(Currency currency_, address beneficiary, uint256 amount) internal {
        // Check
        currency_.checkValue(amount);
        // Interaction: before the effect, because only it shows what arrives.
        if (!currency_.isEther()) amount = currency_.pullTokens(address(this), amount);
        // Effect
        _credit(beneficiary, amount);
        emit Funded(beneficiary, msg.sender, amount);
    }

    /// @dev Take `amount` out of the value of this call and `who`'s balance; what is left of the value is credited.
    function _collect(Currency currency_, address who, uint256 amount) internal {
        require(msg.value == 0 || currency_.isEther(), CurrencyTransfers.WrongPayment(msg.value, 0));
        if (msg.value == amount) return;
        uint256 balance = _balance(who) + msg.value;
        require(balance >= amount, Underfunded(balance, amount));
        _setBalance(who, balance - amount);
    }

    function _credit(address who, uint256 amount) internal {
        if (amount != 0) _setBalance(who, _balance(who) + amount);
    }

    function _withdraw(address account, address to, uint256 amount) private {
        uint256 balance = _balance(account);
        if (amount == type(uint256).max) amount = balance;
        // Check
        require(amount != 0, NothingOwed());
        require(balance >= amount, Underfunded(balance, amount));
        // Effect
        _setBalance(account, balance - amount);
        emit Withdrawn(account, to, amount);
        // Interaction
        _currency().push(to, amount);
    }

    function _currency() internal view virtual returns (Currency);

    function _balance(address who) internal view virtual returns (uint256);

    function _setBalance(address who, uint256 amount) internal virtual;

    /// @dev Not where a balance waits for its owner's next act: anyone could take it away the moment before.
    function _anyoneWithdrawsFor(address account) internal view virtual returns (bool);
}
