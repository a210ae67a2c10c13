// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketBase} from "./MarketBase.sol";
import {MarketPurse} from "./MarketPurse.sol";
import {Outcome, Participant, Phase, Standing} from "./MarketTypes.sol";

/// @title Payment
/// @notice Who gets what in the end. All of it leaves the pot: what rounding leaves over goes to the provider, or,
/// where the provider defaulted, to the last of the participants.
abstract contract MarketPayment is MarketPurse, MarketBase {
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
        for (uint256 i = from; i < end; ++i) {
            Participant memory p = _participants[i];
            if (outcome == Outcome.Settled) _credit(p.who, _settled(p));
            else if (outcome == Outcome.Defaulted) _payDefaulted(p);
            else _credit(p.who, _stake(p.staked));
        }
        paid = end;
        if (end != count) return;
        _credit(_creator(), _escrow.pot);
        _status.stage = Phase.Closed;
    }

    /// @dev Stake and reward; from those who dropped out what they forfeit, from those who hid data and did not open
    /// them their stake, and all of that to those who made the model better, by their scores. Where nobody did,
    /// nobody forfeits anything: a test set that everybody fails is worth nothing to whoever made it.
    function _settled(Participant memory p) private view returns (uint256 amount) {
        Standing memory standing = p.standing;
        int256 score = standing.score;
        uint256 gains = _cursor.gains;
        uint256 bounty = _escrow.bounty;
        amount = _stake(p.staked);
        if (score < 0) amount -= (bounty * uint256(-score) + ONE - 1) / ONE;
        else amount += bounty * uint256(score) / ONE;
        if (gains == 0) return amount;
        amount -= standing.forfeit + _stake(p.staked - p.opened);
        if (standing.dropped || score <= 0) return amount;
        uint256 forfeits = _escrow.forfeits + _stake(_escrow.staked - _escrow.opened);
        amount += forfeits * uint256(score) / gains;
    }

    /// @dev The stake, and of all that is no stake a share by the weight of what is known.
    function _payDefaulted(Participant memory p) private {
        (uint32 staked, uint32 opened) = (_escrow.staked, _escrow.opened);
        uint256 share = p.opened == 0 ? 0 : (_escrow.pot - _stake(staked)) * p.opened / opened;
        (_escrow.staked, _escrow.opened) = (staked - p.staked, opened - p.opened);
        _credit(p.who, _stake(p.staked) + share);
    }
}
