// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Currency} from "../kernel/Currency.sol";
import {IModelErrors} from "../models/integer/IModelRunner.sol";

/**
 * Competitions that nobody can cheat
 * ==================================
 *
 * An organizer escrows a prize and a bond behind a commitment to data. Submitters commit to integer models
 * (see contracts/models/integer/IModelRunner.sol) before any test data is public. The contract proves which model is
 * best and pays it.
 *
 * Course
 *
 *   Seeding ──drawSplit──▶ Training ──▶ Reveal ──▶ Opening ──openTest──▶ Evaluation ──finalize──▶ Closed
 *      │                      │                      │
 *      └─slashUndrawn         └─slashWithheld        └─slashUnopened          (each of them closes, too)
 *
 *   Time alone moves Training to Reveal to Opening; calls that come early or late say when their phase opens or
 *   closed. Every amount is fixed at creation; nothing can be cancelled, paused or upgraded, and no role is
 *   privileged afterwards.
 *
 * Roles, what each may lose, and to whom
 *
 *   - Organizer: gives the data, the terms, the prize, the bond. It may lose the prize to winners, and of the bond
 *     what the faults below say. Nobody but itself can make it lose the bond: it answers challenges within `answer`
 *     seconds, has the split drawn while its seed is on record, and opens all test groups in time.
 *   - Submitter: loses its deposit to the pot if it does not reveal, the tip out of it to whoever evaluates it, and in
 *     optimistic competitions its claim bond if a prediction that it posted is not its model's: half to the refuter,
 *     half to the pot. It must reveal before the deadline and see to its own evaluation or claim, else it has no rank
 *     and keeps its deposit. Weights are secret until the reveal; a copy of them can only be committed later, and loses
 *     to the earlier commitment.
 *   - Challenger: loses its stake to the organizer if the group is opened in time; else gets it and half the bond.
 *   - Refuter (optimistic only): anyone; loses nothing but gas. One honest refuter that is not censored for `refute`
 *     seconds is the assumption on which optimistic scores rest. A claimant can refute itself, so only half a bond is
 *     the refuter's; the other half joins the prize.
 *   - Cranker: anyone that draws, evaluates, settles or finalizes. Evaluations pay a tip out of the deposit of
 *     the submission that was evaluated.
 *   - The token, when the prize is not in ETH, must move exactly what it is asked to move (no fee, no rebasing).
 *
 * Faults: half of the bond is burnt in every ending that is the organizer's fault, so that none is free even for an
 * organizer that wears every hat and has every account. The prize and the other half:
 *
 *   - Undrawn. Nobody draws while the seed is on record (256 blocks; 8,191 where EIP-2935 is live; drawing begins 12
 *     blocks above the seed's): anyone calls `slashUndrawn`. The other half is the caller's, the prize goes back.
 *   - Withheld. A training group that is withheld off-chain is challenged on-chain; no answer in time:
 *     `slashWithheld`. The other half is the challenger's; the prize is the committers' in equal shares (without any it
 *     goes back), and all deposits return. All answers are due before the reveals begin; while one is overdue, nobody
 *     reveals or finalizes: withholding is decided before any model is public.
 *   - Unopened. Not every test group open in time: `slashUnopened`. The prize, the other half and the forfeited
 *     deposits are shared evenly among the revealed submissions, whose deposits return.
 *
 * Liveness: who may stop, and the way out for the others
 *
 *   - Reveal. If nobody reveals, `finalize` returns prize, forfeits and all of the bond but a tenth, which is burnt:
 *     else whoever dislikes a split could let the competition lapse and draw another one on the same data for nothing.
 *   - Opening. Anyone may send what the organizer opens; groups that are open by then are skipped.
 *   - Evaluation. A submission that nobody evaluates (claims, settles) by the deadline has no rank and keeps its
 *     deposit; nobody waits for it. `finalize` looks at no more than four submissions.
 *   - Closed. Everyone pulls; a wallet that refuses money blocks only itself and may name another receiver.
 *     There is no deadline for pulling. A prize waits until its model is kept as code: `finalize` does that for the
 *     winner if it is given the model, anyone does it with `keep`; nobody else waits for that.
 *   - Terms under which a phase has no room for its work are refused, see TermsCodec: a fifth of Ethereum's gas (one
 *     million a second) must do for answers to challenges of all groups at once, for opening all test groups, and for
 *     the dearest model on all samples. The stake is half the bond at most, claim bond and deposit are the prize at
 *     most, the bond is a tenth of the prize at least.
 *
 * What it cannot do
 *
 *   - Tell who is who. An organizer knows every label, so it can win its own prize under another name with a model that
 *     has learned the test labels by heart. What is sure is that it cannot pick the split, reveal a part or another
 *     version, withhold or cancel for less than half the bond. Small models and the organizer's name are what
 *     submitters should look at.
 *   - Keep equal shares from the organizer's other accounts. With k of them among h others, a fault costs half the bond
 *     and h/(k+h) of what is shared: with nine against one, a bond of half the prize, a perfect honest model, staying
 *     closed costs 0.375 prizes (0.25 burnt, 0.125 to the honest one) where opening costs a whole one. Only a bond of
 *     twice the prize or more makes it never pay.
 *   - Keep one model from several places in direct mode. The same bytes count once; in optimistic mode so do the same
 *     predictions on all test samples. A model that differs in one prediction is another one there, so places are for
 *     sale at a deposit each, which returns. Keeping a hash of all predictions in direct mode, too, would take some 30
 *     gas of each sample (7 % of a 2-4-4-1 network's 415) and only force the copier to change one prediction.
 *   - Pay who found a lie rather than who is included first. A refutation in a public mempool can be copied, by the
 *     claimant, too, who so gets half its bond back: the expected reward of an honest refuter is near zero there, and
 *     lying costs half the claim bond at least. A committed refutation would not change that (a liar can commit to the
 *     refutation of its own lie beforehand, for 45,000 gas). Refuters should send privately, or refute for the prize.
 *   - Choose the block. The proposer of block `seedBlock` can discard its own block at the cost of its reward, and so
 *     redraw the split once; sequencers can choose it. Prizes that outweigh block rewards by far want testGroups that
 *     make a redraw worthless.
 *   - Stop an organizer from paying for another draw: a tenth of the bond for each, where nobody else reveals.
 *
 * Money in: prize + bond (creation), deposit (commit), stake (challenge), claim bond (claim). Every rounding
 * remainder is the organizer's.
 *
 * Data
 *
 *   A sample is `features` bytes followed by its label: one byte below `classes`, or (classes = 0) a big-endian
 *   int32. A group is `groupSize` samples. leaf(sample) binds the group's 256 bit salt, the group, the position
 *   and the sample's bytes; a group's tree stands over its samples; leaf(group) binds that tree's root, the
 *   group, its size, the features and the range of labels; `root` stands over all groups. Pairs are hashed left before
 *   right; a node without a partner rises as it is. A proof is walked by the leaf's number and the count of leaves and
 *   used up, so that no root has room for two versions of one group.
 *
 * Models
 *
 *   A revealed model is known by the address where the runner keeps it, or would: that follows from its bytes, so
 *   equal models have one. In direct competitions the bytes come again with each evaluation, and only models that
 *   win become code. In optimistic ones they become code at the reveal, so that a refuter need not carry them.
 *   Whatever others need to check somebody's act is in the event of that act, so that nobody can hide it in a call
 *   from another contract: models, opened groups, predictions.
 *
 * Optimistic claims
 *
 *   All predictions are posted, so that nobody can be kept from checking them. The contract itself computes the
 *   score from them and the labels, which it keeps; what is taken on trust is that they are the model's. It keeps
 *   a root over their 32 byte words, so that one wrong prediction refutes the claim in one transaction.
 *
 * Scores
 *
 *   accuracy: ⌊10⁹ · correct / N⌋. macro-F1: ⌊Σ over classes ⌊10⁹ · 2·tp / (predicted + actual)⌋ / classes⌋ with
 *   0/0 = 0.
 *   MAE: 2⁶⁴ − 1 − ⌊10⁶ · Σ|error| / N⌋. Higher is always better; equal scores rank by earlier commitment.
 */

/// How predictions are scored.
enum Metric {
    Accuracy,
    MacroF1,
    MeanAbsoluteError
}

/// Who computes scores.
enum Mode {
    Direct, // the contract runs each model on all test data
    Optimistic // the submitter posts its predictions, with a bond; anyone refutes one of them
}

/// How the pot is divided.
enum Scheme {
    Ranked, // each place has its share; the share of an empty place goes back to the organizer
    ByScore // the places that are taken divide the pot by their margin above the criterion
}

/// Where a competition is.
enum Phase {
    Seeding,
    Training,
    Reveal,
    Opening,
    Evaluation,
    Closed
}

/// How it ended.
enum Outcome {
    Open, // it has not
    Decided, // finalize
    Unopened, // slashUnopened
    Withheld, // slashWithheld
    Undrawn // slashUndrawn
}

/// What became of a submission.
enum Status {
    None,
    Committed,
    Revealed,
    Refuted
}

/// Everything that is fixed at creation, in the competition's own code.
struct Terms {
    address organizer;
    Currency token;
    bytes32 root; // over the groups of the data
    bytes32 cidDigest; // SHA-256 of the CIDv1 of the data
    uint8 cidCodec; // 0x55 raw, 0x70 dag-pb
    Metric metric;
    Mode mode;
    Scheme scheme;
    bool organizerMayEnter;
    uint16 groups;
    uint16 testGroups;
    uint16 groupSize; // samples
    uint16 features; // bytes of a sample before its label
    uint16 classes; // 0: labels are int32
    uint24 maxModelBytes;
    uint40 seedBlock; // set by the factory
    uint128 prize;
    uint128 bond;
    uint96 deposit; // of each submission
    uint96 tip; // out of the deposit, for evaluating a submission on all test data
    uint128 stake; // of a challenge
    uint128 claimBond;
    uint16[4] shares; // in 1/10,000; the first zero ends the places
    uint64 criterion; // least score that wins; for MAE the largest mean error, in millionths
    uint32 training; // lengths of the phases in seconds; commitments are taken during training
    uint32 reveal;
    uint32 opening;
    uint32 evaluation;
    uint32 refute; // how long a claim can be refuted, and again for settling
    uint32 answer; // how long the organizer has to answer a challenge
}

/// What moves: one storage slot.
struct Progress {
    uint32 drawnAt; // 0 until the split is drawn; all deadlines count from it
    uint24 committed;
    uint24 revealed;
    uint24 concluded; // evaluated, or settled or refuted
    uint24 refuted;
    uint8 opened; // test groups
    uint8 unanswered; // challenged training groups that are still closed
    Outcome outcome;
    uint96 board; // four submission numbers plus one of 24 bits, the best in the lowest bits; 0 is empty
}

/// A submission, in order of commitment.
struct Submission {
    address submitter;
    Status status;
    bool withdrawn;
    uint32 tipped; // samples whose evaluation somebody else was paid for
    bytes32 word; // the commitment; from the reveal on a Result
    bytes32 extra; // direct: the tally so far; optimistic: root of the predictions, then the refuter
}

/// A group as it is opened.
struct Group {
    bytes32 salt;
    bytes data;
    bytes32[] proof; // from the group's leaf to the root
}

/// The evidence against a claim at one sample.
struct Refutation {
    uint256 submission;
    uint256 index; // of the sample among all test samples
    bytes32 word; // the 32 bytes of predictions that hold the sample's
    bytes32[] wordProof; // from that word's leaf to the claim's root
    bytes32 salt; // of the sample's group
    bytes sample; // label included
    bytes32[] sampleProof; // from the sample's leaf to the root of the group's tree
    bytes32[] groupProof; // from the group's leaf to the root of the data
}

/// @title ICompetition
/// @notice One competition.
interface ICompetition is IModelErrors {
    /// @notice The groups in `testGroups` (bit by bit) are for testing.
    event SplitDrawn(bytes32 seed, uint256 testGroups);
    /// @notice The organizer must open `group` by `deadline`.
    event Challenged(uint256 indexed group, address indexed challenger, uint256 deadline);
    /// @notice A challenged group is open.
    event Answered(uint256 indexed group, Group opened);
    /// @notice A submission was committed to.
    event Committed(uint256 indexed submission, address indexed submitter, bytes32 commitment);
    /// @notice A model is public; `model` is where it is kept as code, or would be.
    event Revealed(uint256 indexed submission, address model, bytes encoded);
    /// @notice A test group is open.
    event TestOpened(uint256 indexed group, Group opened);
    /// @notice The contract ran a submission on all test samples.
    event Evaluated(uint256 indexed submission, uint256 score);
    /// @notice A submitter posted predictions; the score is the contract's.
    event Claimed(uint256 indexed submission, uint256 score, bytes32 root, bytes predictions);
    /// @notice The model says something else than the claim at test sample `index`.
    event Refuted(uint256 indexed submission, address indexed refuter, uint256 index);
    /// @notice A claim stood its time.
    event Settled(uint256 indexed submission);
    /// @notice The competition is over.
    event Closed(Outcome outcome);
    /// @notice Money of `account` went to `to`.
    event Paid(address indexed account, address indexed to, uint256 amount);

    error AlreadyClosed(Outcome outcome);
    error NotClosed();
    error AlreadyDrawn();
    error NotDrawn();
    error NotATrainingGroup(uint256 group);
    error AlreadyChallenged(uint256 group);
    error NotChallenged(uint256 group);
    error OrganizerExcluded();
    error NoSuchSubmission(uint256 submission);
    error WrongStatus(uint256 submission, Status status);
    error ModelTooLarge(uint256 length, uint256 limit);
    /// The model given is another than the one revealed (addresses as in IModelRunner).
    error WrongModel(address given, address revealed);
    /// The model is not kept as code yet; `keep` does it.
    error NotKept(uint256 submission);
    error WrongGroupLength(uint256 length, uint256 expected);
    error LabelOutOfRange(uint256 group, uint256 position);
    error WrongProof(uint256 group);
    /// `opened` test groups are open; the ones given do not begin among them, bring no new one, or go too far.
    error WrongGroups(uint256 opened);
    error TestNotOpen(uint256 opened, uint256 needed);
    error AlreadyEvaluated(uint256 submission);
    error WrongMode(Mode mode);
    error NotTheSubmitter(address submitter);
    error NotTheAccount(address account);
    error AlreadyClaimed(uint256 submission);
    error NotClaimed(uint256 submission);
    error AlreadySettled(uint256 submission);
    error WrongPredictions(uint256 length, uint256 expected);
    error PredictionOutOfRange(uint256 index);
    error WrongWord(uint256 index);
    error ClaimHolds(uint256 index);
    /// Training data were withheld: anyone may call `slashWithheld`, and nothing else goes on.
    error DataWithheld();
    error NothingDue();
    error NothingToSlash();
    error NoWinner();

    // ── split and training data ─────────────────────────────────────────────────────────────────────────────

    /// @notice Draw the split from the hash of block `seedBlock`. Anyone, once, from the block after it.
    function drawSplit() external;

    /// @notice Demand, with a stake, that a training group be opened on-chain. One challenge a group.
    function challenge(uint256 group) external payable;

    /// @notice Answer a challenge by opening the group; the stake is the organizer's.
    function answer(uint256 group, Group calldata opened) external;

    /// @notice Close the competition because the challenge of `group` went unanswered. No model is public then: while
    /// an answer is overdue nobody can reveal, nor finalize.
    function slashWithheld(uint256 group) external;

    /// @notice Close the competition because nobody drew the split and its seed is lost.
    function slashUndrawn() external;

    // ── submissions ─────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Commit to a model with the deposit. See `commitmentOf`.
    function commit(bytes32 commitment) external payable returns (uint256 number);

    /// @notice Reveal the model behind one's commitment. Its bytes are in the event; optimistic competitions keep it
    /// as code at once.
    function reveal(uint256 number, bytes calldata model, bytes32 salt) external;

    /// @notice Keep a revealed model as code, so that it can be called forever. Anyone, at any time.
    function keep(uint256 number, bytes calldata model) external;

    // ── test data ───────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Open test groups in ascending order, from the `first`-th test group on; those that are open by now are
    /// skipped, so that nobody stops a call by opening some of its groups before. In direct mode one call's groups take
    /// one code.
    function openTest(uint256 first, Group[] calldata groups) external;

    /// @notice Close the competition because test groups are still closed after the deadline.
    function slashUnopened() external;

    // ── direct evaluation ───────────────────────────────────────────────────────────────────────────────────

    /// @notice Run a submission, whose model is given again, on up to `samples` further test samples. Anyone; the
    /// tip is the caller's.
    function evaluate(uint256 number, uint256 samples, bytes calldata model) external;

    // ── optimistic evaluation ───────────────────────────────────────────────────────────────────────────────

    /// @notice Post the predictions of one's own submission on all test samples, in order: a byte each, or an
    /// int32 where labels are numbers. The contract computes the score and the root of the predictions.
    function claim(uint256 number, bytes calldata predictions) external payable;

    /// @notice Void a claim by running the model on one sample whose prediction is another.
    function refute(Refutation calldata evidence) external;

    /// @notice Rank a claim that stood its time.
    function settle(uint256 number) external;

    // ── the end, and money ──────────────────────────────────────────────────────────────────────────────────

    /// @notice Close the competition by its ranking. If the winner's model is given, it is kept as code.
    function finalize(bytes calldata model) external;

    /// @notice Pay what a submission is due to its submitter; only the submitter may name another receiver. A prize
    /// is paid once its model is kept as code.
    function withdraw(uint256 number, address to) external;

    /// @notice Pay what is credited to `account` (organizer, crankers, challengers, burnt halves) to it;
    /// only the account may name another receiver.
    function withdrawCredit(address account, address to) external;

    /// @notice Pay the half of a refuted claim's bond to its refuter; only the refuter may name another receiver.
    function withdrawReward(uint256 number, address to) external;

    /// @notice Return the stake of a challenge that was pending when the competition closed.
    function withdrawStake(uint256 group, address to) external;

    // ── views ───────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice What was fixed at creation.
    function terms() external view returns (Terms memory);
    /// @notice What has happened so far.
    function progress() external view returns (Progress memory);
    /// @notice Where the competition is.
    function phase() external view returns (Phase);
    /// @notice When training, reveals, opening and evaluation end, and when finalize needs nobody any more.
    function deadlines() external view returns (uint256[5] memory);
    /// @notice Which groups are for testing, bit by bit; 0 until the split is drawn.
    function testMask() external view returns (uint256);
    /// @notice What is known of a submission; zeros if there is none.
    function submission(uint256 number) external view returns (Submission memory);
    /// @notice A revealed submission's model, score and samples done (optimistic: when it was claimed).
    function resultOf(uint256 number) external view returns (address model, uint256 score, uint256 done);
    /// @notice The code that holds the test groups from the `ordinal`-th on, and how many.
    function testData(uint256 ordinal) external view returns (address code, uint256 groups);
    /// @notice Numbers of the submissions in the ranking, best first.
    function ranking() external view returns (uint256[] memory);
    /// @notice What `withdrawCredit` would pay.
    function credit(address account) external view returns (uint256);
    /// @notice What `withdraw` would pay; 0 while the competition is open.
    function payoutOf(uint256 number) external view returns (uint256);
    /// @notice The challenge of a group, if there is one.
    function challengeOf(uint256 group) external view returns (address challenger, uint256 deadline, bool answered);
    /// @notice What to `commit` to; keccak256 of the model's bytes, and a salt of 256 random bits.
    function commitmentOf(address submitter, bytes32 modelHash, bytes32 salt) external view returns (bytes32);
    /// @notice The prediction of the winner: a class, or a number in the unit of the labels.
    function predict(bytes calldata features) external view returns (int256);
    /// @notice The prediction of any revealed submission whose model is kept as code.
    function predictWith(uint256 number, bytes calldata features) external view returns (int256);
}
