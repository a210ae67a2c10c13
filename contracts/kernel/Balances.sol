// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuard} from "solady/src/utils/ReentrancyGuard.sol";
import {Currency, CurrencyTransfers} from "./Currency.sol";
import {IBalances} from "./IBalances.sol";

/// @title Balances
/// @notice See IBalances. A system says in what currency, and where balances are kept.
abstract contract Balances is IBalances, ReentrancyGuard {
    /// @dev Whose balance is what was burnt.
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    /// @inheritdoc IBalances
    function fund(address beneficiary, uint256 amount) external payable nonReentrant {
        // Interaction: before the effect, because only it shows what arrives; the guard keeps it alone.
        _currency().pull(amount);
        // Effect
        _credit(beneficiary, amount);
        emit Funded(beneficiary, msg.sender, amount);
    }

    /// @inheritdoc IBalances
    function withdraw(address to, uint256 amount) external nonReentrant {
        _withdraw(msg.sender, to, amount);
    }

    /// @inheritdoc IBalances
    function withdrawFor(address account) external nonReentrant returns (uint256 amount) {
        // Check
        require(msg.sender == account || _anyoneWithdrawsFor(account), NotTheAccount(account));
        amount = _balance(account);
        _withdraw(account, account, amount);
    }

    /// @inheritdoc IBalances
    function balanceOf(address who) external view returns (uint256) {
        return _balance(who);
    }

    /// @inheritdoc IBalances
    function currency() external view returns (Currency) {
        return _currency();
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
