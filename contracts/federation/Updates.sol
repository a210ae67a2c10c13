// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {Batch} from "./Batch.sol";
import {FederationBase} from "./FederationBase.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";
import {Phase} from "./IFederation.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title Updates
/// @notice Commitments to updates and their reveals, one by one or for many at once. See IFederation.
abstract contract Updates is FederationBase {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Batch for bytes;

    bytes32 private constant UPDATE = keccak256("DILN federation update");
    bytes32 private constant SIGNED_UPDATE = keccak256("Update(uint256 round,bytes32 commitment)");
    uint256 private constant SIGNED_BYTES = 96;
    uint256 private constant REVEAL_BYTES = 119;

    /// @notice See IFederation.
    function commit(uint256 round, bytes32 commitment) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        uint256 seat = _activeSeat(s, msg.sender);
        // Check
        _requireRound(s, round);
        require(s.committed() >> seat & 1 == 0, AlreadyCommitted(seat));
        _requirePhase(t, s, Phase.Committing);
        // Effect
        _commit(s, msg.sender, seat, commitment);
        _save(s);
    }

    /// @notice See IFederation.
    function commitSigned(bytes calldata entries) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        entries.check(SIGNED_BYTES);
        _requirePhase(t, s, Phase.Committing);
        // Effect
        uint256 before = s.committed();
        bytes32 domain = _domainSeparator();
        for (uint256 place = 0; place < entries.length;) {
            (address who, uint256 seat, bytes32 commitment) =
                _signed(SIGNED_UPDATE, domain, s.round(), entries, place);
            if (_isIn(s.seats() & ~s.committed(), seat)) _commit(s, who, seat, commitment);
            unchecked {
                place += SIGNED_BYTES; // below the length of calldata
            }
        }
        require(s.committed() != before, NothingDone());
        _save(s);
    }

    /// @notice See IFederation.
    function reveal(bytes calldata entries) external {
        (PackedTerms t, PackedState memory s) = (_terms(), _load());
        // Check
        entries.check(REVEAL_BYTES);
        _requirePhase(t, s, Phase.Revealing);
        // Effect
        uint256 before = s.revealed();
        for (uint256 place = 0; place < entries.length;) {
            _reveal(t, s, entries, place);
            unchecked {
                place += REVEAL_BYTES; // below the length of calldata
            }
        }
        require(s.revealed() != before, NothingDone());
        _save(s);
        if (s.revealed() == s.committed()) _allRevealed(s);
    }

    /// @notice See IFederation.
    function commitmentOf(uint256 round, address party, bytes32 digest, bytes32 salt) external view returns (bytes32) {
        return _commitmentOf(UPDATE, party, _payload(round, digest), salt);
    }

    function _payload(uint256 round, bytes32 content) internal pure returns (bytes32) {
        return EfficientHashLib.hash(bytes32(round), content);
    }

    /// @dev Of the entry (content 32, r 32, vs 32) at `place`: who signed it as EIP-712 `kind`(round, content), and
    /// the seat of that; none where nobody did.
    function _signed(bytes32 kind, bytes32 domain, uint256 round, bytes calldata entries, uint256 place)
        internal
        view
        returns (address who, uint256 seat, bytes32 content)
    {
        unchecked {
            // Places within calldata.
            content = entries.word(place);
            bytes32 digest = Batch.typed(domain, EfficientHashLib.hash(kind, bytes32(round), content));
            who = ECDSA.tryRecover(digest, entries.word(place + 32), entries.word(place + 64));
        }
        seat = who == address(0) ? NO_SEAT : _seatOf(who);
    }

    /// @dev As Commitments says, without memory of its own for each entry of a batch; `whose` is an address or a seat.
    function _committedTo(bytes32 domain, bytes32 whose, bytes32 payload, bytes32 salt)
        internal
        view
        returns (bytes32)
    {
        bytes32 here = bytes32(uint256(uint160(address(this))));
        return EfficientHashLib.hash(domain, bytes32(block.chainid), here, whose, payload, salt);
    }

    function _isIn(uint256 mask, uint256 seat) internal pure returns (bool) {
        return seat < 16 && mask >> seat & 1 != 0;
    }

    function _commit(PackedState memory s, address who, uint256 seat, bytes32 commitment) private {
        s.addCommitted(1 << seat);
        _parties[who] = uint256(commitment) & ~uint256(0xff) | (seat + 1);
        emit Committed(s.round(), seat, commitment);
    }

    /// @dev An entry that is already revealed, or opens something else, is left out.
    function _reveal(PackedTerms t, PackedState memory s, bytes calldata entries, uint256 place) private {
        unchecked {
            // Places within calldata; whoever committed has a seat.
            address who = address(bytes20(entries.word(place)));
            uint256 kept = _parties[who];
            uint256 seat = uint8(kept) - 1;
            if (!_isIn(s.committed() & ~s.revealed(), seat)) return;
            uint256 weight = uint16(bytes2(entries.word(place + 52)));
            uint256 shift = uint8(bytes1(entries.word(place + 54)));
            if (weight == 0 || weight > t.maxWeight() || shift > 32 - 8 * t.width()) return;
            if (entries.word(place + 20) == 0) return; // no bytes have this root
            if (t.isDirect() && (shift != t.shift() || entries.word(place + 55) != 0)) return;
            bytes32 digest = entries.hash(place + 20, 67); // root, weight, shift, cid
            bytes32 whose = bytes32(uint256(uint160(who)));
            bytes32 commitment = _committedTo(UPDATE, whose, _payload(s.round(), digest), entries.word(place + 87));
            if ((uint256(commitment) ^ kept) >> 8 != 0) return;
            (uint256 budget, uint256 spent) = (t.epsilon(), uint32(uint256(entries.word(place + 87))));
            if (budget != 0 && spent > budget) return;
            s.addRevealed(1 << seat);
            _parties[who] = uint256(digest) & ~uint256(0xff) | (seat + 1);
            emit Revealed(s.round(), who, entries.word(place + 20), weight, shift, entries.word(place + 55));
            if (budget != 0) emit Spent(s.round(), who, spent);
        }
    }

    /// @dev All who committed have revealed.
    function _allRevealed(PackedState memory s) internal virtual;
}

// slither-disable-end timestamp
