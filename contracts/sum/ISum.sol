// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "../models/online/IOnlineModelErrors.sol";
import {IFunds} from "../kernel/IFunds.sol";
import {Facts} from "./Facts.sol";

/// @title The errors of a shared model
/// @notice What a shared model refuses.
interface ISumErrors is IOnlineModelErrors {
    /// @notice The clone has been initialized before.
    error AlreadyInitialized();
    /// @notice A batch needs as many labels as samples, and at least one.
    error BadBatch(uint256 samples, uint256 labels);
    /// @notice The deposit is `price`, more than the sender wants to pay.
    error PriceAboveMaximum(uint256 price, uint256 maximum);
    /// @notice No open contribution `id` has these facts and features: never made, or settled already.
    error NotRecorded(uint256 id);
    /// @notice The sender has no such commitment open.
    error NotCommitted(bytes32 commitment);
    /// @notice The model has taken as many contributions as it can number (2^24 − 1), or it is the year 2106, in which
    /// its 32-bit times end. Claims on what it took go on.
    error Full();
    /// @notice The sender has made that commitment already.
    error CommittedAlready(bytes32 commitment);
    /// @notice The model was updated in this block: no verdict of it counts until the next.
    error ModelMoved();
    /// @notice The model says `predicted`.
    error ModelDisagrees(uint256 predicted);
    /// @notice The model says what the contributor said.
    error ModelAgrees(uint256 predicted);
    /// @notice Contributors do not report themselves.
    error OwnContribution();
    /// @notice Nothing of the deposit is promised to the sender, who has no reputation.
    error NoShare();
    /// @notice The sender has reported this contribution before.
    error ReportedAlready();
    /// @notice The sender has not reported this contribution, or was paid for it.
    error NotReported();
}

/// @title A shared model
/// @notice A model that lives on-chain and improves with data that anyone adds.
///
/// Money is counted in the token's smallest unit at this interface, and in `unit`s of it inside records and
/// facts (for ether a unit is usually a gwei).
interface ISum is ISumErrors, IFunds {
    /// @notice Contribution `id` was made and learned. All that a claim needs, and all that a replay needs.
    event Added(uint256 indexed id, Facts facts, bytes x);
    /// @notice A contribution was hidden behind `commitment`; `deposit` is in units.
    event Committed(address indexed contributor, bytes32 indexed commitment, uint256 deposit);
    /// @notice A commitment was opened (the contribution's own event goes before) or its deposit was returned.
    event CommitmentClosed(address indexed contributor, bytes32 indexed commitment, bool revealed);

    /// @notice Predict the label of `x`. Free when called off-chain.
    function predict(bytes calldata x) external view returns (uint256 label);

    /// @notice Predict many.
    function predictBatch(bytes[] calldata xs) external view returns (uint8[] memory labels);

    /// @notice Add a sample. Value that exceeds the deposit is credited; what lacks is taken from the balance, and
    /// where that of a token does not do, from what the sender has approved.
    /// @param x the features, encoded as the model wants them.
    /// @param maximum the most that the sender wants to deposit.
    function add(bytes calldata x, uint256 y, uint256 maximum) external payable;

    /// @notice Add samples, one label byte each. Each deposits as if they had come at even intervals since the
    /// last contribution, so a batch is neither dearer nor cheaper than patience.
    /// @param maximum the most that the sender wants to deposit for each.
    function addBatch(bytes[] calldata xs, bytes calldata ys, uint256 maximum) external payable;

    /// @notice Relay samples that `contributor` signed (EIP-712; contract wallets by ERC-1271). The deposit comes
    /// from the contributor's balance, to which the value sent is credited first.
    /// @param pay whether the sender pays, out of what it has approved, what of a token that balance lacks.
    function addFor(
        address contributor,
        bytes[] calldata xs,
        bytes calldata ys,
        uint256 maximum,
        uint256 deadline,
        bytes calldata signature,
        bool pay
    ) external payable;

    /// @notice Deposit now for a sample that stays hidden until `reveal`. Nothing is learned, so the price stays.
    /// @param commitment see `commitmentOf`.
    function commit(bytes32 commitment, uint256 maximum) external payable;

    /// @notice Open a commitment, at least one block later, and let the model learn the sample. If the price is above
    /// the deposit by now, the difference is added to it.
    /// @param maximum the most that the sender wants the deposit to be.
    function reveal(bytes calldata x, uint256 y, bytes32 salt, uint256 maximum) external payable;

    /// @notice Return the deposit of a commitment that was not opened, once it was locked as long as a sure
    /// contribution's is. Anyone may call.
    function release(address contributor, bytes32 commitment) external;

    /// @notice What `commit` takes: keccak256(abi.encode(keccak256("DILN sum contribution"), chain id, this contract,
    /// contributor, keccak256(abi.encode(keccak256(x), y)), salt)).
    function commitmentOf(address contributor, bytes calldata x, uint256 y, bytes32 salt)
        external
        view
        returns (bytes32);

    /// @notice What each of `n` samples added together must deposit now.
    function price(uint256 n) external view returns (uint256);

    /// @notice What the model knows about somebody.
    /// @return balance what `withdraw` would pay.
    /// @return valid contributions that were refunded undisputed, without news shown openly: reputation.
    /// @return nonce of the next relayed contribution.
    /// @return points of the gamification.
    function account(address who)
        external
        view
        returns (uint256 balance, uint256 valid, uint256 nonce, uint256 points);

    /// @notice The contribution that is open in `slot` (the low 32 bits of its id).
    /// @return digest zero if there is none.
    /// @return left what remains of the deposit, in units.
    /// @return look zero if nobody disputes it; else 2 · the time since which all looks at the model said the same,
    /// and 1 if it is against the contribution.
    function record(uint256 slot) external view returns (uint160 digest, uint256 left, uint256 look);

    /// @notice The counters.
    /// @return count of contributions so far.
    /// @return pricedAt when the last contribution was learned.
    /// @return valid how many contributions earned reputation.
    function status() external view returns (uint256 count, uint256 pricedAt, uint256 valid);

    /// @notice What is paid with, and how it is counted.
    /// @return token the ERC-20, or zero for ether.
    /// @return unit what records count in.
    function money() external view returns (address token, uint256 unit);

    /// @notice Who created the model.
    function creator() external view returns (address);

    /// @notice What the creator chose.
    /// @return terms the incentive mechanism's settings.
    /// @return shape the model's settings.
    function settings() external view returns (uint256 terms, uint256 shape);

    /// @notice `n` of the model's words from word `from` on (word 0 without its counters).
    function words(uint256 from, uint256 n) external view returns (uint256[] memory);

    /// @notice How many words the model has.
    function length() external view returns (uint256);
}
