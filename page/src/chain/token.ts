// Money: ether, or a token (ERC-20). A token is a stranger's contract: it may say nothing, lie, or say what would pass
// for ether. So it is asked for little, and named by its address where its symbol is not a plain word.
import type { Abi, Address, Hex } from "viem";
import { decodeAbiParameters, encodeFunctionData, formatUnits, hexToString, parseUnits, size, slice, trim } from "viem/utils";
import { ask, config } from "./site";
import { short, shown } from "./words";

/** `said` is what a token calls itself, bounded and escaped, where that is not what it is called here. */
export type Currency = { address: Address; symbol: string; decimals: number; said: string };

export const ETHER: Currency = { address: "0x0000000000000000000000000000000000000000", symbol: "ETH", decimals: 18, said: "" };
const callable = (name: string, ...types: string[]) => ({ type: "function", name, stateMutability: "nonpayable", inputs: types.map(type => ({ type })), outputs: [] });
/** What is called of tokens, and of contracts that keep balances of them; answers are read by hand. */
export const abi = [
  callable("balanceOf", "address"), callable("allowance", "address", "address"), callable("decimals"), callable("symbol"),
  callable("approve", "address", "uint256"), callable("fund", "address", "uint256"),
] as Abi;

const PLAIN = /^[a-zA-Z0-9]{1,11}$/, RESERVED = /^(ethers?|eth|g?wei)$/i;
const LARGEST_DECIMALS = 77; // 10^77 fits into a word
const GAS = "0x493e0"; // of one question: bounds how long a token thinks, and how much it answers
const LONGEST = 4096; // bytes of an answer that are looked at
const WORD = 32;

const known = new Map<string, Promise<Currency>>();

/** The currency of a contract's token; the zero address is ether. Rejects only where the node does not answer. */
export function currencyOf(address: Address): Promise<Currency> {
  if (!BigInt(address)) return Promise.resolve(ETHER);
  const key = `${config.value?.chainId} ${address}`;
  const found = known.get(key) ?? described(address);
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

async function described(address: Address): Promise<Currency> {
  const [symbol, decimals] = await Promise.all([told(address, "symbol"), told(address, "decimals")]);
  return { address, ...named(address, textOf(symbol)), decimals: decimalsOf(decimals) };
}

/** What a token is called here, by what it calls itself. */
export function named(address: Address, symbol: string): Pick<Currency, "symbol" | "said"> {
  if (PLAIN.test(symbol) && !RESERVED.test(symbol)) return { symbol, said: "" };
  return { symbol: `units of ${short(address)}`, said: shown(symbol, 40) };
}

/** The text in a token's answer: a string, or as the first tokens did, a word filled up with zeros. */
export function textOf(answer: Hex): string {
  try {
    if (size(answer) === WORD) return hexToString(trim(answer, { dir: "right" }));
    return size(answer) ? decodeAbiParameters([{ type: "string" }], answer)[0] : "";
  } catch {
    return "";
  }
}

export function decimalsOf(answer: Hex): number {
  const found = size(answer) < WORD ? 0n : BigInt(slice(answer, 0, WORD));
  return found <= LARGEST_DECIMALS ? Number(found) : 0;
}

/** A token's answer, cut; nothing where it refuses. */
async function told(to: Address, functionName: string, args: unknown[] = []): Promise<Hex> {
  const data = encodeFunctionData({ abi, functionName, args });
  try {
    const answer: Hex = await ask("eth_call", [{ to, data, gas: GAS }, "latest"]);
    return size(answer) > LONGEST ? slice(answer, 0, LONGEST) : answer;
  } catch (error: any) {
    if (!error.code) throw error; // nobody answered: that says nothing of the token
    return "0x";
  }
}

async function number(token: Address, functionName: string, args: unknown[]): Promise<bigint> {
  const answer = await told(token, functionName, args);
  if (size(answer) < WORD) throw new Error(`The contract at ${token} is not a token: it does not tell its ${functionName === "balanceOf" ? "balances" : "approvals"}.`);
  return BigInt(slice(answer, 0, WORD));
}

/** What `owner` has of a token, by its own word. */
export const heldOf = (token: Address, owner: Address): Promise<bigint> => number(token, "balanceOf", [owner]);

/** What `spender` may take of `owner`'s tokens. */
export const allowanceOf = (token: Address, owner: Address, spender: Address): Promise<bigint> => number(token, "allowance", [owner, spender]);

export const isEther = ({ address }: Currency): boolean => !BigInt(address);

/** An amount in coins, exactly, with their name. */
export const coins = (amount: bigint | number, { symbol, decimals }: Currency): string => `${formatUnits(BigInt(amount), decimals)} ${symbol}`;

/** Coins that somebody wrote, in smallest units; 0 where it is not an amount. */
export function parsed(text: string, { decimals }: Currency): bigint {
  return /^\d{0,40}\.?\d{0,80}$/.test(text) && /\d/.test(text) ? parseUnits(text as `${number}`, decimals) : 0n;
}
