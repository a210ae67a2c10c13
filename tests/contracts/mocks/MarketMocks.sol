// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "solady/src/tokens/ERC20.sol";

/// @notice A token that keeps a hundredth of each transfer between strangers.
contract MarketToken is ERC20 {
    constructor() {
        _mint(msg.sender, 1e30);
    }

    function name() public pure override returns (string memory) {
        return "Market Token";
    }

    function symbol() public pure override returns (string memory) {
        return "MT";
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        super.transferFrom(from, to, amount);
        _burn(to, amount / 100);
        return true;
    }
}

/// @notice A wallet that calls whatever it is told and refuses ether, or calls back when it gets some.
contract MarketWallet {
    address private _target;
    bytes private _again;

    function run(address target, uint256 value, bytes calldata data) external payable {
        (bool done, bytes memory result) = target.call{value: value}(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    function attack(address target, bytes calldata data) external {
        (_target, _again) = (target, data);
    }

    receive() external payable {
        require(_target != address(0), "no ether");
        (bool done,) = _target.call(_again);
        require(!done, "reentered");
    }
}
