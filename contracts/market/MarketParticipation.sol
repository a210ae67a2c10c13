// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Commitments} from "../kernel/Commitments.sol";
import {Currency} from "../kernel/Currency.sol";
import {Relayed} from "../kernel/Relayed.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketEvaluation} from "./MarketEvaluation.sol";
import {Contribution, Participant, Phase} from "./MarketTypes.sol";
import {Rules} from "./Rules.sol";

// slither-disable-start timestamp,incorrect-equality
// (time ends phases, whose number lies beside it in storage; a proposer can shift it by seconds, deadlines are hours)

/// @title Participation
/// @notice How data come in: at once, in batches, signed and relayed, or hidden first and opened later.
abstract contract MarketParticipation is MarketEvaluation, Commitments, Relayed {
    bytes32 private constant CONTRIBUTION = keccak256("DILN market contribution");
    bytes32 private constant RELAYED = keccak256(
        "Contribution(address contributor,bytes[] runs,uint256 maximum,uint256 nonce,uint256 deadline)"
    );
    /// @dev What predicting a contribution may cost, so that learning it, at three times as much and with every word
    /// of the model written for the first time, fits into a transaction (tests/gas/test_market_gas.py). Whoever warms
    /// the model's words beforehand gains 0.5M gas at most, and that fits, too.
    uint256 private constant MAX_GAS = 3_000_000;

    mapping(address who => uint256) private _nonces;

    /// @inheritdoc IPredictionMarket
    function contribute(bytes calldata data, uint256 maximum) external payable returns (uint256 index) {
        index = _contributions.length;
        _charge(msg.sender, _contribute(msg.sender, data), 1, maximum);
    }

    /// @inheritdoc IPredictionMarket
    function contributeBatch(bytes[] calldata runs, uint256 maximum) external payable {
        _contributeAll(msg.sender, runs, maximum);
    }

    /// @inheritdoc IPredictionMarket
    function contributeFor(
        address contributor,
        bytes[] calldata runs,
        uint256 maximum,
        uint256 expiry,
        bytes calldata signature,
        uint256 gift
    ) external payable nonReentrant {
        // Check:
        _checkDeadline(expiry);
        bytes32 content = keccak256(
            abi.encode(RELAYED, contributor, _hashAll(runs), maximum, _useNonce(contributor), expiry)
        );
        _checkSigned(contributor, content, signature);
        // Effect:
        Currency currency_ = _currency();
        if (gift != 0 && !currency_.isEther()) _fund(currency_, contributor, gift);
        _contributeAll(contributor, runs, maximum);
    }

    /// @inheritdoc IPredictionMarket
    function commit(bytes32 commitment, uint256 samples, uint256 maximum) external payable returns (uint256 index) {
        Rules rules = _rules();
        // Check:
        require(rules.openWait() != 0, NothingHidden());
        uint256 most = rules.maxBytes() / 3;
        _checkCount(samples, samples < most ? samples : most);
        // Effect:
        index = _add(msg.sender, uint216(uint256(commitment)), samples, false);
        ++_status.hidden;
        emit Hidden(index, msg.sender, commitment, samples);
        _charge(msg.sender, rules.weight(samples), 1, maximum);
    }

    /// @inheritdoc IPredictionMarket
    function open(uint256 index, bytes calldata data, bytes32 salt) external {
        // Check:
        Phase phase_ = _phase();
        require(phase_ == Phase.Participation || phase_ == Phase.Opening, WrongPhase(phase_));
        require(index < _contributions.length, OtherData(index));
        Contribution storage contribution_ = _contributions[index];
        require(!contribution_.opened, OpenedAlready(index));
        Participant storage participant_ = _participants[contribution_.participant];
        bytes32 commitment = commitmentOf(participant_.who, data, salt);
        require(uint216(uint256(commitment)) == contribution_.digest, OtherData(index));
        uint256 samples = contribution_.samples;
        Rules rules = _rules();
        _checkCount(_count(data, rules.maxBytes(), MAX_GAS), samples);
        // Effect:
        (contribution_.digest, contribution_.opened) = (uint216(uint256(keccak256(data))), true);
        uint32 weight = uint32(rules.weight(samples));
        participant_.opened += weight;
        _escrow.opened += weight;
        --_status.hidden;
        emit Contributed(index, participant_.who, samples, data);
    }

    /// @inheritdoc IPredictionMarket
    function commitmentOf(address contributor, bytes calldata data, bytes32 salt) public view returns (bytes32) {
        return _commitmentOf(CONTRIBUTION, contributor, keccak256(data), salt);
    }

    /// @inheritdoc IPredictionMarket
    function nonceOf(address who) external view returns (uint256) {
        return _nonces[who];
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("DILN Prediction Market", "1");
    }

    function _contributeAll(address who, bytes[] calldata runs, uint256 maximum) private {
        // Check:
        require(runs.length != 0, WrongCount(0, 1));
        // Effect:
        // slither-disable-next-line uninitialized-local (a sum)
        uint256 weight;
        for (uint256 i; i < runs.length; ++i) {
            weight += _contribute(who, runs[i]);
        }
        _charge(who, weight, runs.length, maximum);
    }

    /// @dev Take a contribution in; the stake for its weight is still to be taken.
    function _contribute(address who, bytes calldata data) private returns (uint256 weight) {
        Rules rules = _rules();
        // Check:
        uint256 samples = _count(data, rules.maxBytes(), MAX_GAS);
        _checkCount(samples, samples);
        // Effect:
        uint256 index = _add(who, uint216(uint256(keccak256(data))), samples, true);
        emit Contributed(index, who, samples, data);
        return rules.weight(samples);
    }

    /// @dev Take the next place in the order. At most 2^16 contributions of 2^14 samples.
    function _add(address who, uint216 digest, uint256 samples, bool opened) private returns (uint256 index) {
        // Check:
        _checkPhase(Phase.Participation);
        // Effect:
        Rules rules = _rules();
        index = _contributions.length;
        uint256 number = _numbers[who];
        if (number == 0) {
            _participants.push().who = who;
            number = _participants.length;
            _numbers[who] = number;
            _status.participants = uint16(number);
        }
        Participant storage participant_ = _participants[number - 1];
        uint32 weight = uint32(rules.weight(samples));
        participant_.staked += weight;
        ++participant_.given;
        _escrow.staked += weight;
        if (opened) {
            participant_.opened += weight;
            _escrow.opened += weight;
        }
        _contributions.push(Contribution(digest, uint16(number - 1), uint16(samples), opened));
        _status.contributions = uint16(index + 1);
        if (index + 1 == rules.capacity()) _status.closesAt = uint40(block.timestamp);
    }

    /// @dev Take the stake for `weight` and the fees of `count` contributions from `who`, if it is willing to pay so
    /// much.
    function _charge(address who, uint256 weight, uint256 count, uint256 maximum) private {
        uint256 price = _stake(weight) + count * _fee();
        // Check:
        require(price <= maximum, PriceAboveMaximum(price, maximum));
        // Effect:
        _escrowFrom(who, price);
    }

    function _useNonce(address contributor) internal override returns (uint256) {
        return _nonces[contributor]++;
    }
}

// slither-disable-end timestamp,incorrect-equality
