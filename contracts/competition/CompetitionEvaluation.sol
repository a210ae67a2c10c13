// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";

import {CodeChunks} from "../kernel/CodeChunks.sol";
import {Job} from "../models/integer/IModelRunner.sol";
import {Score} from "../models/integer/Score.sol";
import {TestCode} from "./CompetitionBase.sol";
import {CompetitionSubmissions} from "./CompetitionSubmissions.sol";
import {DataTree} from "./DataTree.sol";
import {Group, ICompetition, Metric, Mode, Progress, Status, Submission, Terms} from "./ICompetition.sol";
import {Result, toResult} from "./Result.sol";
import {Split} from "./Split.sol";
import {TermsCodec} from "./TermsCodec.sol";

// Calldata is copied into place, without a copy in between.
// solhint-disable no-inline-assembly
// For slither: the runner is ours and only reads; whether a chunk was new does not matter.
// slither-disable-start calls-loop,unused-return

/// What asks for a place; `predictions` is their root, where it is known (optimistic mode).
struct Entry {
    address model;
    uint64 score;
    bytes32 predictions;
}

/// @title CompetitionEvaluation
/// @notice Test data, direct evaluation and the ranking.
abstract contract CompetitionEvaluation is CompetitionSubmissions {
    uint256 internal constant PLACES = 4;
    uint256 internal constant NUMBER = 24; // bits of a submission's number on the board

    /// @inheritdoc ICompetition
    function openTest(uint256 first, Group[] calldata groups) external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        uint256 opened = p.opened;
        // Check: between the reveals and the deadline; each group under the root, in order.
        _requireDrawn(p);
        _notBefore(_revealEnd(t, p));
        _before(_openingEnd(t, p));
        require(
            first <= opened && opened < first + groups.length && first + groups.length <= t.testGroups,
            WrongGroups(opened)
        );
        uint256 mask = Split.skip(_testMask, opened);
        uint256 labels = 0;
        first = opened - first; // of the groups that are given, the first that is still closed
        for (uint256 i = first; i < groups.length; ++i) {
            uint256 group = LibBit.ffs(mask);
            labels += DataTree.verify(t, group, groups[i]);
            mask &= mask - 1;
            emit TestOpened(group, groups[i]);
        }
        // Effect
        (address code,) =
            CodeChunks.store(t.mode == Mode.Direct ? _joined(groups, first) : _joinedLabels(t, groups, first));
        uint256 count = groups.length - first;
        _testData[opened] = TestCode(code, uint8(count));
        _progress.opened = uint8(opened + count);
        if (labels != 0) _labels += labels;
    }

    /// @inheritdoc ICompetition
    function evaluate(uint256 number, uint256 samples, bytes calldata model) external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        Submission storage s = _submissions[number];
        // Check: direct mode, all test data open, revealed and not yet evaluated.
        _requireEvaluation(t, p, Mode.Direct);
        _requireStatus(number, s.status, Status.Revealed);
        Result result = Result.wrap(s.word);
        uint256 all = TermsCodec.samples(t);
        uint256 from = result.done();
        require(from < all, AlreadyEvaluated(number));
        uint256 to = samples < all - from ? from + samples : all;
        // Effect: the runner only reads.
        uint256 tally = from == 0 ? 0 : uint256(s.extra);
        tally += _run(t, model, result.model(), from, to);
        _payTip(t, s, from, to, all);
        if (to < all) {
            s.extra = bytes32(tally);
            s.word = Result.unwrap(toResult(result.model(), 0, to));
            return;
        }
        uint64 score = _score(t, tally);
        s.word = Result.unwrap(toResult(result.model(), score, all));
        ++p.concluded;
        _rank(t, p, number, Entry(result.model(), score, 0));
        _progress = p;
        emit Evaluated(number, score);
    }

    function _score(Terms memory t, uint256 tally) internal view returns (uint64) {
        uint256 labels = t.metric == Metric.MacroF1 ? _labels : 0;
        return Score.score(uint256(t.metric), t.classes, tally, labels, TermsCodec.samples(t));
    }

    /// Put `number` on the board in `p` if its score wins a place. The same model, and the same predictions, count
    /// once, for the earlier commitment; equal scores rank by commitment.
    function _rank(Terms memory t, Progress memory p, uint256 number, Entry memory e) internal view {
        unchecked {
            // Numbers have 24 bits, places are four.
            if (e.score < Score.passMark(uint256(t.metric), t.criterion)) return;
            uint256 board = p.board;
            uint256 ranked = 0; // the new board
            uint256 places = 0; // taken on it
            bool placed = false;
            for (; board != 0; board >>= NUMBER) {
                uint256 other = _numberAt(board);
                Submission storage s = _submissions[other];
                Result result = Result.wrap(s.word);
                uint64 score = result.score();
                if (result.model() == e.model || (e.predictions != 0 && s.extra == e.predictions)) {
                    if (other < number) return;
                    continue; // a later commitment to the same leaves the board
                }
                bool better = e.score > score || (e.score == score && number < other);
                if (!placed && better) {
                    ranked |= (number + 1) << (NUMBER * places);
                    ++places;
                    placed = true;
                }
                if (places < PLACES) ranked |= (other + 1) << (NUMBER * places);
                ++places;
            }
            if (!placed && places < PLACES) ranked |= (number + 1) << (NUMBER * places);
            p.board = uint96(_cut(t, ranked));
        }
    }

    /// The submission in the lowest place of `board`, where there is one.
    function _numberAt(uint256 board) internal pure returns (uint256) {
        unchecked {
            // Numbers on the board are one more.
            return (board & (1 << NUMBER) - 1) - 1;
        }
    }

    /// No more places than have a share.
    function _cut(Terms memory t, uint256 board) private pure returns (uint256) {
        unchecked {
            // Places are four.
            uint256 places = 0;
            while (places < PLACES && t.shares[places] != 0) ++places;
            return board & ((1 << (NUMBER * places)) - 1);
        }
    }

    /// The tally of test samples `from` to `to`, which may lie in several codes.
    function _run(Terms memory t, bytes calldata model, address head, uint256 from, uint256 to)
        private
        view
        returns (uint256 tally)
    {
        unchecked {
            // A million samples at most; points fit their counters (Score.fits).
            uint256 ordinal = 0;
            uint256 start = 0; // number of the first sample in the code
            while (from < to) {
                TestCode memory test = _testData[ordinal];
                uint256 end = start + uint256(test.groups) * t.groupSize;
                if (from < end) {
                    uint256 until = to < end ? to : end;
                    (address given, uint256 points) = RUNNER.tally(
                        model, Job(test.code, from - start, until - from, t.features, t.classes, uint256(t.metric))
                    );
                    require(given == head, WrongModel(given, head));
                    tally += points;
                    from = until;
                }
                start = end;
                ordinal += test.groups;
            }
        }
    }

    /// Credit the caller's part of the tip, unless it evaluates its own submission. Parts add up to the tip.
    function _payTip(Terms memory t, Submission storage s, uint256 from, uint256 to, uint256 all) private {
        if (t.tip == 0 || msg.sender == s.submitter || from == to) return;
        uint256 before = s.tipped;
        uint256 afterwards = before + to - from;
        s.tipped = uint32(afterwards);
        _credit[msg.sender] += t.tip * afterwards / all - t.tip * before / all;
    }

    /// The samples of all groups from `first` on.
    function _joined(Group[] calldata groups, uint256 first) private pure returns (bytes memory data) {
        uint256 length = groups[first].data.length;
        data = new bytes(length * (groups.length - first));
        for (uint256 i = first; i < groups.length; ++i) {
            bytes calldata part = groups[i].data;
            assembly ("memory-safe") {
                calldatacopy(add(add(data, 32), mul(sub(i, first), length)), part.offset, length)
            }
        }
    }

    /// Their labels.
    function _joinedLabels(Terms memory t, Group[] calldata groups, uint256 first)
        private
        pure
        returns (bytes memory labels)
    {
        uint256 size = t.classes == 0 ? 4 : 1;
        uint256 stride = TermsCodec.stride(t);
        uint256 features = t.features;
        labels = new bytes(size * t.groupSize * (groups.length - first));
        uint256 target;
        assembly ("memory-safe") {
            target := add(labels, 32)
        }
        for (uint256 i = first; i < groups.length; ++i) {
            bytes calldata part = groups[i].data;
            assembly ("memory-safe") {
                let end := add(part.offset, part.length)
                for { let place := add(part.offset, features) } lt(place, end) { place := add(place, stride) } {
                    calldatacopy(target, place, size)
                    target := add(target, size)
                }
            }
        }
    }
}
// slither-disable-end calls-loop,unused-return
