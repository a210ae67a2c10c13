// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Words} from "../models/online/Words.sol";
import {IMarketEvents} from "./IMarketEvents.sol";
import {Escrow} from "./MarketTypes.sol";

/// @title Pot
/// @notice Everyone's balance and the pot, in ether or in one ERC-20. Money comes in and goes out in MarketBalances; in
/// between it only moves between balances and pot: what the contract holds is always the sum of these.
abstract contract Pot is IMarketEvents {
    Escrow internal _escrow;
    mapping(address who => uint256) internal _balances;

    function _money() internal view returns (address token, uint256 unit) {
        uint256 word = Words.argument(Words.MONEY);
        return (address(uint160(word >> 96)), uint96(word));
    }

    /// @dev Move `amount` from the pot to a balance.
    function _payOut(address who, uint256 amount) internal {
        if (amount == 0) return;
        _escrow.pot = uint128(_escrow.pot - amount); // reverts rather than owe what is not there
        _balances[who] += amount;
        emit Paid(who, amount);
    }
}
