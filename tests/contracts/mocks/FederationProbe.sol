// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks} from "../../../contracts/federation/Chunks.sol";
import {FederationTerms, PackedTerms} from "../../../contracts/federation/FederationTerms.sol";
import {GramTrace} from "../../../contracts/federation/GramTrace.sol";
import {Rule, Terms} from "../../../contracts/federation/IFederation.sol";
import {Masks} from "../../../contracts/federation/Masks.sol";
import {Medians} from "../../../contracts/federation/policies/Medians.sol";
import {Rules} from "../../../contracts/federation/Rules.sol";
import {Selection} from "../../../contracts/federation/Selection.sol";
import {Sums} from "../../../contracts/federation/Sums.sol";

/// @notice A federation's arithmetic by itself, for parity with Python.
contract FederationProbe {
    using FederationTerms for PackedTerms;

    bytes32[16] private _scores;

    struct Given {
        bytes data;
        uint256 shift;
        uint256 weight;
    }

    /// @notice Whether `claimed` is the chunk of the model after the round.
    function follows(
        Terms calldata terms,
        bytes calldata before,
        bytes calldata claimed,
        Given[] calldata given,
        uint256 factors
    ) external pure returns (bool) {
        PackedTerms t = _packed(terms);
        return Rules.follows(claimed, before, _delta(t, given, factors));
    }

    struct Hidden {
        uint256 seat;
        bytes data;
        bytes sheet;
    }

    /// @notice The same of masked updates, whose sheets show the seeds that are due where some disagree.
    function followsMasked(
        uint256 among,
        uint256 accepted,
        uint256 disagreed,
        uint256 index,
        bytes calldata before,
        bytes calldata claimed,
        Hidden[] calldata given
    ) external pure returns (bool) {
        uint256[] memory sums = Masks.none();
        for (uint256 i = 0; i < given.length; ++i) {
            Hidden calldata one = given[i];
            Masks.add(sums, one.data);
            uint256 due = Masks.due(among, accepted, disagreed, one.seat);
            Masks.takeOff(sums, one.sheet, among, due, one.seat, index);
        }
        return Rules.follows(claimed, before, Masks.mean(sums, given.length));
    }

    function disagreeing(bytes calldata entries, uint256 length, uint256 among, uint256 parties)
        external
        pure
        returns (uint256)
    {
        return Masks.disagreeing(entries, length, among, parties);
    }

    /// @notice A sheet as it was committed to.
    function asCommitted(bytes calldata sheet, uint256 among, uint256 shown) external pure returns (bytes memory) {
        return Masks.asCommitted(sheet, among, shown);
    }

    function step(Terms calldata terms, bytes calldata before, Given[] calldata given) external pure returns (bytes memory) {
        return GramTrace.step(before, _values(_packed(terms), given));
    }

    function follow(Terms calldata terms, bytes calldata gram, uint256 n, uint256 accepted)
        external
        pure
        returns (uint256, uint256, uint256)
    {
        PackedTerms t = _packed(terms);
        return Selection.follow(t, GramTrace.matrix(gram, n), accepted);
    }

    /// @notice Called, and never sent: it keeps the scores that medians are read from.
    function medians(bytes32[16] calldata scores, uint256 judges) external returns (uint256) {
        _scores = scores;
        return Medians.find(_scores, judges);
    }

    function _packed(Terms calldata terms) private pure returns (PackedTerms) {
        return FederationTerms.unwrap(FederationTerms.pack(terms));
    }

    function _delta(PackedTerms t, Given[] calldata given, uint256 factors) private pure returns (int256[] memory) {
        Rule rule = t.rule();
        bool ordered = rule == Rule.Median || rule == Rule.TrimmedMean;
        if (!ordered && !t.clips()) return _mean(given, t.width());
        if (ordered) return _middle(t, given);
        int256[][] memory updates = _values(t, given);
        uint256[] memory weights = new uint256[](given.length);
        for (uint256 i = 0; i < given.length; ++i) {
            weights[i] = given[i].weight;
        }
        Rules.scale(updates, (1 << given.length) - 1, factors);
        return Rules.mean(updates, weights);
    }

    function _mean(Given[] calldata given, uint256 width) private pure returns (int256[] memory) {
        uint256[] memory sums = Sums.none();
        uint256 total;
        uint256 factors;
        for (uint256 i = 0; i < given.length; ++i) {
            uint256 factor = given[i].weight << given[i].shift;
            Sums.add(sums, given[i].data, width, factor);
            (total, factors) = (total + given[i].weight, factors + factor);
        }
        return Sums.mean(sums, width, factors, total);
    }

    function _middle(PackedTerms t, Given[] calldata given) private pure returns (int256[] memory) {
        uint256 n = given.length;
        uint256[] memory rows = Sums.rowsOf(n);
        for (uint256 i = 0; i < n; ++i) {
            Sums.put(rows, i, given[i].data, t.width(), given[i].shift);
        }
        uint256 trim = t.rule() == Rule.Median ? (n - 1) / 2 : Rules.trimOf(t.trim(), n);
        return Sums.middle(rows, n, t.width(), trim);
    }

    function _values(PackedTerms t, Given[] calldata given) private pure returns (int256[][] memory updates) {
        updates = new int256[][](given.length);
        for (uint256 i = 0; i < given.length; ++i) {
            updates[i] = Chunks.values(given[i].data, t.width(), given[i].shift);
        }
    }
}
