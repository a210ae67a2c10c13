// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Factory} from "../../../contracts/kernel/Factory.sol";
import {Instance} from "../../../contracts/kernel/Instance.sol";
import {Merkle} from "../../../contracts/kernel/Merkle.sol";
import {Relayed} from "../../../contracts/kernel/Relayed.sol";
import {Seed} from "../../../contracts/kernel/Seed.sol";

struct Walk {
    bytes32 node;
    bytes32[] proof;
    uint256 index;
    uint256 count;
}

/// @notice The kernel's libraries, asked one by one.
contract KernelProbe {
    function seedOf(uint256 number, uint256 depth) external view returns (bytes32) {
        return Seed.read(number, depth);
    }

    function isSeedLost(uint256 number) external view returns (bool) {
        return Seed.isLost(number);
    }

    function rootOf(bytes32[] memory nodes) external pure returns (bytes32) {
        return Merkle.rootOf(nodes);
    }

    function climbAll(Walk[] calldata walks) external pure returns (bytes32[] memory ends) {
        ends = new bytes32[](walks.length);
        for (uint256 i = 0; i < walks.length; ++i) {
            ends[i] = Merkle.climb(walks[i].node, walks[i].proof, walks[i].index, walks[i].count);
        }
    }
}

/// @notice Adds up what people sign.
contract RelayedProbe is Relayed {
    bytes32 private constant ADDITION =
        keccak256("Addition(address signer,bytes[] items,uint256 nonce,uint256 deadline)");

    mapping(address signer => uint256) public nonces;
    mapping(address signer => uint256) public sums;

    function addFor(address signer, bytes[] calldata items, uint256 deadline, bytes calldata signature) external {
        _checkDeadline(deadline);
        bytes32 content = keccak256(abi.encode(ADDITION, signer, _hashAll(items), _useNonce(signer), deadline));
        _checkSigned(signer, content, signature);
        for (uint256 i = 0; i < items.length; ++i) {
            sums[signer] += items[i].length;
        }
    }

    function _useNonce(address signer) internal override returns (uint256) {
        return nonces[signer]++;
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("Relayed probe", "1");
    }
}

/// @notice What a factory makes: it tells its arguments.
contract InstanceProbe is Instance {
    function argumentsOf() external view returns (bytes memory args) {
        _checkClone();
        args = address(this).code;
        assembly {
            let length := sub(mload(args), ARGUMENTS)
            args := add(args, ARGUMENTS)
            mstore(args, length)
        }
    }
}

/// @notice A factory for anything.
contract FactoryProbe is Factory {
    function create(address implementation, bytes calldata args, bytes32 salt) external payable {
        _create(implementation, args, salt, msg.value);
    }

    function locate(address implementation, bytes calldata args, address creator, bytes32 salt)
        external
        view
        returns (address)
    {
        return _locate(implementation, args, creator, salt);
    }
}
