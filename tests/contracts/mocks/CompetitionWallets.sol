// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A wallet that does what its caller wants, but takes no money while `refusing`; when `again` is set, it calls
/// its last target again as money arrives.
contract CompetitionWallet {
    bool public refusing;
    bool public again;
    bool public reentered;
    address private target;
    bytes private data;

    constructor(bool refusing_, bool again_) payable {
        (refusing, again) = (refusing_, again_);
    }

    function run(address to, uint256 value, bytes calldata payload) external returns (bytes memory) {
        (target, data) = (to, payload);
        (bool done, bytes memory answer) = to.call{value: value}(payload);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    receive() external payable {
        require(!refusing, "no money here");
        if (!again) return;
        (bool done,) = target.call(data);
        reentered = reentered || done;
    }
}

/// A token, of which `fee` in 1/100 are lost on each transfer.
contract CompetitionToken is ERC20 {
    uint256 private immutable FEE;

    constructor(uint256 fee) ERC20("Token", "TOK") {
        FEE = fee;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        uint256 lost = from == address(0) || to == address(0) ? 0 : amount * FEE / 100;
        if (lost > 0) super._update(from, address(0), lost);
        super._update(from, to, amount - lost);
    }
}
