// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Funds} from "./Funds.sol";
import {IBalances} from "./IBalances.sol";

/// @title Balances
/// @notice See IBalances. A system says in what currency, and where balances are kept.
abstract contract Balances is IBalances, Funds {
    /// @inheritdoc IBalances
    function balanceOf(address who) external view returns (uint256) {
        return _balance(who);
    }
}
