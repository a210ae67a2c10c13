// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

/// @notice Ether (the zero address) or one ERC-20.
type Currency is address;

using CurrencyTransfers for Currency global;

/// @dev Whose balance is what was burnt; nobody has its key.
address constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

/// @title CurrencyTransfers
/// @notice Ether and tokens, taken and sent alike.
library CurrencyTransfers {
    using SafeTransferLib for address;

    /// @notice `received` arrived where `expected` was asked for.
    error WrongPayment(uint256 received, uint256 expected);
    /// @notice `to` does not take ether.
    error PaymentRefused(address to);

    /// @notice Whether this is the chain's own currency.
    function isEther(Currency currency) internal pure returns (bool) {
        return Currency.unwrap(currency) == address(0);
    }

    /// @notice Take exactly `amount` from the sender: as the value of the call, or by its allowance. A token that keeps
    /// a fee on transfer is refused.
    function pull(Currency currency, uint256 amount) internal {
        checkValue(currency, amount);
        if (isEther(currency)) return;
        uint256 received = pullTokens(currency, address(this), amount);
        require(received == amount, WrongPayment(received, amount));
    }

    /// @notice Revert unless the call brought just what `pull` needs: `amount` of ether, or none beside a token.
    function checkValue(Currency currency, uint256 amount) internal view {
        if (!isEther(currency)) amount = 0;
        require(msg.value == amount, WrongPayment(msg.value, amount));
    }

    /// @notice Let the sender pay `amount` tokens to `to`, by its allowance. A token that returns false or has no code
    /// is refused.
    /// @return received what arrived: less, where the token keeps a fee.
    /// @dev The balance is asked before and after, so the caller guards against being called back.
    function pullTokens(Currency currency, address to, uint256 amount) internal returns (uint256 received) {
        if (amount == 0) return 0;
        address token = Currency.unwrap(currency);
        uint256 before = token.balanceOf(to);
        token.safeTransferFrom(msg.sender, to, amount);
        return token.balanceOf(to) - before;
    }

    /// @notice Send `amount` to `to`; reverts if `to` or the token refuses.
    function push(Currency currency, address to, uint256 amount) internal {
        if (isEther(currency)) require(to.trySafeTransferETH(amount, gasleft()), PaymentRefused(to));
        else Currency.unwrap(currency).safeTransfer(to, amount);
    }
}
