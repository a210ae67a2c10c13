// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CompetitionTraining} from "./CompetitionTraining.sol";
import {ICompetition, Mode, Progress, Status, Submission, Terms} from "./ICompetition.sol";
import {Result, toResult} from "./Result.sol";

/// @title CompetitionSubmissions
/// @notice Commitments to models, and their reveal.
abstract contract CompetitionSubmissions is CompetitionTraining {
    bytes32 private constant COMMITMENT = keccak256("DILN competition commitment");

    /// @inheritdoc ICompetition
    function commit(bytes32 commitment) external payable returns (uint256 number) {
        Terms memory t = _terms();
        Progress memory p = _progress;
        // Check: during training, by somebody who may enter.
        _requireDrawn(p);
        _before(_trainingEnd(t, p));
        require(msg.sender != t.organizer || t.organizerMayEnter, OrganizerExcluded());
        // Effect
        number = p.committed;
        _progress.committed = p.committed + 1;
        Submission storage s = _submissions[number];
        s.submitter = msg.sender;
        s.status = Status.Committed;
        s.word = commitment;
        emit Committed(number, msg.sender, commitment);
        // Interaction
        t.token.pull(t.deposit);
    }

    /// @inheritdoc ICompetition
    function reveal(uint256 number, bytes calldata model, bytes32 salt) external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        Submission storage s = _submissions[number];
        // Check: in the reveal phase, what was committed, and a model of the right shape. Before that it is decided
        // whether data were withheld, so that nobody does it in view of the models.
        _requireDrawn(p);
        require(p.unanswered == 0, DataWithheld());
        _notBefore(_trainingEnd(t, p));
        _before(_revealEnd(t, p));
        _requireStatus(number, s.status, Status.Committed);
        require(msg.sender == s.submitter, NotTheSubmitter(s.submitter));
        require(model.length <= t.maxModelBytes, ModelTooLarge(model.length, t.maxModelBytes));
        _checkRevealed(s.word, COMMITMENT, msg.sender, keccak256(model), salt);
        // Check: the runner only reads; it must find a model that can be run on every sample.
        address head = RUNNER.check(model, t.features, t.classes);
        // Effect: equal models have one address, by which a copy is known.
        s.status = Status.Revealed;
        s.word = Result.unwrap(toResult(head, 0, 0));
        _progress.revealed = p.revealed + 1;
        emit Revealed(number, head, model);
        // Effect: who refutes a claim must not have to carry the model.
        // slither-disable-next-line unused-return (it is the address that `check` gave)
        if (t.mode == Mode.Optimistic) RUNNER.keep(model);
    }

    /// @inheritdoc ICompetition
    function keep(uint256 number, bytes calldata model) public {
        (address head,,) = resultOf(number);
        address given = RUNNER.keep(model);
        require(given == head, WrongModel(given, head));
    }

    /// @inheritdoc ICompetition
    function resultOf(uint256 number) public view returns (address model, uint256 score, uint256 done) {
        Submission storage s = _submissions[number];
        Status status = s.status;
        require(status != Status.None, NoSuchSubmission(number));
        require(status != Status.Committed, WrongStatus(number, status));
        Result result = Result.wrap(s.word);
        return (result.model(), result.score(), result.done());
    }

    /// The address of a revealed model that is kept as code.
    function _kept(uint256 number) internal view returns (address head) {
        (head,,) = resultOf(number);
        require(head.code.length != 0, NotKept(number));
    }

    /// @inheritdoc ICompetition
    function commitmentOf(address submitter, bytes32 modelHash, bytes32 salt) public view returns (bytes32) {
        return _commitmentOf(COMMITMENT, submitter, modelHash, salt);
    }
}
