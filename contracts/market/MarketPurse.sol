// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuard} from "solady/src/utils/ReentrancyGuard.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketLedger} from "./MarketLedger.sol";

/// @title Purse
/// @notice How money comes in, with `fund` (or as value), and goes out, with `withdraw`. A wallet that reverts blocks
/// nobody but itself.
///
/// A token that takes a fee on transfer is credited with what arrived. A token whose balances change by
/// themselves (rebasing) must be wrapped first.
abstract contract MarketPurse is MarketLedger, IPredictionMarket, ReentrancyGuard {
    using SafeTransferLib for address;

    /// @inheritdoc IPredictionMarket
    function fund(address beneficiary, uint256 amount) external payable nonReentrant {
        (address token,) = _money();
        if (token != address(0)) return _pull(token, beneficiary, amount);
        // Effect:
        _balances[beneficiary] += msg.value;
        emit Funded(beneficiary, msg.sender, msg.value);
    }

    /// @inheritdoc IPredictionMarket
    function withdraw(address to) external nonReentrant returns (uint256 amount) {
        return _withdraw(msg.sender, to);
    }

    /// @inheritdoc IPredictionMarket
    function withdrawFor(address account) external nonReentrant returns (uint256 amount) {
        return _withdraw(account, account);
    }

    /// @inheritdoc IPredictionMarket
    function balanceOf(address who) external view returns (uint256) {
        return _balances[who];
    }

    /// @inheritdoc IPredictionMarket
    function money() external view returns (address token, uint256 unit) {
        return _money();
    }

    /// @dev Move `amount` from the value sent and `who`'s balance into the pot; what is left of the value is credited.
    function _escrowFrom(address who, uint256 amount) internal {
        (address token,) = _money();
        // Check:
        require(token == address(0) || msg.value == 0, NoEther());
        uint256 pot = _escrow.pot + amount;
        require(pot <= type(uint128).max, Underfunded(type(uint128).max, pot));
        // Effect:
        _escrow.pot = uint128(pot);
        if (msg.value == amount) return;
        uint256 balance = _balances[who] + msg.value;
        require(balance >= amount, Underfunded(balance, amount));
        _balances[who] = balance - amount;
    }

    /// @dev Credit what arrives of `amount` of the sender's tokens. The caller guards against being called back.
    function _pull(address token, address beneficiary, uint256 amount) internal {
        // Check:
        require(msg.value == 0, NoEther());
        // Interaction: before the effect, because only it shows what arrives.
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        // Effect:
        _balances[beneficiary] += arrived;
        emit Funded(beneficiary, msg.sender, arrived);
    }

    function _withdraw(address account, address to) private returns (uint256 amount) {
        (address token,) = _money();
        amount = _balances[account];
        // Check:
        require(amount != 0, NothingOwed());
        // Effect:
        _balances[account] = 0;
        emit Withdrawn(account, to, amount);
        // Interaction:
        if (token == address(0)) to.safeTransferETH(amount);
        else token.safeTransfer(to, amount);
    }
}
