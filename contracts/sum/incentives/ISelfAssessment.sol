// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ContributionInfo} from "../ContributionInfo.sol";

/// @title Deposit, refund, take
/// @notice Deposit, refund, take: the model's own verdict, some time later, on the data that it was given.
interface ISelfAssessment {
    /// @notice The deposit of `id` went back to its contributor; it earned reputation if nobody had disputed it, and
    /// it was
    /// no news that was shown openly.
    event Refunded(uint256 indexed id, uint256 amount);
    /// @notice `reporter` found the model against contribution `id` and may take `amount` from `from` on.
    event Reported(uint256 indexed id, address indexed reporter, uint256 amount, uint256 from);
    /// @notice The model was found against the disputed contribution `id`, or for it, otherwise than before: from
    /// `from` on that holds.
    event Looked(uint256 indexed id, bool against, uint256 from);
    /// @notice `taker` got `amount` of the deposit of `id`.
    event Taken(uint256 indexed id, address indexed taker, uint256 amount);
    /// @notice `sweeper` got `amount` of what nobody had taken of the deposit of `id`, its contributor got `returned`,
    /// and `burnt` is nobody's.
    event Swept(
        uint256 indexed id, address indexed sweeper, uint256 amount, uint256 burnt, uint256 returned
    );

    /// @notice Return what is left of a deposit to its contributor, once due, if the model agrees with the
    /// contribution. If it is disputed, the first call only finds the model for it, at any time, and one
    /// `takeGap` later returns the deposit. Anyone may call, a keeper for instance.
    function refund(uint256 id, ContributionInfo facts, bytes calldata x) external;

    /// @notice Find the model against a contribution that is due within `takeGap`, and be promised a share of its
    /// deposit: as many parts as the sender has valid contributions of all there are. Who has reported it may do so
    /// again when it was found for the contribution since.
    function report(uint256 id, ContributionInfo facts, bytes calldata x) external;

    /// @notice Find the model against it again, `takeGap` later, and get the share, or what is left.
    function take(uint256 id, ContributionInfo facts, bytes calldata x) external;

    /// @notice Find the model against it, long after it was due, and `takeGap` later again. Of what nobody has
    /// taken, the contributor's own part of the reputation returns to it; half of the rest is the sender's, half is
    /// burnt. First only the creator may, then anyone but its contributor.
    function sweep(uint256 id, ContributionInfo facts, bytes calldata x) external;

    /// @notice When a contribution may be refunded or reported.
    function dueAt(ContributionInfo facts) external view returns (uint256);

    /// @notice The share promised to `reporter` (zero: none, or taken) and when it may be taken, if no look finds the
    /// model for the contribution until then (zero: the last one did).
    function reportOf(uint256 id, address reporter) external view returns (uint256 amount, uint256 from);
}
