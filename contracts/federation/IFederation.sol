// SPDX-License-Identifier: MIT
// IFederation joins others.
// solhint-disable no-empty-blocks
pragma solidity ^0.8.28;

import {Currency} from "../kernel/Currency.sol";
import {IBalances} from "../kernel/IBalances.sol";

/// Train together without showing data
/// ===================================
///
/// Up to sixteen parties train one model, round by round. Each trains on its own data and publishes an update. The
/// contract says which updates count, who may aggregate them and who is paid. The aggregate is posted with a bond, and
/// anybody who recomputes one small part of it refutes a wrong one in one transaction.
///
/// A round
///
///   Joining ──begin──▶ Committing ─▶ Revealing ─▶ Judging ─▶ Claiming ─▶ Challenging ──finalize──▶ Committing …
///      └close               └skip        └skip       └skip       └skip        └refute, forfeit ─▶ Claiming
///
///   A phase ends when all have acted, and at its deadline at the latest. Deadlines count from `since`, when the round
///   began; a claim that falls opens the time for claims again. The federation closes after `rounds` rounds, after
///   `maxVoids` void ones in a row, or if too few join. Nothing else closes, pauses or changes it.
///
/// Roles, and what each may lose
///
///   - Organizer: pays the budget (rounds · reward) at creation and gets back what was not paid out. It decides nothing
///     afterwards, but for whom it invites where joining needs that, and that it claims first under the policy Trusted.
///   - Party: a seat with a deposit. Each act that it owes and does not do costs the fine: to reveal what it
///     committed to, to score, vote or tell its seeds where it is called to, to claim when it is first in order, and
///     to commit at all if the terms oblige it. Fines go to those of the round who acted. A deposit that does not
///     cover one more fine, or three rounds in a row without a commitment, cost the seat; what is left of the deposit
///     is the party's own.
///   - Aggregator: a party that claims. Its bond returns with a fee, or is lost: half to the refuter, half burnt.
///   - Refuter, asker, anyone: nothing but gas, and an asker's stake where the update asked for is supplied.
///
/// Trust
///
///   No aggregate is trusted: under every rule it follows from the updates, and is refutable. Which updates count is
///   the policy's judgement: of nobody (Trusted: all count), of a committee drawn from the parties (Quality), of votes
///   by seats (Work), by what is behind them (Stake), of the elected (Delegates), or of validators, who pick the one
///   best (Learning). A majority of those who judge
///   decides what it likes; that cannot be prevented. Nor can small backdoors that look like honest updates, nor that
///   updates, which are public, tell something of the data. Work is a lottery with a price, not a proof of anything.
///
///   Where it is anybody's turn to claim, whoever sees a claim waiting can send it as its own: the fee and the risk of
///   the bond go together, the work was another's. Where nobody is obliged to commit, one person may hold all seats for
///   no more than having its deposits locked; the remedy is an inviter.
///
///   With masks (see policies/IMasked), nobody sees an update: a round is judged by telling the seeds of masks that do
///   not cancel, and what is claimed is the sum.
///
///   Where the terms have an `epsilon`, updates carry noise that hides each row of a party, and each party says with
///   its reveal how much it has spent. The noise is its own doing: nobody sees whether it was added.
///
///   In the mode Direct, the contract adds small updates up by itself: no bond, no time to object, nothing to refute.
///
///   A refutation needs the bytes. Whoever cannot fetch an update, the claimed model or the trace demands a part of it
///   on-chain, at a stake: `supply` earns it, silence costs the party its update and the fine, the claimer its bond.
///
/// Integers
///
///   A model is int32 in units of 2⁻¹⁶. An update is int8, int16 or int32 per coordinate, times a power of two. Both
///   are cut into chunks of 32 coordinates, the leaves of an ordered tree (kernel/Merkle). An update is committed to by
///   digest = keccak256(root, weight, shift, cid). Rules take whole numbers and round down; Rules.sol has them, and
///   `orchestrator/learning/aggregation` the same in numpy.
///
///   Clipping, Krum and nearest depend on whole updates, but only through the matrix of their inner products. The
///   claimer posts the root of its trace: the matrix after each chunk. A wrong step (`refuteStep`), a selection that
///   does not follow from the last matrix (`refuteSelection`) and a wrong chunk (`refuteChunk`) are one transaction
///   each.
///
/// Money
///
///   All amounts of the terms are in multiples of `unit`. In comes: budget, deposits, bonds, stakes of demands, and
///   what is put behind seats; of a token, what the payer's balance here lacks is taken by its allowance. Each
///   finalized round pays exactly `reward`: `tip` to who finalizes, `fee` to the aggregator, the rest to the
///   parties whose updates are in, by their merits; what division leaves goes to the aggregator. A void round pays
///   nothing and uses up no budget. Burnt is what would let somebody gain by harm: half of a lost bond (all of it,
///   if the refuter did not announce), and fines where nobody acted. Burnt means credited to 0x…dEaD.
///
///   Evidence can be copied from a transaction that waits. So the reward of a refutation goes only to whom announced
///   it a block ahead (`announce`), by a hash that binds the sender. Without that it refutes as well, and earns
///   nothing.
///
/// Liveness: who may stop, and the way out for the others
///
///   - Too few join: `close` after `start`: budget and deposits return.
///   - Too few commit, reveal or are in; no committee majority: `skip`; the round is void; `maxVoids` in a row: closed.
///   - Committed and not revealed, drawn and silent: the fine; the rest go on.
///   - Seeds are not told, and shares do not restore them: the round is void, the silent pay.
///   - Leader does not claim: the next in order may after `turn` seconds, then the next, then any seat, then `skip`.
///   - Wrong claim: refuted; the time for claims begins again, without that seat.
///   - Data that nobody can fetch: `demand`, then `forfeit` after `supply` seconds.
///   - Nobody cranks: anyone may. A wallet that refuses money: `withdraw` to another; nobody waits for it.
///   - Party lost: it is `evict`ed once its seat is forfeit, and its money waits for it.

/// Who decides which updates are in, and in which order seats may claim.
enum Policy {
    Trusted,
    Quality,
    Work,
    Stake,
    Delegates,
    Learning
}

/// How updates become one.
enum Rule {
    Mean,
    ClippedMean,
    Median,
    TrimmedMean,
    MultiKrum,
    NearestLiteral,
    NearestUnit,
    NearestClipped
}

/// By what the reward is shared among those whose updates are in.
enum Pay {
    Equal,
    Quality,
    Alignment
}

/// Whether the aggregate is claimed and refutable, or added up by the contract.
enum Mode {
    Optimistic,
    Direct
}

/// Whether updates are public, or only their sum is (see policies/IMasked).
enum Privacy {
    Open,
    Masked
}

/// Where a federation is.
enum Phase {
    Joining,
    Committing,
    Revealing,
    Judging,
    Claiming,
    Challenging,
    Closed
}

/// What is fixed for one federation. Amounts are multiples of `unit`, times are seconds. FederationTerms says how
/// wide each is.
struct Terms {
    address organizer;
    Currency currency;
    address inviter; // whose signature joining needs; the zero address: nobody's
    bytes32 descriptor; // digest of what the organizer says about model, data and training
    bytes32 genesis; // root of the model that the first round trains on
    bytes32 genesisCid;
    uint256 unit;
    Policy policy;
    Rule rule;
    Pay pay;
    Mode mode;
    Privacy privacy;
    uint256 size; // coordinates
    uint256 width; // bytes of an update's coordinate: 1, 2 or 4
    uint256 maxWeight; // of an update; 1: all weigh the same
    uint256 seats;
    uint256 quorum; // of commitments, of updates revealed, of updates in
    uint256 committee; // Quality: scorers; Learning: validators; Delegates: how many are elected
    uint256 trim; // TrimmedMean: left out at each end
    uint256 faulty; // MultiKrum: how many updates may be bad
    uint256 keep; // MultiKrum, Nearest: how many are selected
    uint256 difficulty; // Work: leading zero bits of the first round
    uint256 shift; // Direct: every update is times 2 to the power of it
    uint256 bound; // clipping: the greatest norm; zero: the median of the norms
    uint256 epsilon; // how much privacy a party spends at most, in thousandths of ε; zero: nothing is said of it
    uint256 rounds;
    uint256 maxVoids;
    bool obliged; // not to commit costs the fine
    uint256 reward; // of a round; the budget is `rounds` times it
    uint256 fee; // out of it to the aggregator
    uint256 tip; // out of it to who finalizes
    uint256 deposit;
    uint256 fine;
    uint256 bond;
    uint256 stake; // of a demand
    uint256 start;
    uint256 committing;
    uint256 revealing;
    uint256 judging; // to commit scores, again to reveal them; or to vote; or to unmask
    uint256 turn;
    uint256 challenge;
    uint256 supply;
}

/// What moves; packed into one storage slot. Masks have a bit for each seat.
struct State {
    uint256 round;
    uint256 since;
    uint256 done; // finalized rounds
    uint256 voids; // void ones since
    bool closed;
    uint256 taken; // seats that somebody has
    uint256 seats; // those of them that take part
    uint256 committed;
    uint256 revealed;
    uint256 tried; // whose claims were refuted in this round
    uint256 demanded;
    uint256 missedOnce; // with missedTwice a counter of rounds in a row without a commitment
    uint256 missedTwice;
    uint256 claimedAfter; // seconds after `since`; zero: no claim
}

/// An aggregate with its bond; the contract keeps the hash.
struct Claim {
    address claimer;
    uint256 seat;
    bytes32 modelRoot;
    bytes32 cid;
    uint256 accepted; // by the policy
    uint256 selected; // by the rule, out of these
    uint256 factors; // by which updates are clipped, uint16 in units of 2⁻¹⁵; zero where the rule does not clip
    uint256 merits; // by which the reward is shared, uint16 each
    bytes32 gramRoot; // of the trace, where rule or pay need one
    uint256 leader; // the seat that was first in order
}

/// The preimage of `record`: what proves the model that a round trains on.
struct Link {
    bytes32 previous;
    uint256 round;
    bytes32 modelRoot;
    bytes32 claimHash;
}

/// A chunk of a party's update.
struct PartyChunk {
    address party;
    bytes32 root;
    uint16 weight;
    uint8 shift;
    bytes32 cid;
    bytes data;
    bytes32[] proof;
}

/// A chunk of the model before the round, and of the claimed one.
struct ChunkPair {
    uint256 index;
    bytes before;
    bytes32[] beforeProof;
    bytes claimed;
    bytes32[] claimedProof;
}

/// What can be demanded: sixteen chunks of an update, sixteen of the claimed model, 256 leaves of the trace.
enum Part {
    Update,
    Model,
    Trace
}

/// A question on-chain for bytes that nobody can fetch; one storage slot.
struct Demand {
    address asker;
    uint40 deadline; // zero once it was supplied
    uint40 claimedAt; // of the claim that was pending
}

/// @title IFederationEvents
/// @notice What a federation tells.
interface IFederationEvents {
    /// @notice `party` has a seat.
    event Joined(address indexed party, uint256 seat);
    /// @notice `party` has none any longer; `returned` is what it can withdraw of deposit and earnings.
    event Left(address indexed party, uint256 seat, uint256 returned);
    /// @notice The first round; the others begin as the one before ends.
    event Begun(uint256 seats);
    /// @notice Only the upper 248 bits of a commitment are kept.
    event Committed(uint256 indexed round, uint256 indexed seat, bytes32 commitment);
    /// @notice The update that `party` had committed to.
    event Revealed(
        uint256 indexed round, address indexed party, bytes32 root, uint256 weight, uint256 shift, bytes32 cid
    );
    /// @notice `party` says that it has spent so much privacy, this update included: thousandths of ε, for the δ of
    /// the descriptor. Nobody can check it; what is told is bound to the commitment, and never beyond the terms'.
    event Spent(uint256 indexed round, address indexed party, uint256 epsilon);
    /// @notice An aggregate was posted with its bond.
    event Claimed(uint256 indexed round, Claim claim);
    /// @notice `chunk` of the claim, of the trace or (the count of chunks) the selection was wrong.
    event Refuted(uint256 indexed round, address indexed refuter, uint256 seat, uint256 chunk, uint256 reward);
    /// @notice `refuter` will refute with this evidence (see `announce`).
    event Announced(address indexed refuter, bytes32 evidence);
    /// @notice The claim stood; the round is paid.
    event Finalized(uint256 indexed round, bytes32 record, bytes32 modelRoot, uint256 accepted);
    /// @notice The round is void.
    event Skipped(uint256 indexed round);
    /// @notice The seats in `mask` lost up to `fine` each; those in `acted` share it.
    event Fined(uint256 indexed round, uint256 mask, uint256 amount, uint256 acted);
    /// @notice There will be no further round; `returned` of the budget is the organizer's.
    event Closed(uint256 returned);

    error WrongPhase(Phase phase);
    /// @notice It is another round than `round` by now.
    error WrongRound(uint256 round);
    /// @notice Those in are others than the claim says.
    error WrongUpdates(uint256 accepted, uint256 claimed);
    /// @notice No model has the root zero.
    error NoModel();
    /// @notice Claims are for the mode Optimistic, sums for Direct.
    error WrongMode();
    /// @notice `who` has no seat that takes part.
    error NotAParty(address who);
    error AlreadyJoined(address who);
    error NoFreeSeat();
    error NotInvited(address who);
    /// @notice Leave while commitments are taken, before committing, or when all is over.
    error InRound(uint256 round);
    /// @notice The seat takes part: only its party can leave it.
    error StillActive(address party);
    error AlreadyCommitted(uint256 seat);
    /// @notice Nothing of the batch could be done.
    error NothingDone();
    error WrongLength(uint256 length, uint256 expected);
    error NotEnough(uint256 count, uint256 quorum);
    /// @notice It is not this seat's turn to claim.
    error NotYourTurn(uint256 seat);
    error NotTheClaim(bytes32 pending);
    error NotTheRecord(bytes32 record);
    /// @notice The evidence is not about the update that `party` revealed, or names it twice.
    error NotTheUpdate(address party);
    error WrongProof(uint256 index);
    /// @notice The evidence must show the updates of exactly these seats.
    error WrongParties(uint256 shown, uint256 expected);
    /// @notice The claim is right in what the evidence shows.
    error NotRefuted();
    error DemandsOpen(uint256 mask);
    error UnexpectedTrace(bytes32 gramRoot);
    /// @notice `asker` wants to see a part of what `party` revealed or claimed, until `deadline`.
    event Demanded(
        uint256 indexed round, address indexed party, Part part, uint256 index, address asker, uint256 deadline
    );
    /// @notice What was demanded, for everybody to read.
    event Supplied(
        uint256 indexed round, address indexed party, Part part, uint256 index, bytes data, bytes32[] proof
    );
    /// @notice It was not supplied in time (`silent`), or no longer matters.
    event DemandClosed(uint256 indexed round, address indexed party, Part part, uint256 index, bool silent);

    /// @notice Seats are for the time before commitments end; demands are for the time from the last reveal on, as long
    /// as there is time for an answer and a refutation after it.
    error NotTheTime();
    /// @notice It is demanded already.
    error AlreadyDemanded(address asker);
    /// @notice Nobody demands it.
    error NotDemanded();
}

/// @title ISeats
/// @notice Who takes part, and the first beginning.
interface ISeats is IFederationEvents {
    /// @notice Take a seat, with the deposit out of the value and the sender's balance.
    /// @param admission where the terms name an inviter: a deadline (32 bytes) and its signature of
    /// Admission(address party,uint256 deadline).
    function join(bytes calldata admission) external payable returns (uint256 seat);

    /// @notice Give the seat up, before committing to the round or when all is over; deposit and earnings are free.
    /// Where parties are obliged to commit, it costs the fine within a round.
    function leave() external;

    /// @notice Free the seat of a party that no longer takes part; its money waits for it.
    function evict(address party) external;

    /// @notice Begin the first round: when all seats are taken, or from `start` on with the quorum.
    function begin() external;

    /// @notice Close a federation that too few joined.
    function close() external;
}

/// @title IBacking
/// @notice Under the policies Stake and Delegates, whoever likes puts money behind a party, or more of its own behind
/// itself: it weighs in votes and elections, is never fined, and is free again while commitments are taken, which
/// lasts its whole time then, whoever has committed.
interface IBacking is IFederationEvents {
    /// @notice `who` put `amount` behind `party`.
    event Delegated(address indexed who, address indexed party, uint256 amount);
    /// @notice `who` took `amount` back.
    event Undelegated(address indexed who, address indexed party, uint256 amount);

    /// @notice Out of `most`.
    error WrongAmount(uint256 amount, uint256 most);

    /// @notice Put `amount` units behind a party that has a seat, out of the value and the sender's balance. Only
    /// before the first round and while commitments are taken.
    function delegate(address party, uint256 amount) external payable;

    /// @notice Take `amount` units back; at the same times, and at any where the party has no seat.
    function undelegate(address party, uint256 amount) external;

    /// @notice What is behind `party`.
    function backingOf(address party) external view returns (uint256);

    /// @notice What `who` has put behind it.
    function delegatedBy(address who, address party) external view returns (uint256);
}

/// @title IDisputes
/// @notice What keeps claims honest, and bytes at hand.
interface IDisputes is IFederationEvents {
    /// @notice Make a later refutation one's own: keccak256(abi.encode(sender, keccak256(its calldata))).
    function announce(bytes32 evidence) external;

    /// @notice Show that a chunk of the claimed model is wrong.
    function refuteChunk(
        Claim calldata c,
        Link calldata previous,
        PartyChunk[] calldata parties,
        ChunkPair calldata models
    ) external;

    /// @notice Show that a leaf of the trace does not follow from the one before.
    /// @param index of the chunk.
    /// @param before the packed matrix up to the chunk before; empty for the first.
    /// @param leaf what the trace has for this chunk.
    function refuteStep(
        Claim calldata c,
        PartyChunk[] calldata parties,
        uint256 index,
        bytes calldata before,
        bytes32[] calldata beforeProof,
        bytes32 leaf,
        bytes32[] calldata leafProof
    ) external;

    /// @notice Show that selection, factors or merits do not follow from the last matrix of the trace.
    function refuteSelection(Claim calldata c, bytes calldata gram, bytes32[] calldata proof) external;

    /// @notice Ask for a part of what `party` revealed, or of the pending claim, which is `party`'s; with the stake
    /// out of the value and the sender's balance.
    /// @param index of the group of sixteen chunks; of the group of 256 leaves of the trace.
    function demand(Part part, address party, uint256 index, Claim calldata c) external payable;

    /// @notice Post what is demanded; the stake is the party's. Anyone may.
    /// @param p the update's head (ignored for the parts of a claim), the bytes of the part (of the trace its leaves,
    /// 32 bytes each), and the proof of the group.
    function supply(Part part, uint256 index, Claim calldata c, PartyChunk calldata p) external;

    /// @notice Close a demand that was not answered in time, or that no longer matters. Anyone may.
    /// @param c of the parts of a claim, that one; of an update's, the pending claim, if there is one.
    function forfeit(Part part, address party, uint256 index, Claim calldata c) external;

    /// @notice What was demanded in this round; all zeros where nothing was.
    function demandOf(Part part, address party, uint256 index, Claim calldata c) external view returns (Demand memory);
}

/// @title IViews
/// @notice What a federation is, and where it stands.
interface IViews {
    /// @notice What is fixed.
    function terms() external view returns (Terms memory);

    /// @notice What moves.
    function state() external view returns (State memory);

    /// @notice `party`'s seat (sixteen: none), what is left of its deposit and what it earned there.
    function partyOf(address party)
        external
        view
        returns (uint256 seat, bytes32 kept, uint256 deposit, uint256 earned);

    /// @notice The record of the last finalized round, and the hash of the pending claim; zero if there is none.
    function heads() external view returns (bytes32 record, bytes32 pending);
}

/// @title IRounds
/// @notice The course of a round.
interface IRounds is IFederationEvents {
    /// @notice Commit to an update (see `commitmentOf`) of `round`.
    function commit(uint256 round, bytes32 commitment) external;

    /// @notice Commit for others: n × (commitment 32, r 32, vs 32), signed as EIP-712 Update(uint256 round,bytes32
    /// commitment). What does not fit is left out; reverts if nothing fits.
    function commitSigned(bytes calldata entries) external;

    /// @notice Reveal: n × (party 20, root 32, weight 2, shift 1, cid 32, salt 32), anybody's. As above. Where the
    /// terms have an `epsilon`, the last four bytes of the salt say what the party has spent of it (see Spent).
    function reveal(bytes calldata entries) external;

    /// @notice Post the aggregate, with the bond out of the value and the sender's balance.
    /// @param accepted whose updates it is of: reverts if others are in by now, so that nobody's bond depends on what
    /// comes a moment before.
    /// @param trace empty, or where rule or pay need it: abi.encode(gramRoot, selected, factors, merits).
    function claim(uint256 round, uint256 accepted, bytes32 modelRoot, bytes32 cid, bytes calldata trace)
        external
        payable;

    /// @notice In the mode Direct: add all updates up, and so end the round; in the order of claims, and with what
    /// they earn, but without a bond, because nothing can be wrong.
    /// @param entries by ascending seats, n × (party 20, its int8 numbers). The record has the hash of the sums (see
    /// Direct).
    function sum(bytes calldata entries) external;

    /// @notice End a round whose claim stood; pays for it and opens the next.
    function finalize(Claim calldata c) external;

    /// @notice End a round that cannot go on; it is void.
    function skip() external;

    /// @notice The phase, and when it ends at the latest.
    function clock() external view returns (Phase phase, uint256 endsAt);

    /// @notice As the policy would judge now.
    function judgement() external view returns (uint256 accepted, uint256 order, uint256 merits);

    /// @notice What `party` commits to in `round`.
    function commitmentOf(uint256 round, address party, bytes32 digest, bytes32 salt) external view returns (bytes32);
}

/// @title IFederation
/// @notice One federation.
interface IFederation is IBalances, IViews, ISeats, IBacking, IDisputes, IRounds {}
