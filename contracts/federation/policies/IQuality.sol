// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IQuality
/// @notice A committee of the parties scores every update on its own data (Lu et al. 2020, proof of training quality).
///
/// The committee is drawn from those who revealed, by the hash of the block of the last reveal; or of the block of
/// `draw`, if somebody stays silent. Its members commit to their scores and reveal them, so that nobody copies. A
/// score is an uint16, the lower the better (the mean absolute error), and nobody scores its own update. An update's
/// median counts: it is in if that is at most one and a half times the median of all medians. The best of them claims
/// first.
///
/// A majority of the committee decides what is in. With b bad of n parties, a committee of K falls to them with the
/// probability that more than K/2 of K drawn are bad. A seed that nobody used while the chain showed it is lost, and
/// the round is void: there is no second draw. A chain without EIP-2935 shows 256 blocks only; where blocks are fast,
/// that is a minute after the last reveal, whose moment the last to reveal chooses: somebody has to be there.
interface IQuality {
    /// @notice These seats score.
    event Drawn(uint256 indexed round, uint256 committee);
    /// @notice These seats committed to their scores.
    event ScoresCommitted(uint256 indexed round, uint256 seats);
    /// @notice A score for the update of each seat, uint16 each.
    event ScoresRevealed(uint256 indexed round, uint256 indexed seat, uint256 scores);

    /// @notice The committee is drawn, or is being drawn.
    error AlreadyDrawn(uint256 round);
    /// @notice The committee's time is not now.
    error NotTheCommitteesTime();

    /// @notice Fix the block that the committee is drawn from, where not all revealed; or, in a later block, draw it.
    /// Anyone may. The one happens by itself if all reveal, the other with the first scores: who has to give them,
    /// `committeeFrom` tells before.
    function draw() external;

    /// @notice Commit to scores (see `scoresCommitmentOf`).
    function commitScore(bytes32 commitment) external;

    /// @notice Commit for others: n × (commitment 32, r 32, vs 32), signed as EIP-712 Scores(uint256 round,bytes32
    /// commitment). What does not fit is left out; reverts if nothing fits.
    function commitScores(bytes calldata entries) external;

    /// @notice Reveal: n × (seat 1, scores 32, salt 32), anybody's. As above.
    function revealScores(bytes calldata entries) external;

    /// @notice The draw of `round`, the committee and who of it committed and revealed.
    function ballot()
        external
        view
        returns (uint256 round, uint256 drawnFrom, uint256 committee, uint256 spoke, uint256 judged);

    /// @notice The committee that `seed`, the hash of the block that is fixed, draws; nobody, zero, where none is.
    function committeeFrom(bytes32 seed) external view returns (uint256);

    /// @notice The scores that `seat` revealed or its commitment to them.
    function scoresOf(uint256 seat) external view returns (bytes32);

    /// @notice What the scorer with `seat` commits to.
    function scoresCommitmentOf(uint256 round, uint256 seat, uint256 scores, bytes32 salt)
        external
        view
        returns (bytes32);
}
