// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Currency} from "../kernel/Currency.sol";
import {Mode, Pay, Policy, Privacy, Rule, Terms} from "./IFederation.sol";

// Arguments are read from the code.
// solhint-disable no-inline-assembly

/// @dev Where nine words of memory are: see FederationTerms. (A struct would be cleared each time before it is read.)
type PackedTerms is uint256;

/// @title FederationTerms
/// @notice Terms in nine words behind a clone's code, and which terms there can be.
library FederationTerms {
    using FederationTerms for PackedTerms;

    uint256 private constant MAX_SEATS = 16;
    uint256 private constant MAX_SIZE = 2 ** 19;
    uint256 private constant MAX_DIRECT = 2 ** 14; // sixteen of them are 10.6M gas of calldata
    uint256 private constant MAX_ROUNDS = 1024;
    uint256 private constant MAX_VOIDS = 10;
    /// @dev A lane of 64 bits holds what one seat can get in all rounds: in each the reward, a bond, and two fines of
    /// each of sixteen seats: 36 · 2^44 · 1024 · 11 < 2^63.
    uint256 private constant MAX_AMOUNT = 2 ** 44;
    uint256 private constant MIN_WAIT = 1 minutes;
    uint256 private constant MAX_WAIT = 30 days;

    /// A field of the terms that no federation can have.
    error InvalidTerms(bytes32 field);

    function pack(Terms memory t) internal pure returns (bytes memory) {
        uint256 kinds = uint256(t.policy) << 88 | uint256(t.rule) << 80 | uint256(t.pay) << 72 | uint256(t.mode) << 64;
        uint256 counts = t.seats << 56 | t.quorum << 48 | t.committee << 40 | t.trim << 32 | t.faulty << 24
            | t.keep << 16 | t.width << 8 | uint256(t.privacy) << 1 | (t.obliged ? 1 : 0);
        uint256 shape =
            t.size << 64 | t.maxWeight << 48 | t.rounds << 32 | t.maxVoids << 24 | t.difficulty << 16
            | t.shift << 8;
        uint256 times = t.committing << 120 | t.revealing << 96 | t.judging << 72 | t.turn << 48
            | t.challenge << 24 | t.supply;
        return abi.encode(
            uint256(uint160(t.organizer)) << 96 | kinds | counts,
            uint256(uint160(Currency.unwrap(t.currency))) << 96 | shape,
            uint256(uint160(t.inviter)) << 96 | t.epsilon << 40 | t.start,
            t.bound << 144 | times,
            t.reward << 192 | t.fee << 128 | t.tip << 64 | t.deposit,
            t.fine << 192 | t.bond << 128 | t.stake << 64 | t.unit,
            t.descriptor,
            t.genesis,
            t.genesisCid
        );
    }

    /// @dev Of this contract, whose arguments begin at `offset` of its code.
    function read(uint256 offset) internal view returns (PackedTerms t) {
        assembly ("memory-safe") {
            t := mload(64)
            mstore(64, add(t, 288))
            extcodecopy(address(), t, offset, 288)
        }
    }

    /// @dev As `pack` made them.
    function unwrap(bytes memory packed) internal pure returns (PackedTerms t) {
        assembly ("memory-safe") {
            t := add(packed, 32)
        }
    }

    /// @dev Revert unless nobody can be stuck under `t`, and all of it means something. Returns `t`, packed.
    function checked(Terms memory t) internal pure returns (bytes memory packed) {
        _checkShape(t);
        _checkRule(t);
        _checkPolicy(t);
        _checkMoney(t);
        _checkTimes(t);
        // Nothing is wider than its place.
        packed = pack(t);
        Terms memory back = unpacked(unwrap(packed));
        require(keccak256(abi.encode(back)) == keccak256(abi.encode(t)), InvalidTerms("width of a number"));
    }

    /// @dev Whether deposits and what is behind seats decide.
    function weighs(PackedTerms t) internal pure returns (bool) {
        unchecked {
            // What is below wraps around.
            return uint256(uint8(_word(t, 0) >> 88)) - uint256(Policy.Stake) < 2; // Stake, Delegates
        }
    }

    function isDirect(PackedTerms t) internal pure returns (bool) {
        return uint8(_word(t, 0) >> 64) == uint8(Mode.Direct);
    }

    function isMasked(PackedTerms t) internal pure returns (bool) {
        return _word(t, 0) & 2 != 0;
    }

    /// @dev Whether rule or pay depend on the inner products of whole updates.
    function needsTrace(PackedTerms t) internal pure returns (bool) {
        return t.pay() == Pay.Alignment || t.clips() || t.rule() >= Rule.MultiKrum;
    }

    function clips(PackedTerms t) internal pure returns (bool) {
        return _clips(t.rule());
    }

    function chunks(PackedTerms t) internal pure returns (uint256) {
        return (t.size() + 31) / 32;
    }

    function organizer(PackedTerms t) internal pure returns (address) {
        return address(uint160(_word(t, 0) >> 96));
    }

    function policy(PackedTerms t) internal pure returns (Policy) {
        return Policy(uint8(_word(t, 0) >> 88));
    }

    function rule(PackedTerms t) internal pure returns (Rule) {
        return Rule(uint8(_word(t, 0) >> 80));
    }

    function pay(PackedTerms t) internal pure returns (Pay) {
        return Pay(uint8(_word(t, 0) >> 72));
    }

    function mode(PackedTerms t) internal pure returns (Mode) {
        return Mode(uint8(_word(t, 0) >> 64));
    }

    function seats(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 0) >> 56);
    }

    function quorum(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 0) >> 48);
    }

    function committee(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 0) >> 40);
    }

    function trim(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 0) >> 32);
    }

    function faulty(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 0) >> 24);
    }

    function keep(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 0) >> 16);
    }

    function width(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 0) >> 8);
    }

    function obliged(PackedTerms t) internal pure returns (bool) {
        return _word(t, 0) & 1 != 0;
    }

    function currency(PackedTerms t) internal pure returns (Currency) {
        return Currency.wrap(address(uint160(_word(t, 32) >> 96)));
    }

    function size(PackedTerms t) internal pure returns (uint256) {
        return uint32(_word(t, 32) >> 64);
    }

    function maxWeight(PackedTerms t) internal pure returns (uint256) {
        return uint16(_word(t, 32) >> 48);
    }

    function rounds(PackedTerms t) internal pure returns (uint256) {
        return uint16(_word(t, 32) >> 32);
    }

    function maxVoids(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 32) >> 24);
    }

    function difficulty(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 32) >> 16);
    }

    function shift(PackedTerms t) internal pure returns (uint256) {
        return uint8(_word(t, 32) >> 8);
    }

    function inviter(PackedTerms t) internal pure returns (address) {
        return address(uint160(_word(t, 64) >> 96));
    }

    function start(PackedTerms t) internal pure returns (uint256) {
        return uint40(_word(t, 64));
    }

    function epsilon(PackedTerms t) internal pure returns (uint256) {
        return uint32(_word(t, 64) >> 40);
    }

    function bound(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 96) >> 144);
    }

    function committing(PackedTerms t) internal pure returns (uint256) {
        return uint24(_word(t, 96) >> 120);
    }

    function revealing(PackedTerms t) internal pure returns (uint256) {
        return uint24(_word(t, 96) >> 96);
    }

    function judging(PackedTerms t) internal pure returns (uint256) {
        return uint24(_word(t, 96) >> 72);
    }

    function turn(PackedTerms t) internal pure returns (uint256) {
        return uint24(_word(t, 96) >> 48);
    }

    function challenge(PackedTerms t) internal pure returns (uint256) {
        return uint24(_word(t, 96) >> 24);
    }

    function supply(PackedTerms t) internal pure returns (uint256) {
        return uint24(_word(t, 96));
    }

    function reward(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 128) >> 192);
    }

    function fee(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 128) >> 128);
    }

    function tip(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 128) >> 64);
    }

    function deposit(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 128));
    }

    function fine(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 160) >> 192);
    }

    function bond(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 160) >> 128);
    }

    function stake(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 160) >> 64);
    }

    function unit(PackedTerms t) internal pure returns (uint256) {
        return uint64(_word(t, 160));
    }

    function descriptor(PackedTerms t) internal pure returns (bytes32) {
        return bytes32(_word(t, 192));
    }

    function genesis(PackedTerms t) internal pure returns (bytes32) {
        return bytes32(_word(t, 224));
    }

    function genesisCid(PackedTerms t) internal pure returns (bytes32) {
        return bytes32(_word(t, 256));
    }

    function unpacked(PackedTerms p) internal pure returns (Terms memory t) {
        (t.organizer, t.currency, t.inviter) = (p.organizer(), p.currency(), p.inviter());
        (t.descriptor, t.genesis, t.genesisCid) = (p.descriptor(), p.genesis(), p.genesisCid());
        (t.policy, t.rule, t.pay, t.mode) = (p.policy(), p.rule(), p.pay(), p.mode());
        t.privacy = p.isMasked() ? Privacy.Masked : Privacy.Open;
        (t.size, t.width, t.maxWeight) = (p.size(), p.width(), p.maxWeight());
        (t.seats, t.quorum, t.committee, t.trim) = (p.seats(), p.quorum(), p.committee(), p.trim());
        (t.faulty, t.keep, t.difficulty, t.bound) = (p.faulty(), p.keep(), p.difficulty(), p.bound());
        (t.shift, t.epsilon) = (p.shift(), p.epsilon());
        (t.rounds, t.maxVoids, t.obliged) = (p.rounds(), p.maxVoids(), p.obliged());
        (t.unit, t.reward, t.fee, t.tip) = (p.unit(), p.reward(), p.fee(), p.tip());
        (t.deposit, t.fine, t.bond, t.stake) = (p.deposit(), p.fine(), p.bond(), p.stake());
        (t.start, t.committing, t.revealing, t.judging) = (p.start(), p.committing(), p.revealing(), p.judging());
        (t.turn, t.challenge, t.supply) = (p.turn(), p.challenge(), p.supply());
    }

    /// @dev The word at byte `place` of them.
    function _word(PackedTerms t, uint256 place) private pure returns (uint256 w) {
        assembly ("memory-safe") {
            w := mload(add(t, place))
        }
    }

    function _clips(Rule rule_) private pure returns (bool) {
        return rule_ == Rule.ClippedMean || rule_ == Rule.NearestClipped;
    }

    function _checkShape(Terms memory t) private pure {
        require(t.size != 0 && t.size <= MAX_SIZE, InvalidTerms("size"));
        require(t.width == 1 || t.width == 2 || t.width == 4, InvalidTerms("width"));
        require(t.maxWeight != 0 && t.maxWeight <= type(uint16).max, InvalidTerms("maxWeight"));
        require(t.seats >= 2 && t.seats <= MAX_SEATS, InvalidTerms("seats"));
        require(t.quorum != 0 && t.quorum <= t.seats, InvalidTerms("quorum"));
        require(t.rounds != 0 && t.rounds <= MAX_ROUNDS, InvalidTerms("rounds"));
        require(t.maxVoids != 0 && t.maxVoids <= MAX_VOIDS, InvalidTerms("maxVoids"));
        require(t.genesis != 0, InvalidTerms("genesis"));
    }

    function _checkRule(Terms memory t) private pure {
        bool trims = t.rule == Rule.TrimmedMean;
        require(trims ? t.trim != 0 && t.trim < (t.quorum + 1) / 2 : t.trim == 0, InvalidTerms("trim"));
        bool krum = t.rule == Rule.MultiKrum;
        // Krum's own condition: fewer than that, and the bad ones can be the nearest to each other.
        bool bearable = t.faulty != 0 && t.faulty <= t.quorum && 2 * t.faulty + 3 <= t.quorum;
        require(krum ? bearable : t.faulty == 0, InvalidTerms("faulty"));
        bool selects = t.rule >= Rule.MultiKrum;
        require(selects ? t.keep != 0 && t.keep <= t.quorum : t.keep == 0, InvalidTerms("keep"));
        require(_clips(t.rule) || t.bound == 0, InvalidTerms("bound"));
        if (t.mode == Mode.Direct) _checkDirect(t);
        if (t.privacy == Privacy.Masked) _checkMasked(t);
        if (t.epsilon != 0) _checkAccounted(t);
        if (t.mode != Mode.Direct) require(t.shift == 0, InvalidTerms("shift"));
        // Merits are of equal updates; with declared weights whoever declares more would be paid more.
        require(t.pay != Pay.Alignment || t.maxWeight == 1, InvalidTerms("pay"));
    }

    /// @dev Small int8 updates of one scale, all of which one transaction can add up.
    function _checkDirect(Terms memory t) private pure {
        require(t.rule == Rule.Mean, InvalidTerms("rule"));
        require(t.width == 1, InvalidTerms("width"));
        require(t.maxWeight == 1, InvalidTerms("maxWeight"));
        require(t.size <= MAX_DIRECT, InvalidTerms("size"));
        require(t.shift <= 24, InvalidTerms("shift"));
        require(t.pay != Pay.Alignment, InvalidTerms("pay"));
        require(t.policy != Policy.Work, InvalidTerms("policy")); // work binds a claim
    }

    /// @dev What nobody sees can only be added up, all of one weight, modulo 2^32.
    function _checkMasked(Terms memory t) private pure {
        require(t.mode == Mode.Optimistic, InvalidTerms("mode"));
        require(t.policy == Policy.Trusted, InvalidTerms("policy"));
        require(t.rule == Rule.Mean, InvalidTerms("rule"));
        require(t.pay == Pay.Equal, InvalidTerms("pay"));
        require(t.width == 4, InvalidTerms("width"));
        require(t.maxWeight == 1, InvalidTerms("maxWeight"));
        require(t.quorum >= 3, InvalidTerms("quorum")); // of two, each knows the other's
        // An update that nobody gives is out before anybody has to tell a seed.
        require(2 * t.supply <= t.judging, InvalidTerms("judging"));
    }

    /// @dev An ε is of updates alone: scores and votes are made of rows, too, and so are weights.
    function _checkAccounted(Terms memory t) private pure {
        require(t.policy == Policy.Trusted, InvalidTerms("policy"));
        require(t.maxWeight == 1, InvalidTerms("maxWeight"));
    }

    function _checkPolicy(Terms memory t) private pure {
        bool quality = t.policy == Policy.Quality;
        require(quality || t.pay != Pay.Quality, InvalidTerms("pay"));
        if (quality) {
            require(t.committee >= 3 && t.committee % 2 == 1 && t.committee <= t.seats, InvalidTerms("committee"));
            require(t.quorum >= 3, InvalidTerms("quorum"));
        } else if (t.policy == Policy.Learning) {
            _checkLearning(t);
        } else if (t.policy == Policy.Delegates) {
            require(t.committee != 0 && t.committee <= t.seats, InvalidTerms("committee"));
        } else {
            require(t.committee == 0, InvalidTerms("committee"));
        }
        require(t.difficulty == 0 || t.policy == Policy.Work, InvalidTerms("difficulty"));
    }

    /// @dev One model wins, as it is; and there are seats for who sends none and judges.
    function _checkLearning(Terms memory t) private pure {
        require(t.committee >= 3 && t.committee % 2 == 1, InvalidTerms("committee"));
        require(t.committee <= t.seats && t.committee + t.quorum <= t.seats, InvalidTerms("seats"));
        require(t.rule == Rule.Mean, InvalidTerms("rule"));
        require(t.pay == Pay.Equal, InvalidTerms("pay"));
        require(t.mode == Mode.Optimistic, InvalidTerms("mode"));
        require(t.maxWeight == 1, InvalidTerms("maxWeight"));
        require(!t.obliged, InvalidTerms("obliged"));
    }

    function _checkMoney(Terms memory t) private pure {
        require(t.unit != 0 && t.unit <= type(uint64).max, InvalidTerms("unit"));
        require(t.reward < MAX_AMOUNT && t.fee <= t.reward && t.tip <= t.reward - t.fee, InvalidTerms("reward"));
        require(t.fine != 0 && t.fine <= t.deposit, InvalidTerms("fine"));
        require(t.deposit < MAX_AMOUNT, InvalidTerms("deposit"));
        require(t.bond > 1 && t.bond < MAX_AMOUNT, InvalidTerms("bond"));
        // To ask for all parts of an update never costs more than the fine: silence is dearer than the question.
        require(t.stake != 0 && t.stake * ((t.size + 511) / 512) <= t.fine, InvalidTerms("stake"));
    }

    function _checkTimes(Terms memory t) private pure {
        require(_isWait(t.committing), InvalidTerms("committing"));
        require(_isWait(t.revealing), InvalidTerms("revealing"));
        bool judged = t.policy != Policy.Trusted || t.privacy == Privacy.Masked;
        require(judged ? _isWait(t.judging) : t.judging == 0, InvalidTerms("judging"));
        require(_isWait(t.turn), InvalidTerms("turn"));
        require(_isWait(t.challenge), InvalidTerms("challenge"));
        // There is time to demand twice (what is supplied shows where else to ask) before the last time to supply, and
        // as much to refute with that. And whoever is first in order still claims in time with what it demanded.
        require(_isWait(t.supply) && 4 * t.supply <= t.challenge, InvalidTerms("challenge"));
        require(2 * t.supply <= t.turn, InvalidTerms("turn"));
        // Two seconds for each part of an update: all of them can be demanded at once.
        require(t.supply >= (t.size + 255) / 256, InvalidTerms("supply"));
    }

    function _isWait(uint256 seconds_) private pure returns (bool) {
        return seconds_ >= MIN_WAIT && seconds_ <= MAX_WAIT;
    }
}
