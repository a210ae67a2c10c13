// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DataTree} from "../../../contracts/competition/DataTree.sol";
import {Group, Metric, Refutation, Terms} from "../../../contracts/competition/ICompetition.sol";
import {TermsCodec} from "../../../contracts/competition/TermsCodec.sol";
import {Cids} from "../../../contracts/registry/Cids.sol";
import {CidKind, IModelRegistry} from "../../../contracts/registry/IModelRegistry.sol";
import {DotKernel} from "../../../contracts/models/integer/DotKernel.sol";
import {IModelRunner} from "../../../contracts/models/integer/IModelRunner.sol";
import {Layer, NetworkFormat} from "../../../contracts/models/integer/NetworkFormat.sol";
import {TreeModel, Trees} from "../../../contracts/models/integer/TreeModel.sol";
import {Facts} from "../../../contracts/sum/Facts.sol";
import {Shape} from "../../../contracts/models/online/Shape.sol";
import {Terms as SumTerms} from "../../../contracts/sum/incentives/Terms.sol";
import {Rules} from "../../../contracts/market/Rules.sol";
import {Samples} from "../../../contracts/market/Samples.sol";
import {DenseLanes} from "../../../contracts/models/online/DenseLanes.sol";
import {SparseLanes} from "../../../contracts/models/online/SparseLanes.sol";

/// What the contracts read in arbitrary bytes: a digest of it, or zero where they refuse. The layouts of the inputs
/// are those of tests/parity/readers.py, which reads them in Python.
contract FuzzReaders {
    uint256 private constant FEATURES = 2;
    uint256 private constant STRIDE = FEATURES + 1;

    IModelRunner private immutable RUNNER;
    IModelRegistry private immutable REGISTRY;

    constructor(IModelRunner runner, IModelRegistry registry) {
        RUNNER = runner;
        REGISTRY = registry;
    }

    /// The function of each input begins with `selector`.
    function read(bytes4 selector, bytes[] calldata inputs) external view returns (bytes32[] memory found) {
        found = new bytes32[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            (bool read_, bytes memory digest) = address(this).staticcall(abi.encodeWithSelector(selector, inputs[i]));
            if (read_ && digest.length == 32) found[i] = abi.decode(digest, (bytes32));
        }
    }

    /// features (2) | classes (2) | model: its outputs for a sample that its hash fills.
    function model(bytes calldata input) external view returns (bytes32) {
        bytes memory encoded = input[4:];
        uint256 features = uint16(bytes2(input[:2]));
        RUNNER.check(encoded, features, uint16(bytes2(input[2:4])));
        bytes32 hash = keccak256(encoded);
        bytes memory sample = new bytes(features);
        for (uint256 i = 0; i < features; ++i) sample[i] = hash[i % 32];
        if (uint8(encoded[0]) == TreeModel.KIND) {
            uint256 place;
            assembly ("memory-safe") {
                place := add(sample, 32)
            }
            return keccak256(abi.encodePacked(TreeModel.run(TreeModel.parse(encoded), place)));
        }
        Layer[] memory layers = NetworkFormat.parse(encoded);
        return keccak256(abi.encodePacked(DotKernel.run(layers, sample, NetworkFormat.widest(layers))));
    }

    /// groups (1) | number (1) | size (1) | hashes in the proof (1) | root (32) | salt (32) | proof | data
    function group(bytes calldata input) external view returns (bytes32) {
        uint256 end = 68 + 32 * uint256(uint8(input[3]));
        Group memory opened = Group(bytes32(input[36:68]), input[end:], _words(input[68:end]));
        this.verify(_shape(input), uint8(input[1]), opened);
        return keccak256(opened.data);
    }

    /// groups (1) | number (1) | size (1) | hashes in the proof of the group (1) | root (32) | salt (32) |
    /// position (1) | sample (3) | proof of the group | proof of the sample
    function sample(bytes calldata input) external view returns (bytes32) {
        uint256 end = 72 + 32 * uint256(uint8(input[3]));
        Refutation memory evidence;
        evidence.salt = bytes32(input[36:68]);
        evidence.sample = input[69:72];
        evidence.groupProof = _words(input[72:end]);
        evidence.sampleProof = _words(input[end:]);
        this.verifySample(_shape(input), uint8(input[1]), uint8(input[68]), evidence);
        return keccak256(evidence.sample);
    }

    /// Calldata are what the library reads, so it is called from outside.
    function verify(Terms memory t, uint256 number, Group calldata opened) external pure {
        DataTree.verify(t, number, opened);
    }

    function verifySample(Terms memory t, uint256 number, uint256 position, Refutation calldata evidence)
        external
        pure
    {
        DataTree.verifySample(t, number, position, evidence);
    }

    /// The terms of a competition, ABI-encoded, as its creator sends them.
    function terms(bytes calldata input) external pure returns (bytes32) {
        Terms memory t = abi.decode(input, (Terms));
        TermsCodec.check(t);
        return keccak256(abi.encode(t));
    }

    /// record (32) | root (32) | position (1) | count (1) | proof
    function batch(bytes calldata input) external view returns (bytes32) {
        (bytes32 record, uint256 position, uint256 count) =
            (bytes32(input[:32]), uint8(input[64]), uint8(input[65]));
        (, bytes32 root) = REGISTRY.verifyInclusion(0, record, position, count, _words(input[66:]));
        return root == bytes32(input[32:64]) ? root : bytes32(0);
    }

    /// A CID as bytes.
    function cid(bytes calldata input) external pure returns (bytes32) {
        bytes32 digest = bytes32(input[input.length - 32:]);
        for (uint8 kind = 1; kind < 4; ++kind) {
            if (keccak256(Cids.encode(CidKind(kind), digest)) == keccak256(input)) {
                Cids.check(CidKind(kind), digest);
                return keccak256(input);
            }
        }
        return 0;
    }

    /// Samples in a row.
    function run(bytes calldata input) external pure returns (bytes32 digest) {
        digest = bytes32(uint256(1));
        for (uint256 from = 0; from < input.length;) {
            uint256 label;
            bytes calldata x;
            (label, x, from) = Samples.at(input, from);
            digest = keccak256(abi.encodePacked(digest, uint8(label), x));
        }
    }

    /// dims (2) | limit (2) | sparse features
    function sparse(bytes calldata input) external pure returns (bytes32) {
        SparseLanes.check(
            Shape.wrap(uint256(uint16(bytes2(input[:2]))) | (uint256(uint16(bytes2(input[2:4]))) << 48)), input[4:]
        );
        return keccak256(input[4:]);
    }

    /// dims (2) | dense features
    function dense(bytes calldata input) external pure returns (bytes32) {
        DenseLanes.check(input[2:], uint16(bytes2(input[:2])));
        return keccak256(input[2:]);
    }

    /// The settings of a model, in a word.
    function shape(bytes calldata input) external pure returns (bytes32) {
        Shape s = Shape.wrap(_word(input));
        return keccak256(abi.encode(s.dims(), s.classes(), s.limit(), s.rate(), s.bits(), s.baseBytes()));
    }

    /// What a contribution's event tells, in a word.
    function facts(bytes calldata input) external pure returns (bytes32) {
        Facts f = Facts.wrap(_word(input));
        return keccak256(
            abi.encode(
                f.contributor(),
                f.deposit(),
                f.time(),
                f.label(),
                f.surprise() ? 1 : 0,
                f.certainty(),
                f.hidden() ? 1 : 0
            )
        );
    }

    /// The terms of deposit, refund, take, in a word.
    function sumTerms(bytes calldata input) external pure returns (bytes32) {
        SumTerms t = SumTerms.wrap(_word(input));
        return keccak256(abi.encode(t.costWeight(), t.refundWait(), t.takeGap(), t.creatorWait(), t.anyWait()));
    }

    /// The rules of a market, in a word.
    function rules(bytes calldata input) external pure returns (bytes32) {
        Rules r = Rules.wrap(_word(input));
        bytes memory amounts = abi.encode(r.stake(), r.tip(), r.duration(), r.openWait(), r.revealWait(), r.capacity());
        bytes memory counts =
            abi.encode(r.portions(), r.samples(), r.maxBytes(), r.threshold(), r.margin(), r.strikes());
        return keccak256(abi.encodePacked(amounts, counts, abi.encode(r.passes(), r.loss(), r.validation(), r.weighted())));
    }

    function _shape(bytes calldata input) private pure returns (Terms memory t) {
        t.groups = uint8(input[0]);
        t.groupSize = uint8(input[2]);
        t.root = bytes32(input[4:36]);
        t.features = uint16(FEATURES);
        t.classes = 3;
        t.metric = Metric.Accuracy;
        require(t.groupSize > 0);
    }

    function _words(bytes calldata packed) private pure returns (bytes32[] memory words) {
        require(packed.length % 32 == 0);
        words = new bytes32[](packed.length / 32);
        for (uint256 i = 0; i < words.length; ++i) words[i] = bytes32(packed[32 * i:32 * i + 32]);
    }

    function _word(bytes calldata input) private pure returns (uint256) {
        require(input.length == 32);
        return uint256(bytes32(input));
    }
}

/// A token that tells nothing of itself, and takes whatever it is asked to.
contract MuteToken {
    mapping(address account => uint256) public balanceOf;

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        from;
        balanceOf[to] += amount;
        return true;
    }

    function allowance(address, address) external pure returns (uint256) {
        return type(uint256).max;
    }
}
