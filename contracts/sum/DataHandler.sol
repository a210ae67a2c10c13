// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Commitments} from "../kernel/Commitments.sol";
import {Currency} from "../kernel/Currency.sol";
import {Phases} from "../kernel/Phases.sol";
import {Relayed} from "../kernel/Relayed.sol";
import {ContributionInfo, ContributionInfoLibrary} from "./ContributionInfo.sol";
import {ISum} from "./ISum.sol";
import {Incentive} from "./Incentive.sol";
import {Model} from "../models/online/Model.sol";
import {Purse} from "./Purse.sol";
import {Records} from "./Records.sol";
import {ModelParams} from "../models/online/ModelParams.sol";
import {Weights} from "../models/online/Weights.sol";

/// @title The data handler of a shared model
/// @notice The third of the three parts: it takes contributions in, asks the incentive mechanism for their price,
/// lets the model learn, records them and announces them. It knows the other two by their small interfaces only.
///
/// Roles. The *creator* chose the parts and their settings and has no power over the model afterwards, nor over
/// anyone's money but what the incentive mechanism leaves to it. *Contributors* add data. *Relayers* send what
/// contributors signed. Anyone predicts.
///
/// Facts. A contribution is one storage slot: a digest of its facts and features, and what remains of its deposit.
/// Whoever settles it gives facts and features back, as its event told them.
///
/// Ways in. At once (`add`, `addBatch`); signed and relayed (`addFor`); or hidden first and opened later (`commit`,
/// `reveal`). The deposit is priced when the sample is committed and again when it is opened, so that a stock of
/// commitments is no cheaper haste. Only what is learned moves the price. A commitment that is never opened returns
/// its deposit, but no sooner than a sure contribution's would come back.
///
/// What it cannot do. An opened commitment waits to be mined like everything else: it can be seen and given before it
/// by somebody who pays the same deposit. Whoever does so earns neither reputation nor points with it, but its author
/// does not either. Nor does it keep its times beyond 32 bits: it takes nothing in after February 2106.
///
/// Order. Samples of a batch are learned one after the other, in the order of their ids: replaying `Added` events
/// on the initial model gives the model.
abstract contract DataHandler is Purse, Records, Incentive, Model, Phases, Commitments, Relayed {
    struct Commitment {
        uint48 deposit;
        uint40 time;
    }

    bytes32 private constant CONTRIBUTION = keccak256("DILN sum contribution");
    bytes32 private constant CONTRIBUTION_TYPEHASH = keccak256(
        "Contribution(address contributor,bytes[] samples,bytes labels,uint256 maximum,uint256 nonce,uint256 deadline)"
    );

    mapping(address contributor => mapping(bytes32 commitment => Commitment)) private _commitments;

    /// @notice Called by the factory, once.
    function initialize() external {
        State storage state = _state();
        // Check
        // slither-disable-next-line timestamp (whether there is one)
        require(state.pricedAt == 0, AlreadyInitialized());
        (, uint256 unit) = money();
        require(unit != 0, BadArguments("unit"));
        require(creator() != address(0), BadArguments("creator"));
        _checkModel();
        _checkIncentive();
        // Effect
        _checkYear();
        state.pricedAt = uint32(block.timestamp);
    }

    /// @inheritdoc ISum
    function add(bytes calldata x, uint256 y, uint256 maximum) external payable {
        uint256 deposit = _charge(msg.sender, 1, maximum, true);
        Intake memory intake = _begin(0);
        _record(intake, _load(), msg.sender, x, y, deposit, false);
        _conclude(intake);
    }

    /// @inheritdoc ISum
    function addBatch(bytes[] calldata xs, bytes calldata ys, uint256 maximum) external payable {
        _addBatch(msg.sender, xs, ys, maximum, true);
    }

    /// @inheritdoc ISum
    function addFor(
        address contributor,
        bytes[] calldata xs,
        bytes calldata ys,
        uint256 maximum,
        uint256 deadline,
        bytes calldata signature,
        bool pay
    ) external payable {
        // Check
        _checkDeadline(deadline);
        uint256 nonce = _useNonce(contributor);
        bytes32 content = keccak256(
            abi.encode(CONTRIBUTION_TYPEHASH, contributor, _hashAll(xs), keccak256(ys), maximum, nonce, deadline)
        );
        _checkSigned(contributor, content, signature);
        // Effect
        _addBatch(contributor, xs, ys, maximum, pay);
    }

    /// @inheritdoc ISum
    function commit(bytes32 commitment, uint256 maximum) external payable {
        Commitment storage commitment_ = _commitments[msg.sender][commitment];
        // Check
        // slither-disable-next-line timestamp (whether there is one)
        require(commitment_.time == 0, CommittedAlready(commitment));
        // Effect
        uint256 deposit = _charge(msg.sender, 1, maximum, true);
        (commitment_.deposit, commitment_.time) = (uint48(deposit), uint40(block.timestamp));
        emit Committed(msg.sender, commitment, deposit);
    }

    /// @inheritdoc ISum
    function reveal(bytes calldata x, uint256 y, bytes32 salt, uint256 maximum) external payable {
        uint256 deposit = _close(msg.sender, commitmentOf(msg.sender, x, y, salt), 1, true);
        _credit(msg.sender, deposit * _unit());
        deposit = FixedPointMathLib.max(deposit, _price(1));
        _collectDeposit(msg.sender, 1, deposit, maximum, true);
        Intake memory intake = _begin(0x40);
        _record(intake, _load(), msg.sender, x, y, deposit, false);
        _conclude(intake);
    }

    /// @inheritdoc ISum
    function release(address contributor, bytes32 commitment) external {
        uint256 deposit = _close(contributor, commitment, _lock(), false);
        _credit(contributor, deposit * _unit());
    }

    /// @inheritdoc ISum
    function commitmentOf(address contributor, bytes calldata x, uint256 y, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return _commitmentOf(CONTRIBUTION, contributor, keccak256(abi.encode(keccak256(x), y)), salt);
    }

    /// @inheritdoc ISum
    function predict(bytes calldata x) external view returns (uint256 label) {
        Weights.Loaded memory loaded = _load();
        _checkSample(loaded, x);
        return _predict(loaded, x);
    }

    /// @inheritdoc ISum
    function predictBatch(bytes[] calldata xs) external view returns (uint8[] memory labels) {
        Weights.Loaded memory loaded = _load();
        labels = new uint8[](xs.length);
        uint256 free = Weights.mark();
        for (uint256 i; i < xs.length; ++i) {
            _checkSample(loaded, xs[i]);
            labels[i] = uint8(_predict(loaded, xs[i]));
            Weights.release(free);
        }
    }

    /// @inheritdoc ISum
    function price(uint256 n) external view returns (uint256) {
        (, uint256 unit) = money();
        return _price(n) * unit;
    }

    /// @inheritdoc ISum
    function record(uint256 slot) external view returns (uint160, uint256, uint256) {
        Record memory r = _records[slot];
        return (r.digest, r.left, r.look);
    }

    /// @inheritdoc ISum
    function status() external view returns (uint256, uint256, uint256) {
        State storage state = _state();
        return (state.count, state.pricedAt, state.valid);
    }

    /// @inheritdoc ISum
    function settings() external view returns (uint256 terms, uint256 shape) {
        return (Weights.argument(Weights.TERMS), ModelParams.unwrap(Weights.shape()));
    }

    /// @inheritdoc ISum
    function words(uint256 from, uint256 n) external view returns (uint256[] memory run) {
        Weights.Loaded memory loaded = _load();
        run = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            run[i] = Weights.get(loaded, from + i);
        }
        if (from == 0 && n != 0) run[0] = run[0] >> 128 << 128; // without the counters
    }

    /// @inheritdoc ISum
    function length() external view returns (uint256) {
        return _length(Weights.shape());
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("DILN Shared Model", "1");
    }

    function _addBatch(address contributor, bytes[] calldata xs, bytes calldata ys, uint256 maximum, bool pay)
        private
    {
        // Check
        require(xs.length == ys.length && xs.length != 0, BadBatch(xs.length, ys.length));
        // Effect
        uint256 deposit = _charge(contributor, xs.length, maximum, pay);
        Intake memory intake = _begin(0);
        Weights.Loaded memory loaded = _load();
        bool held = _hold(loaded, xs);
        uint256 free = Weights.mark();
        for (uint256 i; i < xs.length; ++i) {
            _record(intake, loaded, contributor, xs[i], uint8(ys[i]), deposit, held);
            Weights.release(free);
        }
        if (held && intake.changed) _keep(loaded);
        _conclude(intake);
    }

    /// @dev The deposit of each of `n` samples at the price of the moment, in units, collected from `contributor`.
    function _charge(address contributor, uint256 n, uint256 maximum, bool pay) private returns (uint256 deposit) {
        deposit = _price(n);
        _collectDeposit(contributor, n, deposit, maximum, pay);
    }

    /// @dev Collect `n` deposits from `contributor`. What lacks of a token is pulled from the sender, if it wants to
    /// `pay`.
    function _collectDeposit(address contributor, uint256 n, uint256 deposit, uint256 maximum, bool pay) private {
        (address token, uint256 unit) = money();
        Currency currency_ = Currency.wrap(token);
        uint256 amount = deposit * unit;
        // Check
        require(amount <= maximum, PriceAboveMaximum(amount, maximum));
        // Effect
        amount *= n;
        if (pay && !currency_.isEther()) {
            uint256 balance = _accounts[contributor].balance;
            if (balance < amount) {
                _fundGuarded(currency_, contributor, amount - balance);
                // what a token calls meanwhile may have added data, which makes this dearer
                require(_price(n) <= deposit, Reentrancy());
            }
        }
        _collect(currency_, contributor, amount);
    }

    function _fundGuarded(Currency currency_, address contributor, uint256 amount) private nonReentrant {
        _fund(currency_, contributor, amount);
    }

    function _begin(uint256 hidden) private view returns (Intake memory) {
        State storage state = _state();
        _checkYear();
        return Intake(state.count, state.free, false, hidden);
    }

    /// @dev Let the model learn the sample, and keep its record; `held` tells whether its words are held in memory.
    function _record(
        Intake memory intake,
        Weights.Loaded memory loaded,
        address contributor,
        bytes calldata x,
        uint256 y,
        uint256 deposit,
        bool held
    ) private {
        // Check
        uint256 classes = loaded.shape.classes();
        require(y < classes, UnknownLabel(y, classes));
        _checkSample(loaded, x);
        // Effect
        (uint256 predicted, uint256 certainty, bool changed) =
            held ? _learnHeld(loaded, x, y) : _learn(loaded, x, y);
        if (changed) intake.changed = true;
        ContributionInfo facts = ContributionInfoLibrary.pack(
            contributor, deposit, block.timestamp, y, predicted != y, intake.hidden, certainty
        );
        uint256 id = _reserve(intake);
        _records[uint32(id)] = Record(_digest(id, facts, x), uint48(deposit), 0);
        emit Added(id, facts, x);
    }

    function _conclude(Intake memory intake) private {
        uint256 moved = intake.changed ? uint24(block.timestamp) : _state().moved;
        _setState(intake.count, intake.free, moved, uint32(block.timestamp));
    }

    /// @dev Nothing is taken in when times are beyond 32 bits.
    function _checkYear() private view {
        // slither-disable-next-line timestamp (until February 2106)
        require(block.timestamp <= type(uint32).max, Full());
    }

    /// @dev Forget a commitment that is at least `age` old and return its deposit in units.
    function _close(address contributor, bytes32 commitment, uint256 age, bool revealed)
        private
        returns (uint256 deposit)
    {
        Commitment memory c = _commitments[contributor][commitment];
        // Check
        // slither-disable-next-line timestamp (whether there is one)
        require(c.time != 0, NotCommitted(commitment));
        _notBefore(c.time + age);
        // Effect
        delete _commitments[contributor][commitment];
        emit CommitmentClosed(contributor, commitment, revealed);
        return c.deposit;
    }

    function _useNonce(address contributor) internal override returns (uint256) {
        return ++_accounts[contributor].nonce - 1;
    }
}
