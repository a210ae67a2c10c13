// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

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
    /// The provider did not reveal: the bond is burnt, bounty and tips belong to the participants.
    Defaulted,
    /// Nobody contributed, or nobody measured the contributions: everything goes back.
    Returned,
    /// The provider did not reveal the trial portion: the bond is burnt.
    Voided
}

/// @notice One contribution.
/// @param digest the low 216 bits of keccak256(data); of the commitment while it is hidden.
/// @param participant index of who made it.
/// @param samples how many it has.
/// @param opened whether its data are known.
struct Contribution {
    uint216 digest;
    uint16 participant;
    uint16 samples;
    bool opened;
}

/// @notice How a participant stands. Scores are shares of the initial loss avoided, in billionths, in the pass `pass`.
/// @param pass in which what follows was written.
/// @param strikes contributions that left the balance below the threshold.
/// @param dropped whether the contributions do not count any more.
/// @param kept how many contributions of this pass changed the model and were kept.
/// @param score Σ (L(before) − L(after)) / L(initial) over the contributions that were kept, and over those that were
/// taken back because they made it worse.
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
/// @param staked the weight of what it committed or contributed: samples, or contributions (see Rules.weighted).
/// @param opened the weight of that whose data are known.
/// @param given how many contributions it made or committed.
struct Participant {
    address who;
    uint32 staked;
    uint32 opened;
    uint16 given;
    Standing standing;
}

/// @notice How far the measuring has come. Losses are in billionths; those on the validation portions are zero where
/// there are none.
/// @param pass from 1.
/// @param next the contribution whose turn it is.
/// @param measuring whether the loss is being measured; the contribution before `next` is then being judged, or in
/// the beginning the initial model is.
/// @param lessons how often the trial portion is still to be learned before anything is measured.
/// @param again whether another pass is needed.
/// @param portion, offset where in the test set, or how far in the trial portion.
/// @param gains Σ of the positive scores of who has not dropped out.
/// @param first, firstValidation loss of the initial model, which has learned the trial portion.
/// @param last, lastValidation loss of the model without the contribution that is being judged.
/// @param cost, costValidation what the samples looked at so far add to the loss: samples that the model got wrong;
/// for F1 those that it called 1 wrongly, or wrongly did not; hinge losses in 1/65,536.
/// @param hits, hitsValidation samples of label 1 that it got right.
struct Cursor {
    uint8 pass;
    uint16 next;
    bool measuring;
    bool again;
    uint8 portion;
    uint16 offset;
    uint56 gains;
    uint32 first;
    uint32 firstValidation;
    uint32 last;
    uint32 lastValidation;
    uint8 lessons;
    uint40 cost;
    uint24 hits;
    uint40 costValidation;
    uint24 hitsValidation;
}

/// @notice How a model does on samples.
/// @param wrong how many it gets wrong.
/// @param hits samples of label 1 that it gets right.
/// @param misses samples that it calls 1 wrongly, or wrongly does not.
/// @param hinge Σ of hinge losses in 1/65,536: 0 from a margin of 2^bits on, 32,768 where the labels are even, 65,536
/// from a margin of −2^bits on (`bits` of the model's shape; the margin is by how much the true label leads).
/// @param seen how many samples were looked at.
/// @param end where in the data the next one begins.
struct Tally {
    uint256 wrong;
    uint256 hits;
    uint256 misses;
    uint256 hinge;
    uint256 seen;
    uint256 end;
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

/// @notice Money, in the token's smallest unit, and the weight of the data that share it.
/// @param bounty what it is worth that the initial loss falls to 0.
/// @param bond what the provider loses by not revealing: it is burnt.
/// @param staked the weight at stake; what was not opened in time is not any more.
/// @param opened the weight of that whose data are known.
/// @param tips what remains of the provider's for whoever measures.
/// @param pot what the market holds and owes to nobody by name yet: bounty, bond, tips, fees and stakes.
/// @param forfeits what those who dropped out have lost.
/// @param spent what has left of the fees: contributions · fee (see MarketBase) minus this remains of them.
struct Escrow {
    uint96 bounty;
    uint96 bond;
    uint32 staked;
    uint32 opened;
    uint128 tips;
    uint128 pot;
    uint128 forfeits;
    uint128 spent;
}
