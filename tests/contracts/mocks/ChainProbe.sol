// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

error FromElsewhere(bytes32 what, address[] who);

/// @dev Another contract, whose errors its caller's ABI does not know.
contract ChainInner {
    error InnerTooSmall(uint256 given, uint256 least);

    function check(uint256 given) external pure {
        require(given >= 10, InnerTooSmall(given, 10));
    }
}

/// @dev Everything that a client of a chain has to cope with.
contract ChainProbe {
    error NotAllowed(address who, uint256 limit);
    error TooEarly(uint256 opensAt);

    event ValueSet(address indexed by, uint256 indexed round, uint256 value);

    ChainInner private immutable INNER = new ChainInner();
    uint256 public immutable OPENS_AT;
    uint256 public value;
    uint256 public round;
    mapping(uint256 => uint256) private _slots;

    constructor(uint256 opensAt) payable {
        OPENS_AT = opensAt;
    }

    receive() external payable {}

    function set(uint256 next) external payable {
        value = next;
        emit ValueSet(msg.sender, ++round, next);
    }

    function open() external {
        require(block.timestamp >= OPENS_AT, TooEarly(OPENS_AT));
        round++;
    }

    function isOpen() external view returns (bool) {
        return block.timestamp >= OPENS_AT;
    }

    function refuse(uint256 limit) external {
        round++;
        revert NotAllowed(msg.sender, limit);
    }

    function refuseInside(uint256 given) external {
        round++;
        INNER.check(given);
    }

    function refuseFromElsewhere() external view {
        address[] memory who = new address[](1);
        who[0] = address(this);
        revert FromElsewhere("x", who);
    }

    function refuseWithText() external pure {
        revert("the text says why");
    }

    function refuseSilently() external pure {
        revert(); // solhint-disable-line reason-string, gas-custom-errors
    }

    function divide(uint256 by) external pure returns (uint256) {
        return 1 / by;
    }

    function fill(uint256 slots) external {
        for (uint256 i; i < slots; ++i) _slots[i] = block.number;
    }

    /// @dev Needs much more gas than it uses: each call passes on 63/64 of what is left.
    function nest(uint256 depth) external {
        if (depth == 0) round++;
        else this.nest(depth - 1);
    }
}
