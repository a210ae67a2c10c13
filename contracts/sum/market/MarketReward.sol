// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {Words} from "../Words.sol";
import {Contribution, Cursor, IPredictionMarket, Outcome, Participant, Phase, Standing} from "./IPredictionMarket.sol";
import {MarketBase} from "./MarketBase.sol";
import {Rules} from "./Rules.sol";
import {Samples} from "./Samples.sol";
import {Shadow} from "./Shadow.sol";

/// @notice Measuring the contributions, in steps that anyone may take.
///
/// A contribution is learned, the whole test set (but the trial portion) is looked at, and its contributor's score
/// changes by L(before) − L(after). If that leaves the balance below the threshold, for the last time that the rules
/// allow or at any time below zero, the model is put back to where it was, the contributor drops out, and what
/// follows is measured as if that contribution had never been made. Only if earlier contributions of the same
/// contributor are in the model by then, another pass is needed (in the other cases it would repeat this one, word
/// for word).
abstract contract MarketReward is MarketBase {
    /// @dev Thresholds are counted in thousandths.
    int256 private constant THOUSAND = 1000;

    /// @inheritdoc IPredictionMarket
    function crank(bytes[] calldata data, uint256 work) external {
        // Check:
        _checkPhase(Phase.Rewarding);
        // Effect:
        Cursor memory c = _cursor;
        Words.Loaded memory loaded = _load();
        uint256 contributions = _status.contributions;
        uint256 given;
        uint256 learned;
        while (work != 0) {
            bool changed = c.measuring;
            if (changed) {
                work = _measure(c, work);
                if (c.portion != type(uint8).max) break; // and there is no work left
            } else if (c.next == contributions) {
                --work;
                if (_endPass(c)) break;
                continue;
            } else {
                Contribution memory next = _contributions[c.next];
                bool skipped = !next.opened || _participants[next.participant].standing.dropped;
                if (!skipped) {
                    given = _find(data, given, next.digest);
                    if (given == data.length) break;
                    c.measuring = _learnAll(loaded, data[given++]);
                    ++learned;
                }
                --work;
                ++c.next;
                if (skipped || c.measuring) continue; // what did not change the model needs no measuring
            }
            _judge(c, changed);
        }
        require(learned != 0 || given == 0 || given < data.length, OtherData(c.next));
        _cursor = c;
        _tip(learned);
    }

    /// @inheritdoc IPredictionMarket
    function evaluatePortion(uint256 index, uint256 from, uint256 most)
        external
        view
        returns (uint256 wrong, uint256 hits, uint256 misses, uint256 seen, uint256 end, bool last)
    {
        bytes memory run = SSTORE2.read(_portions[index], from);
        // Interaction: with itself, because the model reads samples from calldata
        (wrong, hits, misses, seen, end) = this.evaluate(run, most);
        last = end == run.length;
        end += from;
    }

    /// @dev Look at test samples until all are looked at (`c.portion` is then 255) or `work` is used up.
    function _measure(Cursor memory c, uint256 work) private view returns (uint256) {
        uint256 portions = _rules().portions();
        uint256 trial = _status.trial;
        while (work != 0 && c.portion < portions) {
            if (c.portion != trial) {
                // Interaction: with itself, so that the memory it takes is given back
                (uint256 wrong, uint256 hits, uint256 misses, uint256 seen, uint256 end, bool last) =
                    this.evaluatePortion(c.portion, c.offset, work);
                unchecked {
                    // At most 254 portions of 65,535 samples: counts fit 24 bits; a portion's length fits 16
                    c.wrong += uint24(wrong);
                    c.hits += uint24(hits);
                    c.misses += uint24(misses);
                    c.offset = uint16(end);
                    work -= seen; // no more were asked for
                }
                if (!last) break;
            }
            (c.portion, c.offset) = (c.portion + 1, 0);
        }
        if (c.portion == trial) ++c.portion;
        if (c.portion >= portions) c.portion = type(uint8).max;
        return work;
    }

    /// @dev In billionths, rounded down.
    function _loss(Cursor memory c) private view returns (uint256) {
        Rules rules = _rules();
        if (rules.loss() == 0) return c.wrong * ONE / ((rules.portions() - 1) * rules.samples());
        uint256 all = 2 * uint256(c.hits) + c.misses;
        return all == 0 ? 0 : c.misses * ONE / all;
    }

    /// @dev Keep the contribution before `c.next` or drop its contributor out. Unless it `changed` the model, its loss
    /// is the last one; before the first contribution, what was measured is the initial model.
    function _judge(Cursor memory c, bool changed) private {
        uint256 loss = changed ? _loss(c) : c.last;
        (c.measuring, c.portion, c.offset, c.wrong, c.hits, c.misses) = (false, 0, 0, 0, 0, 0);
        if (c.next == 0) {
            (c.first, c.last) = (uint32(loss), uint32(loss));
            emit Measured(loss);
            return;
        }
        uint256 index = c.next - 1;
        Participant storage participant_ = _participants[_contributions[index].participant];
        Standing memory p = participant_.standing;
        if (p.pass != c.pass) (p.pass, p.score, p.strikes, p.kept) = (c.pass, 0, 0, 0);
        int256 score = p.score + int256(uint256(c.last)) - int256(loss);
        uint256 stake = participant_.opened * _rules().stake() * _unit();
        (bool below, bool negative) = _below(stake, score);
        if (below) ++p.strikes;
        if (negative || (below && p.strikes >= _rules().strikes())) {
            _drop(c, p, stake, score);
            if (changed) Shadow.restore(_length(Words.shape()));
            emit Dropped(c.pass, index, loss, p.forfeit);
        } else {
            c.gains = uint56(c.gains - _positive(p.score) + _positive(score));
            // Scores of 2^16 contributions at most, each within ±1e9
            (p.score, c.last) = (int64(score), uint32(loss));
            if (changed) {
                ++p.kept;
                Shadow.keep(_length(Words.shape()));
            }
            emit Kept(c.pass, index, loss, score, below);
        }
        participant_.standing = p;
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
        (c.pass, c.next, c.again, c.last, c.gains) = (c.pass + 1, 0, false, c.first, 0);
        return false;
    }

    /// @dev Pay whoever cranked for `learned` contributions.
    function _tip(uint256 learned) private {
        uint256 amount = learned * _rules().tip() * _unit();
        uint256 tips = _escrow.tips;
        if (amount > tips) amount = tips;
        if (amount == 0) return;
        _escrow.tips = uint128(tips - amount);
        _credit(msg.sender, amount);
    }

    /// @dev Where from `i` on the data are that have this digest. Others before them are passed over: they may be
    /// those of somebody who has just dropped out.
    function _find(bytes[] calldata data, uint256 i, uint160 digest) private pure returns (uint256) {
        while (i < data.length && uint160(uint256(keccak256(data[i]))) != digest) ++i;
        return i;
    }

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
