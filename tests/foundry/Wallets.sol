// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A wallet that refuses ether, or calls back while it is paid.
contract OddWallet {
    address private target;
    bytes private again;
    bool private open;
    bool public reentered;

    /// @notice Refuse whatever comes.
    function close() external {
        open = false;
    }

    /// @notice Take ether, and try `again_` on `target_` meanwhile.
    function callBack(address target_, bytes calldata again_) external {
        (target, again, open) = (target_, again_, true);
    }

    receive() external payable {
        require(open, "closed");
        (bool done,) = target.call(again);
        if (done) reentered = true;
    }
}

/// @notice A token without allowances that keeps `fee` per mille of each transfer, and calls back while it moves.
contract OddToken {
    uint256 private immutable fee;
    address private target;
    bytes private again;
    bool public reentered;
    mapping(address => uint256) public balanceOf;

    constructor(uint256 fee_) {
        fee = fee_;
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function callBack(address target_, bytes calldata again_) external {
        (target, again) = (target_, again_);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (target != address(0)) {
            (bool done,) = target.call(again);
            if (done) reentered = true;
        }
        balanceOf[from] -= amount;
        balanceOf[to] += amount - amount * fee / 1000;
        return true;
    }
}
