// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFunds} from "../../../contracts/kernel/IFunds.sol";
import {IPredictionMarket} from "../../../contracts/market/IPredictionMarket.sol";
import {Outcome, Phase} from "../../../contracts/market/MarketTypes.sol";
import {Clock} from "../Ground.sol";
import {Models} from "../sum/Models.sol";
import {OddToken, OddWallet} from "../Wallets.sol";

interface IMarketFactory {
    function create(address implementation, bytes32 salt, bytes calldata args) external returns (address);
}

/// @notice A provider with a good or a bad test set, contributors that are honest, wrong or forgetful, wallets that
/// refuse or call back, and somebody who measures: all of them do anything at any time.
contract MarketHandler is Clock {
    struct Given {
        address who;
        bytes data;
        bytes32 salt;
        bool opened;
    }

    uint256 private constant UNIT = 1e9;
    uint256 private constant COIN = 1e24;
    uint256 private constant PORTIONS = 3;
    uint256 private constant SAMPLES = 6;
    uint256 private constant SAMPLE = 5; // bytes
    uint256 private constant TIP = 5;
    uint256 private constant CAPACITY = 9;
    uint256 private constant RULES = 4;
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;
    bytes32 private constant RELAYED = keccak256(
        "Contribution(address contributor,bytes[] runs,uint256 maximum,uint256 nonce,uint256 deadline)"
    );

    IPredictionMarket private market;
    OddToken private token;
    address private immutable PROVIDER = address(0x9001);
    address[] private parties; // four keys, two wallets, the provider, who measures, the burnt
    OddWallet private closed;
    OddWallet private caller;
    IPredictionMarket[] private clones;
    OddToken[] private tokens;
    uint256[] private rules;
    uint256 private chosen; // of `clones`, plus one
    bool private bad; // the test set says the contrary of the truth
    uint256 private bounty;
    uint256 private bond;
    uint256 private tips;
    uint256 private gained; // by those who were paid
    bytes[] private portions;
    uint256 private revealed; // attempts
    Given[] private given;
    mapping(address => uint256) private owed;
    mapping(uint256 market => mapping(address => uint256)) private staked;

    constructor() {
        for (uint256 key = 1; key <= 4; ++key) {
            parties.push(vm.addr(key));
        }
        (closed, caller) = (new OddWallet(), new OddWallet());
        for (uint256 i; i < 5; ++i) {
            parties.push([address(closed), address(caller), PROVIDER, address(0xc4a), BURNT][i]);
        }
        vm.warp(time);
        vm.roll(height);
        address implementation = _deploy("SparsePerceptronMarket", "");
        IMarketFactory factory = IMarketFactory(_deploy("SumFactory", ""));
        _rule(0, 0, 1, 1, 0, 0, 1); // accuracy; one pass: what was kept of somebody who drops out stays
        _rule(900, 0, 2, 3, 1, 1, 1); // F1, two strikes, three passes, a portion that validates
        _rule(1000, 20, 1, 2, 2, 0, 0); // hinge, a margin, a stake for each contribution
        _rule(500, 0, 3, 1, 0, 1, 1);
        for (uint256 i; i < 4 * RULES; ++i) {
            if (i >= RULES) rules.push(rules[i - RULES]);
            tokens.push(i % RULES < 2 ? OddToken(address(0)) : new OddToken(i % RULES == 2 ? 10 : 0));
            bytes memory args = abi.encodePacked(tokens[i], uint96(UNIT), rules[i], Models.PERCEPTRON);
            vm.prank(PROVIDER);
            clones.push(IPredictionMarket(factory.create(implementation, bytes32(i), args)));
            for (uint256 j; j < parties.length; ++j) {
                vm.deal(parties[j], parties[j] == BURNT ? 0 : COIN);
                if (i % RULES > 1 && parties[j] != BURNT) tokens[i].mint(parties[j], COIN);
            }
        }
    }

    function _rule(
        uint256 threshold,
        uint256 margin,
        uint256 strikes,
        uint256 passes,
        uint256 loss,
        uint256 validation,
        uint256 weighted
    ) private {
        uint256 first = 1e6 | TIP << 48 | 1 days << 72 | 6 hours << 100 | 12 hours << 128 | CAPACITY << 156;
        uint256 second = PORTIONS << 172 | SAMPLES << 180 | 64 << 196 | threshold << 212 | margin << 222;
        rules.push(
            first | second | strikes << 232 | passes << 236 | loss << 240 | validation << 244 | weighted << 252
        );
    }

    /// @dev The run's first action decides the rules and what is paid with, and the provider offers; so does one after
    /// everything has ended.
    modifier action(uint256 seed) {
        _enter(seed);
        _;
    }

    function _enter(uint256 seed) private {
        if (chosen == 0) _begin(seed, _below(seed ^ 0x9b, 4));
        if (market.phase() == Phase.Closed && chosen + 3 < clones.length && seed & 16 == 0) {
            _leave();
            _begin(seed, chosen + 3);
        }
        _tick(seed);
    }

    // ------------------------------------------------------------------------------------------------ the provider

    function choose(uint256 seed) external action(seed) {
        vm.assume(market.phase() == Phase.Trial);
        _do(_party(seed), 0, abi.encodeCall(IPredictionMarket.choose, ()), true);
    }

    function revealTrial(uint256 seed) external action(seed) {
        vm.assume(market.phase() == Phase.Trial);
        (uint256 trial,) = _trial();
        (bytes memory data, bytes32 salt, bytes32[] memory proof) = _portion(trial);
        if (seed & 256 == 0) (data, salt, proof) = _portion((trial + 1) % PORTIONS);
        bool done = _do(PROVIDER, 0, abi.encodeCall(IPredictionMarket.revealTrial, (data, salt, proof)), true);
        if (done) {
            (trial,) = _trial();
            assert(keccak256(data) == keccak256(portions[trial]));
        }
    }

    /// @dev A portion, or another one's data under its number.
    function reveal(uint256 seed) external action(seed) {
        vm.assume(market.phase() == Phase.Revealing);
        uint256 i = _below(seed >> 9, PORTIONS);
        if (seed & 768 != 0) i = revealed % PORTIONS;
        ++revealed;
        uint256 other = seed & 3840 == 0 ? (i + 1) % PORTIONS : i;
        (bytes memory data, bytes32 salt, bytes32[] memory proof) = _portion(other);
        bool done = _do(PROVIDER, 0, abi.encodeCall(IPredictionMarket.reveal, (i, data, salt, proof)), true);
        assert(!done || (i == other && time <= _dueBefore()));
        _afterReveal();
    }

    function expire(uint256 seed) external action(seed) {
        Phase phase = market.phase();
        uint256 until = market.deadline();
        vm.assume(phase != Phase.Paying && phase != Phase.Closed && (time > until || seed & 768 == 0));
        bool may = time > until || _choiceLost();
        uint256 pot = _pot();
        bool done = _do(_party(seed), 0, abi.encodeCall(IPredictionMarket.expire, ()), true);
        if (!done) return;
        assert(phase == Phase.Trial || phase == Phase.Revealing || phase == Phase.Rewarding);
        uint256 burnt = _sync(BURNT);
        uint256 back = _sync(PROVIDER);
        if (phase == Phase.Trial) assert(may && burnt == bond && back == pot - bond);
        else assert(back == 0 && burnt == (_outcome() == Outcome.Defaulted ? bond : 0) + _unopened(phase));
        if (phase == Phase.Rewarding || _outcome() == Outcome.Defaulted) assert(time > until);
    }

    // ---------------------------------------------------------------------------------------------------- the data

    function contribute(uint256 seed) external action(seed) {
        vm.assume(market.phase() <= Phase.Opening);
        address who = _party(seed);
        (bytes memory data, uint256 n) = _run(seed, who);
        uint256 price = _price(n, 1);
        uint256 maximum = seed & 7936 == 0 ? price - 1 : price;
        bytes memory call = abi.encodeCall(IPredictionMarket.contribute, (data, maximum));
        bool may = market.phase() == Phase.Participation && maximum == price;
        may = may && _valueOf(seed, price) + owed[who] >= price;
        bool done = _take(who, who, seed, price, maximum, call);
        assert(done == may);
        if (!done) return;
        given.push(Given(who, data, 0, true));
        staked[chosen][who] += _stakeOf(n);
    }

    function contributeBatch(uint256 seed) external action(seed) {
        vm.assume(market.phase() <= Phase.Opening);
        address who = _party(seed);
        bytes[] memory runs = new bytes[](2);
        uint256[2] memory counts;
        (runs[0], counts[0]) = _run(seed, who);
        (runs[1], counts[1]) = _run(seed >> 16, who);
        uint256 price = _price(counts[0], 1) + _price(counts[1], 1);
        bytes memory call = abi.encodeCall(IPredictionMarket.contributeBatch, (runs, price));
        bool may = market.phase() == Phase.Participation && given.length + 2 <= CAPACITY;
        may = may && _valueOf(seed, price) + owed[who] >= price;
        bool done = _take(who, who, seed, price, price, call);
        assert(done == may);
        if (!done) return;
        for (uint256 i; i < 2; ++i) {
            given.push(Given(who, runs[i], 0, true));
            staked[chosen][who] += _stakeOf(counts[i]);
        }
    }

    /// @dev Signed for this market and nonce, or for another nonce; and then sent once more.
    function contributeFor(uint256 seed) external action(seed) {
        vm.assume(market.phase() <= Phase.Opening);
        uint256 key = 1 + _below(seed >> 3, 4);
        bool right = seed & 512 != 0;
        uint256 nonce = market.nonceOf(vm.addr(key));
        (bytes memory call, bytes memory data, uint256 n) = _relayed(seed, key, right);
        uint256 price = _price(n, 1);
        bool may = right && market.phase() == Phase.Participation;
        may = may && _valueOf(seed, price) + owed[vm.addr(key)] >= price;
        bool done = _take(_party(seed), vm.addr(key), seed, price, price, call);
        assert(done == may);
        if (!done) return;
        given.push(Given(vm.addr(key), data, 0, true));
        staked[chosen][vm.addr(key)] += _stakeOf(n);
        assert(!_do(vm.addr(key), 0, call, true) && market.nonceOf(vm.addr(key)) == nonce + 1);
    }

    function commit(uint256 seed) external action(seed) {
        vm.assume(market.phase() <= Phase.Opening);
        address who = _party(seed);
        (bytes memory data, uint256 n) = _run(seed, who);
        bytes32 salt = bytes32(given.length + 1);
        uint256 price = _price(n, 1);
        bytes32 commitment = market.commitmentOf(who, data, salt);
        bytes memory call = abi.encodeCall(IPredictionMarket.commit, (commitment, n, price));
        bool may = market.phase() == Phase.Participation && _valueOf(seed, price) + owed[who] >= price;
        bool done = _take(who, who, seed, price, price, call);
        assert(done == may);
        if (!done) return;
        given.push(Given(who, data, salt, false));
        staked[chosen][who] += _stakeOf(n);
    }

    function open(uint256 seed) external action(seed) {
        vm.assume(given.length != 0);
        uint256 i = _below(seed >> 4, given.length);
        bytes memory call = abi.encodeCall(IPredictionMarket.open, (i, given[i].data, given[i].salt));
        bool before = market.phase() == Phase.Participation || market.phase() == Phase.Opening;
        assert(_do(_party(seed), 0, call, true) == (!given[i].opened && before));
        if (before) given[i].opened = true;
    }

    // ------------------------------------------------------------------------------------------------------- the end

    function crank(uint256 seed) external action(seed) {
        vm.assume(market.phase() == Phase.Rewarding);
        address who = seed & 256 == 0 ? _party(seed) : address(0xc4a);
        uint256 work = seed & 512 == 0 ? 1 + _below(seed >> 5, 20) : 1000;
        uint256 pot = _pot();
        _do(who, 0, abi.encodeCall(IPredictionMarket.crank, (_data(), work)), true);
        assert(_sync(who) == pot - _pot());
        assert(_gains() <= 1e9);
    }

    function pay(uint256 seed) external action(seed) {
        if (market.phase() == Phase.Paying) return _pay(_below(seed >> 6, 4));
        vm.assume(seed & 256 == 0);
        assert(!_do(_party(seed), 0, abi.encodeCall(IPredictionMarket.pay, (100)), true));
    }

    /// @dev What the rules ask for next, by whoever has to do it.
    function proceed(uint256 seed) external action(seed) {
        Phase phase = market.phase();
        vm.assume(phase != Phase.Closed && (phase != Phase.Participation || given.length > 4 || seed & 1792 == 0));
        if (phase == Phase.Participation || phase == Phase.Opening) return _pass(market.deadline() + 1 - time);
        if (phase == Phase.Paying) return _pay(100);
        if (phase == Phase.Revealing) {
            for (uint256 i; i < PORTIONS; ++i) {
                (bytes memory data, bytes32 salt, bytes32[] memory proof) = _portion(i);
                _do(PROVIDER, 0, abi.encodeCall(IPredictionMarket.reveal, (i, data, salt, proof)), true);
            }
            assert(market.phase() == (time <= _dueBefore() ? Phase.Rewarding : Phase.Revealing));
            _afterReveal();
        } else if (phase == Phase.Rewarding) {
            for (uint256 i; market.phase() == Phase.Rewarding; ++i) {
                require(i < 5, "the measuring does not end");
                _do(address(0xc4a), 0, abi.encodeCall(IPredictionMarket.crank, (_data(), 10_000)), false);
                _sync(address(0xc4a));
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------ the purse

    function fund(uint256 seed) external action(seed) {
        (address who, address payer) = (_party(seed), _party(seed >> 8));
        uint256 amount = _below(seed, 1e16);
        uint256 held = holds();
        _do(payer, _ether() ? amount : 0, abi.encodeCall(IFunds.fund, (who, amount)), false);
        owed[who] += holds() - held;
    }

    function withdraw(uint256 seed) external action(seed) {
        address who = _party(seed);
        bool forIt = seed & 256 == 0;
        address to = forIt ? who : _party(seed >> 8);
        uint256 held = holds();
        bytes memory call = forIt
            ? abi.encodeCall(IFunds.withdrawFor, (who))
            : abi.encodeCall(IFunds.withdraw, (to, type(uint256).max));
        address sender = forIt ? _party(seed >> 16) : who;
        bool done = _do(sender, 0, call, true);
        bool may = sender == who || who == BURNT;
        assert(done == (may && owed[who] != 0 && !(_ether() && to == address(closed))));
        if (!done) return;
        assert(held - holds() == owed[who]);
        owed[who] = 0;
    }

    function wait(uint256 seed) external action(seed) {
        Phase phase = market.phase();
        uint256 duration = [uint256(60), 1 hours, 5 hours, 25 hours][_below(seed, 4)];
        if (phase >= Phase.Revealing && seed & 192 != 0) duration = 60;
        if (phase == Phase.Participation && given.length < 4 && seed & 192 != 0) duration = 60;
        if (phase == Phase.Rewarding && seed & 960 == 0) duration = 91 days;
        _pass(duration);
    }

    // ----------------------------------------------------------------------------------------------- what must hold

    /// @notice Pot and balances are all there is, and nobody's balance has moved but by what was said.
    function check() external view {
        if (chosen == 0) return;
        uint256 all = _pot();
        for (uint256 i; i < parties.length; ++i) {
            require(market.balanceOf(parties[i]) == owed[parties[i]], "somebody's balance");
            all += owed[parties[i]];
        }
        require(holds() == all, "the sum of what is owed");
    }

    /// @notice Whatever was left undone, it ends, and everything leaves.
    function finish() external {
        if (chosen == 0) return;
        if (market.phase() == Phase.Trial) {
            _pass(2 days);
            _do(address(this), 0, abi.encodeCall(IPredictionMarket.expire, ()), false);
        } else if (market.phase() < Phase.Rewarding) {
            _pass(40 days);
            _do(address(this), 0, abi.encodeCall(IPredictionMarket.expire, ()), false);
        }
        _sync(BURNT);
        _sync(PROVIDER);
        for (uint256 i; market.phase() == Phase.Rewarding; ++i) {
            require(i < 20, "the measuring does not end");
            _do(address(0xc4a), 0, abi.encodeCall(IPredictionMarket.crank, (_data(), 10_000)), false);
            _sync(address(0xc4a));
        }
        if (market.phase() == Phase.Paying) _pay(100);
        _leave();
    }

    function _leave() private {
        require(market.phase() == Phase.Closed && _pot() == 0, "the pot is not empty");
        for (uint256 i; i < parties.length; ++i) {
            address who = parties[i];
            if (owed[who] == 0) continue;
            bytes memory call = who == BURNT
                ? abi.encodeCall(IFunds.withdrawFor, (who))
                : abi.encodeCall(IFunds.withdraw, (address(0x6c), type(uint256).max));
            _do(who, 0, call, false);
            owed[who] = 0;
        }
        require(holds() == 0, "something is stuck");
    }

    /// @notice What the market has.
    function holds() public view returns (uint256) {
        return _ether() ? address(market).balance : token.balanceOf(address(market));
    }

    // ----------------------------------------------------------------------------------------------------- payments

    /// @dev With the last portion, the stakes of what was not opened are burnt.
    function _afterReveal() private {
        assert(_sync(BURNT) == (market.phase() == Phase.Rewarding ? _unopened(Phase.Revealing) : 0));
    }

    /// @dev What the end of `phase` burns of the stakes.
    function _unopened(Phase phase) private view returns (uint256 stakes) {
        if (phase != Phase.Revealing) return 0;
        for (uint256 i; i < given.length; ++i) {
            if (!given[i].opened) stakes += _stakeOf(given[i].data.length / SAMPLE);
        }
    }

    /// @dev Nobody who did what the rules ask for gets less than the stake; the provider wins nothing by any test set.
    function _pay(uint256 most) private {
        uint256 from = _paid();
        _do(address(0x9a), 0, abi.encodeCall(IPredictionMarket.pay, (most)), false);
        uint256 end = market.phase() == Phase.Closed ? _participants() : _paid();
        for (uint256 i = from; i < end; ++i) {
            uint256[2] memory p = market.participant(i);
            address who = address(uint160(p[0]));
            assert(staked[chosen][who] == uint32(p[0] >> 160) * _stakeOf(1));
            gained += _checkPaid(p, _sync(who), uint32(p[0] >> 192) * _stakeOf(1), _outcome());
        }
        uint256 burnt = _sync(BURNT);
        if (_outcome() == Outcome.Returned) assert(burnt == 0);
        if (_outcome() == Outcome.Settled && _gains() == 0) assert(burnt <= _allFees());
        if (market.phase() != Phase.Closed) return;
        uint256 rest = _sync(PROVIDER);
        uint256 dust = 20 + given.length;
        assert(rest <= (_outcome() == Outcome.Defaulted ? 0 : bounty + bond + tips) + dust);
        if (_outcome() == Outcome.Returned) assert(rest >= bounty + bond);
        if (_outcome() == Outcome.Settled) assert(rest >= bond && rest + gained <= bounty + bond + tips + dust);
    }

    function _checkPaid(uint256[2] memory p, uint256 got, uint256 stake, Outcome outcome)
        private
        view
        returns (uint256 gain)
    {
        int256 score = int64(uint64(p[1] >> 40));
        bool dropped = uint8(p[1] >> 16) != 0;
        if (outcome != Outcome.Settled) {
            assert(got >= stake);
            return 0;
        }
        gain = score > 0 ? bounty * uint256(score) / 1e9 : 0;
        if (!dropped && score >= 0) assert(got == stake + gain);
        if (_gains() == 0) {
            assert(got == stake + gain);
            return gain;
        }
        uint256 lost = uint128(p[1] >> 104);
        if (score < 0) lost += (bounty * uint256(-score) + 1e9 - 1) / 1e9;
        assert(got == stake + gain - lost);
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    function _begin(uint256 seed, uint256 kind) private {
        delete portions;
        delete given;
        gained = 0;
        (market, token, chosen) = (clones[kind], tokens[kind], kind + 1);
        bytes memory again = abi.encodeCall(IFunds.withdraw, (address(caller), type(uint256).max));
        caller.callBack(address(market), again);
        if (kind % RULES == 3) token.callBack(address(market), abi.encodeCall(IFunds.withdrawFor, (BURNT)));
        bad = _below(seed ^ 0xbad, 3) == 0;
        (bounty, bond, tips) = (1 + _below(seed ^ 1, 1e18), 1 + _below(seed ^ 2, 1e18), _below(seed ^ 3, 1e12));
        for (uint256 i; i < PORTIONS; ++i) {
            bytes memory portion;
            for (uint256 j; j < SAMPLES; ++j) {
                (bytes memory x, uint256 y) = _sample(seed ^ (i << 8 | j));
                portion = bytes.concat(portion, bytes1(uint8(bad && i != 0 ? 1 - y : y)), hex"0002", x);
            }
            portions.push(portion);
        }
        uint256 value = bounty + bond + tips;
        if (!_ether()) {
            _do(PROVIDER, 0, abi.encodeCall(IFunds.fund, (PROVIDER, 3 * value)), false);
            _sync(PROVIDER);
        }
        bytes memory call = abi.encodeCall(IPredictionMarket.offer, (_root(), bounty, bond, tips));
        assert(!_do(parties[0], _ether() ? value : 0, call, true));
        uint256 pot = _pot();
        _do(PROVIDER, _ether() ? value : 0, call, false);
        assert(_pot() - pot == value);
        if (!_ether()) owed[PROVIDER] -= value;
        if (_below(seed ^ 0x7a, 8) == 0) return;
        _pass(36);
        _do(address(this), 0, abi.encodeCall(IPredictionMarket.choose, ()), false);
        (uint256 trial,) = _trial();
        (bytes memory data, bytes32 salt, bytes32[] memory proof) = _portion(trial);
        _do(PROVIDER, 0, abi.encodeCall(IPredictionMarket.revealTrial, (data, salt, proof)), false);
    }

    /// @dev Send a contribution of `from`; what is not taken of the value is credited to `payer`.
    function _take(
        address sender,
        address from,
        uint256 seed,
        uint256 price,
        uint256 maximum,
        bytes memory call
    ) private returns (bool done) {
        uint256 value = _valueOf(seed, price);
        uint256 pot = _pot();
        done = _do(sender, value, call, true);
        if (!done) return false;
        assert(_pot() - pot == price && price <= maximum && value + owed[from] >= price);
        owed[from] = owed[from] + value - price;
    }

    function _valueOf(uint256 seed, uint256 price) private view returns (uint256) {
        return !_ether() || seed & 57344 == 0 ? 0 : price + _below(seed, 1000);
    }

    function _do(address sender, uint256 value, bytes memory data, bool may) private returns (bool done) {
        bytes memory reason;
        (done, reason) = _send(sender, address(market), value, data);
        if (done || may) return done;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /// @dev What `who` was credited with since; it never loses any of it.
    function _sync(address who) private returns (uint256 more) {
        uint256 balance = market.balanceOf(who);
        more = balance - owed[who];
        owed[who] = balance;
    }

    function _relayed(uint256 seed, uint256 key, bool right)
        private
        view
        returns (bytes memory call, bytes memory data, uint256 n)
    {
        address who = vm.addr(key);
        (data, n) = _run(seed, who);
        uint256 price = _price(n, 1);
        uint256 nonce = market.nonceOf(who) + (right ? 0 : 1);
        bytes32 hash = keccak256(abi.encodePacked(keccak256(data)));
        bytes memory signature =
            _signature(key, keccak256(abi.encode(RELAYED, who, hash, price, nonce, time)));
        bytes[] memory runs = new bytes[](1);
        runs[0] = data;
        call = abi.encodeCall(IPredictionMarket.contributeFor, (who, runs, price, time, signature, 0));
    }

    function _signature(uint256 key, bytes32 content) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("DILN Prediction Market"),
                keccak256("1"),
                block.chainid,
                address(market)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, content)));
        return abi.encodePacked(r, s, v);
    }

    /// @dev Keys and wallets contribute; the provider and who measures do not.
    function _party(uint256 seed) private view returns (address) {
        return parties[_below(seed ^ 0xac, 6)];
    }

    /// @dev One feature of eleven, and its parity: a portion shows some of what there is to be learned.
    function _sample(uint256 seed) private pure returns (bytes memory x, uint256 y) {
        uint256 feature = 1 + _below(seed ^ 0x5a, 11);
        return (abi.encodePacked(uint16(feature)), feature & 1);
    }

    /// @dev The first two say what is true, the others not always.
    function _run(uint256 seed, address who) private view returns (bytes memory data, uint256 n) {
        n = 1 + _below(seed ^ 0x70, 6);
        bool honest = who == parties[0] || who == parties[1] || seed & 4096 == 0; // those two always
        for (uint256 i; i < n; ++i) {
            (bytes memory x, uint256 y) = _sample(seed ^ (i << 128));
            data = bytes.concat(data, bytes1(uint8(honest ? y : 1 - y)), hex"0002", x);
        }
    }

    /// @dev The trial portion, then everything that is open, in order.
    function _data() private view returns (bytes[] memory data) {
        data = new bytes[](given.length + 1);
        (uint256 trial,) = _trial();
        data[0] = portions[trial];
        uint256 n = 1;
        for (uint256 i; i < given.length; ++i) {
            if (given[i].opened) data[n++] = given[i].data;
        }
        assembly ("memory-safe") {
            mstore(data, n)
        }
    }

    function _portion(uint256 i) private view returns (bytes memory, bytes32, bytes32[] memory proof) {
        proof = new bytes32[](i < 2 ? 2 : 1);
        proof[0] = i < 2 ? _leaf(i ^ 1) : _node(_leaf(0), _leaf(1));
        if (i < 2) proof[1] = _leaf(2);
        return (portions[i], bytes32(i + 77), proof);
    }

    function _leaf(uint256 i) private view returns (bytes32) {
        return market.leafOf(i, portions[i], bytes32(i + 77));
    }

    function _root() private view returns (bytes32) {
        return _node(_node(_leaf(0), _leaf(1)), _leaf(2));
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encode(left, right));
    }

    function _stakeOf(uint256 n) private view returns (uint256) {
        return (rules[chosen - 1] >> 252 == 0 ? 1 : n) * 1e6 * UNIT;
    }

    function _price(uint256 n, uint256 count) private view returns (uint256) {
        return _stakeOf(n) + count * TIP * UNIT * ((PORTIONS - 1) * SAMPLES + 1);
    }

    function _allFees() private view returns (uint256) {
        return given.length * TIP * UNIT * ((PORTIONS - 1) * SAMPLES + 1);
    }

    function _ether() private view returns (bool) {
        return address(token) == address(0);
    }

    /// @dev The end of the revealing.
    function _dueBefore() private view returns (uint256) {
        return uint40(market.state()[0] >> 120) + 18 hours;
    }

    function _trial() private view returns (uint256 trial, bool known) {
        uint256 status = market.state()[0];
        return (uint8(status >> 16), uint8(status >> 24) != 0);
    }

    /// @dev Whether nobody chose the trial portion while the block's hash could be seen.
    function _choiceLost() private view returns (bool) {
        uint256 status = market.state()[0];
        return uint8(status >> 24) == 0 && height > uint48(status >> 32) + 256;
    }

    function _participants() private view returns (uint256) {
        return uint16(market.state()[0] >> 176);
    }

    function _outcome() private view returns (Outcome) {
        return Outcome(uint8(market.state()[0] >> 8));
    }

    function _gains() private view returns (uint256) {
        return uint56(market.state()[1] >> 64);
    }

    function _pot() private view returns (uint256) {
        return market.state()[4] >> 128;
    }

    function _paid() private view returns (uint256) {
        return IPaid(address(market)).paid();
    }
}

interface IPaid {
    function paid() external view returns (uint256);
}
