// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Entry, ITournament, Round, State, Terms} from "../../../contracts/tournament/ITournament.sol";
import {Clock} from "../Ground.sol";

interface ITournamentFactory {
    function keepTable(bytes calldata table) external returns (address);
    function create(Terms calldata t, bytes32 salt) external returns (address);
}

/// @notice An organizer that may stay silent or enter, entrants that may stay silent, copy or enter again, anybody who
/// settles: all of them do anything at any time, and whatever should be possible is.
contract TournamentHandler is Clock {
    uint256 private constant ROWS = 17;
    uint256 private constant COIN = 1e24;
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;
    bytes32 private constant SALT = keccak256("salt");

    ITournament private tournament;
    Terms private terms;
    address[] private parties; // the organizer first, the burnt last
    uint256[] private opened;
    mapping(uint256 round => bytes) private targets;
    mapping(uint256 round => mapping(address => bytes)) private ranks;
    uint256 private paidIn;
    uint256 private paidOut;

    constructor() {
        vm.warp(time);
        ITournamentFactory factory =
            ITournamentFactory(_deploy("TournamentFactory", abi.encode(_deploy("Tournament", ""))));
        bytes memory table;
        for (uint256 k; k < ROWS; ++k) {
            table = bytes.concat(table, bytes4(uint32(2 ** 31 - (ROWS - 1) * 2 ** 15 + k * 2 ** 16)));
        }
        (terms.rows, terms.powers) = (ROWS, factory.keepTable(table));
        (terms.normals, terms.leastStake, terms.threshold, terms.tip) = (terms.powers, 1e6, 1e18, 1e5);
        (terms.pot, terms.bond, terms.clip, terms.drag) = (1e18 + 7, 3e17 + 1, 5e7, 1e7);
        (terms.corrMultiplier, terms.contributionMultiplier) = (1e9, 1e9);
        (terms.start, terms.period, terms.entering) = (uint40(time + 1 hours), 1 days, 20 hours);
        (terms.resolving, terms.scoring) = (6 hours, 24 hours);
        for (uint256 i; i < 5; ++i) {
            parties.push(address(uint160(0x9001 + i)));
            vm.deal(parties[i], COIN);
        }
        vm.prank(parties[0]);
        tournament = ITournament(factory.create(terms, 0));
        parties.push(BURNT);
    }

    // ── actions ─────────────────────────────────────────────────────────────────────────────────────────────

    function pass(uint256 seed) external {
        _pass(_below(seed, 10 hours));
    }

    function open(uint256 seed) external {
        _tick(seed);
        uint256 number = time < terms.start ? 0 : (time - terms.start) / terms.period + 1;
        bytes memory given = _targets(seed);
        bytes32 commitment = tournament.targetsCommitment(number, keccak256(given), SALT);
        bool due = tournament.roundOf(number).state == State.Unopened;
        uint256 value = seed & 32 == 0 ? _lacking(parties[0], uint256(terms.pot) + terms.bond) : 2e18;
        _do(due, parties[0], value, abi.encodeCall(ITournament.open, (number, commitment)));
        if (!due) return;
        opened.push(number);
        targets[number] = given;
    }

    function enter(uint256 seed, uint96 stake) external {
        _tick(seed);
        if (opened.length == 0) return;
        uint256 number = opened[opened.length - 1 - (seed >> 8 & 1) % opened.length];
        address who = parties[_below(seed, 5)];
        stake = uint96(_below(stake, 10 ** (6 + _below(seed, 18))));
        bytes memory given = _permutation(seed);
        bytes32 commitment = tournament.entryCommitment(number, who, keccak256(given), SALT);
        uint256 value = _lacking(who, stake);
        (bool done,) =
            _send(who, address(tournament), value, abi.encodeCall(ITournament.enter, (number, commitment, stake)));
        if (!done) return;
        paidIn += value;
        ranks[number][who] = given;
    }

    function reveal(uint256 seed) external {
        (uint256 number, Round memory r) = _pick(seed);
        (, uint256 closes, uint256 resolves,) = tournament.timesOf(number);
        bool due = r.state == State.Open && time >= closes && time < resolves;
        _do(due, parties[seed % 5], 0, abi.encodeCall(ITournament.reveal, (number, targets[number], SALT)));
    }

    function score(uint256 seed) external {
        (uint256 number, Round memory r) = _pick(seed);
        address who = parties[_below(seed, 5)];
        (,,, uint256 ends) = tournament.timesOf(number);
        bool due = r.state == State.Revealed && time < ends && _staked(number, who) != 0;
        _do(due, who, 0, abi.encodeCall(ITournament.score, (number, who, ranks[number][who], SALT)));
        require(tournament.roundOf(number).pot <= r.pot, "a pot grew");
    }

    function settle(uint256 seed) external {
        (uint256 number,) = _pick(seed);
        _settle(number, parties[_below(seed, 5)]);
    }

    function end(uint256 seed) external {
        (uint256 number,) = _pick(seed);
        _end(number);
    }

    function withdraw(uint256 seed) external {
        _tick(seed);
        address who = parties[_below(seed, 5)];
        uint256 balance = tournament.balanceOf(who);
        if (seed & 64 != 0) balance -= balance / 3;
        _withdraw(who, balance);
    }

    // ── checks ──────────────────────────────────────────────────────────────────────────────────────────────

    function check() external view {
        uint256 owed = _locked();
        for (uint256 i; i < parties.length; ++i) {
            owed += tournament.balanceOf(parties[i]);
        }
        require(owed == address(tournament).balance, "it owes what it does not hold, or the reverse");
        require(owed == paidIn - paidOut, "money came or went otherwise");
    }

    function finish() external {
        _pass(3 days);
        for (uint256 i; i < opened.length; ++i) {
            _end(opened[i]);
            for (uint256 j; j < 5; ++j) {
                _settle(opened[i], parties[j]);
            }
        }
        for (uint256 i; i < parties.length; ++i) {
            _withdraw(parties[i], tournament.balanceOf(parties[i]));
        }
        require(address(tournament).balance == 0, "something stays");
    }

    /// @dev Pots, bonds and stakes that nobody's balance has.
    function _locked() private view returns (uint256 locked) {
        for (uint256 i; i < opened.length; ++i) {
            Round memory r = tournament.roundOf(opened[i]);
            locked += r.pot;
            if (r.state == State.Open || r.state == State.Revealed) locked += terms.bond;
            for (uint256 j; j < 5; ++j) {
                locked += _staked(opened[i], parties[j]);
            }
        }
    }

    // ── steps ───────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Void or close what is due.
    function _end(uint256 number) private {
        State state = tournament.roundOf(number).state;
        (,, uint256 resolves, uint256 ends) = tournament.timesOf(number);
        _do(state == State.Open && time >= resolves, parties[1], 0, abi.encodeCall(ITournament.void, (number)));
        _do(state == State.Revealed && time >= ends, parties[2], 0, abi.encodeCall(ITournament.close, (number)));
    }

    /// @dev Refund or expire what is due.
    function _settle(uint256 number, address who) private {
        State state = tournament.roundOf(number).state;
        (,,, uint256 ends) = tournament.timesOf(number);
        bool staked = _staked(number, who) != 0;
        bool over = (state == State.Revealed || state == State.Closed) && time >= ends;
        _do(staked && state == State.Void, parties[3], 0, abi.encodeCall(ITournament.refund, (number, who)));
        _do(staked && over, parties[4], 0, abi.encodeCall(ITournament.expire, (number, who)));
    }

    function _withdraw(address who, uint256 amount) private {
        bytes memory data = who == BURNT
            ? abi.encodeWithSignature("withdrawFor(address)", who)
            : abi.encodeWithSignature("withdraw(address,uint256)", who, amount);
        _do(amount != 0, who == BURNT ? parties[0] : who, 0, data);
        paidOut += amount;
    }

    function _do(bool due, address sender, uint256 value, bytes memory data) private {
        (bool done,) = _send(sender, address(tournament), value, data);
        require(done == due, due ? "refused what was due" : "did what was not due");
        if (done) paidIn += value;
    }

    function _pick(uint256 seed) private returns (uint256 number, Round memory r) {
        _tick(seed);
        if (opened.length != 0) number = opened[opened.length - 1 - _below(seed >> 8, opened.length)];
        r = tournament.roundOf(number);
    }

    function _staked(uint256 number, address who) private view returns (uint256) {
        Entry memory e = tournament.entryOf(number, who);
        return e.settled ? 0 : e.stake;
    }

    function _lacking(address who, uint256 amount) private view returns (uint256) {
        uint256 balance = tournament.balanceOf(who);
        return balance < amount ? amount - balance : 0;
    }

    function _targets(uint256 seed) private pure returns (bytes memory given) {
        for (uint256 c; c < 5; ++c) {
            given = bytes.concat(given, bytes8(uint64(_below(seed ^ (c + 64), 2 ** 64))));
        }
        for (uint256 row; row < ROWS; ++row) {
            given = bytes.concat(given, bytes1(uint8(row < 5 ? row : _below(seed ^ row, 5))));
        }
        return bytes.concat(given, _permutation(seed));
    }

    /// @dev Ranks that step through all of a prime number of rows.
    function _permutation(uint256 seed) private pure returns (bytes memory given) {
        uint256 step = 1 + _below(seed, ROWS - 1);
        for (uint256 row; row < ROWS; ++row) {
            given = bytes.concat(given, bytes2(uint16((seed % ROWS + row * step) % ROWS)));
        }
    }
}
