// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Balances} from "../kernel/Balances.sol";
import {Currency} from "../kernel/Currency.sol";
import {FederationLedger} from "./FederationLedger.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {IViews, State, Terms} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";

/// @title Views
/// @notice What a federation is and where it stands, and everybody's balance. See IViews, IBalances.
abstract contract Views is FederationLedger, IViews, Balances {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Lanes for uint256[4];

    /// @inheritdoc IViews
    function terms() external view returns (Terms memory) {
        return FederationTerms.unpacked(_terms());
    }

    /// @inheritdoc IViews
    function state() external view returns (State memory) {
        return _load().unpacked();
    }

    /// @inheritdoc IViews
    function partyOf(address party)
        external
        view
        returns (uint256 seat, bytes32 kept, uint256 deposit, uint256 earned)
    {
        seat = _seatOf(party);
        if (seat == NO_SEAT) return (seat, 0, 0, 0);
        PackedTerms t = _terms();
        kept = bytes32(_parties[party] & ~uint256(0xff));
        deposit = (t.deposit() - _lost.get(seat)) * t.unit();
        earned = _earned.get(seat) * t.unit();
    }

    /// @inheritdoc IViews
    function heads() external view returns (bytes32 record, bytes32 pending) {
        return (_lastRecord(_terms()), _load().claimedAfter() == 0 ? bytes32(0) : _pending);
    }

    // ── balances ────────────────────────────────────────────────────────────────────────────────────────────

    function _currency() internal view override returns (Currency) {
        return _terms().currency();
    }

    function _balance(address who) internal view override returns (uint256) {
        return _owned(_terms(), who);
    }

    function _setBalance(address who, uint256 amount) internal override {
        _setOwned(who, amount);
    }

    function _anyoneWithdrawsFor(address account) internal pure override returns (bool) {
        return account == BURN;
    }
}
