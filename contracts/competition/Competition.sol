// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRunner} from "../models/integer/IModelRunner.sol";
import {TestCode} from "./CompetitionBase.sol";
import {CompetitionPayouts} from "./CompetitionPayouts.sol";
import {ICompetition, Outcome, Phase, Progress, Submission, Terms} from "./ICompetition.sol";

// For slither: phases have deadlines; progress shares a slot with a time; immutables as in the registry.
// slither-disable-start timestamp,incorrect-equality,naming-convention

/**
 * @title Competition
 * @notice A competition: what can be asked of it.
 *
 * The parts, each of them on top of the one before: CompetitionBase (state, clock, money), -Training (split,
 * challenges), -Submissions (commit, reveal), -Evaluation (test data, direct scores, ranking), -Disputes
 * (optimistic scores), -Payouts (closing, withdrawing). The essay is in ICompetition.sol.
 */
contract Competition is CompetitionPayouts {
    constructor(IModelRunner runner) {
        RUNNER = runner;
    }

    /// @inheritdoc ICompetition
    function terms() external view returns (Terms memory) {
        return _terms();
    }

    /// @inheritdoc ICompetition
    function progress() external view returns (Progress memory) {
        return _progress;
    }

    /// @inheritdoc ICompetition
    function phase() external view returns (Phase) {
        Terms memory t = _terms();
        Progress memory p = _progress;
        if (p.outcome != Outcome.Open) return Phase.Closed;
        if (p.drawnAt == 0) return Phase.Seeding;
        if (block.timestamp < _trainingEnd(t, p)) return Phase.Training;
        if (block.timestamp < _revealEnd(t, p)) return Phase.Reveal;
        return p.opened < t.testGroups ? Phase.Opening : Phase.Evaluation;
    }

    /// @inheritdoc ICompetition
    function deadlines() external view returns (uint256[5] memory) {
        Terms memory t = _terms();
        Progress memory p = _progress;
        require(p.drawnAt != 0, NotDrawn());
        return [_trainingEnd(t, p), _revealEnd(t, p), _openingEnd(t, p), _evaluationEnd(t, p), _finalEnd(t, p)];
    }

    /// @inheritdoc ICompetition
    function testMask() external view returns (uint256) {
        return _testMask;
    }

    /// @inheritdoc ICompetition
    function submission(uint256 number) external view returns (Submission memory) {
        return _submissions[number];
    }

    /// @inheritdoc ICompetition
    function testData(uint256 ordinal) external view returns (address code, uint256 groups) {
        TestCode memory test = _testData[ordinal];
        return (test.code, test.groups);
    }

    /// @inheritdoc ICompetition
    function ranking() external view returns (uint256[] memory numbers) {
        unchecked {
            // Places are four.
            uint256 board = _progress.board;
            uint256 places = 0;
            while (board >> (NUMBER * places) != 0) ++places;
            numbers = new uint256[](places);
            for (uint256 i = 0; i < places; ++i) {
                numbers[i] = _numberAt(board >> (NUMBER * i));
            }
        }
    }

    /// @inheritdoc ICompetition
    function credit(address account) external view returns (uint256) {
        return _credit[account];
    }

    /// @inheritdoc ICompetition
    function predict(bytes calldata features) external view returns (int256) {
        Progress memory p = _progress;
        require(p.outcome == Outcome.Decided && p.board != 0, NoWinner());
        return predictWith(_numberAt(p.board), features);
    }

    /// @inheritdoc ICompetition
    function predictWith(uint256 number, bytes calldata features) public view returns (int256) {
        return RUNNER.predict(_kept(number), features, _terms().classes);
    }
}
// slither-disable-end timestamp,incorrect-equality,naming-convention
