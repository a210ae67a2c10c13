// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks} from "../../../contracts/federation/Chunks.sol";
import {DirectSum} from "../../../contracts/federation/DirectSum.sol";
import {GramTrace} from "../../../contracts/federation/GramTrace.sol";
import {CodeChunks} from "../../../contracts/kernel/CodeChunks.sol";
import {Targets} from "../../../contracts/tournament/Targets.sol";
import {Terms} from "../../../contracts/tournament/ITournament.sol";

/// What tournaments and federations read in arbitrary bytes: a digest of it, or zero where they refuse. The layouts
/// of the inputs are those of tests/parity/room_readers.py, which reads them in Python.
contract FuzzRooms {
    uint256 private constant MOST_ROWS = 64;

    address private immutable TABLE; // of zeros
    address private immutable KEPT; // targets of as many rows as wanted: all of the first class

    constructor() {
        (TABLE,) = CodeChunks.store(new bytes(4 * MOST_ROWS));
        bytes memory kept = new bytes(88 + 3 * MOST_ROWS);
        kept[0] = 0x01; // or there would be nothing to divide by
        (KEPT,) = CodeChunks.store(kept);
    }

    /// The function of each input begins with `selector`. Not a view: targets are kept as code.
    function read(bytes4 selector, bytes[] calldata inputs) external returns (bytes32[] memory found) {
        found = new bytes32[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            (bool read_, bytes memory digest) = address(this).call(abi.encodeWithSelector(selector, inputs[i]));
            if (read_ && digest.length == 32) found[i] = abi.decode(digest, (bytes32));
        }
    }

    /// rows (1) | ranks
    function ranks(bytes calldata input) external view returns (bytes32) {
        Targets.score(_terms(input, false), KEPT, input[1:]);
        return keccak256(input[1:]);
    }

    /// rows (1) | targets
    function targets(bytes calldata input) external returns (bytes32) {
        return _keep(input, false);
    }

    /// rows (1) | targets with a benchmark
    function benchmarked(bytes calldata input) external returns (bytes32) {
        return _keep(input, true);
    }

    /// index (1) | chunks (1) | width (1) | shift (1) | hashes in the proof (1) | root (32) | proof | chunk
    function chunk(bytes calldata input) external view returns (bytes32) {
        uint256 width = uint8(input[2]);
        uint256 end = 37 + 32 * uint256(uint8(input[4]));
        bytes calldata data = input[end:];
        require(width == 1 || width == 2 || width == 4);
        require(data.length == width * Chunks.COORDINATES);
        bytes32[] memory proof = new bytes32[]((end - 37) / 32);
        for (uint256 i = 0; i < proof.length; ++i) proof[i] = bytes32(input[37 + 32 * i:69 + 32 * i]);
        require(this.isProven(bytes32(input[5:37]), data, proof, uint8(input[0]), uint8(input[1])));
        return keccak256(abi.encodePacked(Chunks.values(data, width, uint8(input[3]) % 32)));
    }

    /// Calldata are what the library reads, so it is called from outside.
    function isProven(bytes32 root, bytes calldata data, bytes32[] calldata proof, uint256 index, uint256 count)
        external
        pure
        returns (bool)
    {
        return Chunks.isProven(root, data, proof, index, count);
    }

    /// updates (1) | products before, or nothing | a chunk of each update, in four bytes a number
    function products(bytes calldata input) external pure returns (bytes32) {
        uint256 n = uint8(input[0]);
        uint256 length = n * 4 * Chunks.COORDINATES;
        require(n > 0 && n <= 16);
        bytes calldata before = input[1:input.length - length];
        int256[][] memory updates = new int256[][](n);
        for (uint256 i = 0; i < n; ++i) {
            uint256 from = input.length - length + 4 * Chunks.COORDINATES * i;
            updates[i] = Chunks.values(input[from:from + 4 * Chunks.COORDINATES], 4, 0);
        }
        bytes memory after_ = GramTrace.step(before, updates);
        return keccak256(after_);
    }

    /// updates (1) | products: their whole matrix
    function matrix(bytes calldata input) external pure returns (bytes32) {
        uint256 n = uint8(input[0]);
        require(n > 0 && n <= 16);
        int256[][] memory whole = GramTrace.matrix(input[1:], n);
        bytes memory packed;
        for (uint256 i = 0; i < n; ++i) packed = abi.encodePacked(packed, whole[i]);
        return keccak256(packed);
    }

    /// numbers (1) | for each party its address (20) and its vector
    function sum(bytes calldata input) external pure returns (bytes32) {
        uint256 stride = 20 + uint256(uint8(input[0]));
        uint256 count = (input.length - 1) / stride;
        require(stride > 20 && count > 0 && count <= 16 && (input.length - 1) % stride == 0);
        return DirectSum.hash(input[1:], count, stride - 20);
    }

    function _keep(bytes calldata input, bool withBenchmark) private returns (bytes32) {
        Targets.keep(_terms(input, withBenchmark), input[1:]);
        return keccak256(input[1:]);
    }

    function _terms(bytes calldata input, bool withBenchmark) private view returns (Terms memory t) {
        t.rows = uint8(input[0]);
        require(t.rows > 0 && t.rows <= MOST_ROWS);
        (t.powers, t.normals) = (TABLE, TABLE);
        (t.powerSquares, t.normalSquares) = (1e18, 1e18);
        if (withBenchmark) t.contributionMultiplier = 1e9;
    }
}
