// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FederationLedger} from "./FederationLedger.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {IBacking} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Backing
/// @notice Money behind seats, where it weighs. See IBacking.
abstract contract Backing is FederationLedger, IBacking {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Lanes for uint256[4];

    uint256 private constant MOST = 2 ** 60; // behind one seat; a lane has 64 bits

    /// @inheritdoc IBacking
    function delegate(address party, uint256 amount) external payable {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        uint256 seat = _seatOf(party);
        // Check
        require(t.weighs() && seat != NO_SEAT, NotAParty(party));
        _requireRest(t, s);
        require(amount != 0 && amount < MOST && _backed.get(seat) + amount < MOST, WrongAmount(amount, MOST));
        // Effect
        uint256[4] memory sums;
        sums.put(seat, amount);
        _backed.add(sums);
        _given[msg.sender][party] += amount;
        _take(t, amount);
        emit Delegated(msg.sender, party, amount * t.unit());
    }

    /// @inheritdoc IBacking
    function undelegate(address party, uint256 amount) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        uint256 given = _given[msg.sender][party];
        uint256 seat = _seatOf(party);
        // Check
        require(amount != 0 && amount <= given, WrongAmount(amount, given));
        if (seat != NO_SEAT) _requireRest(t, s);
        // Effect
        _given[msg.sender][party] = given - amount;
        if (seat == NO_SEAT) {
            _unseated[party] -= amount;
        } else {
            uint256 left = _backed.get(seat) - amount;
            _backed.clear(seat);
            uint256[4] memory sums;
            sums.put(seat, left);
            _backed.add(sums);
        }
        _owe(t, msg.sender, amount);
        emit Undelegated(msg.sender, party, amount * t.unit());
    }

    /// @inheritdoc IBacking
    function backingOf(address party) external view returns (uint256) {
        uint256 seat = _seatOf(party);
        return (seat == NO_SEAT ? _unseated[party] : _backed.get(seat)) * _terms().unit();
    }

    /// @inheritdoc IBacking
    function delegatedBy(address who, address party) external view returns (uint256) {
        return _given[who][party] * _terms().unit();
    }

    /// @dev What was behind `party` while it had no seat is behind its seat.
    function _seatBacking(address party, uint256 seat) internal {
        uint256[4] memory sums;
        sums.put(seat, _unseated[party]);
        _backed.add(sums);
        delete _unseated[party];
    }

    /// @dev The reverse. Not within a round: what weighs in it must not depend on who knows its seed.
    function _unseatBacking(PackedTerms t, PackedState memory s, address party, uint256 seat) internal {
        _requireRest(t, s);
        _unseated[party] = _backed.get(seat);
        _backed.clear(seat);
    }

    /// @dev Nobody judges: before the first round, while commitments are taken, or when all is over.
    function _requireRest(PackedTerms t, PackedState memory s) private view {
        bool rests = s.closed() || s.round() == 0 || (_isCommitting(t, s) && s.claimedAfter() == 0);
        require(rests, InRound(s.round()));
    }
}

// slither-disable-end timestamp
