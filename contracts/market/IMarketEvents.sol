// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "../models/online/IOnlineModelErrors.sol";
import {Outcome, Phase} from "./MarketTypes.sol";

/// @title What a market says
/// @notice What a market announces, and what it refuses.
interface IMarketEvents is IOnlineModelErrors {
    /// @notice The provider escrowed and committed; the hash of block `target` chooses the trial portion.
    event Offered(bytes32 root, uint256 bounty, uint256 bond, uint256 tips, uint256 target);
    /// @notice The portion to be revealed at once is known.
    event TrialChosen(uint256 index);
    /// @notice A portion of the test set is known; `data` are its samples.
    event PortionRevealed(uint256 indexed index, bytes32 salt, bytes data);
    /// @notice A contribution whose data stay hidden until it is opened.
    event Hidden(uint256 indexed index, address indexed contributor, bytes32 commitment, uint256 samples);
    /// @notice A contribution's data are known: all that measuring it needs.
    event Contributed(uint256 indexed index, address indexed contributor, uint256 samples, bytes data);
    /// @notice The loss on the test set, in billionths, of the initial model (which has learned the trial portion), and
    /// on the validation portions (zero if none).
    event Measured(uint256 loss, uint256 validation);
    /// @notice A contribution was kept: the losses are these with it, and its contributor's score is `score`.
    event Kept(uint256 indexed pass, uint256 indexed index, uint256 loss, uint256 validation, int256 score);
    /// @notice A contribution would have made the losses these, which is too little or worse than before: it was taken
    /// back. Its contributor's score is `score`; `strike`: its balance is below the threshold.
    event Passed(
        uint256 indexed pass, uint256 indexed index, uint256 loss, uint256 validation, int256 score, bool strike
    );
    /// @notice A contribution would have made the losses these: it was taken back and its contributor dropped out.
    event Dropped(uint256 indexed pass, uint256 indexed index, uint256 loss, uint256 validation, uint256 forfeit);
    /// @notice What is owed is decided; `pay` credits it.
    event Ended(Outcome outcome);
    /// @notice `account` was credited out of the pot.
    event Paid(address indexed account, uint256 amount);

    /// @notice The clone has been initialized before.
    error AlreadyInitialized();
    /// @notice It would cost `price`, more than the sender wants to pay.
    error PriceAboveMaximum(uint256 price, uint256 maximum);
    /// @notice Not in this phase.
    error WrongPhase(Phase phase);
    /// @notice Only the provider offers.
    error NotProvider();
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
}
