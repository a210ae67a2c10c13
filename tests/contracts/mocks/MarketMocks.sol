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

    function transferFrom(address from, address to, uint256 amount) public virtual override returns (bool) {
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

/// @notice A token that fails as tokens do: returns false or nothing (which is fine), calls back, keeps a part.
contract MarketRogueToken is ERC20 {
    enum Way {
        Plain,
        ReturnsFalse,
        ReturnsNothing,
        CallsBack,
        KeepsAPart
    }

    Way public way;
    address private _target;
    bytes private _again;
    bool public reentered;

    constructor() {
        _mint(msg.sender, type(uint128).max);
    }

    function be(Way way_, address target, bytes calldata again) external {
        (way, _target, _again) = (way_, target, again);
    }

    function name() public pure override returns (string memory) {
        return "Rogue";
    }

    function symbol() public pure override returns (string memory) {
        return "ROGUE";
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (way == Way.ReturnsFalse) return false;
        super.transfer(to, amount);
        return _answer();
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (way == Way.ReturnsFalse) return false;
        super.transferFrom(from, to, way == Way.KeepsAPart ? amount - amount / 100 : amount);
        return _answer();
    }

    function _answer() private returns (bool) {
        if (way == Way.CallsBack) (reentered,) = _target.call(_again);
        if (way == Way.ReturnsNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}
