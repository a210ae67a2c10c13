// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Currency} from "../kernel/Currency.sol";
import {Funds} from "../kernel/Funds.sol";
import {Words} from "../models/online/Words.sol";
import {ISum} from "./ISum.sol";

/// @title Everyone's account with a shared model
/// @notice See IFunds; beside the balance stand reputation, nonce and points, in one slot.
abstract contract Purse is ISum, Funds {
    /// @param valid, nonce, points: see ISum.account.
    struct Account {
        uint128 balance;
        uint32 valid;
        uint32 nonce;
        uint64 points;
    }

    mapping(address who => Account) internal _accounts;

    /// @inheritdoc ISum
    function money() public view returns (address token, uint256 unit) {
        uint256 word = Words.argument(Words.MONEY);
        return (address(uint160(word >> 96)), uint96(word));
    }

    /// @inheritdoc ISum
    function creator() public view returns (address) {
        return address(uint160(Words.argument(Words.PROXY) >> 96));
    }

    /// @inheritdoc ISum
    function account(address who) external view returns (uint256, uint256, uint256, uint256) {
        Account memory a = _accounts[who];
        return (a.balance, a.valid, a.nonce, a.points);
    }

    function _unit() internal view returns (uint256 unit) {
        (, unit) = money();
    }

    /// @dev Credit an amount, and reputation, of which there is less than 2^24.
    function _reward(address who, uint256 amount, uint256 earned) internal {
        Account storage a = _accounts[who];
        bool fits;
        // a.balance += amount; a.valid += earned: one store
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let word := sload(a.slot)
            fits := iszero(shr(128, add(and(word, 0xffffffffffffffffffffffffffffffff), amount)))
            sstore(a.slot, add(word, add(amount, shl(128, earned))))
        }
        assert(fits); // no currency has that much
    }

    function _currency() internal view override returns (Currency) {
        return Currency.wrap(address(uint160(Words.argument(Words.MONEY) >> 96)));
    }

    function _balance(address who) internal view override returns (uint256) {
        return _accounts[who].balance;
    }

    function _setBalance(address who, uint256 amount) internal override {
        assert(amount <= type(uint128).max); // no currency has that much
        _accounts[who].balance = uint128(amount);
    }

    /// @dev Balances wait for the next contribution.
    function _anyoneWithdrawsFor(address who) internal pure override returns (bool) {
        return who == BURN;
    }
}
