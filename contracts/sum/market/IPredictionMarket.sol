// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ISumErrors} from "../ISum.sol";

/// @notice Where a market stands. What may be done in each phase is said in PredictionMarket.sol.
enum Phase {
    Created,
    Trial,
    Participation,
    Opening,
    Revealing,
    Rewarding,
    Paying,
    Closed
}

/// @notice How a market ended.
enum Outcome {
    Open,
    /// The test set was revealed and the contributions were measured by it.
    Settled,
    /// The provider did not reveal: bounty, bond and tips belong to the participants.
    Defaulted,
    /// Nobody contributed, or nobody measured the contributions: everything goes back.
    Returned,
    /// The provider did not reveal the trial portion: the bond is burnt.
    Voided
}

/// @notice One contribution.
/// @param digest the low 160 bits of keccak256(data); of the commitment while it is hidden.
/// @param participant index of who made it.
/// @param samples how many it has.
/// @param opened whether its data are known.
struct Contribution {
    uint160 digest;
    uint32 participant;
    uint16 samples;
    bool opened;
}

/// @notice How a participant stands. Scores are losses avoided, in billionths, in the pass `pass`.
/// @param pass in which what follows was written.
/// @param strikes contributions that left the balance below the threshold.
/// @param dropped whether the contributions do not count any more.
/// @param kept how many contributions of this pass changed the model and were kept.
/// @param score Σ L(before) − L(after) over the contributions that were kept.
/// @param forfeit what was lost by dropping out, in the token's smallest unit.
struct Standing {
    uint8 pass;
    uint8 strikes;
    bool dropped;
    uint16 kept;
    int64 score;
    uint128 forfeit;
}

/// @notice One participant.
/// @param staked samples committed or contributed.
/// @param opened samples of these whose data are known.
struct Participant {
    address who;
    uint32 staked;
    uint32 opened;
    Standing standing;
}

/// @notice How far the measuring has come.
/// @param pass from 1.
/// @param next the contribution whose turn it is.
/// @param measuring whether the loss is being measured; the contribution before `next` is then being judged, or in
/// the beginning the initial model is.
/// @param again whether another pass is needed.
/// @param portion, offset where in the test set.
/// @param wrong samples so far that the model got wrong.
/// @param hits samples of label 1 that it got right.
/// @param misses samples that it called 1 wrongly, or wrongly did not.
/// @param first loss of the initial model, in billionths.
/// @param last loss of the model without the contribution that is being judged.
/// @param gains Σ of the positive scores of who has not dropped out.
struct Cursor {
    uint8 pass;
    uint16 next;
    bool measuring;
    bool again;
    uint8 portion;
    uint16 offset;
    uint24 wrong;
    uint24 hits;
    uint24 misses;
    uint32 first;
    uint32 last;
    uint56 gains;
}

/// @notice What was escrowed and when things are due.
/// @param stage the phase, but for what time alone decides (see `phase`).
/// @param trial the portion chosen.
/// @param chosen whether it is.
/// @param target the block whose hash chooses it.
/// @param since when the stage began.
/// @param closesAt when participation ends, or ended.
/// @param contributions, participants how many.
/// @param hidden contributions that are not opened.
/// @param revealed portions revealed, without the trial portion.
struct Status {
    Phase stage;
    Outcome outcome;
    uint8 trial;
    bool chosen;
    uint48 target;
    uint40 since;
    uint40 closesAt;
    uint16 contributions;
    uint16 participants;
    uint16 hidden;
    uint8 revealed;
}

/// @notice Money, in the token's smallest unit, and how many samples share it.
/// @param bounty what an initial loss of 1 that falls to 0 is worth.
/// @param bond what the provider loses by not revealing.
/// @param staked samples at stake.
/// @param opened samples of these whose data are known.
/// @param tips what remains for whoever cranks.
/// @param pot what the market holds and owes to nobody by name yet: bounty, bond, tips and stakes.
/// @param forfeits what those who dropped out have lost.
struct Escrow {
    uint96 bounty;
    uint96 bond;
    uint32 staked;
    uint32 opened;
    uint128 tips;
    uint128 pot;
    uint128 forfeits;
}

/// @notice A market for data that make one model better on a test set that its provider has committed to.
interface IPredictionMarket is ISumErrors {
    event Offered(bytes32 root, uint256 bounty, uint256 bond, uint256 tips, uint256 target);
    event TrialChosen(uint256 index);
    /// @notice A portion of the test set is known; `data` are its samples.
    event PortionRevealed(uint256 indexed index, bytes32 salt, bytes data);
    /// @notice A contribution whose data stay hidden until it is opened.
    event Hidden(uint256 indexed index, address indexed contributor, bytes32 commitment, uint256 samples);
    /// @notice A contribution's data are known: all that measuring it needs.
    event Contributed(uint256 indexed index, address indexed contributor, uint256 samples, bytes data);
    /// @notice The initial model's loss on the test set, in billionths.
    event Measured(uint256 loss);
    /// @notice A contribution was kept: the loss is `loss` with it, and its contributor's score is `score`.
    event Kept(uint256 indexed pass, uint256 indexed index, uint256 loss, int256 score, bool strike);
    /// @notice A contribution would have made the loss `loss`: it was taken back and its contributor dropped out.
    event Dropped(uint256 indexed pass, uint256 indexed index, uint256 loss, uint256 forfeit);
    event Ended(Outcome outcome);
    event Paid(address indexed account, uint256 amount);
    event Funded(address indexed beneficiary, address indexed payer, uint256 amount);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice Not in this phase.
    error WrongPhase(Phase phase);
    /// @notice Only the provider offers.
    error NotProvider();
    /// @notice Block `target`, whose hash chooses the trial portion, is not there yet.
    error NotChosenYet(uint256 target);
    /// @notice Nobody looked at the hash of block `target` in time: the market is void.
    error ChoiceLost(uint256 target);
    /// @notice This could be done until `time`.
    error TooLate(uint256 time);
    /// @notice Data, salt and proof are not what was committed to as portion `index`.
    error NotCommittedPortion(uint256 index);
    error RevealedAlready(uint256 index);
    /// @notice There are `count` samples where `expected` were promised.
    error WrongCount(uint256 count, uint256 expected);
    /// @notice A sample ends after the data do.
    error Truncated();
    /// @notice `length` bytes, of at most `maximum`.
    error TooMuchData(uint256 length, uint256 maximum);
    /// @notice Predicting the samples takes `gas`, of at most `maximum`: make it less by contributing in parts.
    error TooMuchWork(uint256 gas, uint256 maximum);
    /// @notice In this market nothing is hidden.
    error NothingHidden();
    /// @notice The data are not those of contribution `index`.
    error OtherData(uint256 index);
    error OpenedAlready(uint256 index);

    /// @notice Escrow bounty, bond and tips and commit to the test set. Once, by the provider (the creator).
    /// @param root of the Merkle tree over `leafOf` each portion, by position: a node is keccak256(left, right), the
    /// leaves beyond the last portion are zero, and the depth is the least that holds them all.
    function offer(bytes32 root, uint256 bounty, uint256 bond, uint256 tips) external payable;

    /// @notice Fix the trial portion by the hash of the target block. Anyone may; needed within 256 blocks.
    function choose() external;

    /// @notice Reveal the trial portion (and choose it, if nobody has). Participation begins.
    function revealTrial(bytes calldata data, bytes32 salt, bytes32[] calldata proof) external;

    /// @notice Reveal another portion, once participation and opening are over. After the last, measuring begins.
    function reveal(uint256 index, bytes calldata data, bytes32 salt, bytes32[] calldata proof) external;

    /// @notice Declare that whoever had to act did not: the provider, or in the end everybody. Anyone may.
    function expire() external;

    /// @notice Contribute samples for all to see, with a stake for each.
    /// @param data samples in a row: label (1 byte), length of the features (2), features.
    function contribute(bytes calldata data) external payable returns (uint256 index);

    /// @notice Contribute samples that stay hidden until `open`. Its place in the order is taken now.
    function commit(bytes32 commitment, uint256 samples) external payable returns (uint256 index);

    /// @notice Open a hidden contribution. Anyone who knows the data and the salt may send them.
    function open(uint256 index, bytes calldata data, bytes32 salt) external;

    /// @notice Go on measuring. Stops where work or data are used up; whoever sends it gets the tips.
    /// @param data of the contributions whose turn is next, as `Contributed` told them: of each that is opened and
    /// whose contributor has not dropped out, in order. Others among
    /// them are passed over, so that somebody may drop out meanwhile; if all are others, it reverts OtherData.
    /// @param work how much to do: 1 for each test sample, contribution learned or passed over, and end of a pass.
    function crank(bytes[] calldata data, uint256 work) external;

    /// @notice Credit the next `most` participants with what they are owed; after the last, the provider.
    function pay(uint256 most) external;

    /// @notice Credit ether (the value sent) or `amount` tokens (what really arrives) to `beneficiary`.
    function fund(address beneficiary, uint256 amount) external payable;

    /// @notice Pay out the sender's whole balance to `to`.
    function withdraw(address to) external returns (uint256 amount);

    /// @notice Pay out the whole balance of `account`, to itself. Anyone may; that is how the burnt leave.
    function withdrawFor(address account) external returns (uint256 amount);

    /// @notice The label of `x`, by the model as it stands: in the end, as the contributions made it.
    function predict(bytes calldata x) external view returns (uint256 label);

    /// @notice How the model as it stands does on the first `most` samples of `run`.
    /// @return wrong how many it gets wrong.
    /// @return hits samples of label 1 that it gets right.
    /// @return misses samples that it calls 1 wrongly, or wrongly does not.
    /// @return seen how many samples were looked at.
    /// @return used how many bytes they took.
    function evaluate(bytes calldata run, uint256 most)
        external
        view
        returns (uint256 wrong, uint256 hits, uint256 misses, uint256 seen, uint256 used);

    /// @notice `evaluate` on a portion that was revealed, from byte `from` on.
    function evaluatePortion(uint256 index, uint256 from, uint256 most)
        external
        view
        returns (uint256 wrong, uint256 hits, uint256 misses, uint256 seen, uint256 end, bool last);

    /// @notice keccak256(abi.encode(keccak256("DILN market portion"), chain id, this contract, provider, index, salt,
    /// keccak256(data))).
    function leafOf(uint256 index, bytes calldata data, bytes32 salt) external view returns (bytes32);

    /// @notice keccak256(abi.encode(keccak256("DILN market contribution"), chain id, this contract, contributor,
    /// salt, keccak256(data))).
    function commitmentOf(address contributor, bytes calldata data, bytes32 salt) external view returns (bytes32);

    /// @notice Where the market stands now.
    function phase() external view returns (Phase);

    /// @notice Until when the phase lasts, if that is decided by time; else zero.
    function deadline() external view returns (uint256);

    /// @notice Status, cursor, escrow (3 words), packed as the structs above, first field lowest.
    function state() external view returns (uint256[5] memory);

    /// @notice A contribution, packed as the struct above, first field lowest.
    function contribution(uint256 index) external view returns (uint256);

    /// @notice A participant, packed as the struct above (2 words), first field lowest. They are numbered from 0, in
    /// the order of their first contribution.
    function participant(uint256 index) external view returns (uint256[2] memory);

    /// @notice The number of `who`, plus one; zero if it does not participate.
    function numberOf(address who) external view returns (uint256);

    /// @notice What `withdraw` would pay.
    function balanceOf(address who) external view returns (uint256);

    /// @notice The Merkle root of the test set.
    function root() external view returns (bytes32);

    /// @return token the ERC-20, or zero for ether.
    /// @return unit what the rules count in.
    function money() external view returns (address token, uint256 unit);

    /// @notice The provider.
    function creator() external view returns (address);

    /// @return rules see Rules.sol.
    /// @return shape the model's settings.
    function settings() external view returns (uint256 rules, uint256 shape);

    /// @notice `n` of the model's words from word `from` on.
    function words(uint256 from, uint256 n) external view returns (uint256[] memory);

    /// @notice How many words the model has.
    function length() external view returns (uint256);
}
