// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Phases} from "../../kernel/Phases.sol";
import {Facts} from "../Facts.sol";
import {Incentive} from "../Incentive.sol";
import {Model} from "../../models/online/Model.sol";
import {Purse} from "../Purse.sol";
import {Records} from "../Records.sol";
import {Words} from "../../models/online/Words.sol";
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
/// Verdict. From then on the contributor is refunded if the model agrees. If not (and from `takeGap` before, so
/// that nobody holds the model for the one moment in which a deposit falls due), contributors with reputation may
/// report: each is promised deposit · own valid / all valid, and the contribution is disputed. A dispute is decided
/// for either side in the same way: by two looks at the model that say the same, at least `takeGap` apart, with
/// none between them that said otherwise. Then reporters take, or the contributor is refunded. What nobody took by
/// `creatorWait` the creator may sweep, by `anyWait` anyone but its contributor, if the model is still against it:
/// the contributor's own part of the reputation, which no other could be promised, returns to it; half of the rest
/// is the sweeper's, half is burnt.
///
/// Reputation. Each refund of what nobody disputed counts one, so that a share of others' deposits costs a like
/// share of all deposits, locked as long. Nothing that was ever disputed counts, nor news (what the model had not
/// known) that was shown openly: it may be a copy of what somebody is about to reveal.
///
/// The price of moving a verdict. A look reads the model as it stood at the end of an earlier block: none counts
/// in a block in which the model was updated. To move one against an honest contributor, somebody must hold the
/// model wrong on it for `takeGap`, whenever anyone looks. One contribution moves the score of a sample by at
/// most rate · limit (linear models), so each time takes margin / (rate · limit) contributions or more, at a price
/// that rises with their haste, each locked until it is due and lost if the model is put right. Delaying a claim
/// needs an update, hence a deposit, in every block, or one a look.
///
/// Liveness. A contributor is refunded by anyone who calls for it. A reporter that sleeps loses its share; nobody
/// waits for
/// either. Rounding goes down, for whoever sweeps.
///
/// What it cannot do. It pays whoever controls the model: who gives half of all data, wrongly, to a model that follows
/// (a perceptron), earns with it (docs/security/sum.md says how much). Reputation is as cheap as a locked deposit:
/// who only
/// farms it gets its share of what the honest lose where the model errs. Until the first refunds nobody can report.
abstract contract SelfAssessment is ISelfAssessment, Purse, Records, Incentive, Model, Phases {
    /// @param share promised, in units; zero once taken.
    /// @param made whether there is one, or was.
    struct Report {
        uint48 share;
        bool made;
    }

    /// @dev Certainty is counted in sixteenths.
    uint256 private constant SURE = 16;
    /// @dev Floors and ceilings of the terms, so that nobody is robbed before a person can act, or stuck.
    uint256 private constant LEAST_WAIT = 1 days;
    uint256 private constant LEAST_GAP = 12 hours;
    uint256 private constant MOST_WAIT = 90 days;
    uint256 private constant MOST_SWEEP = 365 days;

    mapping(uint256 id => mapping(address reporter => Report)) private _reports;

    /// @inheritdoc ISelfAssessment
    function refund(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (uint256 left, uint256 look) = _open(id, facts, x);
        (uint256 unit, Terms terms) = _unitAndTerms();
        if (look == 0) _notBefore(_dueAt(facts, terms));
        uint256 predicted = _verdict(x);
        require(predicted == facts.label(), ModelDisagrees(predicted));
        // Effect:
        uint256 earned;
        if (look == 0) {
            if (facts.hidden() || !facts.surprise()) earned = 1;
        } else {
            if (!_decided(id, look, 0, terms)) return;
            _notBefore(_dueAt(facts, terms));
        }
        uint256 amount = _worth(left, unit);
        address contributor = facts.contributor();
        _settle(id, earned);
        _reward(contributor, amount, earned);
        if (earned != 0 && facts.surprise()) _rewarded(contributor, facts);
        emit Refunded(id, amount);
    }

    /// @inheritdoc ISelfAssessment
    function report(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (, uint256 look) = _open(id, facts, x);
        Report storage report_ = _reports[id][msg.sender];
        require(msg.sender != facts.contributor(), OwnContribution());
        require(!report_.made || _isFor(look), ReportedAlready());
        (uint256 unit, Terms terms) = _unitAndTerms();
        _notBefore(_dueAt(facts, terms) - terms.takeGap());
        _checkAgainst(facts, x);
        // Effect:
        uint256 share = report_.share;
        if (!report_.made) {
            share = _shareOf(msg.sender, facts);
            require(share != 0, NoShare());
            _reports[id][msg.sender] = Report(uint48(share), true);
        }
        if (look & 1 == 0) {
            look = block.timestamp << 1 | 1;
            _records[uint32(id)].look = uint48(look);
        }
        // slither-disable-next-line divide-before-multiply (units are whole: rounding down is meant)
        emit Reported(id, msg.sender, share * unit, (look >> 1) + terms.takeGap());
    }

    /// @inheritdoc ISelfAssessment
    function take(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (uint256 left, uint256 look) = _open(id, facts, x);
        uint256 share = _reports[id][msg.sender].share;
        require(share != 0, NotReported());
        Terms terms = _terms();
        _notBefore(_dueAt(facts, terms));
        _checkAgainst(facts, x);
        // Effect:
        if (!_decided(id, look, 1, terms)) return;
        if (share > left) share = left; // more was promised than there is, since reputation grew meanwhile
        left -= share;
        if (left == 0) _settle(id, 0);
        else _records[uint32(id)].left = uint48(left);
        _reports[id][msg.sender].share = 0;
        uint256 amount = share * _unit();
        _credit(msg.sender, amount);
        emit Taken(id, msg.sender, amount);
    }

    /// @inheritdoc ISelfAssessment
    function sweep(uint256 id, Facts facts, bytes calldata x) external {
        // Check:
        (uint256 left, uint256 look) = _open(id, facts, x);
        require(msg.sender != facts.contributor(), OwnContribution());
        Terms terms = _terms();
        _notBefore(_dueAt(facts, terms) + (msg.sender == creator() ? terms.creatorWait() : terms.anyWait()));
        _checkAgainst(facts, x);
        // Effect:
        if (!_decided(id, look, 1, terms)) return;
        uint256 unit = _unit();
        uint256 own = FixedPointMathLib.min(_shareOf(facts.contributor(), facts), left);
        uint256 amount = (left - own) / 2 * unit;
        uint256 burnt = (left - own) * unit - amount;
        _settle(id, 0);
        _credit(facts.contributor(), own * unit);
        _credit(BURN, burnt);
        _credit(msg.sender, amount);
        emit Swept(id, msg.sender, amount, burnt, own * unit);
    }

    /// @inheritdoc ISelfAssessment
    function dueAt(Facts facts) external view returns (uint256) {
        return _dueAt(facts, _terms());
    }

    /// @inheritdoc ISelfAssessment
    function reportOf(uint256 id, address reporter) external view returns (uint256 amount, uint256 from) {
        uint256 look = _records[uint32(id)].look;
        amount = _reports[id][reporter].share * _unit();
        if (amount != 0 && !_isFor(look)) from = (look >> 1) + _terms().takeGap();
    }

    /// @dev For mechanisms built on this one: `contributor` has earned reputation with a contribution.
    // solhint-disable-next-line no-empty-blocks
    function _rewarded(address contributor, Facts facts) internal virtual {}

    function _checkIncentive() internal view virtual override {
        Terms terms = _terms();
        require(terms.costWeight() * 3600 <= type(uint48).max, BadArguments("costWeight"));
        uint256 gap = terms.takeGap();
        uint256 wait = terms.refundWait();
        require(wait >= LEAST_WAIT && wait >= gap && wait <= MOST_WAIT, BadArguments("refundWait"));
        require(gap >= LEAST_GAP, BadArguments("takeGap"));
        require(terms.creatorWait() >= 2 * gap, BadArguments("creatorWait"));
        require(
            terms.anyWait() >= terms.creatorWait() && terms.anyWait() <= MOST_SWEEP, BadArguments("anyWait")
        );
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

    /// @dev The part of a deposit that is like `who`'s part of all reputation.
    function _shareOf(address who, Facts facts) private view returns (uint256) {
        uint256 all = _state().valid;
        return all == 0 ? 0 : facts.deposit() * _accounts[who].valid / all;
    }

    /// @dev Whether a dispute is decided for `side` (1: against the contribution), for which the model was just
    /// found: the
    /// last look that changed sides is long enough ago. If it said otherwise, this one is noted instead.
    function _decided(uint256 id, uint256 look, uint256 side, Terms terms) private returns (bool) {
        if (look != 0 && look & 1 == side) {
            _notBefore((look >> 1) + terms.takeGap());
            return true;
        }
        _records[uint32(id)].look = uint48(block.timestamp << 1 | side);
        emit Looked(id, side == 1, block.timestamp + terms.takeGap());
        return false;
    }

    /// @dev Whether the last look at what is disputed found the model for it.
    function _isFor(uint256 look) private pure returns (bool) {
        return look != 0 && look & 1 == 0;
    }

    /// @dev What the model says, if it says so since before this block. `x` was recorded, hence checked: `_open`
    /// goes before.
    function _verdict(bytes calldata x) private view returns (uint256) {
        // slither-disable-next-line timestamp (which block it is, is the question)
        require(_state().moved != uint24(block.timestamp), ModelMoved());
        return _predict(_load(), x);
    }

    function _checkAgainst(Facts facts, bytes calldata x) private view {
        uint256 predicted = _verdict(x);
        require(predicted != facts.label(), ModelAgrees(predicted));
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
