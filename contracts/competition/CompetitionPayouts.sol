// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Score} from "../models/integer/Score.sol";
import {BURN_ADDRESS} from "../kernel/Currency.sol";
import {CompetitionDisputes} from "./CompetitionDisputes.sol";
import {ICompetition, Mode, Outcome, Progress, Scheme, Status, Submission, Terms} from "./ICompetition.sol";
import {Result} from "./Result.sol";
import {TermsCodec} from "./TermsCodec.sol";

// For slither: progress shares a slot with a time; what is left by a division is not random.
// slither-disable-start timestamp,incorrect-equality,weak-prng

/**
 * @title CompetitionPayouts
 * @notice The end, and who is paid what.
 *
 * What comes in: prize, bond, deposits, stakes, claim bonds. Where it goes, by outcome:
 *
 *   Decided    winners: their shares of the pot (prize + deposits of who did not reveal + halves of refuted
 *              bonds); revealed: deposit less tips, claim bond unless refuted; organizer: bond + rest of the pot,
 *              where nobody revealed less a tenth of the bond, which is burnt
 *   Unopened   revealed: deposit + equal share of prize, half the bond and forfeited deposits; fire: half the bond
 *   Withheld   committed: deposit + equal share of the prize; challenger and fire: half the bond each
 *   Undrawn    organizer: prize; caller and fire: half the bond each
 *
 * Answered stakes are the organizer's, all others their challengers'; tips the crankers'; half of a refuted bond
 * the refuter's.
 */
abstract contract CompetitionPayouts is CompetitionDisputes {
    /// The part of the bond that is burnt where nobody revealed: what it costs to draw one's split once more.
    uint256 private constant UNUSED = 10;

    /// @inheritdoc ICompetition
    function finalize(bytes calldata model) external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        // Check: no data were withheld; and nobody revealed, or all are evaluated, or time is up.
        _requireDrawn(p);
        require(p.unanswered == 0, DataWithheld());
        _notBefore(_revealEnd(t, p));
        if (p.revealed > 0) {
            _requireTestOpen(t, p);
            if (p.concluded < p.revealed) _notBefore(_finalEnd(t, p));
        }
        // Effect: what no winner gets is the organizer's.
        uint256 pot = _pot(t, p);
        uint256 won = 0;
        for (uint256 board = p.board; board != 0; board >>= NUMBER) {
            won += _share(t, p, pot, _numberAt(board));
        }
        uint256 price = p.revealed == 0 ? t.bond / UNUSED : 0;
        if (price != 0) _credit[BURN_ADDRESS] += price;
        _credit[t.organizer] += t.bond - price + pot - won;
        _close(Outcome.Decided);
        if (model.length != 0 && p.board != 0) keep(_numberAt(p.board), model);
    }

    /// @inheritdoc ICompetition
    function slashUnopened() external {
        Terms memory t = _terms();
        Progress memory p = _progress;
        // Check: somebody is harmed, and the deadline is over. Without reveals `finalize` closes.
        _requireDrawn(p);
        _notBefore(_openingEnd(t, p));
        require(p.revealed > 0 && p.opened < t.testGroups, NothingToSlash());
        // Effect
        _closeWithFault(t, Outcome.Unopened, _spoils(t, p) % p.revealed);
    }

    /// @inheritdoc ICompetition
    function withdraw(uint256 number, address to) external {
        Submission storage s = _submissions[number];
        // Check: closed, and not paid yet.
        Terms memory t = _terms();
        (uint256 amount, uint256 won) = _payout(t, number);
        // Check: who takes a prize leaves its model callable.
        if (won != 0) _kept(number);
        // Effect
        s.withdrawn = true;
        // Interaction
        _pay(t, s.submitter, to, amount);
    }

    /// @inheritdoc ICompetition
    function withdrawCredit(address account, address to) external {
        uint256 amount = _credit[account];
        // Effect
        _credit[account] = 0;
        // Interaction
        _pay(_terms(), account, to, amount);
    }

    /// @inheritdoc ICompetition
    function payoutOf(uint256 number) external view returns (uint256 amount) {
        (amount,) = _payout(_terms(), number);
    }

    /// What is due to a submission, and how much of that it won.
    function _payout(Terms memory t, uint256 number) private view returns (uint256 due, uint256 won) {
        Progress memory p = _progress;
        Submission storage s = _submissions[number];
        Status status = s.status;
        if (p.outcome == Outcome.Open || status == Status.None || s.withdrawn) return (0, 0);
        if (p.outcome == Outcome.Withheld) {
            return (t.deposit + t.prize / p.committed, 0);
        }
        if (status == Status.Committed) return (0, 0);
        if (p.outcome == Outcome.Unopened) return (t.deposit + _spoils(t, p) / p.revealed, 0);
        due = t.deposit;
        if (t.mode == Mode.Direct) {
            due -= t.tip * uint256(s.tipped) / TermsCodec.samples(t);
        } else if (status == Status.Revealed && Result.wrap(s.word).done() != 0) {
            due += t.claimBond;
        }
        won = _share(t, p, _pot(t, p), number);
        due += won;
    }

    /// What winners divide.
    function _pot(Terms memory t, Progress memory p) private pure returns (uint256) {
        uint256 forfeited = uint256(t.deposit) * (p.committed - p.revealed);
        return t.prize + forfeited + uint256(t.claimBond - t.claimBond / 2) * p.refuted;
    }

    /// What the revealed divide when the test data stays closed.
    function _spoils(Terms memory t, Progress memory p) private pure returns (uint256) {
        return uint256(t.prize) + t.bond / 2 + uint256(t.deposit) * (p.committed - p.revealed);
    }

    /// What submission `number` gets of the pot; zero off the board.
    function _share(Terms memory t, Progress memory p, uint256 pot, uint256 number) private view returns (uint256) {
        uint256 place = 0;
        uint256 board = p.board;
        while (board != 0 && board & ((1 << NUMBER) - 1) != number + 1) {
            board >>= NUMBER;
            ++place;
        }
        if (board == 0) return 0;
        if (t.scheme == Scheme.Ranked) return pot * t.shares[place] / TermsCodec.SHARES;
        uint256 sum = 0;
        for (board = p.board; board != 0; board >>= NUMBER) sum += _margin(t, _numberAt(board));
        return pot * _margin(t, number) / sum;
    }

    /// By how much a submission on the board passed the criterion; at least one.
    function _margin(Terms memory t, uint256 number) private view returns (uint256) {
        uint256 mark = Score.passMark(uint256(t.metric), t.criterion);
        return uint256(Result.wrap(_submissions[number].word).score()) - mark + 1;
    }
}
// slither-disable-end timestamp,incorrect-equality,weak-prng
