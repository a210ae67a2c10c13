// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Contribution, IPredictionMarket, Participant, Phase} from "./IPredictionMarket.sol";
import {MarketBase} from "./MarketBase.sol";
import {Rules} from "./Rules.sol";

/// @notice How data come in.
abstract contract MarketParticipation is MarketBase {
    bytes32 private constant CONTRIBUTION = keccak256("DILN market contribution");
    /// @dev What predicting a contribution may cost, so that learning it, at three times as much and with every word
    /// of the model written for the first time, fits into a transaction (tests/gas/test_market_gas.py).
    uint256 private constant MAX_GAS = 3_000_000;

    /// @inheritdoc IPredictionMarket
    function contribute(bytes calldata data) external payable returns (uint256 index) {
        // Check:
        _checkPhase(Phase.Participation);
        uint256 samples = _count(data, _rules().maxBytes(), MAX_GAS);
        _checkCount(samples, samples);
        // Effect:
        index = _add(uint160(uint256(keccak256(data))), samples, true);
        emit Contributed(index, msg.sender, samples, data);
    }

    /// @inheritdoc IPredictionMarket
    function commit(bytes32 commitment, uint256 samples) external payable returns (uint256 index) {
        // Check:
        _checkPhase(Phase.Participation);
        Rules rules = _rules();
        require(rules.openWait() != 0, NothingHidden());
        uint256 most = rules.maxBytes() / 3;
        _checkCount(samples, samples < most ? samples : most);
        // Effect:
        index = _add(uint160(uint256(commitment)), samples, false);
        ++_status.hidden;
        emit Hidden(index, msg.sender, commitment, samples);
    }

    /// @inheritdoc IPredictionMarket
    function open(uint256 index, bytes calldata data, bytes32 salt) external {
        // Check:
        Phase phase_ = phase();
        require(phase_ == Phase.Participation || phase_ == Phase.Opening, WrongPhase(phase_));
        require(index < _contributions.length, OtherData(index));
        Contribution storage contribution_ = _contributions[index];
        require(!contribution_.opened, OpenedAlready(index));
        Participant storage participant_ = _participants[contribution_.participant];
        bytes32 commitment = commitmentOf(participant_.who, data, salt);
        require(uint160(uint256(commitment)) == contribution_.digest, OtherData(index));
        uint256 samples = contribution_.samples;
        _checkCount(_count(data, _rules().maxBytes(), MAX_GAS), samples);
        // Effect:
        (contribution_.digest, contribution_.opened) = (uint160(uint256(keccak256(data))), true);
        participant_.opened += uint32(samples);
        _escrow.opened += uint32(samples);
        --_status.hidden;
        emit Contributed(index, participant_.who, samples, data);
    }

    /// @inheritdoc IPredictionMarket
    function commitmentOf(address contributor, bytes calldata data, bytes32 salt) public view returns (bytes32) {
        return
            keccak256(abi.encode(CONTRIBUTION, block.chainid, address(this), contributor, salt, keccak256(data)));
    }

    /// @dev Take the stake and the next place in the order. At most 2^16 contributions of 2^14 samples.
    function _add(uint160 digest, uint256 samples, bool opened) private returns (uint256 index) {
        index = _contributions.length;
        uint256 number = _numbers[msg.sender];
        if (number == 0) {
            _participants.push().who = msg.sender;
            number = _participants.length;
            _numbers[msg.sender] = number;
            _status.participants = uint16(number);
        }
        Participant storage participant_ = _participants[number - 1];
        participant_.staked += uint32(samples);
        _escrow.staked += uint32(samples);
        if (opened) {
            participant_.opened += uint32(samples);
            _escrow.opened += uint32(samples);
        }
        _contributions.push(Contribution(digest, uint32(number - 1), uint16(samples), opened));
        _status.contributions = uint16(index + 1);
        if (index + 1 == _rules().capacity()) _status.closesAt = uint40(block.timestamp);
        _escrowFrom(samples * _rules().stake() * _unit());
    }
}
