// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

/// @notice Ether (the zero address) or one ERC-20.
type Currency is address;

using CurrencyTransfers for Currency global;

/// @title CurrencyTransfers
/// @notice Ether and tokens, taken and sent alike.
library CurrencyTransfers {
    using SafeTransferLib for address;

    /// @notice `received` arrived where `expected` was asked for.
    error WrongPayment(uint256 received, uint256 expected);

    /// @notice Whether this is the chain's own currency.
    function isEther(Currency currency) internal pure returns (bool) {
        return Currency.unwrap(currency) == address(0);
    }

    /// @notice Take exactly `amount` from the sender: as the value of the call, or by its allowance.
    /// @dev A token that keeps a fee, returns false or has no code is refused. Its balance is asked before and after,
    /// so the caller guards against being called back.
    function pull(Currency currency, uint256 amount) internal {
        if (isEther(currency)) {
            require(msg.value == amount, WrongPayment(msg.value, amount));
            return;
        }
        require(msg.value == 0, WrongPayment(msg.value, 0));
        address token = Currency.unwrap(currency);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, WrongPayment(received, amount));
    }

    /// @notice Send `amount` to `to`; reverts if `to` or the token refuses.
    function push(Currency currency, address to, uint256 amount) internal {
        if (isEther(currency)) to.safeTransferETH(amount);
        else Currency.unwrap(currency).safeTransfer(to, amount);
    }
}
