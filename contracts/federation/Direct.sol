// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Claims} from "./Claims.sol";
import {DirectSum} from "./DirectSum.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {Claim, Mode} from "./IFederation.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";

/// @title Direct
/// @notice Small updates that the contract itself adds up: no bond, no time to object, nothing to refute.
///
/// An update has no tree then: its root is the SHA-256 of its numbers, which also says where the file is. The record
/// has the hash of the sums in the place of a model's root: whoever follows the rounds adds ⌊sum · 2^shift / n⌋
/// to the model that it holds.
abstract contract Direct is Claims {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;

    /// @notice See IFederation.
    function sum(bytes calldata entries) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        require(t.mode() == Mode.Direct, WrongMode());
        (uint256 size, uint256 shift) = (t.size(), t.shift());
        uint256 count = entries.length / (20 + size);
        require(entries.length == count * (20 + size), WrongLength(entries.length, count * (20 + size)));
        require(s.demanded() == 0, DemandsOpen(s.demanded()));
        uint256 seen = 0;
        for (uint256 i = 0; i < count; ++i) {
            seen = _checkVector(entries[i * (20 + size):(i + 1) * (20 + size)], shift, seen);
        }
        Claim memory c = _lead(t, s, DirectSum.hash(entries, count, size), 0);
        require(c.accepted == seen, WrongParties(seen, c.accepted));
        // Effect
        emit Claimed(s.round(), c);
        uint256[4] memory sums;
        _finish(t, s, c, keccak256(abi.encode(c)), sums);
    }

    /// @dev Revert unless `entry` is what a seat above those already `seen` revealed; returns the mask of all of them.
    function _checkVector(bytes calldata entry, uint256 shift, uint256 seen) private view returns (uint256) {
        address who = address(bytes20(entry[:20]));
        uint256 kept = _parties[who];
        bytes32 digest = keccak256(abi.encodePacked(sha256(entry[20:]), uint16(1), uint8(shift), bytes32(0)));
        require(kept != 0 && (uint256(digest) ^ kept) >> 8 == 0, NotTheUpdate(who));
        uint256 seat = uint8(kept) - 1;
        require(seen >> seat == 0, NotTheUpdate(who)); // ascending, so that nobody counts twice
        return seen | 1 << seat;
    }
}
