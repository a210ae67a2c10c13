// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Currency} from "../../../contracts/kernel/Currency.sol";
import {
    ChunkPair,
    Claim,
    IFederation,
    Link,
    Mode,
    Part,
    PartyChunk,
    Pay,
    Phase,
    Policy,
    Privacy,
    State,
    Terms
} from "../../../contracts/federation/IFederation.sol";
import {IQuality} from "../../../contracts/federation/policies/IQuality.sol";
import {IVoting} from "../../../contracts/federation/policies/IVoting.sol";
import {IWork} from "../../../contracts/federation/policies/IWork.sol";
import {Clock} from "../Ground.sol";

interface IFederationFactory {
    function create(Terms memory t, bytes32 salt) external payable returns (address);
}

/// @notice Parties that stay silent, lie, demand, leave and come back at any time, and anybody who cranks, refutes and
/// evicts. Updates and models have one chunk, whose coordinates are all the same, so that the handler knows what is right.
contract FederationHandler is Clock {
    uint256 internal constant PARTIES = 5;
    uint256 private constant COIN = 1e24;
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;
    bytes32 internal constant SALT = keccak256("salt");
    uint256 internal constant MASKS = 17; // the last of the faults of evidence; three of masks end with it
    bytes32 private constant CHUNK = keccak256("DILN federation chunk");

    IFederation internal federation;
    Terms internal terms;
    address[] internal parties; // the organizer first, then who joins, then a stranger, then the burnt
    address internal stranger;

    int256[2] private model; // every coordinate of it but the last, and the last
    Link private link;
    Claim private claimed;
    int256[2] private claimedModel;
    bool private lie; // one coordinate of the claimed model is off
    mapping(address party => int32) internal values;
    mapping(address party => uint16) internal weights;
    mapping(address party => uint256) private scores;
    address[] private owners; // of what is demanded
    Part[] private parts;
    Claim[] private asked; // of which claim
    uint256[] private deadlines;
    mapping(bytes32 key => bool) private demanded; // once supplied, never again
    mapping(bytes32 mark => uint256) private announcedAt; // a block's number
    uint256 private behind; // what is behind all parties, in units
    uint256 private paidIn;
    uint256 private paidOut;

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

    function claim(uint256 seed) external {
        address who = _who(seed);
        if (_phase() != Phase.Claiming) return;
        State memory s = federation.state();
        (uint256 accepted, uint256 order, uint256 merits) = federation.judgement();
        if (_count(accepted) < (terms.policy == Policy.Learning ? 1 : terms.quorum)) return;
        if (terms.mode == Mode.Direct) return _sum(who, s, accepted, order);
        bool lies = seed & 0x100 != 0;
        int256[2] memory next = _aggregate(accepted);
        if (lies) next[1] = next[1] == type(int32).max ? next[1] - 1 : next[1] + 1;
        bytes32 root = _leaf(_data(next));
        uint256 value = terms.bond * terms.unit;
        (bool done,) = _send(who, address(federation), value, _claimOf(who, s.round, accepted, root));
        if (!done) return;
        paidIn += value;
        (uint256 seat,,,) = federation.partyOf(who);
        (claimedModel, lie) = (next, lies);
        claimed = Claim(who, seat, root, SALT, accepted, accepted, 0, merits, 0, _leader(s, order));
        (, bytes32 pending) = federation.heads();
        require(pending == keccak256(abi.encode(claimed)), "another claim than was made");
    }

    /// @dev In the mode Direct: the round is over with it, and the record has the sums.
    function _sum(address who, State memory s, uint256 accepted, uint256 order) private {
        bytes memory entries;
        uint256 lane;
        for (uint256 seat; accepted >> seat != 0; ++seat) {
            if (accepted >> seat & 1 == 0) continue;
            address party = _at(seat);
            entries = bytes.concat(entries, bytes20(party), _dataOf(party));
            lane += uint256(int256(values[party]) + 128);
        }
        (bytes32 record,) = federation.heads();
        (uint256 seat_,,,) = federation.partyOf(who);
        (,, uint256 merits) = federation.judgement();
        (bool done,) = _send(who, address(federation), 0, abi.encodeCall(federation.sum, (entries)));
        if (!done) return;
        bytes32 word = bytes32(type(uint256).max / type(uint16).max * lane); // sixteen lanes, all the same
        bytes32 root = keccak256(abi.encode(word, word));
        Claim memory c = Claim(who, seat_, root, 0, accepted, accepted, 0, merits, 0, _leader(s, order));
        link = Link(record, s.round, root, keccak256(abi.encode(c)));
        (record,) = federation.heads();
        require(record == keccak256(abi.encode(link)), "another record than of the sums");
    }

    function refute(uint256 seed) external {
        _tick(seed);
        if (_phase() != Phase.Challenging) return;
        _refute(seed >> 4);
    }

    function finalize(uint256 seed) external {
        _tick(seed);
        _finalize();
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

    function demand(uint256 seed) external {
        address who = _who(seed);
        Part part = seed & 32 == 0 ? Part.Update : Part.Model;
        if (part == Part.Model && seed & 0x1c0 != 0) who = claimed.claimer;
        _demand(part, who, seed & 0x1e00 == 0 ? 1 : 0);
    }

    function supply(uint256 seed) external {
        _tick(seed);
        if (owners.length != 0) _supply(_below(seed, owners.length), seed & 0x700 != 0);
    }

    function forfeit(uint256 seed) external {
        _tick(seed);
        if (owners.length != 0) _forfeit(_below(seed, owners.length));
    }

    function withdraw(uint256 seed) external {
        _tick(seed);
        address who = parties[_below(seed, parties.length)];
        _withdraw(who, federation.balanceOf(who));
    }

    // ── checks ──────────────────────────────────────────────────────────────────────────────────────────────

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

    // ── steps ───────────────────────────────────────────────────────────────────────────────────────────────

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

    /// @dev What claims, with a nonce where one is asked for and soon found.
    function _claimOf(address who, uint256 round, uint256 accepted, bytes32 root) private view returns (bytes memory) {
        if (terms.policy != Policy.Work) {
            return abi.encodeCall(federation.claim, (round, accepted, root, SALT, ""));
        }
        (bytes32 record,) = federation.heads();
        uint256 target = IWork(address(federation)).target();
        uint256 nonce;
        while (nonce < 64 && uint256(keccak256(abi.encode(record, round, who, root, nonce))) >= target) ++nonce;
        return abi.encodeCall(IWork.mine, (round, accepted, root, SALT, "", bytes32(nonce)));
    }

    function _weighs() private view returns (bool) {
        return terms.policy == Policy.Stake || terms.policy == Policy.Delegates;
    }

    function _judges() private view returns (bool) {
        return terms.policy == Policy.Learning || terms.policy == Policy.Quality;
    }

    function _rests() private view returns (bool) {
        Phase phase = _phase();
        return phase == Phase.Joining || phase == Phase.Committing || phase == Phase.Closed;
    }

    /// @dev Any three of what may happen to a claim, or one after the other.
    function _challenge(uint256 seed) private {
        for (uint256 i; i < 3; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed & 12 == 0) this.refute(seed);
            else if (seed & 12 == 4) this.demand(seed);
            else if (seed & 12 == 8) this.supply(seed);
            else this.forfeit(seed);
        }
    }

    /// @dev With evidence that holds, as often as not; it may have been announced.
    function _refute(uint256 seed) private {
        (bool right, bytes memory evidence) = _found(seed >> 4 & 31);
        bytes32 mark = keccak256(abi.encode(stranger, keccak256(evidence)));
        if (seed & 3 != 0) {
            _do(true, stranger, 0, abi.encodeCall(federation.announce, (mark)));
            if (announcedAt[mark] == 0) announcedAt[mark] = height;
            if (seed & 2 != 0) _pass(12);
        }
        bool late = _phase() != Phase.Challenging || !_inTime();
        (uint256 own, uint256 burnt) = (federation.balanceOf(stranger), federation.balanceOf(BURNT));
        bool due = lie && right && !late;
        _do(due, stranger, 0, evidence);
        if (!due) return;
        uint256 reward = announcedAt[mark] != 0 && announcedAt[mark] < height ? terms.bond / 2 : 0;
        _fell(own, 0, reward, burnt);
    }

    /// @dev The claim is gone, `reward` of its bond is the stranger's with a `stake`, and the rest is burnt.
    function _fell(uint256 own, uint256 stake, uint256 reward, uint256 burnt) private view {
        require(federation.state().tried >> claimed.seat & 1 != 0, "a claim fell, and may come again");
        require(_phase() == Phase.Claiming, "a claim fell, and still stands");
        _gained(stranger, own, stake + reward);
        _gained(BURNT, burnt, terms.bond - reward);
    }

    /// @dev What there is against the claim, with one of many faults.
    function _found(uint256 fault) private view returns (bool right, bytes memory evidence) {
        Claim memory c = claimed;
        Link memory before = link;
        PartyChunk[] memory shown = new PartyChunk[](_count(c.accepted));
        uint256 row;
        for (uint256 seat; c.accepted >> seat != 0; ++seat) {
            if (c.accepted >> seat & 1 != 0) shown[row++] = _chunkOf(_at(seat));
        }
        ChunkPair memory pair = ChunkPair(
            0, _data(model), new bytes32[](0), _data(claimedModel), new bytes32[](0)
        );
        bytes memory other = _data([int256(5), 7]);
        if (fault == 0) shown[0].data = other;
        else if (fault == 1) shown[0].weight ^= 1;
        else if (fault == 2) shown[row - 1] = shown[0];
        else if (fault == 3) (shown[0], shown[row - 1]) = (shown[row - 1], shown[0]);
        else if (fault == 4) shown = new PartyChunk[](0);
        else if (fault == 5) shown[row - 1].data = bytes.concat(shown[row - 1].data, bytes4(0));
        else if (fault == 6) pair.before = other;
        else if (fault == 7) pair.claimed = other;
        else if (fault == 8) pair.index = 1;
        else if (fault == 9) pair.claimed = bytes.concat(pair.claimed, bytes4(0));
        else if (fault == 10) before.round ^= 1;
        else if (fault == 11) before = Link(SALT, 1, _leaf(pair.before = other), SALT);
        else if (fault == 12) c.cid = 0;
        else if (fault == 13) c.modelRoot = _leaf(pair.claimed = other);
        else if (fault == 14) shown[0].proof = new bytes32[](1);
        right = fault > MASKS || (fault > 14 && terms.privacy == Privacy.Open);
        right = right || (row == 1 && (fault == 2 || fault == 3));
        evidence = _evidence(c, before, shown, pair, fault);
    }

    function _chunkOf(address who) private view returns (PartyChunk memory) {
        bytes memory data = _dataOf(who);
        return PartyChunk(who, _root(data), weights[who], 0, _cidOf(who), data, new bytes32[](0));
    }

    function _inTime() private view returns (bool) {
        (, uint256 endsAt) = federation.clock();
        return time < endsAt || federation.state().demanded != 0;
    }

    function _finalize() private returns (bool done) {
        State memory s = federation.state();
        (, uint256 endsAt) = federation.clock();
        bool due = _phase() == Phase.Challenging && time >= endsAt && s.demanded == 0;
        (bytes32 record,) = federation.heads();
        (uint256 own, uint256 tip) = (federation.balanceOf(claimed.claimer), federation.balanceOf(stranger));
        _do(due, stranger, 0, abi.encodeCall(federation.finalize, (claimed)));
        if (!due) return false;
        _gained(stranger, tip, terms.tip);
        own += (terms.bond + terms.fee) * terms.unit;
        require(federation.balanceOf(claimed.claimer) >= own, "bond and fee are not the claimer's");
        link = Link(record, s.round, claimed.modelRoot, keccak256(abi.encode(claimed)));
        (bytes32 now_,) = federation.heads();
        require(now_ == keccak256(abi.encode(link)), "another record");
        model = claimedModel;
        return true;
    }

    function _demand(Part part, address who, uint256 index) private {
        State memory s = federation.state();
        Phase phase = _phase();
        bool pending = phase == Phase.Challenging;
        uint256 endsAt = s.since + terms.committing + terms.revealing + (_judges() ? 2 : 1) * terms.judging;
        endsAt = pending ? s.since + s.claimedAfter + terms.challenge - 2 * terms.supply : endsAt + terms.turn;
        if (terms.mode == Mode.Direct) endsAt -= terms.supply;
        bool due = (pending || phase == Phase.Judging || phase == Phase.Claiming) && time < endsAt && index == 0;
        bytes32 key = keccak256(abi.encode(s.round, who));
        if (part == Part.Update) {
            due = due && _hasRevealed(s, who);
        } else {
            due = due && pending && who == claimed.claimer;
            key = keccak256(abi.encode(s.round, claimed)); // whoever claims the same in a later round shows it again
        }
        due = due && !demanded[key];
        _do(due, stranger, terms.stake * terms.unit, abi.encodeCall(federation.demand, (part, who, index, claimed)));
        if (!due) return;
        demanded[key] = true;
        owners.push(who);
        parts.push(part);
        asked.push(claimed);
        deadlines.push(time + terms.supply);
    }

    function _hasRevealed(State memory s, address who) private view returns (bool) {
        (uint256 seat,,,) = federation.partyOf(who);
        return seat < 16 && s.revealed >> seat & 1 != 0;
    }

    /// @dev What was asked of it pends.
    function _pends(uint256 place) private view returns (bool) {
        (, bytes32 pending) = federation.heads();
        return pending == keccak256(abi.encode(asked[place]));
    }

    function _supply(uint256 place, bool right) private {
        (address who, Part part) = (owners[place], parts[place]);
        PartyChunk memory p = _chunkOf(who);
        (, bytes32 kept,,) = federation.partyOf(who);
        bytes32 digest = keccak256(abi.encodePacked(p.root, p.weight, p.shift, p.cid));
        bool due = part == Part.Update ? uint256(kept ^ digest) >> 8 == 0 : _pends(place);
        if (part == Part.Model) p.data = _data(claimedModel);
        if (!right) p.data = _data([int256(5), 7]);
        due = due && right && time < deadlines[place];
        uint256 own = federation.balanceOf(who);
        _do(due, stranger, 0, abi.encodeCall(federation.supply, (part, 0, asked[place], p)));
        if (!due) return;
        _gained(who, own, terms.stake);
        _answered(place);
    }

    function _forfeit(uint256 place) private {
        (address who, Part part) = (owners[place], parts[place]);
        State memory s = federation.state();
        bool matters = part == Part.Update ? _hasRevealed(s, who) : _pends(place);
        bool due = !matters || time >= deadlines[place];
        (uint256 own, uint256 burnt) = (federation.balanceOf(stranger), federation.balanceOf(BURNT));
        Claim memory c = part == Part.Update ? claimed : asked[place];
        _do(due, stranger, 0, abi.encodeCall(federation.forfeit, (part, who, 0, c)));
        if (!due) return;
        if (part == Part.Model && matters) {
            _fell(own, terms.stake, terms.bond / 2, burnt);
        } else {
            _gained(stranger, own, terms.stake);
            s = federation.state();
            (uint256 seat,,,) = federation.partyOf(who);
            require(!matters || (s.seats | s.revealed) >> seat & 1 == 0, "who does not supply stays");
        }
        demanded[keccak256(part == Part.Update ? abi.encode(s.round, who) : abi.encode(s.round, asked[place]))] = false;
        _answered(place);
    }

    function _gained(address who, uint256 before, uint256 units) private view {
        require(federation.balanceOf(who) == before + units * terms.unit, "another amount was gained");
    }

    function _answered(uint256 place) private {
        (owners[place], parts[place]) = (owners[owners.length - 1], parts[parts.length - 1]);
        asked[place] = asked[asked.length - 1];
        deadlines[place] = deadlines[deadlines.length - 1];
        owners.pop();
        parts.pop();
        asked.pop();
        deadlines.pop();
    }

    function _withdraw(address who, uint256 amount) private {
        if (amount == 0) return;
        bytes memory data = who == BURNT
            ? abi.encodeWithSignature("withdrawFor(address)", who)
            : abi.encodeWithSignature("withdraw(address,uint256)", who, amount);
        _do(true, who == BURNT ? stranger : who, 0, data);
        paidOut += amount;
    }

    function _do(bool due, address sender, uint256 value, bytes memory data) internal {
        (bool done,) = _send(sender, address(federation), value, data);
        require(done == due, due ? "refused what was due" : "did what was not due");
        if (done) paidIn += value;
    }

    // ── what is right ───────────────────────────────────────────────────────────────────────────────────────

    function _aggregate(uint256 accepted) private view returns (int256[2] memory next) {
        int256 sum;
        int256 total;
        for (uint256 seat; accepted >> seat != 0; ++seat) {
            if (accepted >> seat & 1 == 0) continue;
            address who = _at(seat);
            sum += int256(values[who]) * int256(uint256(weights[who]));
            total += int256(uint256(weights[who]));
        }
        int256 mean = sum / total;
        if (sum < 0 && mean * total != sum) --mean;
        for (uint256 i; i < 2; ++i) {
            int256 x = model[i] + mean;
            next[i] = x > type(int32).max ? type(int32).max : x < type(int32).min ? type(int32).min : x;
        }
    }

    function _leader(State memory s, uint256 order) private pure returns (uint256) {
        for (; order != 0; order >>= 8) {
            if ((s.seats & ~s.tried) >> ((order & 255) - 1) & 1 != 0) return (order & 255) - 1;
        }
        return type(uint256).max;
    }

    function _digest(address who, int32 value, uint16 weight) private view returns (bytes32) {
        return keccak256(abi.encodePacked(_root(_update(value)), weight, uint8(0), _cidOf(who)));
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

    function _admission() internal pure virtual returns (bytes memory) {
        return "";
    }

    function _evidence(Claim memory c, Link memory previous, PartyChunk[] memory shown, ChunkPair memory pair, uint256)
        internal
        view
        virtual
        returns (bytes memory)
    {
        return abi.encodeCall(federation.refuteChunk, (c, previous, shown, pair));
    }

    /// @dev A chunk, whose last coordinate is another one where somebody lied.
    function _data(int256[2] memory x) internal pure returns (bytes memory data) {
        for (uint256 i; i < 32; ++i) {
            data = bytes.concat(data, bytes4(uint32(int32(x[i == 31 ? 1 : 0]))));
        }
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
}
