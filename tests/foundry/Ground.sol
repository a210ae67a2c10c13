// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Cheats} from "./Cheats.sol";

/// @notice What every handler and every test stands on: cheat codes, deployment of what the package ships, the time.
abstract contract Ground {
    Cheats internal constant vm = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @notice Deploy the contract `name` as it was compiled into the package, or as a mutant of it that the
    /// environment names (DILN_MUTANT, a folder of artifacts that go before the package's).
    function _deploy(string memory name, bytes memory arguments) internal returns (address deployed) {
        bytes memory code = bytes.concat(_code(name), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        require(deployed != address(0), name);
    }

    function _code(string memory name) private view returns (bytes memory) {
        string memory folder = vm.envOr("DILN_MUTANT", string("orchestrator/chain/artifacts"));
        try vm.readFile(string.concat(folder, "/", name, ".json")) returns (string memory json) {
            return vm.parseJsonBytes(json, ".bytecode");
        } catch {
            return vm.parseJsonBytes(
                vm.readFile(string.concat("orchestrator/chain/artifacts/", name, ".json")), ".bytecode"
            );
        }
    }

    /// @notice Send `data` from `sender`; the caller decides what a refusal means.
    function _send(address sender, address target, uint256 value, bytes memory data)
        internal
        returns (bool done, bytes memory result)
    {
        vm.prank(sender);
        return target.call{value: value}(data);
    }

    /// @notice The custom error's selector in revert data; zero if there is none.
    function _selector(bytes memory reason) internal pure returns (bytes4 selector) {
        if (reason.length >= 4) {
            assembly ("memory-safe") {
                selector := mload(add(reason, 0x20))
            }
        }
    }

    function _below(uint256 seed, uint256 bound) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed))) % bound;
    }
}

/// @notice A handler's time: its own variable, since the compiler may take the block's for one that does not change.
abstract contract Clock is Ground {
    uint256 public time = 1_800_000_000;
    uint256 public height = 1_000_000;

    /// @dev The base fee chooses among mutants (tests/mutation); what is shipped does not look at it.
    constructor() {
        vm.fee(vm.envOr("DILN_MUTANT_NUMBER", uint256(0)));
    }

    /// @notice Let blocks of twelve seconds pass, at least one.
    function _pass(uint256 seconds_) internal {
        uint256 blocks = (seconds_ + 11) / 12;
        if (blocks == 0) blocks = 1;
        time += blocks * 12;
        height += blocks;
        vm.warp(time);
        vm.roll(height);
    }

    /// @notice Three of four actions come in a block of their own.
    function _tick(uint256 seed) internal {
        if (seed & 3 != 0) _pass(12);
    }
}
