// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Disputes} from "./Disputes.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {ChunkPair, Claim, Link, PartyChunk} from "./IFederation.sol";
import {Masks} from "./Masks.sol";
import {IMaskedDisputes, MaskedChunk} from "./policies/IMasked.sol";
import {Rules} from "./Rules.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";

/// @title MaskedDisputes
/// @notice Refutations of sums of masked updates; demands as everywhere. See IMasked, IDisputes.
abstract contract MaskedDisputes is Disputes, IMaskedDisputes {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;

    /// @inheritdoc IMaskedDisputes
    function refuteMasked(
        Claim calldata c,
        Link calldata previous,
        MaskedChunk[] calldata parties,
        ChunkPair calldata models
    ) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        _checkPending(t, s, c);
        _checkModels(t, c, previous, models);
        int256[] memory delta = _unmasked(t, c.accepted, parties, models.index);
        require(!Rules.follows(models.claimed, models.before, delta), NotRefuted());
        // Effect
        _refuted(t, s, c, models.index);
    }

    /// @dev The mean of what the updates of the seats in `accepted` are in chunk `index`, without their masks.
    function _unmasked(PackedTerms t, uint256 accepted, MaskedChunk[] calldata parties, uint256 index)
        private
        view
        returns (int256[] memory)
    {
        (uint256 among, uint256 disagreed) = _maskedWith();
        uint256 seen;
        uint256[] memory sums = Masks.none();
        for (uint256 i = 0; i < parties.length; ++i) {
            PartyChunk calldata p = parties[i].update;
            uint256 all = _checkChunk(t, p, index, seen);
            uint256 seat = LibBit.fls(all ^ seen);
            seen = all;
            Masks.add(sums, p.data);
            _takeOff(sums, parties[i], among, Masks.due(among, accepted, disagreed, seat), seat, index);
        }
        require(seen == accepted, WrongParties(seen, accepted));
        return Masks.mean(sums, LibBit.popCount(accepted));
    }

    /// @dev Take the masks off whose seeds are `shown` in the sheet, which must be that of the update.
    function _takeOff(
        uint256[] memory sums,
        MaskedChunk calldata p,
        uint256 among,
        uint256 shown,
        uint256 seat,
        uint256 index
    ) private pure {
        uint256 length = Masks.lengthOf(among);
        require(p.sheet.length == length, WrongLength(p.sheet.length, length));
        bytes32 cid = sha256(Masks.asCommitted(p.sheet, among, shown));
        require(cid == p.update.cid, NotTheUpdate(p.update.party));
        Masks.takeOff(sums, p.sheet, among, shown, seat, index);
    }

    /// @dev There is no sum without seeds.
    function _aggregated(PackedTerms, Claim calldata, PartyChunk[] calldata, uint256)
        internal
        pure
        override
        returns (int256[] memory)
    {
        revert WrongMode();
    }
}
