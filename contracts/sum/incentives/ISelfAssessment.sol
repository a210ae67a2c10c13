// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Facts} from "../Facts.sol";

/// @title Deposit, refund, take
/// @notice Deposit, refund, take: the model's own verdict, some time later, on the data that it was given.
interface ISelfAssessment {
    /// @notice The deposit of `id` went back to its contributor; it also earned reputation if it was a surprise.
    event Refunded(uint256 indexed id, uint256 amount);
    /// @notice `reporter` found the model against contribution `id` and may take `amount` from `from` on.
    event Reported(uint256 indexed id, address indexed reporter, uint256 amount, uint256 from);
    /// @notice `taker` got `amount` of the deposit of `id`.
    event Taken(uint256 indexed id, address indexed taker, uint256 amount);

    /// @notice Return what is left of a deposit to its contributor, once due, if the model agrees with the
    /// contribution. Anyone may call, a keeper for instance.
    function refund(uint256 id, Facts facts, bytes calldata x) external;

    /// @notice Find the model against a contribution that is due, and be promised a share of its deposit: as many
    /// parts as the sender has valid contributions of all there are.
    function report(uint256 id, Facts facts, bytes calldata x) external;

    /// @notice Find the model against it again, some time later, and get the share.
    function take(uint256 id, Facts facts, bytes calldata x) external;

    /// @notice Take what nobody has taken, whatever the model says: first only the creator may, then anyone.
    function sweep(uint256 id, Facts facts, bytes calldata x) external;

    /// @notice When a contribution may be refunded or reported.
    function dueAt(Facts facts) external view returns (uint256);

    /// @notice The share promised to `reporter` (zero: none, or taken) and when it may be taken.
    function reportOf(uint256 id, address reporter) external view returns (uint256 amount, uint256 from);
}
