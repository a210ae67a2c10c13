// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Balances} from "../kernel/Balances.sol";
import {Currency} from "../kernel/Currency.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {Pot} from "./Pot.sol";

/// @title MarketBalances
/// @notice How money comes in and goes out (see IBalances), and from the balances into the pot.
abstract contract MarketBalances is Pot, IPredictionMarket, Balances {
    /// @inheritdoc IPredictionMarket
    function money() external view returns (address token, uint256 unit) {
        return _money();
    }

    /// @dev Move `amount` from the value sent and `who`'s balance into the pot; what is left of the value is credited.
    function _escrowFrom(address who, uint256 amount) internal {
        uint256 pot = _escrow.pot + amount;
        // Check
        require(pot <= type(uint128).max, Underfunded(type(uint128).max, pot));
        // Effect
        _escrow.pot = uint128(pot);
        _collect(_currency(), who, amount);
    }

    function _currency() internal view override returns (Currency) {
        (address token,) = _money();
        return Currency.wrap(token);
    }

    function _balance(address who) internal view override returns (uint256) {
        return _balances[who];
    }

    function _setBalance(address who, uint256 amount) internal override {
        _balances[who] = amount;
    }

    /// @dev Balances wait for an offer, or for contributions that somebody relays.
    function _anyoneWithdrawsFor(address who) internal pure override returns (bool) {
        return who == BURN;
    }
}
