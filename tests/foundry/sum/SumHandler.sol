// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFunds} from "../../../contracts/kernel/IFunds.sol";
import {ContributionInfo} from "../../../contracts/sum/ContributionInfo.sol";
import {ISum} from "../../../contracts/sum/ISum.sol";
import {ISelfAssessment} from "../../../contracts/sum/incentives/ISelfAssessment.sol";
import {Cheats} from "../Cheats.sol";
import {Clock} from "../Ground.sol";
import {OddToken, OddWallet} from "../Wallets.sol";

interface ISharedModel is ISum, ISelfAssessment {}

interface IBadges {
    function balanceOf(address owner) external view returns (uint256 level);
}

interface IFactory {
    function create(address implementation, bytes32 salt, bytes calldata args) external returns (address);
}

/// @notice Parties that share a model: two honest ones, its creator, two that lie, a wallet that takes no ether and one
/// that calls back. What each of them must own is kept here, beside the contract.
contract SumHandler is Clock {
    struct Open {
        uint256 id;
        ContributionInfo facts;
        bytes x;
        address contributor;
        uint256 left; // units
        uint256 since;
        bool surprise;
        uint256 look; // as ISum.record has it
    }

    struct Seal {
        address contributor;
        bytes32 commitment;
        uint256 deposit; // units
        uint256 since;
        bytes x;
        uint256 y;
        bytes32 salt;
    }

    uint256 internal constant UNIT = 1e9;
    uint256 internal constant DAY = 1 days;
    uint256 internal constant REFUND = 2 days;
    uint256 internal constant GAP = 1 days;
    uint256 internal constant CREATOR = 3 days;
    uint256 internal constant ANY = 6 days;
    uint256 internal constant MANY = 20; // contributions and commitments that are open at once
    uint256 internal constant COIN = 1e24;
    address private constant BURN = 0x000000000000000000000000000000000000dEaD;
    bytes32 private constant ADDED = keccak256("Added(uint256,uint256,bytes)");
    bytes32 private constant TYPE = keccak256(
        "Contribution(address contributor,bytes[] samples,bytes labels,uint256 maximum,uint256 nonce,uint256 deadline)"
    );

    ISharedModel public sum;
    OddToken public token; // none: ether
    address[] public actors;
    address public creator;
    OddWallet public closed;
    OddWallet public caller;
    Open[] internal opens;
    Seal[] internal seals;
    mapping(address who => uint256) public owed;
    mapping(address who => uint256) public valid;
    mapping(address who => uint256) internal points;
    bool internal immutable game; // whether what earns reputation also earns points
    mapping(uint256 id => mapping(address who => bool)) internal reported;
    uint256 internal changedAt; // when the model last changed
    uint256 internal learnedAt; // when it last learned, whether or not that changed it
    uint256 internal salts;
    ISharedModel[] internal clones;
    OddToken[] internal tokens;

    constructor(string memory composition, bytes memory model, uint256 cost, bool game_) {
        game = game_;
        for (uint256 key = 1; key <= 5; ++key) {
            actors.push(vm.addr(key));
        }
        creator = actors[2];
        (closed, caller) = (new OddWallet(), new OddWallet());
        actors.push(address(closed));
        actors.push(address(caller));
        vm.warp(time);
        address implementation = _deploy(composition, "");
        IFactory factory = IFactory(_deploy("SumFactory", ""));
        tokens.push(OddToken(address(0)));
        tokens.push(new OddToken(10));
        tokens.push(new OddToken(0));
        uint256 terms = cost | REFUND << 48 | GAP << 80 | CREATOR << 112 | ANY << 144;
        for (uint256 kind; kind < 3; ++kind) {
            bytes memory args = abi.encodePacked(tokens[kind], uint96(UNIT), terms, model);
            vm.prank(creator);
            clones.push(ISharedModel(factory.create(implementation, bytes32(kind), args)));
            for (uint256 i; kind != 0 && i < actors.length; ++i) {
                tokens[kind].mint(actors[i], COIN);
            }
        }
        tokens[2].callBack(address(clones[2]), abi.encodeCall(IFunds.withdraw, (creator, type(uint256).max)));
        for (uint256 i; i < actors.length; ++i) {
            vm.deal(actors[i], COIN);
        }
        sum = clones[0];
    }

    /// @dev The run's first action decides what is paid with; ether in one half of all runs.
    modifier action(uint256 seed) {
        _enter(seed);
        _;
    }

    function _enter(uint256 seed) private {
        if (address(sum) == address(clones[0]) && salts == 0) {
            uint256 kind = _below(seed, 4) % 3;
            (sum, token, salts) = (clones[kind], tokens[kind], 1);
            caller.callBack(address(sum), abi.encodeCall(IFunds.withdraw, (address(caller), type(uint256).max)));
        }
        _tick(seed);
    }

    // ----------------------------------------------------------------------------------------------- money in, out

    function fund(uint256 seed) external action(seed) {
        (address who, address payer) = (_actor(seed), _actor(seed >> 8));
        uint256 amount = _below(seed, 1e15);
        uint256 held = holds();
        bytes memory call = abi.encodeCall(IFunds.fund, (who, amount));
        _do(payer, address(token) == address(0) ? amount : 0, call);
        uint256 arrived = holds() - held;
        assert(arrived <= amount);
        owed[who] += arrived;
    }

    function withdraw(uint256 seed) external action(seed) {
        address who = _actor(seed);
        address to = seed & 1024 == 0 ? who : _actor(seed >> 16);
        bool takes = address(token) != address(0) || to != address(closed);
        uint256 held = holds();
        (bool done,) = _try(who, 0, abi.encodeCall(IFunds.withdraw, (to, type(uint256).max)));
        assert(done == (takes && owed[who] != 0));
        if (!done) return;
        assert(held - holds() == owed[who]);
        owed[who] = 0;
    }

    // -------------------------------------------------------------------------------------------------------- data

    function add(uint256 seed) external action(seed) {
        vm.assume(opens.length < MANY);
        address who = _actor(seed);
        (bytes memory x, uint256 y) = _sample(seed, who);
        uint256 price = sum.price(1);
        uint256 value = _value(seed, price);
        uint256 maximum = seed & 2048 == 0 ? price : price - _below(seed, price + 1);
        bool fits = maximum >= price && _affords(who, value, price, true);
        if (address(token) != address(0) && seed & 768 == 256) (value, fits) = (1, false); // ether, where tokens are asked
        bool surprise = sum.predict(x) != y;
        bytes32 model = _model();
        vm.recordLogs();
        (bool done,) = _try(who, value, abi.encodeCall(ISum.add, (x, y, maximum)));
        assert(done == fits);
        if (!done) return;
        _spend(who, value, price);
        _note(who, model, surprise);
    }

    function addBatch(uint256 seed) external action(seed) {
        uint256 n = 1 + _below(seed, 3);
        vm.assume(opens.length + n <= MANY);
        address who = _actor(seed);
        (bytes[] memory xs, bytes memory ys) = _batch(seed, who, n);
        uint256 cost = sum.price(n) * n;
        uint256 value = _value(seed, cost);
        bytes32 model = _model();
        vm.recordLogs();
        (bool done,) = _try(who, value, abi.encodeCall(ISum.addBatch, (xs, ys, sum.price(n))));
        assert(done == _affords(who, value, cost, true));
        if (!done) return;
        _spend(who, value, cost);
        _note(who, model, true);
    }

    /// @dev Relayed with a signature: a right one, one of another nonce, one over another label, one that has expired;
    /// then once more.
    function addFor(uint256 seed) external action(seed) {
        vm.assume(opens.length < MANY);
        uint256 key = 1 + _below(seed >> 3, 5);
        address who = vm.addr(key);
        uint256 wrong = _below(seed >> 7, 4);
        bytes memory call = _signed(seed, key, wrong);
        uint256 price = sum.price(1);
        uint256 value = _value(seed, price);
        bytes32 model = _model();
        vm.recordLogs();
        (bool done,) = _try(_actor(seed >> 16), value, call);
        assert(done == (wrong == 0 && _affords(who, value, price, seed & 8192 == 0)));
        if (!done) return;
        _spend(who, value, price);
        _note(who, model, true);
        (done,) = _try(who, 0, call);
        assert(!done);
    }

    function commit(uint256 seed) external action(seed) {
        vm.assume(seals.length < MANY);
        address who = _actor(seed);
        (bytes memory x, uint256 y) = _sample(seed, who);
        bytes32 salt = bytes32(++salts);
        bytes32 commitment = sum.commitmentOf(who, x, y, salt);
        uint256 price = sum.price(1);
        uint256 value = _value(seed, price);
        (bool done,) = _try(who, value, abi.encodeCall(ISum.commit, (commitment, price)));
        assert(done == _affords(who, value, price, true) && sum.price(1) == price);
        if (!done) return;
        _spend(who, value, price);
        seals.push(Seal(who, commitment, price / UNIT, time, x, y, salt));
    }

    function reveal(uint256 seed) external action(seed) {
        vm.assume(seals.length != 0 && opens.length < MANY);
        uint256 i = _below(seed, seals.length);
        Seal memory s = seals[i];
        uint256 deposit = sum.price(1) > s.deposit * UNIT ? sum.price(1) : s.deposit * UNIT;
        uint256 value = _value(seed, deposit - s.deposit * UNIT);
        bytes memory call = abi.encodeCall(ISum.reveal, (s.x, s.y, s.salt, deposit));
        (bool done,) = _try(_other(s.contributor, seed), value, call);
        assert(!done);
        bytes32 model = _model();
        bool surprise = sum.predict(s.x) != s.y;
        vm.recordLogs();
        (done,) = _try(s.contributor, value, call);
        assert(done == (time > s.since && _affords(s.contributor, value + s.deposit * UNIT, deposit, true)));
        if (!done) return;
        _spend(s.contributor, value + s.deposit * UNIT, deposit);
        _note(s.contributor, model, surprise);
        assert(opens[opens.length - 1].left * UNIT == deposit && opens[opens.length - 1].facts.hidden());
        _forget(i);
        (done,) = _try(s.contributor, value, call);
        assert(!done);
    }

    function release(uint256 seed) external action(seed) {
        vm.assume(seals.length != 0);
        uint256 i = _below(seed, seals.length);
        Seal memory s = seals[i];
        (bool done,) = _try(_actor(seed), 0, abi.encodeCall(ISum.release, (s.contributor, s.commitment)));
        assert(done == (time >= s.since + REFUND));
        if (!done) return;
        owed[s.contributor] += s.deposit * UNIT;
        _forget(i);
        (done,) = _try(_actor(seed), 0, abi.encodeCall(ISum.release, (s.contributor, s.commitment)));
        assert(!done);
    }

    // ------------------------------------------------------------------------------------------------------ claims

    /// @dev At once, if nobody disputes it; else after two looks that found the model for it, `GAP` apart.
    function refund(uint256 seed) external action(seed) {
        (uint256 i, Open memory o, bool agrees) = _pick(seed, true);
        bool due = _isDue(o, 0);
        (bool done,) = _try(_actor(seed), 0, abi.encodeCall(ISelfAssessment.refund, (o.id, o.facts, o.x)));
        bool decided = o.look == 0 ? due : _stands(o, 0) && due;
        bool looks = o.look & 1 == 1; // it was found against, and is now for it
        if (done) assert(agrees && changedAt != time && (decided || looks));
        else assert(!agrees || learnedAt == time || !(decided || looks));
        if (!done) return;
        if (!decided) return _looked(i, 0);
        owed[o.contributor] += o.left * UNIT;
        _earn(o);
        _settled(i);
    }

    function report(uint256 seed) external action(seed) {
        (uint256 i, Open memory o, bool agrees) = _pick(seed, false);
        address who = seed & 1024 == 0 ? _known(seed) : seed & 2048 == 0 ? o.contributor : _actor(seed);
        (uint256 share,) = sum.reportOf(o.id, who);
        bool again = reported[o.id][who];
        (,, uint256 all) = sum.status();
        bool may = !agrees && who != o.contributor && _isDue(o, GAP) && learnedAt != time;
        may = may && (again ? o.look & 1 == 0 : all != 0 && o.facts.deposit() * valid[who] / all != 0);
        (bool done,) = _try(who, 0, abi.encodeCall(ISelfAssessment.report, (o.id, o.facts, o.x)));
        assert(done || !may);
        if (!done) return;
        assert(_isDue(o, GAP) && !agrees && changedAt != time && who != o.contributor);
        assert(!again || (o.look != 0 && o.look & 1 == 0));
        (uint256 amount,) = sum.reportOf(o.id, who);
        assert(again ? amount == share : amount != 0 && amount <= o.facts.deposit() * UNIT * valid[who] / all);
        reported[o.id][who] = true;
        if (o.look & 1 == 0) _looked(i, 1);
    }

    /// @dev Nobody takes anything but what it was promised, after the model was against it twice, `GAP` apart, and
    /// nobody had found otherwise between.
    function take(uint256 seed) external action(seed) {
        (uint256 i, Open memory o, bool agrees) = _pick(seed, false);
        address who = _reporter(o.id, seed);
        (uint256 promised,) = sum.reportOf(o.id, who);
        (bool done,) = _try(who, 0, abi.encodeCall(ISelfAssessment.take, (o.id, o.facts, o.x)));
        if (!done) return;
        assert(!agrees && changedAt != time && promised != 0 && _isDue(o, 0));
        if (o.look & 1 == 0) return _looked(i, 1);
        assert(_stands(o, 1));
        if (promised > o.left * UNIT) promised = o.left * UNIT;
        owed[who] += promised;
        opens[i].left -= promised / UNIT;
        if (opens[i].left == 0) _settled(i);
        (done,) = _try(who, 0, abi.encodeCall(ISelfAssessment.take, (o.id, o.facts, o.x)));
        assert(!done);
    }

    /// @dev What nobody took: the contributor's own part of the reputation returns; half of the rest is the creator's
    /// after a while, another's after a longer one, if the model is against it at two looks. The other half is burnt.
    function sweep(uint256 seed) external action(seed) {
        (uint256 i, Open memory o, bool agrees) = _pick(seed, false);
        address who = _actor(seed);
        uint256 from = sum.dueAt(o.facts) + (who == creator ? CREATOR : ANY);
        (bool done,) = _try(who, 0, abi.encodeCall(ISelfAssessment.sweep, (o.id, o.facts, o.x)));
        if (!done) return;
        assert(time >= from && !agrees && changedAt != time && who != o.contributor);
        if (o.look & 1 == 0) return _looked(i, 1);
        assert(_stands(o, 1));
        _swept(i, who);
    }

    /// @dev Facts of one contribution, features of another.
    function forge(uint256 seed) external action(seed) {
        vm.assume(opens.length > 1);
        Open memory a = opens[_below(seed, opens.length)];
        Open memory b = opens[_below(seed >> 8, opens.length)];
        vm.assume(ContributionInfo.unwrap(a.facts) != ContributionInfo.unwrap(b.facts));
        address who = _actor(seed);
        (bool done,) = _try(who, 0, abi.encodeCall(ISelfAssessment.sweep, (a.id, b.facts, b.x)));
        assert(!done);
        (done,) = _try(who, 0, abi.encodeCall(ISelfAssessment.refund, (b.id, a.facts, b.x)));
        assert(!done);
    }

    function wait(uint256 seed) external action(seed) {
        uint256[6] memory times = [uint256(60), 6 hours, DAY, 2 * DAY, 4 * DAY, 9 * DAY];
        _pass(times[_below(seed, 6)]);
    }

    // ---------------------------------------------------------------------------------------------- what must hold

    /// @notice What the contract has is what it owes, to whom it owes it.
    function check() external view {
        uint256 all;
        for (uint256 i; i < actors.length; ++i) {
            (uint256 balance, uint256 reputation,, uint256 awarded) = sum.account(actors[i]);
            require(balance == owed[actors[i]], "somebody's balance");
            require(reputation == valid[actors[i]], "somebody's reputation");
            require(awarded == points[actors[i]], "somebody's points");
            uint256 level;
            for (uint256 least = 10; least <= awarded; least *= 2) {
                ++level;
            }
            require(!game || IBadges(address(sum)).balanceOf(actors[i]) == level, "somebody's level");
            all += balance;
        }
        for (uint256 i; i < opens.length; ++i) {
            (uint160 digest, uint256 left, uint256 look) = sum.record(uint32(opens[i].id));
            require(digest != 0 && left == opens[i].left && look == opens[i].look, "an open contribution");
            all += left * UNIT;
        }
        for (uint256 i; i < seals.length; ++i) {
            all += seals[i].deposit * UNIT;
        }
        (uint256 burnt,,,) = sum.account(BURN);
        require(burnt == owed[BURN] && holds() == all + burnt, "the sum of what is owed");
    }

    /// @notice All have stopped. Others settle what is open; everybody withdraws; nothing stays.
    function finish() external {
        _pass(365 days);
        address keeper = address(0x6b);
        while (seals.length != 0) {
            Seal memory s = seals[seals.length - 1];
            _do(keeper, 0, abi.encodeCall(ISum.release, (s.contributor, s.commitment)));
            owed[s.contributor] += s.deposit * UNIT;
            seals.pop();
        }
        while (opens.length != 0) {
            _close(keeper, opens.length - 1);
        }
        actors.push(keeper);
        for (uint256 i; i < actors.length; ++i) {
            if (owed[actors[i]] == 0) continue;
            uint256 held = holds();
            _do(actors[i], 0, abi.encodeCall(IFunds.withdraw, (address(0x6c), type(uint256).max)));
            require(held - holds() == owed[actors[i]], "not all was paid out");
            owed[actors[i]] = 0;
        }
        require(holds() == owed[BURN], "something is stuck"); // what is burnt stays
    }

    /// @dev By two looks, if the first does not do; whatever the model says by now.
    function _close(address keeper, uint256 i) private {
        Open memory o = opens[i];
        bool agrees = sum.predict(o.x) == o.facts.label();
        bytes memory call = agrees
            ? abi.encodeCall(ISelfAssessment.refund, (o.id, o.facts, o.x))
            : abi.encodeCall(ISelfAssessment.sweep, (o.id, o.facts, o.x));
        _do(keeper, 0, call);
        (uint160 digest,,) = sum.record(uint32(o.id));
        if (digest != 0) {
            _pass(GAP);
            _do(keeper, 0, call);
        }
        if (!agrees) return _swept(i, keeper);
        _earn(o);
        owed[o.contributor] += o.left * UNIT;
        _settled(i);
    }

    function holds() public view returns (uint256) {
        return address(token) == address(0) ? address(sum).balance : token.balanceOf(address(sum));
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function _do(address sender, uint256 value, bytes memory data) private {
        (bool done, bytes memory reason) = _send(sender, address(sum), value, data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _try(address sender, uint256 value, bytes memory data) private returns (bool, bytes memory) {
        return _send(sender, address(sum), value, data);
    }

    function _actor(uint256 seed) private view returns (address) {
        return actors[_below(seed ^ 0xac, actors.length)];
    }

    function _other(address who, uint256 seed) private view returns (address other) {
        other = _actor(seed);
        if (other == who) other = address(0x99);
    }

    function _reporter(uint256 id, uint256 seed) private view returns (address who) {
        for (uint256 i; i < actors.length; ++i) {
            who = actors[(i + seed % 64) % actors.length];
            if (reported[id][who]) return who;
        }
    }

    /// @dev In tokens nothing is sent; in ether sometimes too little, sometimes too much.
    function _value(uint256 seed, uint256 price) private view returns (uint256) {
        if (address(token) != address(0)) return 0;
        uint256 kind = _below(seed ^ 0x7a, 8);
        if (kind == 0) return 0;
        return kind == 1 ? price + _below(seed, 1e12) : price;
    }

    /// @dev The honest say what is true (the parity of the first feature), the others the opposite, as it pleases them.
    function _sample(uint256 seed, address who) private view returns (bytes memory x, uint256 y) {
        uint256 first = 1 + _below(seed ^ 0x5a, 4);
        x = abi.encodePacked(uint16(first), uint16(6 + _below(seed >> 5, 3)));
        y = first & 1;
        if (who != actors[0] && who != actors[1] && seed & 4096 != 0) y = 1 - y;
    }

    function _batch(uint256 seed, address who, uint256 n) private view returns (bytes[] memory xs, bytes memory ys) {
        (xs, ys) = (new bytes[](n), new bytes(n));
        for (uint256 i; i < n; ++i) {
            uint256 y;
            (xs[i], y) = _sample(seed >> 8 * i, who);
            ys[i] = bytes1(uint8(y));
        }
    }

    function _signed(uint256 seed, uint256 key, uint256 wrong) private view returns (bytes memory) {
        address who = vm.addr(key);
        (bytes[] memory xs, bytes memory ys) = _batch(seed, who, 1);
        uint256 price = sum.price(1);
        uint256 until = wrong == 3 ? time - 1 : time;
        bytes memory signature = _signature(key, _content(who, xs[0], ys, until, wrong == 1));
        if (wrong == 2) ys[0] = bytes1(uint8(ys[0]) ^ 1);
        return abi.encodeCall(ISum.addFor, (who, xs, ys, price, until, signature, seed & 8192 == 0));
    }

    function _content(address who, bytes memory x, bytes memory ys, uint256 until, bool later)
        private
        view
        returns (bytes32)
    {
        (,, uint256 nonce,) = sum.account(who);
        if (later) ++nonce;
        bytes32 samples = keccak256(abi.encodePacked(keccak256(x)));
        return keccak256(abi.encode(TYPE, who, samples, keccak256(ys), sum.price(1), nonce, until));
    }

    function _signature(uint256 key, bytes32 content) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("DILN Shared Model"),
                keccak256("1"),
                block.chainid,
                address(sum)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, content)));
        return abi.encodePacked(r, s, v);
    }

    function _model() private view returns (bytes32) {
        return keccak256(abi.encode(sum.words(0, sum.length())));
    }

    /// @dev Keep what the events told of new contributions, and whether the model changed.
    function _note(address who, bytes32 model, bool surprise) private {
        learnedAt = time;
        if (_model() != model) changedAt = time;
        _noteEvents(who, surprise);
    }

    function _noteEvents(address who, bool surprise) private {
        Cheats.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(sum) || logs[i].topics[0] != ADDED) continue;
            (ContributionInfo facts, bytes memory x) = abi.decode(logs[i].data, (ContributionInfo, bytes));
            assert(facts.contributor() == who && facts.time() == time);
            assert(surprise || !facts.surprise());
            uint256 id = uint256(logs[i].topics[1]);
            opens.push(Open(id, facts, x, who, facts.deposit(), time, facts.surprise(), 0));
        }
    }

    /// @dev Any contribution; more often one that is due, and that the model is for or against, as `wanted`.
    function _pick(uint256 seed, bool wanted) private view returns (uint256 i, Open memory o, bool agrees) {
        vm.assume(opens.length != 0);
        for (uint256 tries; tries < opens.length; ++tries) {
            i = (_below(seed, opens.length) + tries) % opens.length;
            o = opens[i];
            agrees = sum.predict(o.x) == o.facts.label();
            if (seed & 768 == 0 || (agrees == wanted && time >= sum.dueAt(o.facts))) break;
        }
    }

    /// @dev Anybody; more often somebody with reputation.
    function _known(uint256 seed) private view returns (address who) {
        for (uint256 i; i < actors.length; ++i) {
            who = _actor(seed ^ i << 200);
            if (valid[who] != 0) return who;
        }
    }

    function _isDue(Open memory o, uint256 early) private view returns (bool) {
        uint256 due = sum.dueAt(o.facts);
        assert(due >= o.since + REFUND && due <= o.since + 16 * REFUND);
        return time + early >= due;
    }

    /// @dev Whether looks have said `side` for long enough.
    function _stands(Open memory o, uint256 side) private view returns (bool) {
        return o.look != 0 && o.look & 1 == side && time >= (o.look >> 1) + GAP;
    }

    function _looked(uint256 i, uint256 side) private {
        opens[i].look = time << 1 | side;
    }

    function _swept(uint256 i, address who) private {
        address contributor = opens[i].contributor;
        (,, uint256 all) = sum.status();
        uint256 own = all == 0 ? 0 : opens[i].facts.deposit() * valid[contributor] / all;
        if (own > opens[i].left) own = opens[i].left;
        uint256 half = (opens[i].left - own) / 2 * UNIT;
        owed[contributor] += own * UNIT;
        owed[who] += half;
        owed[BURN] += (opens[i].left - own) * UNIT - half;
        _settled(i);
    }

    /// @dev What lacks of a token that takes no fee is pulled from the sender, where it pays.
    function _affords(address who, uint256 value, uint256 price, bool pays) private view returns (bool) {
        return value + owed[who] >= price || (pays && address(token) == address(tokens[2]));
    }

    function _spend(address who, uint256 value, uint256 price) private {
        owed[who] = value + owed[who] < price ? 0 : value + owed[who] - price;
    }

    /// @dev Reputation, and points where the model had not known it: the more, the surer it was of the contrary.
    function _earn(Open memory o) private {
        if (o.look != 0 || !(o.facts.hidden() || !o.facts.surprise())) return;
        ++valid[o.contributor];
        if (!game || !o.facts.surprise()) return;
        uint256 certainty = o.facts.certainty();
        points[o.contributor] += certainty < 8 ? 18 - certainty : 10;
    }

    function _settled(uint256 i) private {
        (uint160 digest,,) = sum.record(uint32(opens[i].id));
        assert(digest == 0);
        opens[i] = opens[opens.length - 1];
        opens.pop();
    }

    function _forget(uint256 i) private {
        seals[i] = seals[seals.length - 1];
        seals.pop();
    }
}
