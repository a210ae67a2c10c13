// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CidKind, IModelRegistry} from "./IModelRegistry.sol";

/// @title Cids
/// @notice IPFS content identifiers, packed into a kind and a SHA-256 digest.
library Cids {
    /// @notice Refuse a CID without a digest, and a digest without a CID.
    function check(CidKind kind, bytes32 digest) internal pure {
        require((kind == CidKind.None) == (digest == 0), IModelRegistry.InvalidCid(kind, digest));
    }

    /// @notice The binary CID: version and codec (CIDv1 only), then the multihash sha2-256 (0x12) of 32 (0x20) bytes.
    function encode(CidKind kind, bytes32 digest) internal pure returns (bytes memory) {
        if (kind == CidKind.Raw) return abi.encodePacked(hex"01551220", digest);
        if (kind == CidKind.DagPb) return abi.encodePacked(hex"01701220", digest);
        if (kind == CidKind.DagPbV0) return abi.encodePacked(hex"1220", digest);
        return "";
    }
}
