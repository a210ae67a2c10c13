// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {CodeChunks} from "../kernel/CodeChunks.sol";
import {ITournament, Terms} from "./ITournament.sol";
import {RankKernel} from "./RankKernel.sol";

/**
 * @title Targets
 * @notice The targets of a round: reading what the organizer reveals, keeping it as code, scoring by it.
 *
 * Kept are, big-endian: n Σv² − (Σv)² (16 bytes), t·m (16), Σv (8), Σt (8), the values as revealed (40), the classes
 * times 48 (a byte a row), the ranks of the benchmark (two bytes a row, or none). Sums are over rows: v are the values
 * for correlation, t those for contribution, in units of 2⁻²⁸, m the benchmark's normals in units of 2⁻¹⁶.
 */
library Targets {
    uint256 private constant CLASSES = 5;
    uint256 private constant VALUES = 40; // bytes of the values
    uint256 private constant HEAD = 88; // bytes before the classes
    uint256 private constant LANE_MASK = (1 << 48) - 1;
    int256 private constant ZERO = 1 << 31; // a table's entry for the value zero
    int256 private constant ONE = 1e9;
    int256 private constant UNIT = 1 << 44; // of a target times a normal

    /// @notice Keep `targets` as code, once it is sure that all can be scored by them.
    function keep(Terms memory t, bytes calldata targets) internal returns (address chunk) {
        uint256 n = t.rows;
        bool benchmarked = t.contributionMultiplier != 0;
        uint256 expected = VALUES + n * (benchmarked ? 3 : 1);
        require(targets.length == expected, ITournament.WrongLength(targets.length, expected));
        (bytes memory data, uint256 counts) = _shifted(targets, n);
        (int256 sum, int256 squares, int256 sumOfTargets) = _sums(data, counts);
        // n Σv² ≤ 2¹³ · 2¹³ · 2⁶²
        int256 norm = int256(n) * squares - sum * sum;
        require(norm != 0, ITournament.ConstantTargets());
        int256 dot = 0;
        if (benchmarked) {
            bytes memory normals = CodeChunks.slice(t.normals, 0, 4 * n);
            uint256 sums = RankKernel.lanes(targets[VALUES + n:], normals, data, HEAD);
            dot = _weigh(sums, data, 4) - ZERO * sumOfTargets;
        }
        uint256 first = (uint256(norm) << 128) | uint128(int128(dot));
        uint256 second = (uint256(uint64(int64(sum))) << 64) | uint64(int64(sumOfTargets));
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(add(data, 0x20), first)
            let word := add(data, 0x40)
            mstore(word, or(shl(128, second), and(mload(word), 0xffffffffffffffffffffffffffffffff)))
        }
        // slither-disable-next-line unused-return (where they are already, they are the same)
        (chunk,) = CodeChunks.store(data);
    }

    /// @notice What `ranks` score by the targets kept at `chunk`.
    function score(Terms memory t, address chunk, bytes calldata ranks)
        internal
        view
        returns (int256 correlation, int256 contribution)
    {
        uint256 n = t.rows;
        require(ranks.length == 2 * n, ITournament.WrongLength(ranks.length, 2 * n));
        bool benchmarked = t.contributionMultiplier != 0;
        bytes memory data = CodeChunks.slice(chunk, 0, HEAD + n * (benchmarked ? 3 : 1));
        uint256 first = _word(data, 0);
        uint256 second = _word(data, 32);
        {
            uint256 sums = RankKernel.lanes(ranks, CodeChunks.slice(t.powers, 0, 4 * n), data, HEAD);
            int256 dot = _weigh(sums, data, 0) - ZERO * int64(uint64(second >> 192));
            correlation = dot * ONE / int256(FixedPointMathLib.sqrt(t.powerSquares * (first >> 128) / n));
        }
        if (benchmarked) {
            bytes memory normals = CodeChunks.slice(t.normals, 0, 4 * n);
            int256 tp = _weigh(RankKernel.lanes(ranks, normals, data, HEAD), data, 4);
            tp -= ZERO * int64(uint64(second >> 128));
            // Σ (p + 2³¹)(m + 2³¹) = p·m + n·2⁶², since normals sum to zero
            int256 pm = int256(RankKernel.dot(ranks, normals, data, HEAD + n)) - ZERO * ZERO * int256(n);
            int256 mm = int256(t.normalSquares);
            contribution = (tp * mm - int128(uint128(first)) * pm) * ONE / (mm * int256(n) * UNIT);
        }
    }

    /// @dev The bytes that are kept, with an empty head but for the values, and the count of rows of each class, in 48
    /// bits each.
    function _shifted(bytes calldata targets, uint256 n) private pure returns (bytes memory data, uint256 counts) {
        data = new bytes(HEAD - VALUES + targets.length);
        bool unknown = false;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let to := add(data, 0x50) // behind the length and the sums
            calldatacopy(to, targets.offset, targets.length)
            to := add(to, 40)
            let last := add(to, n)
            for { let from := add(targets.offset, 40) } lt(to, last) { to := add(to, 1) } {
                let class := byte(0, calldataload(from))
                unknown := or(unknown, gt(class, 4))
                let shift := mul(class, 48)
                mstore8(to, shift)
                counts := add(counts, shl(shift, 1))
                from := add(from, 1)
            }
        }
        require(!unknown, ITournament.UnknownClass());
    }

    /// @dev Over rows: Σv, Σv², Σt.
    function _sums(bytes memory data, uint256 counts)
        private
        pure
        returns (int256 sum, int256 squares, int256 targets)
    {
        for (uint256 c = 0; c < CLASSES; ++c) {
            int256 count = int256((counts >> (RankKernel.LANE * c)) & LANE_MASK);
            int256 value = _value(data, c, 0);
            sum += count * value;
            squares += count * value * value;
            targets += count * _value(data, c, 4);
        }
    }

    /// @dev Σ value · lane, over classes.
    function _weigh(uint256 sums, bytes memory data, uint256 which) private pure returns (int256 total) {
        for (uint256 c = 0; c < CLASSES; ++c) {
            total += int256((sums >> (RankKernel.LANE * c)) & LANE_MASK) * _value(data, c, which);
        }
    }

    /// @dev The value of class `c` for correlation (`which` = 0) or contribution (4).
    function _value(bytes memory data, uint256 c, uint256 which) private pure returns (int256) {
        return int32(uint32(_word(data, HEAD - VALUES + 8 * c + which) >> 224));
    }

    function _word(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }
}
