// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BURN_ADDRESS} from "../kernel/Currency.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketBase} from "./MarketBase.sol";
import {MarketBalances} from "./MarketBalances.sol";
import {Outcome, Participant, Phase, Standing} from "./MarketTypes.sol";

/// @title Payment
/// @notice Who gets what in the end. All of it leaves the pot: what rounding leaves over goes to the provider, or,
/// where the provider defaulted, to the last of the participants. What is forfeited is burnt: whoever could get it
/// would have a reason to make others lose it.
abstract contract MarketPayment is MarketBalances, MarketBase {
    /// @notice How many participants have been paid.
    uint256 public paid;

    /// @inheritdoc IPredictionMarket
    function pay(uint256 most) external {
        // Check:
        _checkPhase(Phase.Paying);
        // Effect:
        uint256 from = paid;
        uint256 count = _participants.length;
        uint256 end = most < count - from ? from + most : count;
        Outcome outcome = _status.outcome;
        // slither-disable-next-line uninitialized-local (a sum)
        uint256 burnt;
        for (uint256 i = from; i < end; ++i) {
            Participant memory p = _participants[i];
            if (outcome == Outcome.Settled) {
                uint256 lost = _lost(p);
                burnt += lost;
                // What is lost may be more than the stake: in the last pass, what was won before, too
                _payOut(p.who, _stake(p.opened) + _gained(p.standing.score) - lost);
            } else {
                _payUnmeasured(p, outcome == Outcome.Defaulted);
            }
        }
        paid = end;
        if (end == count && outcome == Outcome.Settled) burnt += _fees();
        _payOut(BURN_ADDRESS, burnt);
        if (end != count) return;
        _payOut(_creator(), _escrow.pot);
        _status.stage = Phase.Closed;
    }

    function _gained(int256 score) private view returns (uint256) {
        return score > 0 ? _escrow.bounty * uint256(score) / ONE : 0;
    }

    /// @dev What dropping out forfeits and a score below zero costs. Where nobody made the model better, nobody loses
    /// anything by it: a test set that everybody fails says nothing.
    function _lost(Participant memory p) private view returns (uint256 lost) {
        if (_cursor.gains == 0) return 0;
        Standing memory standing = p.standing;
        int256 score = standing.score;
        lost = standing.forfeit;
        if (score < 0) lost += (_escrow.bounty * uint256(-score) + ONE - 1) / ONE;
    }

    /// @dev The stake of what is known, a share in the fees that were not used, and after a default, of all that is
    /// neither, a share by that stake.
    function _payUnmeasured(Participant memory p, bool defaulted) private {
        uint256 fees = _fees();
        if (!defaulted) return _payOut(p.who, _stake(p.opened) + fees * p.given / _status.contributions);
        uint32 opened = _escrow.opened;
        uint256 back = p.given * _fee();
        uint256 share = p.opened == 0 ? 0 : (_escrow.pot - _stake(opened) - fees) * p.opened / opened;
        _escrow.opened = opened - p.opened;
        _escrow.spent += uint128(back);
        _payOut(p.who, _stake(p.opened) + back + share);
    }
}
