// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "solady/src/tokens/ERC20.sol";
import {Phases} from "../../../contracts/kernel/Phases.sol";
import {ISumErrors} from "../../../contracts/sum/ISum.sol";

/// @notice Does several calls in one transaction, and takes no ether back unless it is `open`.
contract SumAttacker is ISumErrors, Phases {
    bool public open = true;

    function run(address target, bytes[] calldata calls, uint256[] calldata values) external payable {
        for (uint256 i; i < calls.length; ++i) {
            (bool done, bytes memory reason) = target.call{value: values[i]}(calls[i]);
            if (done) continue;
            assembly {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function close() external {
        open = false;
    }

    receive() external payable {
        require(open, "closed");
    }
}

/// @notice Calls `again` while it is paid.
contract SumReentrant {
    address private target;
    bytes private again;
    bool public refused;

    function run(address target_, bytes calldata call, bytes calldata again_) external payable {
        (target, again) = (target_, again_);
        (bool done,) = target.call{value: msg.value}(call);
        require(done, "the first call");
    }

    receive() external payable {
        (bool done,) = target.call(again);
        if (!done) refused = true;
    }
}

/// @notice A token that keeps `fee` hundredths of each transfer.
contract SumToken is ERC20 {
    uint256 private immutable fee;

    constructor(uint256 fee_) {
        fee = fee_;
    }

    function name() public pure override returns (string memory) {
        return "Token";
    }

    function symbol() public pure override returns (string memory) {
        return "TKN";
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _afterTokenTransfer(address from, address to, uint256 amount) internal override {
        if (fee != 0 && from != address(0) && to != address(0)) _burn(to, amount * fee / 100);
    }
}

/// @notice A token that returns nothing, returns false though it pays, or calls back while it pays.
contract SumOddToken {
    bytes32 private immutable kind;
    address private target;
    bytes private again;
    bool public refused;
    mapping(address => uint256) public balanceOf;

    constructor(string memory kind_) {
        kind = keccak256(bytes(kind_));
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function attack(address target_, bytes calldata again_) external {
        (target, again) = (target_, again_);
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        if (target != address(0) && amount != 0) {
            (bool done,) = target.call(again);
            if (!done) refused = true;
        }
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        if (kind == keccak256("returns nothing")) return;
        bool good = kind != keccak256("returns false");
        assembly {
            mstore(0, good)
            return(0, 32)
        }
    }
}

/// @notice A contract wallet (ERC-1271) that signs what it was told to.
contract SumWallet {
    bytes32 private allowed;

    function allow(bytes32 digest) external {
        allowed = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == allowed ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }

    function call(address target, bytes calldata data) external payable {
        (bool done,) = target.call{value: msg.value}(data);
        require(done, "call");
    }

    receive() external payable {}
}
