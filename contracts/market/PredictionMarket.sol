// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Shape} from "../models/online/Shape.sol";
import {Words} from "../models/online/Words.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketCommitment} from "./MarketCommitment.sol";
import {MarketParticipation} from "./MarketParticipation.sol";
import {MarketPayment} from "./MarketPayment.sol";
import {Contribution, Participant, Phase} from "./MarketTypes.sol";
import {Rules} from "./Rules.sol";

/// @title The prediction market
/// @notice The third incentive mechanism: a provider who owns a test set pays for the data that make a model better
/// on it (Harris and Waggoner 2019, after Abernethy and Frongillo's collaborative mechanism). A market is a clone of
/// this with one of the models that shared models have, and keeps its own copy of the model's words.
///
/// Phases.
///
/// - *Created*: the provider offers: bounty, bond and tips in escrow, a Merkle root over salted portions.
/// - *Trial*: a later block chooses one portion, the provider reveals it. Participants see what they will be
///   measured by; the trial portion itself does not count any more, since they could learn it by heart, and the model
///   learns it first, so that nobody is paid for handing it back.
/// - *Participation*: contributions with a stake for each sample, open or hidden, until a time or a count.
/// - *Opening*: the hidden ones are opened. Skipped when there are none.
/// - *Revealing*: the provider reveals all other portions.
/// - *Rewarding*: anyone cranks. h_0 has learned the trial portion; b_t = b_{t−1} + L(h_{t−1}, D) − L(h_t, D), where
///   the loss L(h_0, D) is worth the bounty and b_0 is the stake. What improves less than the margin is not kept and
///   not paid; what makes it worse is not kept either, but costs. Whoever falls below the threshold drops out (see
///   MarketReward).
/// - *Paying*: anyone lets the participants be credited, one after the other. *Closed*: what remains is to withdraw.
///
/// Out. Each phase ends by time or can be ended by anyone. The provider does not reveal the trial portion: void, the
/// bond is burnt (paid to a stranger it would be paid to the provider's other hand, and another roll would cost
/// nothing). It does not reveal the others: the bond is burnt, too, bounty and tips go to the participants whose data
/// are known, in proportion, stakes and fees of what was opened return. Nobody contributed: all returns. Nobody cranks
/// for `MEASURE_WAIT`: all returns; whoever stands to win cranks before. Nothing can be called off, by anyone.
///
/// Money. Scores telescope: what participants win together is at most bounty · (1 − L(final) / L(h_0)), at most the
/// bounty, and nobody's balance goes below zero, because whoever would fall there drops out. So payouts never exceed
/// the pot. Divisions round against whoever is paid; what they leave over is paid too (MarketPayment). What is lost is
/// burnt. Each contribution pays for being measured once, whoever measures is paid by the step.
///
/// Trust. *In the provider*: that the test set is good beyond the portion shown; of p portions, a bad one stays
/// unseen with probability 1 − 1/p, two with 1 − 2/p … It may also participate, and knows the answers: that moves
/// its own bounty to its own pocket, and to the others' loss only in the order of contributions. A test set that
/// everybody fails earns it nothing. *In block proposers*: one who proposes the target block
/// may choose between two hashes, at the price of a block. *In each other*: participants need not trust; whoever
/// copies open data comes later in the order and finds them learned already; who fears to be overtaken in the
/// mempool hides them.
///
/// Two limits of the mechanism. Who drops out stays out, even if the pass is repeated and what it was measured with
/// is gone by then. And a provider who means to default may dilute the others' shares by contributing.
///
/// What a contribution can do is bounded by `maxBytes`; how its features must look, by the model, at the entrance;
/// and what it costs to predict, there too, so that every step of the measuring fits into 16.7M gas. The measuring
/// relies on it that what `_predict` took `_learn` takes, at no more than three times the gas, storage aside.
abstract contract PredictionMarket is MarketCommitment, MarketParticipation, MarketPayment {
    // slither-disable-next-line naming-convention (as immutables are named)
    address private immutable MEASURER;

    /// @notice Deployed once per chain, by a composition's constructor.
    /// @param measurer_ a contract with MarketReward's code for the same model.
    constructor(address measurer_) {
        MEASURER = measurer_;
    }

    /// @inheritdoc IPredictionMarket
    function measurer() external view returns (address) {
        return MEASURER;
    }

    /// @inheritdoc IPredictionMarket
    function crank(bytes[] calldata, uint256) external {
        // Interaction: with itself, by MarketReward's code, which this contract's constructor was given
        // slither-disable-next-line unused-return (crank returns nothing)
        Address.functionDelegateCall(MEASURER, msg.data);
    }

    /// @inheritdoc IPredictionMarket
    function phase() external view returns (Phase) {
        return _phase();
    }

    /// @inheritdoc IPredictionMarket
    function creator() external view returns (address) {
        return _creator();
    }

    /// @inheritdoc IPredictionMarket
    function state() external view returns (uint256[6] memory) {
        uint256 status;
        uint256 cursor;
        uint256 escrow;
        // Storage as it is packed, and only to be looked at:
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            status := _status.slot
            cursor := _cursor.slot
            escrow := _escrow.slot
        }
        return [
            _word(status), _word(cursor), _word(cursor + 1), _word(escrow), _word(escrow + 1), _word(escrow + 2)
        ];
    }

    /// @inheritdoc IPredictionMarket
    function contribution(uint256 index) external view returns (uint256) {
        Contribution storage item = _contributions[index];
        uint256 slot;
        // Storage as it is packed, and only to be looked at:
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            slot := item.slot
        }
        return _word(slot);
    }

    /// @inheritdoc IPredictionMarket
    function participant(uint256 index) external view returns (uint256[2] memory) {
        Participant storage item = _participants[index];
        uint256 slot;
        // Storage as it is packed, and only to be looked at:
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            slot := item.slot
        }
        return [_word(slot), _word(slot + 1)];
    }

    /// @inheritdoc IPredictionMarket
    function numberOf(address who) external view returns (uint256) {
        return _numbers[who];
    }

    /// @inheritdoc IPredictionMarket
    function root() external view returns (bytes32) {
        return _root;
    }

    /// @inheritdoc IPredictionMarket
    function settings() external view returns (uint256 rules, uint256 shape) {
        return (Rules.unwrap(_rules()), Shape.unwrap(Words.shape()));
    }

    /// @inheritdoc IPredictionMarket
    function words(uint256 from, uint256 n) external view returns (uint256[] memory run) {
        Words.Loaded memory loaded = _load();
        run = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            run[i] = Words.get(loaded, from + i);
        }
    }

    /// @inheritdoc IPredictionMarket
    function length() external view returns (uint256) {
        return _length(Words.shape());
    }

    function _word(uint256 slot) private view returns (uint256 word) {
        // Storage as it is packed, and only to be looked at:
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }
}
