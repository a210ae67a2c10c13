// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Seed} from "../kernel/Seed.sol";
import {Challenge, CompetitionBase} from "./CompetitionBase.sol";
import {DataTree} from "./DataTree.sol";
import {Group, ICompetition, Outcome, Progress, Terms} from "./ICompetition.sol";
import {Split} from "./Split.sol";

// For slither: challenges have deadlines.
// slither-disable-start timestamp

/// @title CompetitionTraining
/// @notice The split, and training data that is opened on demand.
abstract contract CompetitionTraining is CompetitionBase {
    /// Blocks over the seed's before the split is drawn: so many would have to be replaced to draw another one after
    /// training data, which may then be test data, were published.
    uint256 internal constant DEPTH = 12;

    /// @inheritdoc ICompetition
    function drawSplit() external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        // Check: open, not drawn, and the seed is on record.
        _requireOpen(p);
        require(p.drawnAt == 0, AlreadyDrawn());
        bytes32 hash = Seed.read(t.seedBlock, DEPTH);
        // Effect: the clock starts.
        bytes32 seed = keccak256(abi.encode(hash, address(this), t.root));
        uint256 mask = Split.draw(seed, t.groups, t.testGroups);
        _testMask = mask;
        _progress.drawnAt = uint32(block.timestamp);
        emit SplitDrawn(seed, mask);
    }

    /// @inheritdoc ICompetition
    function slashUndrawn() external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        // Check: never drawn, and no longer to be drawn.
        _requireOpen(p);
        require(p.drawnAt == 0, AlreadyDrawn());
        require(Seed.isLost(t.seedBlock), NothingToSlash());
        // Effect: there is no second seed.
        _closeWithAccuser(t, p, Outcome.Undrawn, msg.sender);
    }

    /// @inheritdoc ICompetition
    function challenge(uint256 group) external payable {
        Terms memory t = _terms();
        Progress memory p = _progress;
        // Check: a training group, not challenged before, early enough for an answer while others train.
        _requireDrawn(p);
        _before(_trainingEnd(t, p) - t.answer);
        require(group < t.groups && _testMask & (1 << group) == 0, NotATrainingGroup(group));
        require(_challenges[group].challenger == address(0), AlreadyChallenged(group));
        // Effect
        uint256 deadline = block.timestamp + t.answer;
        _challenges[group] = Challenge(msg.sender, uint40(deadline), false, false);
        _progress.unanswered = p.unanswered + 1;
        emit Challenged(group, msg.sender, deadline);
        // Interaction
        t.token.pull(t.stake);
    }

    /// @inheritdoc ICompetition
    function answer(uint256 group, Group calldata opened) external {
        Terms memory t = _terms();
        Challenge storage pending = _challenges[group];
        // Check: in time, and the very group.
        _requireOpen(_progress);
        require(pending.challenger != address(0) && !pending.concluded, NotChallenged(group));
        _before(pending.deadline);
        // slither-disable-next-line unused-return (labels of training groups are not counted)
        DataTree.verify(t, group, opened);
        // Effect: the stake pays for the gas.
        pending.concluded = true;
        pending.answered = true;
        --_progress.unanswered;
        _credit[t.organizer] += t.stake;
        emit Answered(group, opened);
    }

    /// @inheritdoc ICompetition
    function slashWithheld(uint256 group) external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        Challenge storage pending = _challenges[group];
        // Check: unanswered. All answers are due before the reveals begin, and none begins while one is missing, so
        // that nobody waits to see how it turns out.
        _requireDrawn(p);
        require(pending.challenger != address(0) && !pending.concluded, NotChallenged(group));
        _notBefore(pending.deadline);
        // Effect
        pending.concluded = true;
        _credit[pending.challenger] += t.stake;
        _closeWithAccuser(t, p, Outcome.Withheld, pending.challenger);
    }

    /// @inheritdoc ICompetition
    function withdrawStake(uint256 group, address to) external {
        Challenge storage pending = _challenges[group];
        // Check: the competition closed over a challenge that was neither answered nor used.
        require(_progress.outcome != Outcome.Open, NotClosed());
        require(pending.challenger != address(0) && !pending.concluded, NotChallenged(group));
        // Effect
        pending.concluded = true;
        // Interaction
        Terms memory t = _terms();
        _pay(t, pending.challenger, to, t.stake);
    }

    /// @inheritdoc ICompetition
    function challengeOf(uint256 group) external view returns (address challenger, uint256 deadline, bool answered) {
        Challenge memory c = _challenges[group];
        return (c.challenger, c.deadline, c.answered);
    }
}
// slither-disable-end timestamp
