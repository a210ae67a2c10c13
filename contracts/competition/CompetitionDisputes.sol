// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";

import {CodeChunks} from "../kernel/CodeChunks.sol";
import {Merkle} from "../kernel/Merkle.sol";
import {Score} from "../models/integer/Score.sol";
import {TestCode} from "./CompetitionBase.sol";
import {CompetitionEvaluation, Entry} from "./CompetitionEvaluation.sol";
import {DataTree} from "./DataTree.sol";
import {ICompetition, Metric, Mode, Progress, Refutation, Status, Submission, Terms} from "./ICompetition.sol";
import {Result, SETTLED, toResult} from "./Result.sol";
import {Split} from "./Split.sol";
import {TermsCodec} from "./TermsCodec.sol";

// Predictions and labels side by side.
// solhint-disable no-inline-assembly

/// @title CompetitionDisputes
/// @notice Optimistic evaluation: predictions on trust, and their refutation.
abstract contract CompetitionDisputes is CompetitionEvaluation {
    /// @inheritdoc ICompetition
    function claim(uint256 number, bytes calldata predictions) external payable {
        Terms memory t = _terms();
        Progress memory p = _progress;
        Submission storage s = _submissions[number];
        // Check: optimistic mode, the evaluation phase, one's own submission, once, one prediction a sample.
        _requireEvaluation(t, p, Mode.Optimistic);
        _before(_evaluationEnd(t, p));
        _requireStatus(number, s.status, Status.Revealed);
        require(msg.sender == s.submitter, NotTheSubmitter(s.submitter));
        Result result = Result.wrap(s.word);
        require(result.done() == 0, AlreadyClaimed(number));
        uint256 length = TermsCodec.samples(t) * _size(t);
        require(predictions.length == length, WrongPredictions(predictions.length, length));
        // Effect: the score is computed here; that the predictions are the model's is taken on trust.
        uint64 score = _score(t, _tally(t, predictions));
        bytes32 root = _rootOf(predictions);
        s.word = Result.unwrap(toResult(result.model(), score, block.timestamp));
        s.extra = root;
        emit Claimed(number, score, root, predictions);
        // Interaction
        t.token.pull(t.claimBond);
    }

    /// @inheritdoc ICompetition
    function refute(Refutation calldata evidence) external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        Submission storage s = _submissions[evidence.submission];
        // Check: a claim that can still be refuted.
        _requireEvaluation(t, p, Mode.Optimistic);
        _requireStatus(evidence.submission, s.status, Status.Revealed);
        Result result = Result.wrap(s.word);
        require(result.done() != SETTLED, AlreadySettled(evidence.submission));
        require(result.done() != 0, NotClaimed(evidence.submission));
        _before(result.done() + t.refute);
        // Check: the prediction and the sample are the committed ones, and the model says otherwise.
        int256 claimed = _claimed(t, evidence, s.extra);
        uint256 ordinal = evidence.index / t.groupSize;
        uint256 group = LibBit.ffs(Split.skip(_testMask, ordinal));
        DataTree.verifySample(t, group, evidence.index % t.groupSize, evidence);
        int256 computed = RUNNER.predict(result.model(), evidence.sample[:t.features], t.classes);
        require(computed != claimed, ClaimHolds(evidence.index));
        // Effect: the submission is out; half of its bond is the refuter's, half joins the pot.
        s.status = Status.Refuted;
        s.extra = bytes32(uint256(uint160(msg.sender)));
        _progress.refuted = p.refuted + 1;
        _progress.concluded = p.concluded + 1;
        emit Refuted(evidence.submission, msg.sender, evidence.index);
    }

    /// @inheritdoc ICompetition
    function settle(uint256 number) external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        Submission storage s = _submissions[number];
        // Check: a claim that stood its time.
        _requireEvaluation(t, p, Mode.Optimistic);
        _requireStatus(number, s.status, Status.Revealed);
        Result result = Result.wrap(s.word);
        require(result.done() != 0, NotClaimed(number));
        require(result.done() != SETTLED, AlreadySettled(number));
        _notBefore(result.done() + t.refute);
        // Effect
        s.word = Result.unwrap(toResult(result.model(), result.score(), SETTLED));
        ++p.concluded;
        _rank(t, p, number, Entry(result.model(), result.score(), s.extra));
        _progress = p;
        emit Settled(number);
    }

    /// @inheritdoc ICompetition
    function withdrawReward(uint256 number, address to) external {
        Submission storage s = _submissions[number];
        // Check: refuted, and not paid yet.
        _requireStatus(number, s.status, Status.Refuted);
        address refuter = address(uint160(uint256(s.extra)));
        require(refuter != address(0), NothingDue());
        // Effect
        s.extra = 0;
        // Interaction
        Terms memory t = _terms();
        _pay(t, refuter, to, t.claimBond / 2);
    }

    /// Bytes of a label, and of a prediction.
    function _size(Terms memory t) private pure returns (uint256) {
        return t.classes == 0 ? 4 : 1;
    }

    /// The points of `predictions` against the labels, code by code.
    function _tally(Terms memory t, bytes calldata predictions) private view returns (uint256 tally) {
        unchecked {
            // Inside the predictions; points fit their counters (Score.fits).
            uint256 size = _size(t);
            uint256 from = 0;
            uint256 ordinal = 0;
            while (from < predictions.length) {
                TestCode memory test = _testData[ordinal];
                uint256 length = uint256(test.groups) * t.groupSize * size;
                bytes memory labels = CodeChunks.slice(test.code, 0, length);
                bytes calldata part = predictions[from:from + length];
                tally += t.metric == Metric.Accuracy ? Score.matches(part, labels) : _points(t, part, labels, from);
                from += length;
                ordinal += test.groups;
            }
        }
    }

    /// A class out of range has no counter; where right ones are only counted, it is never right.
    function _points(Terms memory t, bytes calldata predictions, bytes memory labels, uint256 first)
        private
        pure
        returns (uint256 tally)
    {
        uint256 classes = t.classes;
        uint256 metric = uint256(t.metric);
        uint256 size = _size(t);
        uint256 shift = 256 - 8 * size; // down from the top of a word
        unchecked {
            // Predictions and labels have the same length; points fit their counters (Score.fits).
            for (uint256 i = 0; i < labels.length; i += size) {
                int256 prediction;
                int256 label;
                assembly ("memory-safe") {
                    prediction := sar(shift, calldataload(add(predictions.offset, i)))
                    label := sar(shift, mload(add(add(labels, 32), i)))
                }
                if (classes != 0) {
                    (prediction, label) = (prediction & 0xff, label & 0xff);
                    require(uint256(prediction) < classes, PredictionOutOfRange(first + i));
                }
                tally += Score.points(metric, classes, prediction, label);
            }
        }
    }

    /// The root over the words of `predictions`; the last word is filled up with zeros.
    function _rootOf(bytes calldata predictions) private pure returns (bytes32) {
        unchecked {
            // Below the length of calldata.
            uint256 count = (predictions.length + 31) / 32;
            bytes32[] memory nodes = new bytes32[](count);
            for (uint256 i = 0; i < count; ++i) {
                uint256 rest = predictions.length - 32 * i;
                bytes32 word = rest < 32 ? bytes32(predictions[32 * i:]) : bytes32(predictions[32 * i:32 * i + 32]);
                nodes[i] = DataTree.wordLeaf(i, word);
            }
            return Merkle.rootOf(nodes);
        }
    }

    /// The prediction that the claim behind `root` made for the evidence's sample.
    function _claimed(Terms memory t, Refutation calldata evidence, bytes32 root) private pure returns (int256) {
        uint256 size = _size(t);
        require(evidence.index < TermsCodec.samples(t), WrongWord(evidence.index));
        uint256 place = evidence.index * size;
        bytes32 leaf = DataTree.wordLeaf(place / 32, evidence.word);
        uint256 words = (TermsCodec.samples(t) * size + 31) / 32;
        require(Merkle.climb(leaf, evidence.wordProof, place / 32, words) == root, WrongWord(evidence.index));
        uint256 top = uint256(evidence.word) << (8 * (place % 32));
        return size == 4 ? int256(int32(uint32(top >> 224))) : int256(top >> 248);
    }
}
