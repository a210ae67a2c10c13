// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBalances} from "../kernel/IBalances.sol";
import {IMarketEvents} from "./IMarketEvents.sol";
import {Phase, Tally} from "./MarketTypes.sol";

/// @title The interface of a market
/// @notice A market for data that make one model better on a test set that its provider has committed to.
interface IPredictionMarket is IMarketEvents, IBalances {
    /// @notice Escrow bounty, bond and tips and commit to the test set. Once, by the provider (the creator).
    /// @param root_ of the tree over `leafOf` each portion (see kernel/Merkle).
    function offer(bytes32 root_, uint256 bounty, uint256 bond, uint256 tips) external payable;

    /// @notice Fix the trial portion by the hash of the target block, while the chain shows it (see kernel/Seed). Anyone may.
    function choose() external;

    /// @notice Reveal the trial portion (and choose it, if nobody has). Participation begins.
    function revealTrial(bytes calldata data, bytes32 salt, bytes32[] calldata proof) external;

    /// @notice Reveal another portion, once participation and opening are over. After the last, measuring begins.
    function reveal(uint256 index, bytes calldata data, bytes32 salt, bytes32[] calldata proof) external;

    /// @notice Declare that whoever had to act did not: the provider, or in the end everybody. Anyone may.
    function expire() external;

    /// @notice Contribute samples for all to see. Value that exceeds the stake is credited; what lacks is taken from
    /// the balance.
    /// @param data samples in a row: label (1 byte), length of the features (2), features.
    /// @param maximum the most that the sender wants to pay: the stake and the fee for being measured.
    function contribute(bytes calldata data, uint256 maximum) external payable returns (uint256 index);

    /// @notice Contribute several runs, each a contribution of its own, in their order: all of them or none.
    /// @param maximum the most that the sender wants to pay for all together.
    function contributeBatch(bytes[] calldata runs, uint256 maximum) external payable;

    /// @notice Relay contributions that `contributor` signed (EIP-712; contract wallets by ERC-1271), with `nonceOf`
    /// it. What it costs comes from the contributor's balance, to which the value sent is credited first, or `gift`
    /// tokens that the sender has approved: they move only together with the contributions.
    function contributeFor(
        address contributor,
        bytes[] calldata runs,
        uint256 maximum,
        uint256 expiry,
        bytes calldata signature,
        uint256 gift
    ) external payable;

    /// @notice Contribute samples that stay hidden until `open`. Its place in the order is taken now.
    /// @param commitment see `commitmentOf`.
    /// @param maximum the most that the sender wants to pay.
    function commit(bytes32 commitment, uint256 samples, uint256 maximum) external payable returns (uint256 index);

    /// @notice Open a hidden contribution. Anyone who knows the data and the salt may send them.
    function open(uint256 index, bytes calldata data, bytes32 salt) external;

    /// @notice Go on measuring. Stops where work or data are used up; whoever sends it gets a tip for each step.
    /// @param data of the contributions whose turn is next, as `Contributed` told them: of each that is opened and
    /// whose contributor has not dropped out, in order; at the beginning of a pass those of the trial portion come
    /// first. Others among them are passed over, so that somebody may drop out meanwhile; if all are others, it reverts
    /// OtherData.
    /// @param work how many steps to go: 1 for each sample of the trial portion learned, test sample looked at,
    /// contribution learned or passed over, and end of a pass.
    function crank(bytes[] calldata data, uint256 work) external;

    /// @notice Credit the next `most` participants with what they are owed; after the last, the provider.
    function pay(uint256 most) external;

    /// @notice The label of `x`, by the model as it stands: in the end, as the contributions made it.
    function predict(bytes calldata x) external view returns (uint256 label);

    /// @notice How the model as it stands does on the first `most` samples of `run`.
    function evaluate(bytes calldata run, uint256 most) external view returns (Tally memory);

    /// @notice `evaluate` on a portion that was revealed, from byte `from` on.
    /// @return tally with `end` counted from the portion's beginning.
    /// @return last whether these were its last samples.
    function evaluatePortion(uint256 index, uint256 from, uint256 most)
        external
        view
        returns (Tally memory tally, bool last);

    /// @notice keccak256(abi.encode(keccak256("DILN market portion"), chain id, this contract, provider,
    /// keccak256(abi.encode(index, keccak256(data))), salt)).
    function leafOf(uint256 index, bytes calldata data, bytes32 salt) external view returns (bytes32);

    /// @notice keccak256(abi.encode(keccak256("DILN market contribution"), chain id, this contract, contributor,
    /// keccak256(data), salt)).
    function commitmentOf(address contributor, bytes calldata data, bytes32 salt) external view returns (bytes32);

    /// @notice Where the market stands now.
    function phase() external view returns (Phase);

    /// @notice Until when the phase lasts, if that is decided by time; else zero.
    function deadline() external view returns (uint256);

    /// @notice Status, cursor (2 words), escrow (3), packed as the structs of MarketTypes.sol, first field lowest.
    function state() external view returns (uint256[6] memory);

    /// @notice A contribution, packed as the struct, first field lowest.
    function contribution(uint256 index) external view returns (uint256);

    /// @notice A participant, packed as the struct (2 words), first field lowest. They are numbered from 0, in
    /// the order of their first contribution.
    function participant(uint256 index) external view returns (uint256[2] memory);

    /// @notice The number of `who`, plus one; zero if it does not participate.
    function numberOf(address who) external view returns (uint256);

    /// @notice The nonce of the next contributions that `who` signs.
    function nonceOf(address who) external view returns (uint256);

    /// @notice The Merkle root of the test set.
    function root() external view returns (bytes32);

    /// @notice What is paid in.
    /// @return token the ERC-20, or zero for ether.
    /// @return unit what the rules count in.
    function money() external view returns (address token, uint256 unit);

    /// @notice The provider.
    function creator() external view returns (address);

    /// @notice What the market was created with.
    /// @return rules see Rules.sol.
    /// @return shape the model's settings.
    function settings() external view returns (uint256 rules, uint256 shape);

    /// @notice The contract whose code measures for this one. Whoever recognizes a market by its code looks at that
    /// code, too.
    function measurer() external view returns (address);

    /// @notice `n` of the model's words from word `from` on.
    function words(uint256 from, uint256 n) external view returns (uint256[] memory);

    /// @notice How many words the model has.
    function length() external view returns (uint256);
}
