// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    ChunkPair,
    Claim,
    Link,
    Mode,
    PartyChunk,
    Phase,
    Policy,
    Privacy,
    State
} from "../../../contracts/federation/IFederation.sol";
import {IMasked, IMaskedDisputes, MaskedChunk} from "../../../contracts/federation/policies/IMasked.sol";
import {FederationHandler} from "./FederationHandler.sol";

/// @notice The same with masks: seeds are told or not, some of who is gone or of pairs that are in, and some commit to
/// another seed than the one they share it with, mask with that, and tell it or not. Anybody shows who disagrees, with
/// all sheets or false ones. What everybody hides is `values`, by which sums are checked.
contract MaskedHandler is FederationHandler {
    uint256 private constant X = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;
    uint256 private constant Y = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8;

    mapping(address party => bytes) private hidden; // its masked update
    mapping(address party => bytes) private sheets; // with hashes only
    mapping(address party => uint256) private false_; // the seat plus one with which it has another seed

    constructor() FederationHandler(Policy.Trusted, Privacy.Masked, Mode.Optimistic) {}

    // ── actions ─────────────────────────────────────────────────────────────────────────────────────────────

    function unmask(uint256 seed) external {
        address who = _who(seed);
        _unmask(who, seed >> 8);
    }

    function unmaskAll(uint256 seed) external {
        _tick(seed);
        for (uint256 i; i < PARTIES + 1; ++i) {
            if (seed >> (8 + 4 * i) & 15 != 0) _unmask(parties[i], (seed >> (40 + i) & 7) << 3 | 1);
        }
    }

    /// @notice Most show what they have of the others' seeds; with it somebody tells for whoever is silent.
    function restore(uint256 seed) external {
        _tick(seed);
        for (uint256 i; i < PARTIES + 1; ++i) {
            if (seed >> (8 + 4 * i) & 15 != 0) this.share(seed >> (8 + i));
        }
        (,, uint256 there, uint256 told,,) = _masks();
        if (_phase() != Phase.Judging) return;
        for (uint256 seat; there >> seat != 0; ++seat) {
            if ((there & ~told) >> seat & 1 != 0) _unmask(_at(seat), seed | 63);
        }
    }

    function share(uint256 seed) external {
        address who = _who(seed);
        State memory s = federation.state();
        (uint256 seat,,,) = federation.partyOf(who);
        bool due = seat < 16 && s.seats >> seat & 1 != 0 && _unmasks(s);
        _do(due, who, 0, abi.encodeCall(IMasked.share, (abi.encode(seed))));
    }

    /// @notice Mostly with all sheets as they were committed to.
    function compare(uint256 seed) external {
        _tick(seed);
        State memory s = federation.state();
        (, uint256 among, uint256 there,, uint256 before,) = _masks();
        if (there == 0) there = s.revealed;
        bytes memory entries;
        bool right = _unmasks(s) && before == 0;
        for (uint256 seat; right && there >> seat != 0; ++seat) {
            if (there >> seat & 1 == 0) continue;
            address who = _at(seat);
            bytes memory sheet = sheets[who];
            if (seed >> (8 + 4 * seat) & 15 == 0) {
                right = false;
                if (seed >> 200 & 1 == 0) sheet = _told(who, seat, among, among, s.round, true);
                else who = stranger;
            }
            entries = bytes.concat(entries, abi.encodePacked(who, _leaf(hidden[_at(seat)]), sheet));
        }
        uint256 pairs = right ? _pairs(there) : 0;
        (, uint256 end) = federation.clock();
        _do(pairs != 0, stranger, 0, abi.encodeCall(IMasked.compare, (entries)));
        if (pairs == 0) return;
        (,,, uint256 told, uint256 after_,) = _masks();
        require(after_ == pairs, "others disagree");
        for (uint256 seat; there >> seat != 0; ++seat) {
            bool again = uint16(pairs >> 16 * seat) != 0;
            require(!again || told >> seat & 1 == 0, "whoever disagrees has to tell again");
        }
        _requireAnew(end);
    }

    /// @notice A round is lost where it has to be, and else the sum may be claimed once all is told.
    function judge(uint256 seed) external {
        _tick(seed);
        State memory s = federation.state();
        (, uint256 among, uint256 there, uint256 told, uint256 disagreed, bool lost) = _masks();
        require(told & ~there == 0 && there & ~among == 0, "told of somebody who is not in");
        if (s.round == 0 || s.closed || there == 0) return;
        require(lost == (there != s.revealed), "lost, and should not be, or the reverse");
        bool all = !lost && told == there;
        // Whoever fell may have left, and nobody compares any longer.
        if (all && disagreed == 0 && _pairs(there) != 0) all = false;
        (uint256 accepted,,) = federation.judgement();
        require(accepted == (all ? there : 0), "another sum than of those who were told of");
        if (!lost && told == there && !all) require(_phase() != Phase.Challenging, "claimed, and they disagree");
    }

    function _judgeMost(uint256 seed) internal override {
        this.unmaskAll(seed);
        if (_phase() != Phase.Judging || seed & 3 == 0) return;
        this.compare(seed >> 8);
        if (seed & 7 != 0) this.unmaskAll(seed >> 16);
        if (seed & 0x70 != 0) this.restore(seed >> 24);
    }

    // ── what is right ───────────────────────────────────────────────────────────────────────────────────────

    function _unmask(address who, uint256 seed) private {
        if (sheets[who].length == 0) return;
        (uint256 seat,,,) = federation.partyOf(who);
        if (seat > 15) return;
        (bool right, bytes memory entry) = _entry(who, seat, seed);
        (,,,, uint256 disagreed,) = _masks();
        (, uint256 end) = federation.clock();
        _do(right, stranger, 0, abi.encodeCall(IMasked.unmask, (entry)));
        if (!right || disagreed != 0) return;
        (,, uint256 there, uint256 told,,) = _masks();
        if (told == there && _pairs(there) != 0) _requireAnew(end);
    }

    /// @dev What a party tells, and whether that is right.
    function _entry(address who, uint256 seat, uint256 seed) private view returns (bool right, bytes memory entry) {
        (uint256 due, uint256 shown) = _seeds(seat, seed);
        bool keeps = seed >> 3 & 7 == 0;
        right = shown == due && _mayUnmask(seat);
        if (keeps && false_[who] != 0 && due >> (false_[who] - 1) & 1 != 0) right = false;
        (, uint256 among,,,,) = _masks();
        entry = _told(who, seat, among, shown, federation.state().round, !keeps);
        entry = abi.encodePacked(who, _leaf(hidden[who]), entry);
        if (entry.length != 52 + 64 + 32 * _count(among)) right = false;
    }

    /// @dev Of whom a seat has to show seeds, and of whom it does: sometimes as if others were in.
    function _seeds(uint256 seat, uint256 seed) private view returns (uint256 due, uint256 shown) {
        (, uint256 among,,, uint256 disagreed,) = _masks();
        due = among & (~federation.state().revealed | 1 << seat) | uint16(disagreed >> 16 * seat);
        shown = seed & 7 != 0 ? due : due ^ (among & 1 << _below(seed, 4));
    }

    function _mayUnmask(uint256 seat) private view returns (bool) {
        State memory s = federation.state();
        (,,, uint256 told,,) = _masks();
        return _unmasks(s) && (s.revealed & ~told) >> seat & 1 != 0;
    }

    /// @dev There is the whole time for it again, and no less than there was, until `before`.
    function _requireAnew(uint256 before) private view {
        (Phase phase, uint256 endsAt) = federation.clock();
        uint256 whole = block.timestamp + terms.judging;
        require(phase == Phase.Judging, "no time to tell again");
        require(endsAt == (whole > before ? whole : before), "another time to tell again");
    }

    /// @dev Sixteen bits a seat: with whom each of `there` disagrees, by what they committed to.
    function _pairs(uint256 there) private view returns (uint256 pairs) {
        for (uint256 seat; there >> seat != 0; ++seat) {
            if (there >> seat & 1 == 0) continue;
            uint256 other = false_[_at(seat)];
            if (other == 0 || there >> (other - 1) & 1 == 0) continue;
            pairs |= 1 << (16 * seat + other - 1) | 1 << (16 * (other - 1) + seat);
        }
    }

    /// @dev The sheet with seeds at the places `shown`: those that it masked with or, of a false one, that of the other.
    function _told(address who, uint256 seat, uint256 among, uint256 shown, uint256 round, bool own)
        private
        view
        returns (bytes memory sheet)
    {
        sheet = sheets[who];
        uint256 place = 64;
        for (uint256 other; among >> other != 0 && place < sheet.length; ++other) {
            if (among >> other & 1 == 0) continue;
            place += 32;
            if (shown >> other & 1 == 0) continue;
            bytes32 seed = own ? _own(seat, other, round, false_[who]) : _seed(seat, other, round);
            assembly ("memory-safe") {
                mstore(add(sheet, place), seed)
            }
        }
    }

    function _unmasks(State memory s) private view returns (bool) {
        return _phase() == Phase.Judging && _count(s.revealed) >= terms.quorum;
    }

    function _masks() private view returns (uint256, uint256, uint256, uint256, uint256, bool) {
        return IMasked(address(federation)).masks();
    }

    function _commit(address who, uint256 seed) internal override {
        State memory s = federation.state();
        (uint256 seat,,,) = federation.partyOf(who);
        bool active = seat < 16 && s.seats >> seat & 1 != 0;
        bool due = active && s.committed >> seat & 1 == 0 && _phase() == Phase.Committing;
        if (!due) {
            _do(false, who, 0, abi.encodeCall(federation.commit, (s.round, SALT)));
            return;
        }
        (values[who], weights[who]) = (int32(int256(_below(seed, 2 ** 29)) - 2 ** 28), 1);
        (, uint256 among,,,,) = _masks();
        uint256 other = _below(seed >> 40, 20);
        false_[who] = other != seat && among >> other & 1 != 0 ? other + 1 : 0;
        sheets[who] = _sheet(seat, among, s.round, false_[who]);
        hidden[who] = _hide(seat, among, s.round, false_[who], values[who]);
        bytes32 digest = keccak256(abi.encodePacked(_leaf(hidden[who]), uint16(1), uint8(0), sha256(sheets[who])));
        bytes32 commitment = federation.commitmentOf(s.round, who, digest, SALT);
        _do(true, who, 0, abi.encodeCall(federation.commit, (s.round, commitment)));
    }

    function _sheet(uint256 seat, uint256 among, uint256 round, uint256 wrong) private pure returns (bytes memory sheet) {
        sheet = abi.encode(SALT, SALT);
        for (uint256 other; among >> other != 0; ++other) {
            if (among >> other & 1 == 0) continue;
            sheet = bytes.concat(sheet, keccak256(abi.encode(_own(seat, other, round, wrong))));
        }
    }

    function _hide(uint256 seat, uint256 among, uint256 round, uint256 wrong, int32 value)
        private
        pure
        returns (bytes memory data)
    {
        uint32[32] memory sums;
        for (uint256 i; i < 32; ++i) {
            sums[i] = uint32(value);
        }
        for (uint256 other; among >> other != 0; ++other) {
            if (among >> other & 1 == 0) continue;
            bytes32 seed = _own(seat, other, round, wrong);
            for (uint256 i; i < 32; ++i) {
                uint32 mask = uint32(uint256(keccak256(abi.encodePacked(seed, uint32(i / 8)))) >> (224 - 32 * (i % 8)));
                unchecked {
                    sums[i] = seat > other ? sums[i] - mask : sums[i] + mask; // modulo 2^32
                }
            }
        }
        for (uint256 i; i < 32; ++i) {
            data = bytes.concat(data, bytes4(sums[i]));
        }
    }

    /// @dev Of the pair, or where `wrong` is the other's seat plus one, of nobody else's.
    function _own(uint256 seat, uint256 other, uint256 round, uint256 wrong) private pure returns (bytes32) {
        return wrong == other + 1 ? bytes32(seat) : _seed(seat, other, round);
    }

    function _seed(uint256 a, uint256 b, uint256 round) private pure returns (bytes32) {
        return keccak256(abi.encode(a < b ? a : b, a < b ? b : a, round));
    }

    function _dataOf(address who) internal view override returns (bytes memory) {
        return hidden[who];
    }

    function _cidOf(address who) internal view override returns (bytes32) {
        return sha256(sheets[who]);
    }

    function _admission() internal pure override returns (bytes memory) {
        return abi.encode(X, Y);
    }

    /// @dev A sheet may be too long, with hashes alone, or with what the other of a pair has of a seed that is due.
    function _evidence(
        Claim memory c,
        Link memory previous,
        PartyChunk[] memory shown,
        ChunkPair memory pair,
        uint256 fault
    ) internal view override returns (bytes memory) {
        MaskedChunk[] memory chunks = new MaskedChunk[](shown.length);
        (, uint256 among, uint256 there,, uint256 disagreed,) = _masks();
        uint256 round = federation.state().round;
        for (uint256 i; i < shown.length; ++i) {
            (uint256 seat,,,) = federation.partyOf(shown[i].party);
            uint256 due = among & (~there | 1 << seat) | uint16(disagreed >> 16 * seat);
            if (i == 0 && fault == MASKS - 1) due = 0;
            if (i == 0 && fault == MASKS) due ^= there;
            chunks[i] = MaskedChunk(shown[i], _told(shown[i].party, seat, among, due, round, true));
        }
        if (fault == MASKS - 2 && chunks.length != 0) chunks[0].sheet = bytes.concat(chunks[0].sheet, SALT);
        return abi.encodeCall(IMaskedDisputes.refuteMasked, (c, previous, chunks, pair));
    }
}
