// What is committed to now and revealed later, as contracts/kernel/Commitments.sol hashes it. It is computed here: a
// node that told another value would have its user pay for a commitment that nobody can open.
import type { Address, Hex } from "viem";
import { encodeAbiParameters, keccak256, stringToHex } from "viem/utils";
import { config } from "./site";

/** keccak256 of values as `abi.encode` lays them out; `types` are separated by spaces. */
export const hashOf = (types: string, ...values: unknown[]): Hex =>
  keccak256(encodeAbiParameters(types.split(" ").map(type => ({ type })), values));

/** The commitment of `who` to `payload` in a contract. */
export const commitment = (domain: string, contract: Address, who: Address, payload: Hex, salt: Hex): Hex =>
  hashOf("bytes32 uint256 address address bytes32 bytes32",
    keccak256(stringToHex(domain)), BigInt(config.value!.chainId), contract, who, payload, salt);
