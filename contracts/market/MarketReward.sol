// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Words} from "../models/online/Words.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketBase} from "./MarketBase.sol";
import {Contribution, Cursor, Outcome, Participant, Phase, Standing, Tally} from "./MarketTypes.sol";
import {Rules} from "./Rules.sol";
import {Samples} from "./Samples.sol";
import {Shadow} from "./Shadow.sol";

/// @title Reward
/// @notice Measuring the contributions, in steps that anyone may take. It stands in a contract of its own, by whose
/// code the market does this (PredictionMarket.crank): together they would exceed a contract's size.
///
/// First the trial portion is learned, by nobody's merit: whoever hands it back gives nothing new. Then a contribution
/// is learned and the whole test set (but the trial portion) is looked at. If it avoids at least the margin's share of
/// the initial loss, it is kept, and its contributor's score rises by the share that it avoids. If it avoids less, the
/// model is put back to where it was; what makes the model worse lowers the score. If that leaves the balance below the
/// threshold, for the last time that the rules allow or at any time below zero, the contributor drops out, and what
/// follows is measured as if it had contributed nothing. Only if earlier contributions of the same contributor are in
/// the model by then, another pass is needed (in the other cases it would repeat this one, word for word).
///
/// Why a margin: data that carry no information make a model better half of the time, on any test set, by a little.
/// Kept whenever they do and thrown away when they do not, they would be paid for what the test set itself taught.
///
/// Validation. Where some portions validate, losses are measured apart on them and on the others, and the score changes
/// by the smaller of the two improvements: what does not carry over to samples that do not pay, does not pay. Since
/// Σ min(a, b) ≤ Σ a, scores still add up to no more than what is avoided on the portions that pay: 1 at most.
abstract contract MarketReward is MarketBase {
    /// @dev Thresholds and margins are counted in thousandths.
    int256 private constant THOUSAND = 1000;
    /// @dev A smaller initial loss counts as this, a thousandth: there is next to nothing to be avoided.
    uint256 private constant LEAST_LOSS = 1e6;

    /// @dev The loss by F1, see Rules.
    uint256 private constant F1 = 1;
    /// @dev Hinge losses are counted in 1/65,536.
    uint256 private constant WHOLE = 1 << 16;

    // solhint-disable code-complexity
    // (one loop, of whose branches each is a step of the measuring)

    /// @notice See IPredictionMarket.crank.
    function crank(bytes[] calldata data, uint256 work) external {
        // Check:
        _checkPhase(Phase.Rewarding);
        // Effect:
        Cursor memory c = _cursor;
        Words.Loaded memory loaded = _load();
        uint256 contributions = _status.contributions;
        // slither-disable-next-line uninitialized-local (from the first on)
        uint256 given;
        bool learned;
        uint256 steps; // made so far
        while (steps < work) {
            if (c.lessons != 0) {
                given = _find(data, given, uint216(uint256(_lesson)));
                if (given == data.length) break;
                steps += _study(c, loaded, data[given], work - steps);
                learned = true;
                if (c.lessons == 0) ++given;
                continue;
            }
            if (c.measuring) {
                steps += _measure(c, work - steps);
                if (c.portion != type(uint8).max) break; // and there is no work left
                _judge(c, true);
                continue;
            }
            if (c.next == contributions) {
                ++steps;
                if (_endPass(c)) break;
            } else if (_skipped(c.next)) {
                ++steps;
                ++c.next;
            } else {
                given = _find(data, given, _contributions[c.next].digest);
                if (given == data.length) break;
                // What did not change the model, or put back what it changed, needs no measuring
                c.measuring = _learnAll(loaded, data[given]) && Shadow.differs(_length(loaded.shape));
                ++given;
                ++steps;
                ++c.next;
                learned = true;
                if (!c.measuring) _judge(c, false);
            }
        }
        require(learned || given == 0 || given < data.length, OtherData(c.next));
        _cursor = c;
        _tip(steps);
    }

    // solhint-enable code-complexity

    /// @dev Whether a contribution does not count: it was not opened, or its contributor has dropped out.
    function _skipped(uint256 index) private view returns (bool) {
        Contribution memory next = _contributions[index];
        return !next.opened || _participants[next.participant].standing.dropped;
    }

    /// @dev Learn the trial portion, so often as is still to be done, or until `work` is used up.
    function _study(Cursor memory c, Words.Loaded memory loaded, bytes calldata run, uint256 work)
        private
        returns (uint256 steps)
    {
        uint256 free = Words.mark();
        uint256 at = c.offset;
        for (; steps < work && c.lessons != 0; ++steps) {
            uint256 label;
            bytes calldata x;
            (label, x, at) = Samples.at(run, at);
            // slither-disable-next-line unused-return (nothing is asked of it but to learn)
            _learn(loaded, x, label);
            Words.release(free);
            if (at == run.length) (at, c.lessons) = (0, c.lessons - 1);
        }
        c.offset = uint16(at); // a portion's length fits
        if (c.lessons == 0) Shadow.keep(_length(loaded.shape));
    }

    /// @dev Look at test samples until all are looked at (`c.portion` is then 255) or `work` is used up; at how many.
    function _measure(Cursor memory c, uint256 work) private view returns (uint256 steps) {
        Rules rules = _rules();
        uint256 portions = rules.portions();
        while (steps < work && c.portion < portions) {
            // The portions after the trial one, cyclically: it is at 0, those that validate come next
            uint256 place = (c.portion + portions - _status.trial) % portions;
            if (place != 0) {
                // Interaction: with the market itself, so that the memory it takes is given back
                // slither-disable-next-line calls-loop (as many as portions at most, and it is its own code)
                (Tally memory tally, bool last) =
                    IPredictionMarket(address(this)).evaluatePortion(c.portion, c.offset, work - steps);
                _note(c, rules.loss(), tally, place <= rules.validation());
                steps += tally.seen;
                c.offset = uint16(tally.end); // a portion's length fits
                if (!last) break;
            }
            (c.portion, c.offset) = (c.portion + 1, 0);
        }
        if (c.portion == _status.trial) ++c.portion;
        if (c.portion >= portions) c.portion = type(uint8).max;
    }

    function _note(Cursor memory c, uint256 loss, Tally memory tally, bool validates) private pure {
        uint256 cost = loss == 0 ? tally.wrong : loss == F1 ? tally.misses : tally.hinge;
        unchecked {
            // At most 254 portions of 65,535 samples: counts fit 24 bits, and 2^16 times as much 40
            if (validates) {
                c.costValidation += uint40(cost);
                c.hitsValidation += uint24(tally.hits);
            } else {
                c.cost += uint40(cost);
                c.hits += uint24(tally.hits);
            }
        }
    }

    /// @dev The losses on the portions that reward and on those that validate.
    function _losses(Cursor memory c) private view returns (uint256 loss, uint256 validation) {
        Rules rules = _rules();
        uint256 validating = rules.validation();
        loss = _loss(rules, c.cost, c.hits, rules.portions() - 1 - validating);
        if (validating != 0) validation = _loss(rules, c.costValidation, c.hitsValidation, validating);
    }

    /// @dev In billionths, rounded down.
    function _loss(Rules rules, uint256 cost, uint256 hits, uint256 portions) private pure returns (uint256) {
        uint256 loss = rules.loss();
        uint256 all = portions * rules.samples();
        if (loss == F1) all = 2 * hits + cost;
        else if (loss != 0) all *= WHOLE;
        return all == 0 ? 0 : cost * ONE / all;
    }

    /// @dev Keep the contribution before `c.next`, take it back, or drop its contributor out. Unless it `changed` the
    /// model, its loss is the last one; before the first contribution, what was measured is the initial model.
    function _judge(Cursor memory c, bool changed) private {
        (uint256 loss, uint256 validation) = changed ? _losses(c) : (c.last, c.lastValidation);
        (c.measuring, c.portion, c.offset) = (false, 0, 0);
        (c.cost, c.hits, c.costValidation, c.hitsValidation) = (0, 0, 0, 0);
        if (c.next == 0) {
            (c.first, c.last) = (uint32(loss), uint32(loss));
            (c.firstValidation, c.lastValidation) = (uint32(validation), uint32(validation));
            emit Measured(loss, validation);
            return;
        }
        uint256 index = c.next - 1;
        Participant storage participant_ = _participants[_contributions[index].participant];
        Standing memory p = participant_.standing;
        if (p.pass != c.pass) (p.pass, p.score, p.strikes, p.kept) = (c.pass, 0, 0, 0);
        int256 share = _share(c, loss, validation);
        bool kept = changed && share * THOUSAND >= int256(_rules().margin() * ONE);
        if (!kept && share > 0) share = 0;
        int256 score = p.score + share;
        uint256 stake = _stake(participant_.opened);
        (bool below, bool negative) = _below(stake, score);
        below = below && share < 0;
        if (below) ++p.strikes;
        if (changed) kept ? Shadow.keep(_length(Words.shape())) : Shadow.restore(_length(Words.shape()));
        if (negative || (below && p.strikes >= _rules().strikes())) {
            _drop(c, p, stake, score);
            emit Dropped(c.pass, index, loss, validation, p.forfeit);
        } else {
            c.gains = uint56(c.gains - _positive(p.score) + _positive(score));
            p.score = int64(score); // of 2^16 contributions at most, each within ±1e12
            if (kept) {
                ++p.kept;
                (c.last, c.lastValidation) = (uint32(loss), uint32(validation));
                emit Kept(c.pass, index, loss, validation, score);
            } else {
                emit Passed(c.pass, index, loss, validation, score, below);
            }
        }
        participant_.standing = p;
    }

    /// @dev Which share of the initial loss a contribution avoids (where some portions validate, by the smaller of both
    /// falls), in billionths, rounded down.
    function _share(Cursor memory c, uint256 loss, uint256 validation) private view returns (int256) {
        int256 fall = int256(uint256(c.last)) - int256(loss);
        if (_rules().validation() != 0) {
            int256 other = int256(uint256(c.lastValidation)) - int256(validation);
            if (other < fall) fall = other;
        }
        uint256 whole = c.first < LEAST_LOSS ? LEAST_LOSS : c.first;
        if (fall >= 0) return int256(uint256(fall) * ONE / whole);
        return -int256((uint256(-fall) * ONE + whole - 1) / whole);
    }

    /// @dev Somebody drops out over a contribution that would have made its score `score`.
    function _drop(Cursor memory c, Standing memory p, uint256 stake, int256 score) private {
        uint256 bounty = _escrow.bounty;
        uint256 balance = stake;
        int256 fall = -score;
        p.dropped = true;
        c.gains = uint56(c.gains - _positive(p.score));
        if (c.pass < _rules().passes()) {
            // What was kept of it will be gone in the next pass, and is nothing if there is none
            if (p.kept != 0) c.again = true;
            p.score = 0;
        } else {
            // What was kept of it stays, and so does its score
            fall += p.score;
            balance = balance + bounty * _positive(p.score) / ONE - _ceil(bounty * _positive(-p.score));
        }
        uint256 forfeit = bounty * _positive(fall) / ONE;
        if (forfeit > balance) forfeit = balance;
        p.forfeit = uint128(forfeit);
        _escrow.forfeits += uint128(forfeit);
    }

    /// @dev Begin the next pass, or the end. True in the end.
    function _endPass(Cursor memory c) private returns (bool) {
        if (!c.again) {
            _end(Outcome.Settled, Phase.Paying);
            return true;
        }
        Shadow.reset(_length(Words.shape()));
        (c.pass, c.next, c.again, c.gains, c.lessons) = (c.pass + 1, 0, false, 0, uint8(LESSONS));
        (c.last, c.lastValidation) = (c.first, c.firstValidation);
        return false;
    }

    /// @dev Pay whoever cranked for `steps`: by the contributions' fees, then by what the provider gave for it.
    function _tip(uint256 steps) private {
        (, uint256 unit) = _money();
        uint256 amount = steps * _rules().tip() * unit;
        if (amount == 0) return;
        (uint256 tips, uint256 fees) = (_escrow.tips, _fees());
        if (amount > tips + fees) amount = tips + fees;
        if (fees > amount) fees = amount;
        (_escrow.tips, _escrow.spent) = (uint128(tips + fees - amount), uint128(_escrow.spent + fees));
        _payOut(msg.sender, amount);
    }

    /// @dev Where from `i` on the data are that have this digest. Others before them are passed over: they may be
    /// those of somebody who has just dropped out.
    function _find(bytes[] calldata data, uint256 i, uint216 digest) private pure returns (uint256) {
        while (i < data.length && uint216(uint256(keccak256(data[i]))) != digest) ++i;
        return i;
    }

    /// @dev `run` was checked when it came in, see MarketEvaluation.
    function _learnAll(Words.Loaded memory loaded, bytes calldata run) private returns (bool changed) {
        uint256 free = Words.mark();
        for (uint256 at; at < run.length;) {
            uint256 label;
            bytes calldata x;
            (label, x, at) = Samples.at(run, at);
            (,, bool moved) = _learn(loaded, x, label);
            if (moved) changed = true;
            Words.release(free);
        }
    }

    /// @dev Whether stake + bounty · score is below the threshold, and below zero. Exact: nothing is divided.
    function _below(uint256 stake, int256 score) private view returns (bool below, bool negative) {
        int256 initial = int256(stake * ONE); // below 2^128 · 2^30: the pot holds the stake
        int256 balance = initial + int256(uint256(_escrow.bounty)) * score;
        return (balance * THOUSAND < initial * int256(_rules().threshold()), balance < 0);
    }

    function _positive(int256 value) private pure returns (uint256) {
        return value > 0 ? uint256(value) : 0;
    }

    /// @dev Billionths to units of money, rounded up.
    function _ceil(uint256 value) private pure returns (uint256) {
        return (value + ONE - 1) / ONE;
    }
}
