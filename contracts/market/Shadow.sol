// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Words} from "../models/online/Words.sol";

/// @title Shadow
/// @notice The market's second copy of the model: how it was before the contribution that is being judged.
///
/// Both copies hold what `Words` keeps in storage (words minus the base), so all zero is the initial model.
library Shadow {
    /// @dev keccak256("diln.sum.market.shadow") with the highest 8 and the lowest 32 bits cleared.
    // slither-disable-next-line too-many-digits
    uint256 internal constant SPAN = 0x00efd562d95a0de0a8b83fdbf97e8044c7cef1d80003e4bc3cdc2bc300000000;

    /// @notice Accept what the model has learned: copy its `length` words to the shadow.
    function keep(uint256 length) internal {
        for (uint256 k; k < length; ++k) {
            uint256 word = _get(Words.SPAN + k);
            if (word != _get(SPAN + k)) _set(SPAN + k, word);
        }
    }

    /// @notice Take back what the model has learned since `keep`.
    function restore(uint256 length) internal {
        for (uint256 k; k < length; ++k) {
            uint256 word = _get(SPAN + k);
            if (word != _get(Words.SPAN + k)) _set(Words.SPAN + k, word);
        }
    }

    /// @notice Take back everything: the initial model, in both copies.
    function reset(uint256 length) internal {
        for (uint256 k; k < length; ++k) {
            if (_get(Words.SPAN + k) != 0) _set(Words.SPAN + k, 0);
            if (_get(SPAN + k) != 0) _set(SPAN + k, 0);
        }
    }

    /// @notice Whether the model is another one than the shadow.
    function differs(uint256 length) internal view returns (bool) {
        for (uint256 k; k < length; ++k) {
            if (_get(Words.SPAN + k) != _get(SPAN + k)) return true;
        }
        return false;
    }

    function _get(uint256 slot) private view returns (uint256 word) {
        // A slot given by its number, as in Words:
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function _set(uint256 slot, uint256 word) private {
        // A slot given by its number, as in Words:
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }
}
