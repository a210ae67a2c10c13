// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks} from "../../../contracts/federation/Chunks.sol";
import {FederationTerms, PackedTerms} from "../../../contracts/federation/FederationTerms.sol";
import {GramTrace} from "../../../contracts/federation/GramTrace.sol";
import {Terms} from "../../../contracts/federation/IFederation.sol";
import {Medians} from "../../../contracts/federation/policies/Medians.sol";
import {Rules} from "../../../contracts/federation/Rules.sol";
import {Selection} from "../../../contracts/federation/Selection.sol";

/// @notice A federation's arithmetic by itself, for parity with Python.
contract FederationProbe {
    using FederationTerms for PackedTerms;

    struct Given {
        bytes data;
        uint256 shift;
        uint256 weight;
    }

    /// @notice A chunk of the model after the round.
    function applied(Terms calldata terms, bytes calldata before, Given[] calldata given, uint256 factors)
        external
        pure
        returns (int256[] memory)
    {
        PackedTerms memory t = abi.decode(FederationTerms.pack(terms), (PackedTerms));
        int256[][] memory updates = _values(t, given);
        uint256[] memory weights = new uint256[](given.length);
        for (uint256 i = 0; i < given.length; ++i) {
            weights[i] = given[i].weight;
        }
        if (t.clips()) Rules.scale(updates, (1 << given.length) - 1, factors);
        return Rules.applied(t.rule(), t.trim(), Chunks.values(before, 4, 0), updates, weights);
    }

    function step(Terms calldata terms, bytes calldata before, Given[] calldata given) external pure returns (bytes memory) {
        return GramTrace.step(before, _values(abi.decode(FederationTerms.pack(terms), (PackedTerms)), given));
    }

    function follow(Terms calldata terms, bytes calldata gram, uint256 n, uint256 accepted)
        external
        pure
        returns (uint256, uint256, uint256)
    {
        PackedTerms memory t = abi.decode(FederationTerms.pack(terms), (PackedTerms));
        return Selection.follow(t, GramTrace.matrix(gram, n), accepted);
    }

    function medians(uint256[] calldata words, uint256[] calldata own) external pure returns (uint256) {
        return Medians.find(words, own);
    }

    function _values(PackedTerms memory t, Given[] calldata given) private pure returns (int256[][] memory updates) {
        updates = new int256[][](given.length);
        for (uint256 i = 0; i < given.length; ++i) {
            updates[i] = Chunks.values(given[i].data, t.width(), given[i].shift);
        }
    }
}
