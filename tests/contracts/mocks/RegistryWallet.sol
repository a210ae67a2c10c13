// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

enum Behaviour {
    Honest,
    Refuses,
    Reverts,
    AnswersShort,
    AnswersDirty,
    BurnsGas,
    Reenters
}

/// @notice A contract wallet (EIP-1271) with one key, that can also misbehave; it acts for its key through `execute`.
contract RegistryWallet {
    address private immutable _KEY;

    Behaviour public behaviour;
    address private _target;
    bytes private _call;

    error Refused();

    constructor(address key) {
        _KEY = key;
    }

    function behave(Behaviour newBehaviour) external {
        behaviour = newBehaviour;
    }

    /// @dev What `Reenters` does while it is asked for its signature.
    function plan(address target, bytes calldata call) external {
        _target = target;
        _call = call;
    }

    /// @dev All calls in one transaction; the first that fails fails it.
    function execute(address target, bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool success, bytes memory result) = target.call(calls[i]);
            if (!success) {
                assembly {
                    revert(add(result, 0x20), mload(result))
                }
            }
        }
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (behaviour == Behaviour.Refuses) return 0xffffffff;
        require(behaviour != Behaviour.Reverts, Refused());
        if (behaviour == Behaviour.AnswersShort) {
            assembly {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
        }
        if (behaviour == Behaviour.AnswersDirty) {
            assembly {
                mstore(0, or(shl(224, 0x1626ba7e), 1))
                return(0, 32)
            }
        }
        while (behaviour == Behaviour.BurnsGas) {}
        if (behaviour == Behaviour.Reenters) {
            (bool success,) = _target.staticcall(_call);
            require(success, Refused());
        }
        return ECDSA.recover(hash, signature) == _KEY ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}
