// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {Signatures} from "./Signatures.sol";

/// @title Relayed
/// @notice What somebody signs (EIP-712) and anybody sends, so that the signer needs no ether. A signature binds the
/// chain and the contract; it counts once, because its message holds the signer's nonce (`_useNonce`), and until
/// its deadline (`_checkDeadline`).
abstract contract Relayed is EIP712 {
    /// @notice What was signed could be sent until `deadline`.
    error SignatureExpired(uint256 deadline);

    /// @dev Revert unless `signer` signed the message whose hashStruct, as EIP-712 calls it, is `content`.
    function _checkSigned(address signer, bytes32 content, bytes calldata signature) internal view {
        Signatures.check(signer, _hashTypedData(content), signature);
    }

    function _checkDeadline(uint256 deadline) internal view {
        // slither-disable-next-line timestamp (the signer chose it)
        require(block.timestamp <= deadline, SignatureExpired(deadline));
    }

    /// @dev EIP-712's hash of `bytes[]`.
    function _hashAll(bytes[] calldata items) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(items[i]);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    /// @dev The nonce that `signer`'s message must hold. It is used up.
    function _useNonce(address signer) internal virtual returns (uint256 nonce);
}
