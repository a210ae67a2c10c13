// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";

/// @title Signatures
/// @notice Whether somebody has signed: a key (65 bytes, or 64 by EIP-2098) or a contract (ERC-1271). Signers are tried
/// as keys first: that needs no look at their accounts, and keys that have delegated to code (EIP-7702) go on signing.
library Signatures {
    /// @notice This is not what `signer` has signed.
    error BadSignature(address signer);

    /// @notice Revert unless `signer` has signed `digest`.
    function check(address signer, bytes32 digest, bytes calldata signature) internal view {
        require(signer != address(0), BadSignature(signer)); // what no key has signed is recovered as zero
        if (ECDSA.tryRecoverCalldata(digest, signature) == signer) return;
        bool agreed = SignatureCheckerLib.isValidERC1271SignatureNowCalldata(signer, digest, signature);
        require(agreed, BadSignature(signer));
    }
}
