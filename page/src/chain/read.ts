// Calls of contracts and their events, by ABI.
import type { Abi, Address, Hex } from "viem";
import { decodeEventLog, decodeFunctionResult, encodeEventTopics, encodeFunctionData } from "viem/utils";
import type { Ask } from "./request";

export type Contract = { address: Address; block: number };
export type Log = { args: any; block: number; index: number; transaction: Hex };

export const hexOf = (value: number | bigint): Hex => `0x${value.toString(16)}`;

/** What a function returns in the block that would be mined now, or after `block`. */
export async function read<T>(
  ask: Ask, abi: Abi, address: Address, functionName: string, args: unknown[] = [], block: Hex | "latest" = "latest",
): Promise<T> {
  const data = await ask("eth_call", [{ to: address, data: encodeFunctionData({ abi, functionName, args }) }, block]);
  return decodeFunctionResult({ abi, functionName, data }) as T;
}

/** Events since the contract began, oldest first; `args` are the indexed values that are looked for. */
export async function events(
  ask: Ask, abi: Abi, { address, block }: Contract, eventName: string, args: Record<string, unknown> = {},
): Promise<Log[]> {
  const topics = encodeEventTopics({ abi, eventName, args } as any);
  const found: any[] = await ask("eth_getLogs", [{ address, fromBlock: hexOf(block), toBlock: "latest", topics }]);
  return found.map(log => ({
    args: decodeEventLog({ abi, data: log.data, topics: log.topics }).args,
    block: Number(log.blockNumber),
    index: Number(log.logIndex),
    transaction: log.transactionHash,
  }));
}

/** A word of packed fields, the first in the lowest bits; `widths` says how many bits each has. */
export function unpacked<K extends string>(word: bigint, widths: Record<K, number>): Record<K, number> {
  const found = {} as Record<K, number>;
  for (const name in widths) {
    found[name] = Number(word & ((1n << BigInt(widths[name])) - 1n));
    word >>= BigInt(widths[name]);
  }
  return found;
}

/** `things` in pages, so that no call takes more gas than a block has. */
export function* pages<T>(things: T[], size = 50): Generator<T[]> {
  for (let first = 0; first < things.length; first += size) yield things.slice(first, first + size);
}
