// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Mode, Phase, Policy, Privacy, State} from "../../../contracts/federation/IFederation.sol";
import {IQuality} from "../../../contracts/federation/policies/IQuality.sol";
import {IVoting} from "../../../contracts/federation/policies/IVoting.sol";
import {FederationClaims} from "./FederationClaims.sol";
import {FederationGround} from "./FederationGround.sol";

/// @notice Parties that stay silent, lie, demand, leave and come back at any time, and anybody who cranks, refutes and
/// evicts.
contract FederationHandler is FederationClaims {
    mapping(address party => uint256) private scores;
    uint256 private behind; // what is behind all parties, in units
    uint256 private paidOut;

    constructor(Policy policy, Privacy privacy, Mode mode) FederationGround(policy, privacy, mode) {}

    // ── actions ─────────────────────────────────────────────────────────────────────────────────────────────

    function pass(uint256 seed) external {
        _pass(_below(seed, 90 minutes));
    }

    function join(uint256 seed) external {
        address who = _who(seed);
        (uint256 seat,,,) = federation.partyOf(who);
        State memory s = federation.state();
        bool free = _count(s.taken) < terms.seats;
        bool later = terms.privacy == Privacy.Open && _phase() == Phase.Committing;
        bool now_ = !s.closed && (s.round == 0 || later);
        bool due = seat == type(uint256).max && free && now_;
        _do(due, who, terms.deposit * terms.unit, abi.encodeCall(federation.join, (_admission())));
    }

    function leave(uint256 seed) external {
        address who = _who(seed);
        // Not too often, so that there are rounds.
        if (seed & 0xff00 != 0 && !federation.state().closed) return;
        State memory s = federation.state();
        (uint256 seat,,,) = federation.partyOf(who);
        bool rests = _phase() == Phase.Committing;
        bool idle = (s.seats >> seat & 1 == 0 && (rests || !_weighs())) || (rests && s.committed >> seat & 1 == 0);
        bool due = seat != type(uint256).max && (idle || s.closed || s.round == 0);
        _go(due, who, who, abi.encodeCall(federation.leave, ()));
    }

    function evict(uint256 seed) external {
        address who = _who(seed);
        (uint256 seat,,,) = federation.partyOf(who);
        State memory s = federation.state();
        bool due = seat != type(uint256).max && s.seats >> seat & 1 == 0;
        due = due && (!_weighs() || s.closed || s.round == 0 || _phase() == Phase.Committing);
        _go(due, stranger, who, abi.encodeCall(federation.evict, (who)));
    }

    function begin(uint256 seed) external {
        _tick(seed);
        State memory s = federation.state();
        uint256 count = _count(s.seats);
        bool due = _phase() == Phase.Joining && count >= terms.quorum && (count == terms.seats || time >= terms.start);
        _do(due, stranger, 0, abi.encodeCall(federation.begin, ()));
    }

    function commit(uint256 seed) external {
        address who = _who(seed);
        _commit(who, seed);
    }

    function commitAll(uint256 seed) external {
        _tick(seed);
        uint256 silent = terms.policy == Policy.Learning ? 6 : 1; // of eight: there, who is silent may judge
        for (uint256 i; i < PARTIES + 1; ++i) {
            if (seed >> (8 + 3 * i) & 7 >= silent) _commit(parties[i], seed ^ i);
        }
    }

    function reveal(uint256 seed) external {
        address who = _who(seed);
        _reveal(who);
    }

    function revealAll(uint256 seed) external {
        _tick(seed);
        for (uint256 i; i < PARTIES + 1; ++i) {
            if (seed >> (8 + 4 * i) & 15 != 0) _reveal(parties[i]);
        }
    }

    function vote(uint256 seed) external {
        address who = _who(seed);
        _vote(who, seed);
    }

    function voteAll(uint256 seed) external {
        _tick(seed);
        for (uint256 i; i < PARTIES + 1; ++i) {
            if (seed >> (8 + 4 * i) & 15 != 0) _vote(parties[i], seed ^ i);
        }
    }

    /// @dev The committee is drawn; most of it commits to any scores, and reveals them.
    function judgeAll(uint256 seed) external {
        _tick(seed);
        if (!_judges() || _phase() != Phase.Judging) return;
        for (uint256 i; i < 2; ++i) {
            _send(stranger, address(federation), 0, abi.encodeCall(IQuality.draw, ()));
            _pass(12); // a block later, its hash is known
        }
        for (uint256 i; i < PARTIES + 1; ++i) {
            if (seed >> (8 + 4 * i) & 15 != 0) _speak(parties[i], seed);
        }
        if (seed & 0xc0 == 0) _pass(1 hours); // if not all of it spoke
        for (uint256 i; i < PARTIES + 1; ++i) {
            if (seed >> (8 + 5 * i) & 15 == 0) continue;
            bytes memory entry = abi.encodePacked(parties[i], scores[parties[i]], SALT);
            _send(stranger, address(federation), 0, abi.encodeCall(IQuality.revealScores, (entry)));
        }
    }

    /// @dev A dispute, a ranking and a masked sum take many acts in a row: most of a round's, most of the times.
    function goOn(uint256 seed) external {
        for (uint256 i; i < 6 && seed >> (4 * i) & 15 != 0; ++i) {
            _goOn(uint256(keccak256(abi.encode(seed, i))));
        }
    }

    function delegate(uint256 seed) external {
        address who = parties[_below(seed, parties.length - 1)];
        address party = _who(seed >> 8);
        uint256 amount = _below(seed, 1_000_000);
        uint256 value = amount * terms.unit;
        bytes memory data = abi.encodeCall(federation.delegate, (party, amount));
        (uint256 seat,,,) = federation.partyOf(party);
        bool due = _weighs() && seat != type(uint256).max && amount != 0 && _rests();
        _do(due, who, value, data);
        if (due) behind += amount;
    }

    function undelegate(uint256 seed) external {
        address who = parties[_below(seed, parties.length - 1)];
        address party = _who(seed >> 8);
        _undelegate(who, party, _below(seed, 1_000_000));
    }

    function skip(uint256 seed) external {
        _tick(seed);
        (bool done,) = _send(stranger, address(federation), 0, abi.encodeCall(federation.skip, ()));
        if (done) require(federation.state().voids != 0 || federation.state().closed, "skipped, and not void");
    }

    function close(uint256 seed) external {
        _tick(seed);
        State memory s = federation.state();
        bool due = _phase() == Phase.Joining && time >= terms.start && _count(s.seats) < terms.quorum;
        _do(due, stranger, 0, abi.encodeCall(federation.close, ()));
    }

    function withdraw(uint256 seed) external {
        _tick(seed);
        address who = parties[_below(seed, parties.length)];
        _withdraw(who, federation.balanceOf(who));
    }

    // ── checks ─────────────────────────────────────────────────────────────────────────────────────────────

    function check() external view {
        State memory s = federation.state();
        uint256 units = owners.length * terms.stake + behind;
        if (!s.closed) units += (terms.rounds - s.done) * terms.reward;
        if (s.claimedAfter != 0) units += terms.bond;
        uint256 owed = units * terms.unit;
        uint256 seen;
        uint256 backed;
        for (uint256 i; i < parties.length; ++i) {
            owed += federation.balanceOf(parties[i]);
            if (_weighs()) backed += federation.backingOf(parties[i]);
            (uint256 seat,, uint256 deposit,) = federation.partyOf(parties[i]);
            owed += deposit;
            if (seat == type(uint256).max) continue;
            require(seen >> seat & 1 == 0, "two parties have a seat");
            seen |= 1 << seat;
        }
        require(backed == behind * terms.unit, "what is behind parties is not what was put there");
        require(seen == s.taken, "a seat is nobody's, or somebody has none");
        require(s.seats & ~s.taken == 0 && s.revealed & ~s.committed == 0, "masks do not fit");
        // Once all is closed parties leave, and what they had committed to in the last round stays.
        require(s.closed || s.committed & ~s.seats == 0, "who does not take part has committed");
        require(s.demanded == owners.length, "demands are lost");
        require(owed == address(federation).balance, "it owes what it does not hold, or the reverse");
        require(owed == paidIn - paidOut, "money came or went otherwise");
    }

    function finish() external {
        for (uint256 i; !federation.state().closed; ++i) {
            require(i < 200, "there is no way out");
            _crank();
        }
        for (uint256 i; i < parties.length; ++i) {
            (uint256 seat,,,) = federation.partyOf(parties[i]);
            if (seat != type(uint256).max) _go(true, parties[i], parties[i], abi.encodeCall(federation.leave, ()));
        }
        for (uint256 i; behind != 0 && i < parties.length; ++i) {
            for (uint256 j; j < PARTIES + 1; ++j) {
                uint256 given = federation.delegatedBy(parties[i], parties[j]) / terms.unit;
                if (given != 0) _undelegate(parties[i], parties[j], given);
            }
        }
        for (uint256 i; i < parties.length; ++i) {
            _withdraw(parties[i], federation.balanceOf(parties[i]));
        }
        require(address(federation).balance == 0, "something stays");
    }

    // ── steps ──────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev What anybody may do, whatever the parties do.
    function _crank() private {
        for (uint256 i = owners.length; i != 0; --i) {
            _pass(terms.supply + 12);
            _forfeit(i - 1);
        }
        (Phase phase, uint256 endsAt) = federation.clock();
        if (endsAt > time) _pass(endsAt - time + 12);
        phase = _phase();
        if (phase == Phase.Joining) {
            bool enough = _count(federation.state().seats) >= terms.quorum;
            _do(true, stranger, 0, enough ? abi.encodeCall(federation.begin, ()) : abi.encodeCall(federation.close, ()));
        } else if (phase == Phase.Challenging) {
            require(_finalize(), "a claim cannot be finalized");
        } else if (phase != Phase.Committing) {
            _send(stranger, address(federation), 0, abi.encodeCall(federation.skip, ()));
        }
    }

    /// @dev What this phase is for, by most; and the next one.
    function _goOn(uint256 seed) private {
        (Phase phase,) = federation.clock();
        if (phase == Phase.Committing) this.commitAll(seed);
        else if (phase == Phase.Revealing) this.revealAll(seed);
        else if (phase == Phase.Judging) _judgeMost(seed);
        else if (phase == Phase.Challenging) _challenge(seed);
        for (uint256 i; i < 2 * PARTIES; ++i) {
            if (phase == Phase.Joining) this.join(seed >> i);
            else if (phase == Phase.Claiming) this.claim(seed >> i);
        }
        (Phase now_, uint256 end) = federation.clock();
        if (now_ == phase && end > time) _pass(end - time + 12);
        if (phase == Phase.Joining) this.begin(seed);
        else if (phase == Phase.Challenging) this.finalize(seed);
        else if (phase != Phase.Committing) this.skip(seed);
    }

    function _judgeMost(uint256 seed) internal virtual {
        if (_judges()) this.judgeAll(seed);
        else this.voteAll(seed);
    }

    /// @dev Who goes has its deposit again, but for the fine of who should have committed in this round.
    function _go(bool due, address sender, address who, bytes memory data) private {
        State memory s = federation.state();
        (uint256 seat,, uint256 deposit,) = federation.partyOf(who);
        uint256 own = federation.balanceOf(who);
        _do(due, sender, 0, data);
        if (!due) return;
        bool owes = terms.obliged && s.round != 0 && !s.closed && s.seats >> seat & 1 != 0;
        uint256 fine = owes ? terms.fine * terms.unit : 0;
        own += deposit > fine ? deposit - fine : 0;
        require(federation.balanceOf(who) == own, "who goes has more or less than its deposit");
    }

    function _commit(address who, uint256 seed) internal virtual {
        State memory s = federation.state();
        (uint256 seat,,,) = federation.partyOf(who);
        bool active = seat != type(uint256).max && s.seats >> seat & 1 != 0;
        bool due = active && s.committed >> seat & 1 == 0 && _phase() == Phase.Committing;
        int32 value = int32(int256(_below(seed, 2 ** 32)) - 2 ** 31);
        if (terms.mode == Mode.Direct) value = int8(value);
        uint16 weight = uint16(1 + _below(seed, terms.maxWeight));
        bytes32 digest = _digest(who, value, weight);
        bytes32 commitment = federation.commitmentOf(s.round, who, digest, SALT);
        _do(due, who, 0, abi.encodeCall(federation.commit, (s.round, commitment)));
        if (due) (values[who], weights[who]) = (value, weight);
    }

    function _reveal(address who) private {
        State memory s = federation.state();
        (uint256 seat,,,) = federation.partyOf(who);
        bool due = seat != type(uint256).max && _phase() == Phase.Revealing
            && (s.committed & ~s.revealed) >> seat & 1 != 0;
        bytes memory entry = abi.encodePacked(
            who, _root(_dataOf(who)), weights[who], uint8(0), _cidOf(who), SALT
        );
        _do(due, stranger, 0, abi.encodeCall(federation.reveal, (entry)));
    }

    function _vote(address who, uint256 seed) private {
        State memory s = federation.state();
        if (terms.policy == Policy.Trusted || _judges() || _phase() != Phase.Judging) return;
        (uint256 seat,,,) = federation.partyOf(who);
        (, uint256 voters, uint256 voted,) = IVoting(address(federation)).votes();
        bool due = seat < 16 && (s.seats & voters & ~voted) >> seat & 1 != 0;
        uint256 accepted = seed & 0x300 == 0 ? _below(seed, 16) : 15;
        _do(due, who, 0, abi.encodeCall(IVoting.vote, (s.round, accepted)));
    }

    /// @dev Equal scores of all, as often as not, so that there are ties and worst ones.
    function _speak(address who, uint256 seed) private {
        uint256 round = federation.state().round;
        uint256 word = seed & 0x300 == 0 ? type(uint256).max : uint256(keccak256(abi.encode(seed, who)));
        if (seed & 0xc00 == 0) word = 0;
        bytes32 commitment = IQuality(address(federation)).scoresCommitmentOf(round, who, word, SALT);
        (bool done,) = _send(who, address(federation), 0, abi.encodeCall(IQuality.commitScore, (commitment)));
        if (done) scores[who] = word;
    }

    function _undelegate(address who, address party, uint256 amount) private {
        (uint256 seat,,,) = federation.partyOf(party);
        uint256 given = federation.delegatedBy(who, party) / terms.unit;
        bool due = amount != 0 && amount <= given && (seat == type(uint256).max || _rests());
        _do(due, who, 0, abi.encodeCall(federation.undelegate, (party, amount)));
        if (due) behind -= amount;
    }

    function _withdraw(address who, uint256 amount) private {
        if (amount == 0) return;
        bytes memory data = who == BURNT
            ? abi.encodeWithSignature("withdrawFor(address)", who)
            : abi.encodeWithSignature("withdraw(address,uint256)", who, amount);
        _do(true, who == BURNT ? stranger : who, 0, data);
        paidOut += amount;
    }
}
