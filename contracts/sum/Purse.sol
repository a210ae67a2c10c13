// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuard} from "solady/src/utils/ReentrancyGuard.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {ISum} from "./ISum.sol";
import {Words} from "../models/online/Words.sol";

/// @title Everyone's balance
/// @notice Everyone's balance in ether or in one ERC-20. Nothing else in a shared model calls another contract:
/// money comes in with `fund` (or as value), goes out with `withdraw`, and in between only balances move. A wallet
/// that reverts can so block nobody but itself.
///
/// A token that takes a fee on transfer is credited with what arrived; a deposit in it has to be funded before. A
/// token whose balances change by
/// themselves (rebasing) must be wrapped first.
abstract contract Purse is ISum, ReentrancyGuard {
    using SafeTransferLib for address;

    /// @param valid, nonce, points: see ISum.account.
    struct Account {
        uint128 balance;
        uint32 valid;
        uint32 nonce;
        uint64 points;
    }

    /// @dev Whose balance is what was burnt.
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    mapping(address who => Account) internal _accounts;

    /// @inheritdoc ISum
    function fund(address beneficiary, uint256 amount) external payable {
        (address token,) = money();
        if (token != address(0)) {
            // Check:
            require(msg.value == 0, NoEther());
            _pull(token, beneficiary, amount);
            return;
        }
        // Effect:
        _credit(beneficiary, msg.value);
        emit Funded(beneficiary, msg.sender, msg.value);
    }

    /// @inheritdoc ISum
    function withdraw(address to) external nonReentrant returns (uint256 amount) {
        (address token,) = money();
        amount = _accounts[msg.sender].balance;
        // Check:
        require(amount != 0, NothingOwed());
        // Effect:
        _accounts[msg.sender].balance = 0;
        emit Withdrawn(msg.sender, to, amount);
        // Interaction:
        if (token == address(0)) to.safeTransferETH(amount);
        else token.safeTransfer(to, amount);
    }

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

    function _credit(address who, uint256 amount) internal {
        Account storage a = _accounts[who];
        uint256 balance = a.balance + amount;
        assert(balance <= type(uint128).max); // no currency has that much
        a.balance = uint128(balance);
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

    /// @dev Let the sender pay tokens in for `beneficiary`, who is credited with what arrives.
    function _pull(address token, address beneficiary, uint256 amount) internal nonReentrant {
        // Interaction: before the effect, because only it shows what arrives; the guard keeps it alone.
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        amount = token.balanceOf(address(this)) - before;
        // Effect:
        _credit(beneficiary, amount);
        emit Funded(beneficiary, msg.sender, amount);
    }

    /// @dev Take `amount` out of the value sent and `who`'s balance; what is left of the value is credited.
    function _collect(address who, uint256 amount) internal {
        // slither-disable-next-line incorrect-equality (the common case, and no other is treated otherwise)
        if (msg.value == amount) return; // also where nothing is sent for nothing; the token case is below
        uint256 balance = _accounts[who].balance + msg.value;
        // Check:
        require(balance >= amount, Underfunded(balance, amount));
        // Effect:
        _accounts[who].balance = uint128(balance - amount);
    }
}
