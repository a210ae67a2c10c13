// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DataHandler} from "../../../contracts/sum/DataHandler.sol";
import {IOnlineModelErrors} from "../../../contracts/models/online/IOnlineModelErrors.sol";
import {Incentive} from "../../../contracts/sum/Incentive.sol";
import {Certainty, Scores, Unheld} from "../../../contracts/models/online/Model.sol";
import {ModelParams} from "../../../contracts/models/online/ModelParams.sol";
import {Weights} from "../../../contracts/models/online/Weights.sol";
import {SelfAssessment} from "../../../contracts/sum/incentives/SelfAssessment.sol";

/// @notice One lane at a time, in plain Solidity.
library PlainLanes {
    function get(Weights.Loaded memory loaded, uint256 lane) internal view returns (uint256) {
        return uint16(Weights.get(loaded, (8 + lane) / 16) >> (16 * ((8 + lane) % 16)));
    }

    function set(Weights.Loaded memory loaded, uint256 lane, uint256 value) internal {
        uint256 k = (8 + lane) / 16;
        uint256 shift = 16 * ((8 + lane) % 16);
        uint256 word = Weights.get(loaded, k) & ~(uint256(0xffff) << shift);
        Weights.set(loaded, k, word | value << shift);
    }

    function feature(bytes calldata x, uint256 i) internal pure returns (uint256) {
        return uint16(bytes2(x[2 * i:2 * i + 2]));
    }

    /// @notice What SparseLanes refuses.
    function check(Weights.Loaded memory loaded, bytes calldata x) internal pure {
        uint256 count = x.length / 2;
        require(x.length % 2 == 0 && count != 0 && count <= loaded.shape.limit(), IOnlineModelErrors.BadFeatures());
        uint256 previous = 0;
        for (uint256 i; i < count; ++i) {
            uint256 f = feature(x, i);
            require(f > previous && f < loaded.shape.dims(), IOnlineModelErrors.BadFeatures());
            previous = f;
        }
    }
}

/// @notice The sparse perceptron for two classes, plainly: what SparseLanes' assembly must agree with.
abstract contract PlainPerceptron is Unheld {
    function _checkModel() internal view override {
        _checkBase(Weights.shape(), _length(Weights.shape()));
    }

    function _load() internal view override returns (Weights.Loaded memory) {
        return Weights.load();
    }

    function _length(ModelParams shape) internal pure override returns (uint256) {
        return (8 + shape.dims() + 15) / 16;
    }

    function _checkSample(Weights.Loaded memory loaded, bytes calldata x) internal pure override {
        PlainLanes.check(loaded, x);
    }

    function _predict(Weights.Loaded memory loaded, bytes calldata x) internal view override returns (uint256) {
        return _score(loaded, x) > 0 ? 1 : 0;
    }

    function _learn(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256 score = _score(loaded, x);
        predicted = score > 0 ? 1 : 0;
        certainty = Certainty.ofMargin(y == 1 ? score : -score, loaded.shape.bits());
        changed = predicted != y;
        if (!changed) return (predicted, certainty, changed);
        int256 step = y == 1 ? int256(loaded.shape.rate()) : -int256(loaded.shape.rate());
        _move(loaded, 0, step);
        for (uint256 i; i < x.length / 2; ++i) {
            _move(loaded, PlainLanes.feature(x, i), step);
        }
    }

    function _score(Weights.Loaded memory loaded, bytes calldata x) private view returns (int256 score) {
        score = _weight(loaded, 0);
        for (uint256 i; i < x.length / 2; ++i) {
            score += _weight(loaded, PlainLanes.feature(x, i));
        }
    }

    function _weight(Weights.Loaded memory loaded, uint256 f) private view returns (int256) {
        return int256(PlainLanes.get(loaded, f)) - 32768;
    }

    function _move(Weights.Loaded memory loaded, uint256 f, int256 step) private {
        int256 value = int256(PlainLanes.get(loaded, f)) + step;
        if (value < 0) value = 0;
        if (value > 65535) value = 65535;
        PlainLanes.set(loaded, f, uint256(value));
    }
}

/// @notice The dense nearest centroid, plainly: what DenseLanes' arithmetic must agree with.
abstract contract PlainCentroid is Unheld {
    function _checkModel() internal view override {
        _checkBase(Weights.shape(), _length(Weights.shape()));
    }

    function _load() internal view override returns (Weights.Loaded memory) {
        return Weights.load();
    }

    function _length(ModelParams shape) internal pure override returns (uint256) {
        return (8 + 4 * shape.classes() + 15) / 16 + shape.classes() * ((shape.dims() + 31) / 32 * 2);
    }

    function _checkSample(Weights.Loaded memory loaded, bytes calldata x) internal pure override {
        require(x.length == loaded.shape.dims(), IOnlineModelErrors.BadFeatures());
    }

    function _predict(Weights.Loaded memory loaded, bytes calldata x) internal view override returns (uint256 label) {
        label = Scores.label(_scores(loaded, x));
    }

    function _learn(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256[] memory scores = _scores(loaded, x);
        predicted = Scores.label(scores);
        certainty = Scores.certainty(scores, y, loaded.shape.bits());
        uint256 n = PlainLanes.get(loaded, 4 * y);
        if (n < loaded.shape.rate()) ++n;
        uint256 r = (65536 + n / 2) / n;
        uint256 norm = 0;
        for (uint256 f; f < x.length; ++f) {
            uint256 lane = _lane(loaded.shape, y, f);
            uint256 c = (PlainLanes.get(loaded, lane) * (65536 - r) + 256 * uint256(uint8(x[f])) * r + 32768) >> 16;
            PlainLanes.set(loaded, lane, c);
            norm += c * c;
        }
        PlainLanes.set(loaded, 4 * y, n);
        for (uint256 i = 1; i < 4; ++i) {
            PlainLanes.set(loaded, 4 * y + i, uint16(norm >> (16 * (i - 1))));
        }
        changed = true;
    }

    function _scores(Weights.Loaded memory loaded, bytes calldata x) private view returns (int256[] memory scores) {
        scores = new int256[](loaded.shape.classes());
        for (uint256 y; y < scores.length; ++y) {
            if (PlainLanes.get(loaded, 4 * y) == 0) {
                scores[y] = -(1 << 200);
                continue;
            }
            for (uint256 f; f < x.length; ++f) {
                int256 c = int256(PlainLanes.get(loaded, _lane(loaded.shape, y, f)));
                scores[y] += 512 * c * int256(uint256(uint8(x[f]))) - c * c;
            }
        }
    }

    /// @dev The lane of a feature, in the order that DenseLanes describes.
    function _lane(ModelParams shape, uint256 class, uint256 f) private pure returns (uint256) {
        uint256 first = (8 + 4 * shape.classes() + 15) / 16 * 16 - 8;
        uint256 q = 31 - f % 32;
        uint256 row = (shape.dims() + 31) / 32 * 32;
        return first + class * row + f / 32 * 32 + 16 * (q % 4 / 2) + 2 * (7 - q / 4) + q % 2;
    }
}

/// @notice A third party's incentive mechanism: a flat fee for each contribution, to the creator, and no claims.
abstract contract FlatFee is Incentive {
    function _checkIncentive() internal view override {}

    function _price(uint256) internal view override returns (uint256) {
        return Weights.argument(Weights.TERMS);
    }

    function _lock() internal pure override returns (uint256) {
        return 1 hours;
    }
}

contract SumPlainPerceptron is DataHandler, SelfAssessment, PlainPerceptron {}

contract SumPlainCentroid is DataHandler, SelfAssessment, PlainCentroid {}

contract SumFlatFee is DataHandler, FlatFee, PlainPerceptron {}
