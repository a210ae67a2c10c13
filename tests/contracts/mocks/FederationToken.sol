// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MarketToken} from "./MarketMocks.sol";

/// @notice A token that keeps a hundredth of each payment, and lets somebody act while it moves.
contract FederationToken is MarketToken {
    address private _target;
    bytes private _call;
    bool public called;

    constructor() {
        _mint(address(this), 1e30);
    }

    function meanwhile(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
        _approve(address(this), target, type(uint256).max);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        super.transferFrom(from, to, amount);
        (called,) = _target.call(_call);
        return true;
    }
}
