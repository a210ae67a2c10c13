// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {Commitments} from "../kernel/Commitments.sol";
import {BURN_ADDRESS} from "../kernel/Currency.sol";
import {Merkle} from "../kernel/Merkle.sol";
import {Phases} from "../kernel/Phases.sol";
import {Seed} from "../kernel/Seed.sol";
import {Words} from "../models/online/Words.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketEvaluation} from "./MarketEvaluation.sol";
import {Outcome, Phase} from "./MarketTypes.sol";
import {Rules} from "./Rules.sol";

// slither-disable-start timestamp,incorrect-equality
// (time ends phases, whose number lies beside it in storage; a proposer can shift it by seconds, deadlines are hours)

/// @title Commitment
/// @notice What the provider has to do, and what happens if it does not.
abstract contract MarketCommitment is MarketEvaluation, Commitments, Phases {
    bytes32 private constant PORTION = keccak256("DILN market portion");
    /// @dev The trial portion is chosen by the hash of the block that comes so much after the offer.
    uint256 private constant CHOICE_DELAY = 2;
    /// @dev A portion is kept as a contract's code: 24,576 bytes with the byte before it.
    uint256 private constant MAX_PORTION = 24_575;
    /// @dev What predicting a portion may cost: looking at a sample and keeping what was learned fit one transaction.
    uint256 private constant MAX_GAS = 8_000_000;
    /// @dev Copying this many words, all of them for the first time, fits into one, too.
    uint256 private constant MAX_WORDS = 256;
    uint256 private constant MAX_BYTES = 16_384;
    /// @dev How the losses are numbered, see Rules.
    uint256 private constant HINGE = 2;
    /// @dev How many bits a margin may have where hinge losses are told from it.
    uint256 private constant MAX_BITS = 64;
    /// @dev Bounds of the waits: nobody is called too late who acts within an hour, in a block for each step that is
    /// asked of somebody, and no money is locked for longer than it must.
    uint256 private constant LEAST_WAIT = 1 hours;
    uint256 private constant MOST_WAIT = 30 days;
    uint256 private constant MOST_DURATION = 366 days;
    uint256 private constant BLOCK = 12 seconds;
    /// @dev Thresholds and margins are counted in thousandths: nobody drops out whose balance grows, and what would be
    /// half of a perfect model is kept.
    uint256 private constant MOST_THRESHOLD = 1000;
    uint256 private constant MOST_MARGIN = 500;

    /// @notice Called by the factory, once.
    function initialize() external {
        // Check:
        require(_cursor.pass == 0, AlreadyInitialized());
        Rules rules = _rules();
        (, uint256 unit) = _money();
        require(_complete(rules) && unit != 0, BadArguments("rules"));
        require(rules.loss() != HINGE || Words.shape().bits() <= MAX_BITS, BadArguments("bits"));
        require(_length(Words.shape()) <= MAX_WORDS, BadArguments("dims"));
        _checkModel();
        // Effect:
        (_cursor.pass, _cursor.measuring, _cursor.lessons) = (1, true, uint8(LESSONS));
    }

    /// @inheritdoc IPredictionMarket
    function offer(bytes32 root_, uint256 bounty, uint256 bond, uint256 tips) external payable {
        // Check:
        require(msg.sender == _creator(), NotProvider());
        _checkPhase(Phase.Created);
        require(bounty != 0 && bond != 0 && (bounty | bond | tips) >> 96 == 0, BadArguments("money"));
        // Effect:
        (_escrow.bounty, _escrow.bond, _escrow.tips) = (uint96(bounty), uint96(bond), uint128(tips));
        _escrowFrom(msg.sender, bounty + bond + tips);
        uint256 target = block.number + CHOICE_DELAY;
        _root = root_;
        _begin(Phase.Trial);
        _status.target = uint48(target);
        emit Offered(root_, bounty, bond, tips, target);
    }

    /// @inheritdoc IPredictionMarket
    function choose() external {
        // Check:
        require(_status.stage == Phase.Trial && !_status.chosen, WrongPhase(_phase()));
        // Effect:
        _choose();
    }

    /// @inheritdoc IPredictionMarket
    function revealTrial(bytes calldata data, bytes32 salt, bytes32[] calldata proof) external {
        _checkPhase(Phase.Trial);
        _checkTime();
        if (!_status.chosen) _choose();
        _check(_status.trial, data, salt, proof);
        // Effect:
        _begin(Phase.Participation);
        _status.closesAt = uint40(block.timestamp + _rules().duration());
        _lesson = keccak256(data);
        emit PortionRevealed(_status.trial, salt, data);
    }

    /// @inheritdoc IPredictionMarket
    function reveal(uint256 index, bytes calldata data, bytes32 salt, bytes32[] calldata proof) external {
        _checkPhase(Phase.Revealing);
        _checkTime();
        require(index != _status.trial && _portions[index] == address(0), RevealedAlready(index));
        _check(index, data, salt, proof);
        // Effect:
        uint256 revealed = _status.revealed + 1;
        _status.revealed = uint8(revealed);
        _portions[index] = SSTORE2.write(data);
        emit PortionRevealed(index, salt, data);
        if (revealed != _rules().portions() - 1) return;
        _burnUnopened();
        _begin(Phase.Rewarding);
    }

    /// @inheritdoc IPredictionMarket
    function expire() external {
        Phase phase_ = _phase();
        uint256 until = deadline();
        // Check:
        require(phase_ == Phase.Trial || phase_ == Phase.Revealing || phase_ == Phase.Rewarding, WrongPhase(phase_));
        bool trial = phase_ == Phase.Trial;
        bool lost = trial && !_status.chosen && Seed.isLost(_status.target);
        // Nobody contributed what could be measured, hence there is no need to reveal
        bool idle = phase_ == Phase.Revealing && _escrow.opened == 0;
        if (!lost && !idle) _notBefore(until + 1);
        // Effect:
        if (trial) {
            _end(Outcome.Voided, Phase.Closed);
            _payOut(BURN_ADDRESS, _escrow.bond);
            _payOut(_creator(), _escrow.pot);
        } else {
            bool defaulted = phase_ == Phase.Revealing && !idle;
            _burnUnopened();
            _end(defaulted ? Outcome.Defaulted : Outcome.Returned, Phase.Paying);
            // Burnt, and not paid to the participants, of whom the provider may be one
            if (defaulted) _payOut(BURN_ADDRESS, _escrow.bond);
        }
    }

    /// @inheritdoc IPredictionMarket
    function leafOf(uint256 index, bytes calldata data, bytes32 salt) public view returns (bytes32) {
        return _commitmentOf(PORTION, _creator(), keccak256(abi.encode(index, keccak256(data))), salt);
    }

    /// @inheritdoc IPredictionMarket
    function deadline() public view returns (uint256) {
        Phase phase_ = _phase();
        Rules rules = _rules();
        if (phase_ == Phase.Trial) return _status.since + rules.revealWait();
        if (phase_ == Phase.Participation) return _status.closesAt;
        if (phase_ == Phase.Opening) return _status.closesAt + rules.openWait();
        if (phase_ == Phase.Revealing) return _status.closesAt + rules.openWait() + rules.revealWait();
        return phase_ == Phase.Rewarding ? _status.since + MEASURE_WAIT : 0;
    }

    /// @dev Tip, openWait, threshold, margin, validation and weighted may be zero.
    function _complete(Rules rules) private pure returns (bool) {
        if (rules.stake() == 0 || !_timely(rules)) return false;
        if (rules.threshold() > MOST_THRESHOLD || rules.margin() > MOST_MARGIN) return false;
        if (rules.portions() < 2 || rules.portions() == 255 || rules.samples() == 0) return false;
        if (rules.capacity() == 0 || rules.maxBytes() == 0 || rules.maxBytes() > MAX_BYTES) return false;
        // One portion is the trial one, and one at least rewards
        if (rules.validation() > rules.portions() - 2 || rules.weighted() > 1) return false;
        return rules.strikes() != 0 && rules.passes() != 0 && rules.loss() <= HINGE;
    }

    /// @dev Whether everybody has the time to do what these rules ask of it, and no more.
    function _timely(Rules rules) private pure returns (bool) {
        (uint256 duration, uint256 openWait) = (rules.duration(), rules.openWait());
        if (duration < LEAST_WAIT || duration > MOST_DURATION) return false;
        if (!_within(rules.revealWait(), rules.portions())) return false;
        if (openWait != 0 && !_within(openWait, rules.capacity())) return false;
        return rules.capacity() * rules.portions() * rules.passes() * BLOCK <= MEASURE_WAIT;
    }

    function _within(uint256 wait, uint256 steps) private pure returns (bool) {
        return wait >= LEAST_WAIT + steps * BLOCK && wait <= MOST_WAIT;
    }

    function _begin(Phase stage) private {
        (_status.stage, _status.since) = (stage, uint40(block.timestamp));
    }

    /// @dev The stakes of hidden data that were not opened in time, whatever the end: nobody takes up places that
    /// others want for nothing. (Nothing is left of them where this is done again.)
    function _burnUnopened() private {
        uint256 unopened = _escrow.staked - _escrow.opened;
        _escrow.staked = _escrow.opened;
        _payOut(BURN_ADDRESS, _stake(unopened));
    }

    function _choose() private {
        // Check:
        bytes32 seed = Seed.read(_status.target, 0);
        // Effect:
        // slither-disable-next-line weak-prng (the hash of a block that came after the commitment)
        uint256 trial = uint256(keccak256(abi.encode(seed, _root))) % _rules().portions();
        (_status.trial, _status.chosen) = (uint8(trial), true);
        emit TrialChosen(trial);
    }

    function _checkTime() private view {
        _before(deadline() + 1);
    }

    /// @dev Whether this is portion `index` as committed, and one that the model can be measured by.
    function _check(uint256 index, bytes calldata data, bytes32 salt, bytes32[] calldata proof) private view {
        Rules rules = _rules();
        uint256 portions = rules.portions();
        bytes32 leaf = leafOf(index, data, salt);
        require(Merkle.proves(_root, leaf, proof, index, portions), NotCommittedPortion(index));
        _checkCount(_count(data, MAX_PORTION, MAX_GAS), rules.samples());
    }
}

// slither-disable-end timestamp,incorrect-equality
