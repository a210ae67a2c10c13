// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CurrencyTransfers} from "../kernel/Currency.sol";
import {Factory} from "../kernel/Factory.sol";
import {Policy, Privacy, Terms} from "./IFederation.sol";
import {FederationTerms} from "./FederationTerms.sol";

/// @title FederationFactory
/// @notice Makes federations, each with its budget. See IFederation.
contract FederationFactory is Factory {
    uint256 private constant MAX_START = 366 days;

    /// @notice What federations run under the policy Trusted.
    address public immutable TRUSTED;
    /// @notice The same under the policy Quality.
    address public immutable QUALITY;
    /// @notice The same under the policy Work.
    address public immutable WORK;
    /// @notice The same under the policy Stake.
    address public immutable STAKE;
    /// @notice The same under the policy Delegates.
    address public immutable DELEGATES;
    /// @notice The same under the policy Learning.
    address public immutable LEARNING;
    /// @notice What they run where updates are masked.
    address public immutable MASKED;

    // slither-disable-start missing-zero-check
    // (the migration deploys them the moment before)
    constructor(
        address trusted,
        address quality,
        address work,
        address stake,
        address delegates,
        address learning,
        address masked
    ) {
        (TRUSTED, QUALITY, WORK) = (trusted, quality, work);
        (STAKE, DELEGATES, LEARNING, MASKED) = (stake, delegates, learning, masked);
    }
    // slither-disable-end missing-zero-check

    /// @notice Make a federation with the caller as organizer, who pays the whole budget: as the value, or in a token
    /// by an allowance. Reverts with InvalidTerms(field) for terms under which somebody could be stuck or cheated.
    /// @param salt makes the address one's own, so that a command that was killed can look whether it had succeeded.
    function create(Terms memory t, bytes32 salt) external payable returns (address federation) {
        // Check
        t.organizer = msg.sender;
        bytes memory args = FederationTerms.checked(t);
        // slither-disable-next-line timestamp
        require(
            t.start > block.timestamp && t.start < block.timestamp + MAX_START, FederationTerms.InvalidTerms("start")
        );
        uint256 budget = t.rounds * t.reward * t.unit;
        bool ether_ = t.currency.isEther();
        uint256 value = ether_ ? budget : 0;
        require(msg.value == value, CurrencyTransfers.WrongPayment(msg.value, value));
        address implementation = _implementationOf(t.policy, t.privacy);
        // Interaction: before there is anything that could be called meanwhile.
        if (!ether_) {
            uint256 received = t.currency.pullTokens(_locate(implementation, args, msg.sender, salt), budget);
            require(received == budget, CurrencyTransfers.WrongPayment(received, budget));
        }
        // Effect
        federation = _create(implementation, args, salt, value);
    }

    /// @notice Where `create` puts it, if `organizer` calls it.
    function addressOf(Terms memory t, address organizer, bytes32 salt) external view returns (address) {
        t.organizer = organizer;
        return _locate(_implementationOf(t.policy, t.privacy), FederationTerms.pack(t), organizer, salt);
    }

    function _implementationOf(Policy policy, Privacy privacy) private view returns (address) {
        if (privacy == Privacy.Masked) return MASKED;
        if (policy == Policy.Trusted) return TRUSTED;
        if (policy == Policy.Quality) return QUALITY;
        if (policy == Policy.Work) return WORK;
        if (policy == Policy.Stake) return STAKE;
        return policy == Policy.Delegates ? DELEGATES : LEARNING;
    }
}
