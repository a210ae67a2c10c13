// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Facts} from "../Facts.sol";
import {Incentive} from "../Incentive.sol";
import {Model} from "../Model.sol";
import {Purse} from "../Purse.sol";
import {Records} from "../Records.sol";
import {Words} from "../Words.sol";
import {ISelfAssessment} from "./ISelfAssessment.sol";
import {Terms} from "./Terms.sol";

/// @title Deposit, refund, take (self-assessment)
/// @notice Contributors deposit. Those with whom the model comes to agree get it back, the others lose it to them.
///
/// Price. costWeight · 3600 / √(seconds since the last contribution): haste is dear. n samples at once pay as if
/// they had come at even intervals.
///
/// Due. refundWait / P(h(x) = y), the model's certainty before it learned: a week for what it was sure of, two for
/// an even guess. That leaves the others time to put right what one of them spoilt.
///
/// Verdict. From then on the contributor is refunded if the model agrees. If not, contributors with reputation
/// may report: each is promised deposit · own valid / all valid, and takes it at least `takeGap` later, if the
/// model still disagrees. What nobody took belongs to the creator after `creatorWait`, to anyone after `anyWait`.
///
/// Reputation. A refund is valid, and counts, only where the model had said otherwise before it learned: what the
/// model already knew earns none.
///
/// The price of moving a verdict. A claim reads the model as it stood at the end of an earlier block: none counts
/// in a block in which the model was updated. To move one against an honest contributor, somebody must hold the
/// model wrong on it in two blocks at least `takeGap` apart. One contribution moves the score of a sample by at
/// most rate · limit (linear models), so each time takes margin / (rate · limit) contributions or more, at a price
/// that rises with their haste, each locked until it is due and lost if the model is put right. Delaying a claim
/// needs an update, hence a deposit, in every block.
///
/// Liveness. A contributor that sleeps loses the deposit in the end; a reporter that sleeps, its share; nobody
/// else waits for either. Rounding goes down, for whoever sweeps.
abstract contract SelfAssessment is ISelfAssessment, Purse, Records, Incentive, Model {
    /// @param share promised, in units; zero once taken.
    /// @param time of the report; zero if there is none.
    struct Report {
        uint48 share;
        uint32 time;
    }

    /// @dev Certainty is counted in sixteenths.
    uint256 private constant SURE = 16;

    mapping(uint256 id => mapping(address reporter => Report)) private _reports;

    /// @inheritdoc ISelfAssessment
    function refund(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (uint256 left,) = _open(id, facts, x);
        (uint256 unit, Terms terms) = _unitAndTerms();
        _checkTime(_dueAt(facts, terms));
        uint256 predicted = _verdict(x);
        require(predicted == facts.label(), ModelDisagrees(predicted));
        // Effect:
        uint256 amount = _worth(left, unit);
        address contributor = facts.contributor();
        uint256 earned = facts.surprise() ? 1 : 0;
        _settle(id, earned);
        _reward(contributor, amount, earned);
        if (earned != 0) _rewarded(contributor, facts);
        emit Refunded(id, amount);
    }

    /// @inheritdoc ISelfAssessment
    function report(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (, uint256 open) = _open(id, facts, x);
        require(msg.sender != facts.contributor(), OwnContribution());
        require(_reports[id][msg.sender].time == 0, ReportedAlready());
        (uint256 unit, Terms terms) = _unitAndTerms();
        _checkTime(_dueAt(facts, terms));
        _checkAgainst(facts, x);
        uint256 all = _state().valid;
        uint256 share = all == 0 ? 0 : facts.deposit() * _accounts[msg.sender].valid / all;
        if (share > open) share = open;
        require(share != 0, NoShare());
        // Effect:
        _records[uint32(id)].open = uint48(open - share);
        _reports[id][msg.sender] = Report(uint48(share), uint32(block.timestamp));
        // slither-disable-next-line divide-before-multiply (units are whole: rounding down is meant)
        emit Reported(id, msg.sender, share * unit, block.timestamp + terms.takeGap());
    }

    /// @inheritdoc ISelfAssessment
    function take(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (uint256 left,) = _open(id, facts, x);
        Report memory report_ = _reports[id][msg.sender];
        require(report_.share != 0, NotReported());
        _checkTime(report_.time + _terms().takeGap());
        _checkAgainst(facts, x);
        // Effect: shares are promised out of what is open, so they never exceed what is left
        left -= report_.share;
        if (left == 0) _settle(id, 0);
        else _records[uint32(id)].left = uint48(left);
        _reports[id][msg.sender].share = 0;
        _pay(id, report_.share);
    }

    /// @inheritdoc ISelfAssessment
    function sweep(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (uint256 left,) = _open(id, facts, x);
        Terms terms = _terms();
        _checkTime(_dueAt(facts, terms) + (msg.sender == creator() ? terms.creatorWait() : terms.anyWait()));
        // Effect:
        _settle(id, 0);
        _pay(id, left);
    }

    /// @inheritdoc ISelfAssessment
    function dueAt(Facts facts) external view returns (uint256) {
        return _dueAt(facts, _terms());
    }

    /// @inheritdoc ISelfAssessment
    function reportOf(uint256 id, address reporter) external view returns (uint256 amount, uint256 from) {
        Report memory report_ = _reports[id][reporter];
        if (report_.share != 0) return (report_.share * _unit(), report_.time + _terms().takeGap());
    }

    /// @dev For mechanisms built on this one: `contributor` has earned reputation with a contribution.
    // solhint-disable-next-line no-empty-blocks
    function _rewarded(address contributor, Facts facts) internal virtual {}

    function _checkIncentive() internal view virtual override {
        Terms terms = _terms();
        require(terms.costWeight() * 3600 <= type(uint48).max, BadArguments("costWeight"));
        require(terms.refundWait() != 0, BadArguments("refundWait"));
        require(terms.takeGap() != 0, BadArguments("takeGap"));
        require(terms.creatorWait() > terms.takeGap(), BadArguments("creatorWait"));
        require(terms.anyWait() >= terms.creatorWait(), BadArguments("anyWait"));
    }

    function _price(uint256 n) internal view virtual override returns (uint256) {
        uint256 root = FixedPointMathLib.sqrt((block.timestamp - _state().pricedAt) / n);
        // slither-disable-next-line timestamp,incorrect-equality (the price falls with time; a root, not a time)
        return _terms().costWeight() * 3600 / (root == 0 ? 1 : root);
    }

    function _lock() internal view virtual override returns (uint256) {
        return _terms().refundWait();
    }

    function _terms() internal view returns (Terms) {
        return Terms.wrap(Words.argument(Words.TERMS));
    }

    function _dueAt(Facts facts, Terms terms) private pure returns (uint256) {
        unchecked {
            return facts.time() + terms.refundWait() * SURE / facts.certainty(); // 36 bits at most
        }
    }

    /// @dev What the model says, if it says so since before this block. `x` was recorded, hence checked: `_open` goes
    /// before.
    function _verdict(bytes calldata x) private view returns (uint256) {
        // slither-disable-next-line timestamp (which block it is, is the question)
        require(_state().moved != uint24(block.timestamp), ModelMoved());
        return _predict(_load(), x);
    }

    function _checkAgainst(Facts facts, bytes calldata x) private view {
        uint256 predicted = _verdict(x);
        require(predicted != facts.label(), ModelAgrees(predicted));
    }

    function _checkTime(uint256 time) private view {
        // slither-disable-next-line timestamp (days: seconds do not matter)
        require(block.timestamp >= time, TooEarly(time));
    }

    function _pay(uint256 id, uint256 units) private {
        uint256 amount = units * _unit();
        _credit(msg.sender, amount);
        emit Taken(id, msg.sender, amount);
    }

    function _unit() private view returns (uint256 unit) {
        (, unit) = money();
    }

    function _worth(uint256 units, uint256 unit) private pure returns (uint256) {
        unchecked {
            return units * unit; // 48 bits by 96
        }
    }

    function _unitAndTerms() private view returns (uint256 unit, Terms terms) {
        (uint256 first, uint256 second) = Words.argumentPair(Words.MONEY);
        return (uint96(first), Terms.wrap(second));
    }
}
