// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BlockHashLib} from "solady/src/utils/BlockHashLib.sol";

/// @title Seed
/// @notice Randomness that nobody knows when the money is paid: the hash of a later block, whose number is fixed with
/// the payment. Whoever proposes that block chooses between its hash and no block.
///
/// A chain shows a hash for 256 blocks, with EIP-2935 for 8,191. One that nobody used in that time is lost, and
/// there is no second: whoever could let one seed pass and wait for another would draw until it wins. What happens to
/// the money then is the system's to say (`isLost`), and must not be to the advantage of whoever could have used it.
library Seed {
    /// @dev How many blocks back every chain shows a hash.
    uint256 internal constant HORIZON = 256;

    /// @notice The seed can be used from block `opensAt` on.
    error SeedTooEarly(uint256 opensAt);
    /// @notice Nobody used the hash of block `number` while the chain showed it.
    error SeedLost(uint256 number);

    /// @notice The hash of block `number`, which lies deeper than `depth` blocks, or a revert.
    /// @param depth how many blocks after `number` have to be replaced to draw again, where that must not pay.
    function read(uint256 number, uint256 depth) internal view returns (bytes32 hash) {
        require(block.number > number + depth, SeedTooEarly(number + depth + 1));
        hash = BlockHashLib.blockHash(number);
        require(hash != 0, SeedLost(number));
    }

    /// @notice Whether the hash of block `number` will never be shown again.
    function isLost(uint256 number) internal view returns (bool) {
        return block.number > number + HORIZON && BlockHashLib.blockHash(number) == 0;
    }
}
