// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Currency} from "../../../contracts/kernel/Currency.sol";
import {
    Group,
    ICompetition,
    Metric,
    Mode,
    Outcome,
    Phase,
    Progress,
    Refutation,
    Scheme,
    Status,
    Submission,
    Terms
} from "../../../contracts/competition/ICompetition.sol";
import {Clock} from "../Ground.sol";
import {OddToken, OddWallet} from "../Wallets.sol";
import {Exam} from "./Exam.sol";

interface ICompetitions {
    function create(Terms calldata t) external payable returns (address);
}

/// @notice An organizer that may stop, submitters that may lie, refuters, strangers that crank, wallets that refuse or
/// call back. One competition after the other; each ends with everybody leaving.
contract CompetitionHandler is Clock, Exam {
    struct Entry {
        address who;
        uint256 model;
        bytes claimed; // its predictions, once claimed
        uint256 claimedAt;
        bool revealed;
        bool kept;
    }

    uint256 private constant COIN = 1e30;
    uint256 private constant MANY = 6; // submissions
    address private constant BURN = 0x000000000000000000000000000000000000dEaD;
    address private constant ORGANIZER = address(0x09a);

    Mode private immutable MODE;
    ICompetitions private immutable FACTORY;
    ICompetition private competition;
    OddToken private token; // none: ether
    OddToken private coin;
    OddWallet private closed;
    OddWallet private caller;
    address[] private parties;
    Terms private terms;
    Entry[] private entries;
    uint256 private answered; // stakes that became the organizer's
    mapping(uint256 competitionAndGroup => uint256) private stakes; // of challenges that are open
    uint256 private count; // of competitions
    bool private changed; // by this action

    constructor(Mode mode) {
        MODE = mode;
        address implementation = _deploy("Competition", abi.encode(_deploy("ModelRunner", "")));
        FACTORY = ICompetitions(_deploy("CompetitionFactory", abi.encode(implementation)));
        (closed, caller, coin) = (new OddWallet(), new OddWallet(), new OddToken(0));
        for (uint256 key = 1; key <= 4; ++key) {
            parties.push(vm.addr(key));
        }
        parties.push(address(closed));
        parties.push(address(caller));
        parties.push(ORGANIZER);
        parties.push(BURN);
        for (uint256 i; i < parties.length - 1; ++i) {
            vm.deal(parties[i], COIN);
            coin.mint(parties[i], COIN);
        }
        vm.warp(time);
        vm.roll(height);
    }

    modifier action(uint256 seed) {
        _enter(seed);
        _;
    }

    function _enter(uint256 seed) private {
        if (count == 0) _begin(seed);
        if (_over() && seed & 48 == 0) {
            _everybodyLeaves();
            _begin(seed);
        }
        _tick(seed);
        changed = false;
    }

    // -------------------------------------------------------------------------------------------- the organizer's part

    function draw(uint256 seed) external action(seed) {
        vm.assume(_progress().drawnAt == 0 && !_over());
        _try(_party(seed), 0, abi.encodeCall(ICompetition.drawSplit, ()));
    }

    function challenge(uint256 seed) external action(seed) {
        vm.assume(competition.phase() == Phase.Training && seed & 192 == 0);
        uint256 group = _below(seed >> 8, GROUPS);
        address who = _party(seed);
        bool done = _try(who, _value(terms.stake), abi.encodeCall(ICompetition.challenge, (group)));
        if (!done) return;
        (, uint256 deadline,) = competition.challengeOf(group);
        assert(competition.testMask() >> group & 1 == 0 && deadline == time + terms.answer);
        stakes[count << 8 | group] = terms.stake;
    }

    /// @dev With the very group, or with a label turned over.
    function answer(uint256 seed) external action(seed) {
        uint256 group = seed & 7168 == 0 ? seed % GROUPS : _challenged(seed);
        bool turned = seed & 768 == 0;
        bool challenged = _isOpen(group);
        bytes memory call = abi.encodeCall(ICompetition.answer, (group, _opened(group, turned)));
        (, uint256 deadline,) = competition.challengeOf(group);
        bool done = _try(ORGANIZER, 0, call);
        assert(done == (challenged && !turned && time < deadline && !_over()));
        if (!done) return;
        stakes[count << 8 | group] = 0;
        answered += terms.stake;
        assert(!_try(ORGANIZER, 0, call));
    }

    function slashWithheld(uint256 seed) external action(seed) {
        uint256 group = _challenged(seed);
        (address challenger, uint256 deadline,) = competition.challengeOf(group);
        uint256 before = competition.credit(challenger);
        bool open = !_over();
        bool done = _try(_party(seed), 0, abi.encodeCall(ICompetition.slashWithheld, (group)));
        assert(done == (open && time >= deadline));
        if (!done) return;
        stakes[count << 8 | group] = 0;
        uint256 own = challenger == ORGANIZER ? _remainder(terms.prize, entries.length) : 0;
        assert(competition.credit(challenger) - before == terms.stake + terms.bond / 2 + own);
        assert(_progress().revealed == 0); // no model is public when this is decided
    }

    function slashUndrawn(uint256 seed) external action(seed) {
        vm.assume(_progress().drawnAt == 0 && !_over());
        bool done = _try(_party(seed), 0, abi.encodeCall(ICompetition.slashUndrawn, ()));
        assert(!done || height > terms.seedBlock + 256);
    }

    function slashUnopened(uint256 seed) external action(seed) {
        vm.assume(_progress().drawnAt != 0 && !_over());
        bool due = time >= competition.deadlines()[2] && _progress().revealed != 0;
        due = due && _progress().opened < TEST_GROUPS;
        assert(_try(_party(seed), 0, abi.encodeCall(ICompetition.slashUnopened, ())) == due);
    }

    /// @dev The next test group, or both, or one with a label turned over, by anyone.
    function openTest(uint256 seed) external action(seed) {
        vm.assume(_progress().drawnAt != 0 && !_over());
        bool turned = seed & 768 == 0;
        bool all = seed & 1024 == 0;
        uint256 opened = _progress().opened;
        vm.assume(opened < TEST_GROUPS);
        Group[] memory groups = new Group[](all ? TEST_GROUPS : 1);
        for (uint256 i; i < groups.length; ++i) {
            groups[i] = _opened(_testGroup(all ? i : opened), turned);
        }
        bytes memory call = abi.encodeCall(ICompetition.openTest, (all ? 0 : opened, groups));
        uint256[5] memory ends = competition.deadlines();
        bool done = _try(seed & 2048 == 0 ? ORGANIZER : _party(seed), 0, call);
        assert(done == (!turned && time >= ends[1] && time < ends[2]));
        assert(_progress().opened == (!done ? opened : all ? TEST_GROUPS : opened + 1));
    }

    // ---------------------------------------------------------------------------------------------------- submissions

    function commit(uint256 seed) external action(seed) {
        vm.assume(_progress().drawnAt != 0 && entries.length < MANY);
        address who = _party(seed);
        uint256 model = _below(seed >> 9, MODELS + 1);
        bytes32 salt = bytes32(entries.length);
        bytes32 commitment = competition.commitmentOf(who, keccak256(_modelOf(model)), salt);
        bool done = _try(who, _value(terms.deposit), abi.encodeCall(ICompetition.commit, (commitment)));
        _assertTaken(done, time < competition.deadlines()[0] && !_over());
        if (done) entries.push(Entry(who, model, "", 0, false, false));
    }

    /// @dev One's own model, in time, and never while an answer is missing.
    function reveal(uint256 seed) external action(seed) {
        (uint256 i, Entry storage e) = _entry(seed);
        uint256 model = seed & 768 == 0 ? (e.model + 1) % MODELS : e.model;
        bytes memory call = abi.encodeCall(ICompetition.reveal, (i, _modelOf(model), bytes32(i)));
        address who = seed & 3072 == 0 ? _party(seed) : e.who;
        uint256[5] memory ends = competition.deadlines();
        bool may = !_over() && time >= ends[0] && time < ends[1] && _unanswered() == 0;
        bool done = _try(who, 0, call);
        assert(done == (may && who == e.who && model == e.model && model != MODELS && !e.revealed));
        if (done) (entries[i].revealed, entries[i].kept) = (true, MODE == Mode.Optimistic);
    }

    function keep(uint256 seed) external action(seed) {
        (uint256 i, Entry storage e) = _entry(seed);
        uint256 model = seed & 768 == 0 ? (e.model + 1) % MODELS : e.model;
        bool done = _try(_party(seed), 0, abi.encodeCall(ICompetition.keep, (i, _modelOf(model))));
        assert(done == (e.revealed && model == e.model));
    }

    // ----------------------------------------------------------------------------------------------------- evaluation

    function evaluate(uint256 seed) external action(seed) {
        vm.assume(MODE == Mode.Direct);
        (uint256 i, Entry storage e) = _entry(seed);
        uint256 model = seed & 768 == 0 ? (e.model + 1) % MODELS : e.model;
        address who = _party(seed);
        uint256 before = competition.credit(who);
        bytes memory call = abi.encodeCall(ICompetition.evaluate, (i, 1 + _below(seed >> 11, 4), _modelOf(model)));
        bool may = !_over() && e.revealed && model == e.model && _progress().opened == TEST_GROUPS && !_isDone(i);
        bool ok = _try(who, 0, call);
        assert(ok == may);
        if (!ok) return;
        assert(competition.credit(who) - before <= (who == e.who ? 0 : terms.tip));
        _assertScore(i, e.model);
    }

    /// @dev Whether a revealed submission was run on all samples.
    function _isDone(uint256 i) private view returns (bool) {
        (,, uint256 done) = competition.resultOf(i);
        return done == TEST_GROUPS * GROUP_SIZE;
    }

    function _assertScore(uint256 i, uint256 model) private view {
        (, uint256 score, uint256 done) = competition.resultOf(i);
        assert(score == (done == 4 ? _scoreOf(model) : 0));
    }

    /// @dev What the model says, or something better.
    function claim(uint256 seed) external action(seed) {
        vm.assume(MODE == Mode.Optimistic && _progress().drawnAt != 0);
        (uint256 i, Entry storage e) = _entry(seed);
        bytes memory predictions = _predictions(e.model);
        if (seed & 256 == 0) predictions[_below(seed >> 9, 4)] ^= 0x01;
        address who = seed & 3072 == 0 ? _party(seed) : e.who;
        bytes memory call = abi.encodeCall(ICompetition.claim, (i, predictions));
        bool may = !_over() && _progress().opened == TEST_GROUPS && time < competition.deadlines()[3];
        bool done = _try(who, _value(terms.claimBond), call);
        _assertTaken(done, may && who == e.who && e.revealed && e.claimedAt == 0);
        if (done) (entries[i].claimed, entries[i].claimedAt) = (predictions, time);
    }

    /// @dev A lie falls to whoever shows it in time; what is true does not fall.
    function refute(uint256 seed) external action(seed) {
        vm.assume(MODE == Mode.Optimistic);
        (uint256 i, Entry storage e) = _entry(seed);
        vm.assume(e.claimedAt != 0);
        uint256 index = _below(seed >> 9, 4);
        bool falls = _falls(i, index);
        assert(_try(_party(seed), 0, abi.encodeCall(ICompetition.refute, (_evidence(i, index)))) == falls);
    }

    /// @dev Whether the claim can still be refuted, and is wrong about this sample.
    function _falls(uint256 i, uint256 index) private view returns (bool) {
        Submission memory s = competition.submission(i);
        if (_over() || s.status != Status.Revealed || uint32(uint256(s.word)) == type(uint32).max) return false;
        if (time >= entries[i].claimedAt + terms.refute) return false;
        bytes memory claimed = entries[i].claimed;
        return claimed[index] != _predictions(entries[i].model)[index];
    }

    function settle(uint256 seed) external action(seed) {
        vm.assume(MODE == Mode.Optimistic);
        (uint256 i, Entry storage e) = _entry(seed);
        bool done = _try(_party(seed), 0, abi.encodeCall(ICompetition.settle, (i)));
        assert(!done || (e.claimedAt != 0 && time >= e.claimedAt + terms.refute));
    }

    function finalize(uint256 seed) external action(seed) {
        vm.assume(_progress().drawnAt != 0 && !_over());
        Progress memory p = _progress();
        bool done = _try(_party(seed), 0, abi.encodeCall(ICompetition.finalize, ("")));
        if (!done) return;
        assert(time >= competition.deadlines()[1] && _unanswered() == 0);
        assert(p.revealed == 0 || p.opened == TEST_GROUPS);
        assert(p.concluded == p.revealed || time >= competition.deadlines()[4]);
    }

    /// @dev What the rules ask for next, by whoever has to do it.
    function proceed(uint256 seed) external action(seed) {
        Phase phase = competition.phase();
        vm.assume(phase != Phase.Closed && (phase != Phase.Training || entries.length > 2));
        if (phase == Phase.Seeding) {
            _pass(12 * 20);
            _try(ORGANIZER, 0, abi.encodeCall(ICompetition.drawSplit, ()));
        } else if (phase == Phase.Training) {
            _until(competition.deadlines()[0]);
        } else if (phase == Phase.Reveal) {
            for (uint256 i; i < entries.length; ++i) {
                bytes memory call = abi.encodeCall(ICompetition.reveal, (i, _modelOf(entries[i].model), bytes32(i)));
                if (_try(entries[i].who, 0, call)) {
                    (entries[i].revealed, entries[i].kept) = (true, MODE == Mode.Optimistic);
                }
            }
            _until(competition.deadlines()[1]);
        } else if (phase == Phase.Opening && time < competition.deadlines()[2]) {
            Group[] memory groups = new Group[](TEST_GROUPS);
            for (uint256 i; i < TEST_GROUPS; ++i) {
                groups[i] = _opened(_testGroup(i), false);
            }
            _try(ORGANIZER, 0, abi.encodeCall(ICompetition.openTest, (0, groups)));
        }
    }

    function wait(uint256 seed) external action(seed) {
        if (_progress().drawnAt == 0) return _pass(12 * _below(seed, 300));
        uint256 duration = [uint256(60), 10 minutes, 30 minutes, 2 hours][_below(seed, 4)];
        if (competition.phase() == Phase.Training && entries.length < 3) duration = 60;
        _pass(duration);
    }

    // ---------------------------------------------------------------------------------------------------------- money

    /// @dev Anybody may push to whom it belongs; only whom it belongs to may send it elsewhere.
    function withdraw(uint256 seed) external action(seed) {
        (uint256 i, Entry storage e) = _entry(seed);
        (address who, address to) = (_party(seed), seed & 256 == 0 ? e.who : _party(seed >> 8));
        uint256 due = competition.payoutOf(i);
        bool may = due != 0 && (who == e.who || to == e.who);
        if (_pull(who, to, abi.encodeCall(ICompetition.withdraw, (i, to)), due, may)) assert(competition.payoutOf(i) == 0);
    }

    function withdrawCredit(uint256 seed) external action(seed) {
        address account = parties[_below(seed >> 4, parties.length)];
        (address who, address to) = (_party(seed), seed & 256 == 0 ? account : _party(seed >> 8));
        bool may = (who == account || to == account) && (to != address(closed) || !_ether());
        uint256 due = competition.credit(account);
        bytes memory call = abi.encodeCall(ICompetition.withdrawCredit, (account, to));
        assert(_pull(who, to, call, due, may) == (may && due != 0));
    }

    /// @dev Nobody else's hand, and just what is due; who calls back meanwhile takes its own credit with it (the wallet
    /// that does, and a token for the organizer).
    function _pull(address who, address to, bytes memory call, uint256 due, bool may) private returns (bool done) {
        uint256 held = holds();
        done = _try(who, 0, call);
        if (!done) return false;
        uint256 left = held - holds();
        bool more = !_ether() || to == address(caller);
        assert(may && due != 0 && (more ? left >= due : left == due));
    }

    // ------------------------------------------------------------------------------------------------- what must hold

    /// @notice What could be pulled is there; once all is over, it is all that is there.
    function check() external view {
        if (!changed) return;
        uint256 due;
        for (uint256 i; i < entries.length; ++i) {
            due += competition.payoutOf(i);
            Submission memory s = competition.submission(i);
            if (s.status == Status.Refuted && s.extra != 0) due += terms.claimBond / 2;
        }
        for (uint256 i; i < parties.length; ++i) {
            due += competition.credit(parties[i]);
        }
        for (uint256 i; i < GROUPS; ++i) {
            due += stakes[count << 8 | i];
        }
        require(_over() ? due == holds() : due <= holds(), "what can be pulled");
        require(_over() || _unanswered() == _progress().unanswered, "answers");
    }

    /// @notice Time passes, and anyone may end it.
    function finish() external {
        if (count == 0) return;
        if (_progress().drawnAt == 0 && !_over()) {
            _pass(12 * 400);
            _do(parties[0], abi.encodeCall(ICompetition.slashUndrawn, ()));
        }
        if (!_over()) {
            _until(competition.deadlines()[4]);
            _end();
        }
        _everybodyLeaves();
    }

    /// @notice What the competition has.
    function holds() public view returns (uint256) {
        return _ether() ? address(competition).balance : token.balanceOf(address(competition));
    }

    function _end() private {
        Progress memory p = _progress();
        if (p.unanswered != 0) {
            uint256 group = _challenged(0);
            _do(address(this), abi.encodeCall(ICompetition.slashWithheld, (group)));
            stakes[count << 8 | group] = 0;
        } else if (p.revealed != 0 && p.opened < TEST_GROUPS) {
            _do(address(this), abi.encodeCall(ICompetition.slashUnopened, ()));
        } else {
            _do(address(this), abi.encodeCall(ICompetition.finalize, ("")));
        }
    }

    /// @dev What everybody is promised, and then everybody takes it; nothing stays.
    function _everybodyLeaves() private {
        _checkPromises();
        for (uint256 i; i < entries.length; ++i) {
            Entry memory e = entries[i];
            if (e.revealed) _do(address(this), abi.encodeCall(ICompetition.keep, (i, _modelOf(e.model))));
            if (competition.payoutOf(i) != 0) _do(e.who, abi.encodeCall(ICompetition.withdraw, (i, address(0x6c))));
            Submission memory s = competition.submission(i);
            if (s.status != Status.Refuted || s.extra == 0) continue;
            address refuter = address(uint160(uint256(s.extra)));
            _do(refuter, abi.encodeCall(ICompetition.withdrawReward, (i, address(0x6c))));
        }
        for (uint256 i; i < GROUPS; ++i) {
            if (stakes[count << 8 | i] == 0) continue;
            (address challenger,,) = competition.challengeOf(i);
            _do(challenger, abi.encodeCall(ICompetition.withdrawStake, (i, address(0x6c))));
            stakes[count << 8 | i] = 0;
        }
        for (uint256 i; i < parties.length; ++i) {
            if (competition.credit(parties[i]) == 0) continue;
            address to = parties[i] == BURN ? BURN : address(0x6c);
            _do(parties[i], abi.encodeCall(ICompetition.withdrawCredit, (parties[i], to)));
        }
        require(holds() == 0, "something is stuck");
    }

    function _checkPromises() private view {
        Outcome outcome = _progress().outcome;
        for (uint256 i; i < entries.length; ++i) {
            Submission memory s = competition.submission(i);
            if (s.withdrawn) continue;
            uint256 due = competition.payoutOf(i);
            if (outcome == Outcome.Withheld) require(due >= terms.deposit, "a committer's deposit");
            if (s.status != Status.Revealed) continue;
            if (outcome == Outcome.Unopened) {
                require(due >= terms.deposit + (terms.prize + terms.bond / 2) / _progress().revealed, "a share");
            }
            if (outcome != Outcome.Decided) continue;
            uint256 back = MODE == Mode.Direct
                ? terms.deposit - terms.tip
                : terms.deposit + (entries[i].claimedAt == 0 ? 0 : terms.claimBond);
            require(due >= back, "a deposit");
        }
        _checkRanking();
    }

    function _checkRanking() private view {
        uint256[] memory ranks = competition.ranking();
        uint256 last = type(uint256).max;
        for (uint256 i; i < ranks.length; ++i) {
            (, uint256 score,) = competition.resultOf(ranks[i]);
            require(score >= terms.criterion && score <= last, "the ranking");
            last = score;
        }
        for (uint256 i; i < entries.length; ++i) {
            if (!_counts(i) || _isCopy(i)) continue;
            (, uint256 score,) = competition.resultOf(i);
            bool passed = score >= terms.criterion;
            require(!passed || ranks.length != 0, "no ranking");
            if (!passed) continue;
            (, uint256 best,) = competition.resultOf(ranks[0]);
            require(best >= score, "a better one was passed over");
        }
    }

    /// @dev Whether an earlier commitment is to the same model, which counts once, whatever is claimed of it.
    function _isCopy(uint256 i) private view returns (bool) {
        for (uint256 j; j < i; ++j) {
            if (entries[j].revealed && entries[j].model == entries[i].model) return true;
        }
        return false;
    }

    /// @dev Whether the submission's score is final: all samples, or a claim that stood its time.
    function _counts(uint256 i) private view returns (bool) {
        Submission memory s = competition.submission(i);
        if (s.status != Status.Revealed) return false;
        return uint32(uint256(s.word)) == (MODE == Mode.Direct ? TEST_GROUPS * GROUP_SIZE : type(uint32).max);
    }

    // -------------------------------------------------------------------------------------------------------- helpers

    function _begin(uint256 seed) private {
        ++count;
        delete entries;
        answered = 0;
        token = _below(seed ^ 0x70, 3) == 0 ? coin : OddToken(address(0));
        Terms memory t;
        (t.token, t.root, t.cidDigest, t.cidCodec) = (Currency.wrap(address(token)), _rootOfAll(), keccak256("data"), 0x55);
        (t.metric, t.mode, t.organizerMayEnter) = (Metric.Accuracy, MODE, true);
        t.scheme = seed & 4 == 0 ? Scheme.Ranked : Scheme.ByScore;
        (t.groups, t.testGroups, t.groupSize) = (uint16(GROUPS), uint16(TEST_GROUPS), uint16(GROUP_SIZE));
        (t.features, t.classes, t.maxModelBytes) = (2, 2, 100);
        (t.prize, t.bond) = (uint128(1e15 + _below(seed ^ 1, 1e15)), uint128(1e15 + _below(seed ^ 2, 1e15)));
        (t.deposit, t.tip) = (uint96(1e12 + _below(seed ^ 3, 1e12)), uint96(_below(seed ^ 4, 1e12)));
        (t.stake, t.claimBond) = (uint128(_below(seed ^ 5, 1e13)), uint128(1e12 + _below(seed ^ 6, 1e12)));
        t.shares = seed & 8 == 0 ? [uint16(10_000), 0, 0, 0] : [uint16(6_000), 3_000, 1_000, 0];
        t.criterion = [uint64(0), 5e8, 1e9][_below(seed ^ 7, 3)];
        (t.training, t.reveal, t.opening, t.evaluation) = (10 hours, 2 hours, 2 hours, 2 hours);
        (t.refute, t.answer) = (2 hours, 2 hours);
        uint256 escrow = uint256(t.prize) + t.bond;
        vm.prank(ORGANIZER);
        competition = ICompetition(FACTORY.create{value: _ether() ? escrow : 0}(t));
        terms = competition.terms();
        bytes memory again = abi.encodeCall(ICompetition.withdrawCredit, (address(caller), address(caller)));
        caller.callBack(address(competition), again);
        coin.callBack(address(competition), abi.encodeCall(ICompetition.withdrawCredit, (ORGANIZER, ORGANIZER)));
        if (_below(seed ^ 8, 8) == 0) return;
        _pass(12 * 20);
        _do(address(this), abi.encodeCall(ICompetition.drawSplit, ()));
    }

    function _try(address sender, uint256 value, bytes memory data) private returns (bool done) {
        (done,) = _send(sender, address(competition), value, data);
        if (done) changed = true;
    }

    /// @dev A token that calls back while it moves is refused where that moves more of it.
    function _assertTaken(bool done, bool may) private view {
        assert(done == may || (may && !_ether()));
    }

    function _do(address sender, bytes memory data) private {
        (bool done, bytes memory reason) = _send(sender, address(competition), 0, data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _until(uint256 end) private {
        if (end > time) _pass(end - time);
    }

    function _ether() private view returns (bool) {
        return address(token) == address(0);
    }

    function _value(uint256 amount) private view returns (uint256) {
        return _ether() ? amount : 0;
    }

    function _over() private view returns (bool) {
        return competition.phase() == Phase.Closed;
    }

    function _progress() private view returns (Progress memory) {
        return competition.progress();
    }

    /// @dev Anybody but the burnt.
    function _party(uint256 seed) private view returns (address) {
        return parties[_below(seed ^ 0xac, parties.length - 1)];
    }

    function _entry(uint256 seed) private view returns (uint256 i, Entry storage e) {
        vm.assume(entries.length != 0);
        i = _below(seed ^ 0xe7, entries.length);
        return (i, entries[i]);
    }

    /// @dev A group whose challenge is open.
    function _challenged(uint256 seed) private view returns (uint256 group) {
        for (uint256 i; i < GROUPS; ++i) {
            group = (seed % GROUPS + i) % GROUPS;
            if (_isOpen(group)) return group;
        }
        vm.assume(false);
    }

    function _isOpen(uint256 group) private view returns (bool) {
        (address challenger,, bool ok) = competition.challengeOf(group);
        return challenger != address(0) && !ok;
    }

    function _unanswered() private view returns (uint256 n) {
        for (uint256 i; i < GROUPS; ++i) {
            if (_isOpen(i)) ++n;
        }
    }

    function _testGroup(uint256 ordinal) private view returns (uint256 group) {
        uint256 mask = competition.testMask();
        for (; group < GROUPS; ++group) {
            if (mask >> group & 1 == 0) continue;
            if (ordinal == 0) return group;
            --ordinal;
        }
    }

    function _predictions(uint256 model) private view returns (bytes memory said) {
        said = new bytes(TEST_GROUPS * GROUP_SIZE);
        for (uint256 i; i < said.length; ++i) {
            said[i] = bytes1(_says(model, _testGroup(i / GROUP_SIZE), i % GROUP_SIZE));
        }
    }

    function _scoreOf(uint256 model) private view returns (uint256 score) {
        bytes memory said = _predictions(model);
        for (uint256 i; i < said.length; ++i) {
            if (said[i] == _sampleOf(_testGroup(i / GROUP_SIZE), i % GROUP_SIZE)[2]) score += 1e9 / said.length;
        }
    }

    function _evidence(uint256 i, uint256 index) private view returns (Refutation memory r) {
        uint256 group = _testGroup(index / GROUP_SIZE);
        uint256 position = index % GROUP_SIZE;
        bytes memory claimed = entries[i].claimed;
        (r.submission, r.index, r.word) = (i, index, bytes32(bytes4(claimed)));
        (r.salt, r.sample, r.groupProof) = (_salt(group), _sampleOf(group, position), _groupProof(group));
        r.sampleProof = new bytes32[](1);
        r.sampleProof[0] = _sampleLeaf(group, position ^ 1);
    }

    function _remainder(uint256 amount, uint256 parts) private pure returns (uint256) {
        return parts == 0 ? amount : amount % parts;
    }
}
