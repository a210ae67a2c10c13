// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Score} from "../models/integer/Score.sol";
import {Currency} from "../kernel/Currency.sol";
import {Metric, Mode, Scheme, Terms} from "./ICompetition.sol";

// Code is read into place.
// solhint-disable no-inline-assembly

/**
 * @title TermsCodec
 * @notice Terms in eight words.
 *
 * The words follow a clone's code: written once at 200 gas a byte and read at once, where storage would cost
 * 22,100 gas a slot to write and 2,100 a slot in each later transaction.
 */
library TermsCodec {
    uint256 internal constant SIZE = 256;
    uint256 internal constant SHARES = 10_000;
    uint256 internal constant MAX_GROUPS = 256; // one bit each in a word
    uint256 internal constant MAX_FEATURES = 4096;
    uint256 internal constant MAX_SAMPLES = 1_000_000; // so that mean errors in millionths stay distinct
    uint256 internal constant MAX_CLAIM = 65_536; // samples whose predictions are posted in one transaction
    uint256 internal constant MAX_COUNTED = 8_192; // the same where each is counted by itself: macro-F1, MAE
    uint256 internal constant MAX_GROUP_SIZE = 8_192; // samples that are hashed and kept as code in one transaction
    uint256 internal constant MAX_GROUP_BYTES = 24_575; // a group is opened as one code
    uint256 internal constant MAX_MODEL_BYTES = 49_152; // kept as code in one transaction
    uint256 internal constant MIN_PHASE = 1 minutes;
    uint256 internal constant BOND_SHARE = 10; // of the prize at least a tenth stands behind the organizer's duties
    uint256 internal constant GAS_A_SECOND = 1_000_000; // what one duty may count on: a fifth of Ethereum's
    // Gas from above, as the tests measure it: to hash a group, a sample, a byte; to keep a byte; to run a model.
    uint256 internal constant GROUP_GAS = 100_000;
    uint256 internal constant SAMPLE_GAS = 600;
    uint256 internal constant BYTE_GAS = 40;
    uint256 internal constant KEPT_BYTE_GAS = 300;
    uint256 internal constant RUN_GAS = 10_000;
    uint256 internal constant RUN_BYTE_GAS = 70; // of a sample, a byte of the model; small trees are the dearest
    uint256 internal constant CHECKED_A_SECOND = 10_000_000; // samples times bytes of a model that a refuter runs

    /// A field of the terms that no competition can have.
    error InvalidTerms(bytes32 field);

    function encode(Terms memory t) internal pure returns (bytes memory) {
        uint256 shape = (uint256(uint160(t.organizer)) << 96) | (uint256(t.groups) << 80)
            | (uint256(t.testGroups) << 64) | (uint256(t.groupSize) << 48) | (uint256(t.features) << 32)
            | (uint256(t.classes) << 16) | t.cidCodec;
        uint256 kind = (uint256(uint160(Currency.unwrap(t.token))) << 96) | (uint256(t.maxModelBytes) << 72)
            | (uint256(t.seedBlock) << 32) | (uint256(t.metric) << 24) | (uint256(t.mode) << 16)
            | (uint256(t.scheme) << 8) | (t.organizerMayEnter ? 1 : 0);
        uint256 fees = (uint256(t.deposit) << 160) | (uint256(t.tip) << 64) | (uint256(t.shares[0]) << 48)
            | (uint256(t.shares[1]) << 32) | (uint256(t.shares[2]) << 16) | t.shares[3];
        uint256 times = (uint256(t.criterion) << 192) | (uint256(t.training) << 160) | (uint256(t.reveal) << 128)
            | (uint256(t.opening) << 96) | (uint256(t.evaluation) << 64) | (uint256(t.refute) << 32) | t.answer;
        uint256 pot = (uint256(t.prize) << 128) | t.bond;
        uint256 stakes = (uint256(t.stake) << 128) | t.claimBond;
        return abi.encode(t.root, t.cidDigest, shape, kind, fees, times, pot, stakes);
    }

    /// The terms behind the code of the clone that runs.
    function read() internal view returns (Terms memory t) {
        uint256[8] memory w;
        assembly ("memory-safe") {
            extcodecopy(address(), w, 0x2d, 256) // see kernel/Instance
        }
        t.root = bytes32(w[0]);
        t.cidDigest = bytes32(w[1]);
        _readShape(t, w[2]);
        _readKind(t, w[3]);
        t.deposit = uint96(w[4] >> 160);
        t.tip = uint96(w[4] >> 64);
        t.shares = [uint16(w[4] >> 48), uint16(w[4] >> 32), uint16(w[4] >> 16), uint16(w[4])];
        _readTimes(t, w[5]);
        t.prize = uint128(w[6] >> 128);
        t.bond = uint128(w[6]);
        t.stake = uint128(w[7] >> 128);
        t.claimBond = uint128(w[7]);
    }

    function _readShape(Terms memory t, uint256 w) private pure {
        t.organizer = address(uint160(w >> 96));
        t.groups = uint16(w >> 80);
        t.testGroups = uint16(w >> 64);
        t.groupSize = uint16(w >> 48);
        t.features = uint16(w >> 32);
        t.classes = uint16(w >> 16);
        t.cidCodec = uint8(w);
    }

    function _readKind(Terms memory t, uint256 w) private pure {
        t.token = Currency.wrap(address(uint160(w >> 96)));
        t.maxModelBytes = uint24(w >> 72);
        t.seedBlock = uint40(w >> 32);
        t.metric = Metric(uint8(w >> 24));
        t.mode = Mode(uint8(w >> 16));
        t.scheme = Scheme(uint8(w >> 8));
        t.organizerMayEnter = uint8(w) != 0;
    }

    function _readTimes(Terms memory t, uint256 w) private pure {
        t.criterion = uint64(w >> 192);
        t.training = uint32(w >> 160);
        t.reveal = uint32(w >> 128);
        t.opening = uint32(w >> 96);
        t.evaluation = uint32(w >> 64);
        t.refute = uint32(w >> 32);
        t.answer = uint32(w);
    }

    /// Bytes of a sample with its label.
    function stride(Terms memory t) internal pure returns (uint256) {
        return uint256(t.features) + (t.classes == 0 ? 4 : 1);
    }

    /// Samples for testing.
    function samples(Terms memory t) internal pure returns (uint256) {
        return uint256(t.testGroups) * t.groupSize;
    }

    /// Revert with InvalidTerms for terms under which somebody could be stuck or cheated.
    function check(Terms memory t) internal pure {
        require(t.root != 0, InvalidTerms("root"));
        require(t.cidCodec == 0x55 || t.cidCodec == 0x70, InvalidTerms("cidCodec"));
        _checkAmounts(t);
        require(t.groups > 1 && t.groups <= MAX_GROUPS, InvalidTerms("groups"));
        require(t.testGroups > 0 && t.testGroups < t.groups, InvalidTerms("testGroups"));
        require(t.features > 0 && t.features <= MAX_FEATURES, InvalidTerms("features"));
        require(t.groupSize > 0 && t.groupSize <= MAX_GROUP_SIZE, InvalidTerms("groupSize"));
        require(t.groupSize * stride(t) <= MAX_GROUP_BYTES, InvalidTerms("groupSize"));
        require(samples(t) <= MAX_SAMPLES, InvalidTerms("testGroups"));
        require(t.maxModelBytes > 0 && t.maxModelBytes <= MAX_MODEL_BYTES, InvalidTerms("maxModelBytes"));
        _checkMetric(t);
        _checkShares(t);
        _checkTimes(t);
        if (t.mode == Mode.Optimistic) {
            require(t.claimBond > 1 && t.claimBond <= t.prize, InvalidTerms("claimBond"));
            uint256 most = t.metric == Metric.Accuracy ? MAX_CLAIM : MAX_COUNTED;
            require(samples(t) <= most, InvalidTerms("testGroups"));
        }
    }

    /// A challenge, an entry and a claim cost no more than what they are about.
    function _checkAmounts(Terms memory t) private pure {
        require(t.prize > 0, InvalidTerms("prize"));
        require(t.bond > 1 && t.bond >= t.prize / BOND_SHARE, InvalidTerms("bond"));
        require(t.deposit <= t.prize, InvalidTerms("deposit"));
        require(t.deposit >= t.tip, InvalidTerms("tip"));
        require(t.stake <= t.bond / 2, InvalidTerms("stake"));
    }

    function _checkMetric(Terms memory t) private pure {
        if (t.metric == Metric.MeanAbsoluteError) {
            require(t.classes == 0, InvalidTerms("classes"));
            return;
        }
        require(t.classes > 1 && t.classes <= 256, InvalidTerms("classes"));
        require(t.criterion <= Score.ONE, InvalidTerms("criterion"));
        require(t.metric == Metric.Accuracy || Score.fits(t.classes, samples(t)), InvalidTerms("metric"));
    }

    /// Shares of places in use are above zero, in front, and sum to one.
    function _checkShares(Terms memory t) private pure {
        uint256 sum = 0;
        for (uint256 i = 0; i < 4; ++i) {
            require(i == 0 || t.shares[i] == 0 || t.shares[i - 1] != 0, InvalidTerms("shares"));
            sum += t.shares[i];
        }
        require(sum == SHARES, InvalidTerms("shares"));
    }

    /// Each phase has room for the work in it: answers to challenges of all groups at once, the opening of all test
    /// groups, the dearest model on all samples, a refuter's run of it. An answer fits into the training phase twice,
    /// so that a challenge can be made, and answered in time.
    function _checkTimes(Terms memory t) private pure {
        bool direct = t.mode == Mode.Direct;
        uint256 size = t.groupSize * stride(t);
        uint256 group = GROUP_GAS + SAMPLE_GAS * t.groupSize + BYTE_GAS * size;
        uint256 test = direct ? group + (KEPT_BYTE_GAS - BYTE_GAS) * size : group;
        uint256 run = direct ? RUN_GAS + RUN_BYTE_GAS * t.maxModelBytes : 0;
        uint256 checked = samples(t) * t.maxModelBytes / CHECKED_A_SECOND;
        require(t.answer >= _room(group * (t.groups - t.testGroups)), InvalidTerms("answer"));
        require(t.training / 2 >= t.answer, InvalidTerms("training"));
        require(t.reveal >= MIN_PHASE, InvalidTerms("reveal"));
        require(t.opening >= _room(test * t.testGroups), InvalidTerms("opening"));
        require(t.evaluation >= _room(run * samples(t)), InvalidTerms("evaluation"));
        require(direct || t.refute >= MIN_PHASE + checked, InvalidTerms("refute"));
        uint256 all = uint256(t.training) + t.reveal + t.opening + t.evaluation + 2 * uint256(t.refute);
        require(all <= 3650 days, InvalidTerms("training"));
    }

    /// Seconds that a phase needs for `gas`.
    function _room(uint256 gas) private pure returns (uint256) {
        return MIN_PHASE + gas / GAS_A_SECOND;
    }
}
