// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IVoting
/// @notice Votes on updates: whoever may vote says of every update, after trying it on its own data, whether it should
/// be in. Votes are open, so the last to vote sees the others'; whoever may vote and does not pays the fine.
interface IVoting {
    /// @notice `seat` wants the updates of these seats in.
    event Voted(uint256 indexed round, uint256 indexed seat, uint256 accepted);

    /// @notice Vote in `round`; once.
    function vote(uint256 round, uint256 accepted) external;

    /// @notice Vote for others: n × (accepted 32, r 32, vs 32), signed as EIP-712 Votes(uint256 round,uint256
    /// accepted). What does not fit is left out; reverts if nothing fits.
    function voteSigned(bytes calldata entries) external;

    /// @notice Of `round`: who may vote, who did, and, sixteen bits a seat, for whom.
    function votes() external view returns (uint256 round, uint256 voters, uint256 voted, uint256 masks);
}
