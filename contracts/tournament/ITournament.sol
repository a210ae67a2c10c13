// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Currency} from "../kernel/Currency.sol";
import {IBalances} from "../kernel/IBalances.sol";

/// A staked tournament that scores itself
/// ======================================
///
/// In each round an organizer commits to targets that nobody has seen, with a pot and a bond. Entrants stake on sealed
/// predictions of them. When the targets are public the contract computes each score, exactly, and pays or burns by it.
///
/// A round
///
///   open ──▶ Entering ──▶ Waiting ──reveal──▶ Scoring ──close──▶ over
///                            └──void──▶ refund
///
///   Round r begins at `start + r · period` and must be open by then. Entries are taken for `entering` seconds. Then
///   the organizer has `resolving` seconds to reveal, and entrants have from there until `scoring` seconds after the
///   last moment for that. Rounds may overlap. Nothing can be cancelled, paused or upgraded, and no term ever changes.
///
/// Roles, and what each may lose
///
///   - Organizer: the pot to entrants whose predictions are good, and the bond if it does not reveal.
///   - Entrant: at most `clip · (1 + drag)` of a stake, by its score; and the tip, if it does not score in time.
///   - Anyone: sends what the organizer or an entrant reveals, expires, refunds, closes. Expiring pays the tip.
///   - The token, where amounts are not in ether, must move exactly what it is asked to move (no fee, no rebasing).
///
/// Data
///
///   A submission is a rank for each row, two bytes each: 0 for the lowest prediction, `rows` − 1 for the highest, each
///   once. Who has ties breaks them (the reference does so by row). Targets have at most five values: a byte for the
///   class of each row, and for each class the target as correlation wants it and as contribution wants it, int32 each
///   in units of 2⁻²⁸. A benchmark, where the terms use one, is a submission of the organizer's in the same commitment.
///
///   A rank k of n stands for g = Φ⁻¹((k + ½) / n). Two tables hold sgn(g)|g|^1.5 (`powers`) and g (`normals`) for all
///   ranks, four bytes each: 2³¹ plus the value in units of 2⁻¹⁶. They are the same for every tournament of n rows, are
///   kept as code whose address follows from their bytes, and are for everybody to compare before they enter: the
///   contract only makes sure that a table is antisymmetric, ascending and complete.
///
/// Scores, in units of 10⁻⁹, rounded towards zero
///
///   correlation = Σ powers[rank]·v / √(Σ powers² · (Σ v² − (Σ v)²/n)), for target values v.
///   contribution = (t·p − (t·m)(p·m)/(m·m)) / n, for target values t, normals p of the entry and m of the benchmark.
///
///   These are numerai_corr and correlation_contribution of numerai-tools, if v are the centred targets raised to 1.5.
///
/// Money
///
///   A stake s changes by s · f · x, where x = ±clip at most, and else
///   (correlation · corrMultiplier + contribution · contributionMultiplier) · min(1, threshold / atRisk);
///   atRisk is the sum of all stakes of the round, f = min(1, pot / (clip · atRisk)) is what the pot can bear. So no
///   stake needs a cap, and a pot always suffices. Gains are rounded down and losses up.
///
///   In comes: stakes, pot and bond (`open`, so that no round is without its pot). Gains are paid out of the pot, by
///   `score` itself. Losses are burnt, and so is `drag` of every gain and loss: nobody who can influence targets must
///   gain by others' losses, and two accounts that bet on a prediction and on its contrary, so as to lower everybody's
///   payouts at no cost, must lose. Burnt means credited to 0x…dEaD, where anyone sends it. What is left of the pot
///   goes back.
///
///   A settled stake is a free balance: it can be staked again at once, or withdrawn. Nothing re-enters by itself.
///
/// Liveness: who may stop, and the way out for the others
///
///   - Organizer does not open: nothing is locked.
///   - Organizer does not reveal: anyone calls `void`. All stakes return whole, with half of the bond between them in
///     proportion; the other half is burnt, so that no organizer is free to do it by having all the accounts. The pot
///     goes back. Where nobody entered nothing is owed to anybody, and the bond goes back, too.
///   - Targets under which no score exists (all rows equal) or that are malformed cannot be revealed: the same.
///   - Entrant does not score (a bad score, a lost salt): anyone calls `expire`. It loses as by the worst score, and
///   the
///     tip besides, so that expiring oneself is never the better choice. Nobody waits for it: pot and bond go back by
///     `close`, and only the entrant's own stake stays locked until somebody calls.
///   - A wallet that refuses money blocks only itself, and may name another receiver.
///
/// What it cannot do
///
///   - Tell who is who. An organizer knows the targets, so it can enter under another name and win of its own pot. It
///     wins nothing of others' (their losses are burnt), but it dilutes them: atRisk grows, so f shrinks.
///   - Say whether targets are true, or what the rows are. `descriptor` is the digest of what the organizer publishes
///     about them. Targets are fixed before anyone enters; those of the future need another source of truth.
///   - Hide that somebody entered, and with what stake. The predictions stay secret until they are scored.
///   - Keep a token's owner from overdoing it: stakes of one round must stay below 2⁹⁶ units in sum.
///   - Tell a copy from the original: a commitment binds its maker, so only who knows the predictions can stake on
///   them.

/// Where a round is, apart from what time alone moves.
enum State {
    Unopened,
    Open,
    Revealed,
    Closed,
    Void
}

/// Everything that is fixed at creation, in the tournament's own code. Parts are in units of 10⁻⁹.
struct Terms {
    address organizer; // set by the factory
    Currency currency;
    bytes32 descriptor; // digest of what the organizer says about the rounds
    uint256 rows;
    address powers; // where the table is kept
    address normals; // the zero address where contributionMultiplier is zero
    uint256 powerSquares; // sums of the tables' squares: set by the factory
    uint256 normalSquares;
    uint96 pot; // of each round
    uint96 bond; // of each round
    uint96 leastStake;
    uint96 threshold; // stakes beyond it share what its multiple would have won
    uint96 tip; // out of a stake that is expired
    uint64 clip; // the most that a stake can change by
    uint64 drag; // burnt of each change
    uint64 corrMultiplier;
    uint64 contributionMultiplier;
    uint40 start;
    uint32 period;
    uint32 entering;
    uint32 resolving;
    uint32 scoring;
}

/// A round; two storage slots.
struct Round {
    uint96 atRisk; // all stakes; in a void round those that are not yet refunded
    uint96 pot; // what is left of it; in a void round what is left of half of the bond
    State state;
    bytes32 targets; // the commitment to them; from the reveal on the address where they are kept as code
}

/// An entry; two storage slots, which the entrant's later rounds take over.
struct Entry {
    bytes32 commitment;
    uint96 stake;
    uint64 round;
    bool settled;
}

/// @title ITournament
/// @notice One tournament.
interface ITournament is IBalances {
    /// @notice A round has its pot and bond, and a commitment to its targets.
    event Opened(uint256 indexed round, bytes32 commitment);
    /// @notice `who` has `stake` (in all) on what it committed to (last).
    event Entered(uint256 indexed round, address indexed who, bytes32 commitment, uint256 stake);
    /// @notice The targets are public, and kept as the code of `targets`.
    event Revealed(uint256 indexed round, address targets, bytes32 salt);
    /// @notice An entry was scored; its stake is free again, changed by `payout`.
    event Scored(uint256 indexed round, address indexed who, int256 correlation, int256 contribution, int256 payout);
    /// @notice An entry was not scored in time: `burnt` and `tip` (`caller`'s) are gone, the rest is free again.
    event Expired(uint256 indexed round, address indexed who, address indexed caller, uint256 burnt, uint256 tip);
    /// @notice The organizer did not reveal; all stakes return.
    event Voided(uint256 indexed round);
    /// @notice A stake of a void round is free again, with its share of the bond.
    event Refunded(uint256 indexed round, address indexed who, uint256 stake, uint256 share);
    /// @notice `rest` of pot and bond went back to the organizer.
    event Closed(uint256 indexed round, uint256 rest);

    error NotTheOrganizer(address organizer);
    error WrongState(State state);
    error NoStake(uint256 round, address who);
    error StakeTooSmall(uint256 stake, uint256 least);
    /// The entrant's entry to `round` is in the way: score, expire or refund it first.
    error Unsettled(uint256 round);
    error WrongLength(uint256 length, uint256 expected);
    /// Not every rank from 0 to `rows` − 1 once.
    error NotAPermutation();
    error UnknownClass();
    /// All rows have the same target.
    error ConstantTargets();

    /// @notice Open `round` before it begins, with a commitment to its targets (see `targetsCommitment`). Pot and bond
    /// come out of the value and the sender's balance. Organizer only.
    function open(uint256 round, bytes32 commitment) external payable;

    /// @notice Stake on sealed predictions (see `entryCommitment`), out of the value and the sender's balance. Again in
    /// the same round: the commitment is replaced, and `stake` added, which may then be zero.
    function enter(uint256 round, bytes32 commitment, uint96 stake) external payable;

    /// @notice Show the targets of `round`, once entries are closed. Anyone who knows them may.
    /// @param targets (int32 for correlation, int32 for contribution) of each of five classes; the class of each row, a
    /// byte each; the ranks of the benchmark, if contributionMultiplier is not zero.
    function reveal(uint256 round, bytes calldata targets, bytes32 salt) external;

    /// @notice Score and pay the entry of `who`. Anyone who knows its ranks and salt may.
    function score(uint256 round, address who, bytes calldata ranks, bytes32 salt)
        external
        returns (int256 correlation, int256 contribution, int256 payout);

    /// @notice Settle an entry that was not scored in time, for the tip.
    function expire(uint256 round, address who) external;

    /// @notice End a round whose targets were not revealed in time.
    function void(uint256 round) external;

    /// @notice Free a stake of a void round.
    function refund(uint256 round, address who) external;

    /// @notice Return the rest of the pot, and the bond, when the time for scoring is over.
    function close(uint256 round) external;

    /// @notice What is fixed.
    function terms() external view returns (Terms memory);

    /// @notice What moves.
    function roundOf(uint256 round) external view returns (Round memory);

    /// @notice The entry of `who`; all zero if there is none, or a later round took its place.
    function entryOf(uint256 round, address who) external view returns (Entry memory);

    /// @notice When `round` begins, entries close, the time to reveal ends, and the time to score.
    function timesOf(uint256 round)
        external
        view
        returns (uint256 begins, uint256 closes, uint256 resolves, uint256 ends);

    /// @notice What `ranks` would score in a round whose targets are public.
    function scoresOf(uint256 round, bytes calldata ranks)
        external
        view
        returns (int256 correlation, int256 contribution);

    /// @notice What an entrant commits to.
    function entryCommitment(uint256 round, address who, bytes32 ranksHash, bytes32 salt)
        external
        view
        returns (bytes32);

    /// @notice What the organizer commits to.
    function targetsCommitment(uint256 round, bytes32 targetsHash, bytes32 salt) external view returns (bytes32);
}
