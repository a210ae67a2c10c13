// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {Signatures} from "../kernel/Signatures.sol";
import {Backing} from "./Backing.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";
import {ISeats} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";
import {MaskKeys} from "./MaskKeys.sol";
import {IMasked} from "./policies/IMasked.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Seats
/// @notice Who takes part. See ISeats.
abstract contract Seats is Backing, ISeats, EIP712 {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Lanes for uint256[4];

    bytes32 private constant ADMISSION = keccak256("Admission(address party,uint256 deadline)");

    /// @inheritdoc ISeats
    function join(bytes calldata admission) external payable returns (uint256 seat) {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        require(!s.closed() && (s.round() == 0 || _isCommitting(t, s)), NotTheTime());
        require(_parties[msg.sender] == 0, AlreadyJoined(msg.sender));
        bytes calldata key = admission;
        if (t.isMasked()) {
            // Masks are made with all that take part when a round begins; who comes later has no part in them.
            require(s.round() == 0, NotTheTime());
            require(MaskKeys.isOne(key), IMasked.NotAMaskKey());
            (key, admission) = (key[:MaskKeys.LENGTH], key[MaskKeys.LENGTH:]);
        }
        if (t.inviter() != address(0)) {
            uint256 deadline = admission.length < 32 ? 0 : uint256(bytes32(admission[:32]));
            _before(deadline);
            bytes32 digest = _hashTypedData(keccak256(abi.encode(ADMISSION, msg.sender, deadline)));
            Signatures.check(t.inviter(), digest, admission[32:]);
        }
        seat = LibBit.ffs(~s.taken());
        require(seat < t.seats(), NoFreeSeat());
        // Effect
        s.addSeats(1 << seat);
        _save(s);
        _parties[msg.sender] = seat + 1;
        if (t.weighs()) _seatBacking(msg.sender, seat);
        _take(t, t.deposit());
        emit Joined(msg.sender, seat);
        if (t.isMasked()) emit IMasked.MaskKey(msg.sender, seat, key);
    }

    /// @inheritdoc ISeats
    function leave() external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        uint256 seat = _seatOf(msg.sender);
        // Check
        require(seat != NO_SEAT, NotAParty(msg.sender));
        if (s.seats() >> seat & 1 != 0) {
            bool idle = _isCommitting(t, s) && s.committed() >> seat & 1 == 0;
            require(s.closed() || s.round() == 0 || (idle && s.claimedAfter() == 0), InRound(s.round()));
            if (t.obliged() && s.round() != 0 && !s.closed()) _fineLeaver(t, s, seat);
        }
        // Effect
        _vacate(t, s, msg.sender, seat);
    }

    /// @inheritdoc ISeats
    function evict(address party) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        uint256 seat = _seatOf(party);
        // Check
        require(seat != NO_SEAT, NotAParty(party));
        require(s.seats() >> seat & 1 == 0, StillActive(party));
        // Effect
        _vacate(t, s, party, seat);
    }

    /// @inheritdoc ISeats
    function begin() external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        require(s.round() == 0 && !s.closed(), NotTheTime());
        uint256 count = LibBit.popCount(s.seats());
        require(count == t.seats() || block.timestamp >= t.start(), NotEnough(count, t.seats()));
        require(count >= t.quorum(), NotEnough(count, t.quorum()));
        // Effect
        _openRound(t, s);
        emit Begun(s.seats());
        _save(s);
    }

    /// @inheritdoc ISeats
    function close() external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        require(s.round() == 0 && !s.closed(), NotTheTime());
        uint256 count = LibBit.popCount(s.seats());
        require(block.timestamp >= t.start() && count < t.quorum(), NotEnough(count, t.quorum()));
        // Effect
        _close(t, s);
        _save(s);
    }

    /// @dev Who is obliged to commit owes it in this round, too.
    function _fineLeaver(PackedTerms t, PackedState memory s, uint256 seat) private {
        uint256[4] memory sums;
        _fine(t, s, sums, 1 << seat, 0);
        _earned.add(sums);
    }

    function _vacate(PackedTerms t, PackedState memory s, address party, uint256 seat) private {
        s.vacate(1 << seat);
        _save(s);
        uint256 returned = t.deposit() - _lost.get(seat) + _earned.get(seat);
        _lost.clear(seat);
        _earned.clear(seat);
        delete _parties[party];
        if (t.weighs()) _unseatBacking(t, s, party, seat);
        _owe(t, party, returned);
        emit Left(party, seat, returned * t.unit());
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("DILN federation", "1");
    }
}

// slither-disable-end timestamp
