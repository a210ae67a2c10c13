// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    IFederation,
    Link,
    Mode,
    PartyChunk,
    Pay,
    Phase,
    Policy,
    Privacy,
    State,
    Terms
} from "../../../contracts/federation/IFederation.sol";
import {Clock} from "../Ground.sol";

interface IFederationFactory {
    function create(Terms memory t, bytes32 salt) external payable returns (address);
}

/// @notice A federation, its parties, and what they send: of updates and models of one chunk, whose coordinates are all
/// the same, so that handlers know what is right.
abstract contract FederationGround is Clock {
    uint256 internal constant PARTIES = 5;
    uint256 private constant COIN = 1e24;
    address internal constant BURNT = 0x000000000000000000000000000000000000dEaD;
    bytes32 internal constant SALT = keccak256("salt");
    bytes32 private constant CHUNK = keccak256("DILN federation chunk");
    IFederation internal federation;
    Terms internal terms;
    address[] internal parties; // the organizer first, then who joins, then a stranger, then the burnt
    address internal stranger;
    Link internal link;
    mapping(address party => int32) internal values;
    mapping(address party => uint16) internal weights;
    uint256 internal paidIn;

    constructor(Policy policy, Privacy privacy, Mode mode) {
        vm.warp(time);
        address commons = _deploy("FederationCommons", "");
        address disputes = _deploy("FederationDisputes", "");
        bytes memory codes = abi.encode(commons, disputes);
        IFederationFactory factory = IFederationFactory(
            _deploy(
                "FederationFactory",
                abi.encode(
                    _deploy("TrustedFederation", codes),
                    _deploy("QualityFederation", codes),
                    _deploy("WorkFederation", codes),
                    _deploy("StakeFederation", codes),
                    _deploy("DelegatesFederation", codes),
                    _deploy("LearningFederation", codes),
                    _deploy("MaskedFederation", abi.encode(commons, _deploy("FederationMaskedDisputes", "")))
                )
            )
        );
        terms.policy = policy;
        if (policy != Policy.Trusted) terms.judging = 1 hours;
        if (policy == Policy.Delegates) terms.committee = 2;
        (terms.unit, terms.size, terms.width, terms.maxWeight) = (1e9, 32, 4, 3);
        (terms.seats, terms.quorum, terms.rounds, terms.maxVoids) = (4, 2, 40, 10);
        (terms.obliged, terms.reward, terms.fee, terms.tip) = (true, 1_000_003, 100_001, 10_007);
        if (policy == Policy.Learning) {
            (terms.seats, terms.committee, terms.maxWeight, terms.obliged) = (6, 3, 1, false);
        }
        if (policy == Policy.Quality) (terms.committee, terms.quorum, terms.pay) = (3, 3, Pay.Quality);
        if (mode == Mode.Direct) (terms.mode, terms.width, terms.maxWeight) = (mode, 1, 1);
        (terms.deposit, terms.fine, terms.bond, terms.stake) = (500_009, 90_001, 300_005, 50_003);
        (terms.committing, terms.revealing, terms.turn) = (1 hours, 1 hours, 20 minutes);
        (terms.challenge, terms.supply) = (1 hours, 10 minutes);
        terms.start = time + 1 hours;
        terms.genesis = _leaf(_data([int256(0), 0]));
        for (uint256 i; i < PARTIES + 1; ++i) {
            parties.push(address(uint160(0x7001 + i)));
            vm.deal(parties[i], COIN);
        }
        terms.organizer = parties[0];
        if (privacy == Privacy.Masked) {
            terms.privacy = privacy;
            (terms.judging, terms.maxWeight, terms.quorum, terms.deposit) = (1 hours, 1, 3, 2_000_009);
        }
        uint256 budget = terms.rounds * terms.reward * terms.unit;
        vm.prank(parties[0]);
        federation = IFederation(factory.create{value: budget}(terms, 0));
        paidIn = budget;
        stranger = address(0x8001);
        vm.deal(stranger, COIN);
        parties.push(stranger);
        parties.push(BURNT);
        link = Link(0, 0, terms.genesis, 0);
    }

    function _do(bool due, address sender, uint256 value, bytes memory data) internal {
        (bool done,) = _send(sender, address(federation), value, data);
        require(done == due, due ? "refused what was due" : "did what was not due");
        if (done) paidIn += value;
    }

    function _gained(address who, uint256 before, uint256 units) internal view {
        require(federation.balanceOf(who) == before + units * terms.unit, "another amount was gained");
    }

    function _weighs() internal view returns (bool) {
        return terms.policy == Policy.Stake || terms.policy == Policy.Delegates;
    }

    function _judges() internal view returns (bool) {
        return terms.policy == Policy.Learning || terms.policy == Policy.Quality;
    }

    function _rests() internal view returns (bool) {
        Phase phase = _phase();
        return phase == Phase.Joining || phase == Phase.Committing || phase == Phase.Closed;
    }

    /// @dev Of an update.
    function _root(bytes memory data) internal view returns (bytes32) {
        return terms.mode == Mode.Direct ? sha256(data) : _leaf(data);
    }

    function _leaf(bytes memory data) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(CHUNK, uint32(0), data));
    }

    function _dataOf(address who) internal view virtual returns (bytes memory) {
        return _update(values[who]);
    }

    function _update(int32 value) private view returns (bytes memory) {
        if (terms.mode != Mode.Direct) return _data([int256(value), value]);
        return abi.encode(type(uint256).max / type(uint8).max * uint8(int8(value)));
    }

    function _cidOf(address) internal view virtual returns (bytes32) {
        return terms.mode == Mode.Direct ? bytes32(0) : SALT;
    }

    function _digest(address who, int32 value, uint16 weight) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(_root(_update(value)), weight, uint8(0), _cidOf(who)));
    }

    /// @dev A chunk, whose last coordinate is another one where somebody lied.
    function _data(int256[2] memory x) internal pure returns (bytes memory data) {
        for (uint256 i; i < 32; ++i) {
            data = bytes.concat(data, bytes4(uint32(int32(x[i == 31 ? 1 : 0]))));
        }
    }

    function _admission() internal pure virtual returns (bytes memory) {
        return "";
    }

    function _at(uint256 seat) internal view returns (address who) {
        for (uint256 i; i < parties.length; ++i) {
            (uint256 own,,,) = federation.partyOf(parties[i]);
            if (own == seat) return parties[i];
        }
        revert("nobody has the seat");
    }

    function _who(uint256 seed) internal returns (address) {
        _tick(seed);
        return parties[_below(seed, PARTIES + 1)];
    }

    function _phase() internal view returns (Phase phase) {
        (phase,) = federation.clock();
    }

    function _count(uint256 mask) internal pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) {
            ++count;
        }
    }

    function _chunkOf(address who) internal view returns (PartyChunk memory) {
        bytes memory data = _dataOf(who);
        return PartyChunk(who, _root(data), weights[who], 0, _cidOf(who), data, new bytes32[](0));
    }

    function _hasRevealed(State memory s, address who) internal view returns (bool) {
        (uint256 seat,,,) = federation.partyOf(who);
        return seat < 16 && s.revealed >> seat & 1 != 0;
    }
}
