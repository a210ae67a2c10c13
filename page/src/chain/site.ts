// Which chain the page looks at, where its contracts stand, and its latest block.
import { computed, signal } from "@preact/signals";
import type { Address, Hex } from "viem";
import { addresses } from "../generated/addresses";
import type { Contract } from "./read";
import { overHttp, type Ask } from "./request";

export type Config = {
  network: string;
  chainId: number;
  genesis?: Hex;
  development: boolean;
  contracts: Record<string, Contract>;
  page?: string; // the CID of the page that is served
  rpc?: string; // the node's URL, where it has one that wallets can be told
};
export type Head = { block: number; time: number };

const POLL = 4000;
const DEVELOPMENT = new Set([0x44494c4e, 31337, 1337]);

export const config = signal<Config | null>(null);
export const head = signal<Head>({ block: 0, time: 0 });
export const fault = signal("");
export const base = (): string => new URL(".", document.baseURI).href;

let current: Ask = () => Promise.reject(new Error("No chain is reached yet."));
/** Asks the chain that the page looks at. */
export const ask: Ask = (method, params) => current(method, params);

/** The chain's time now: development chains run ahead of the clock, and make no block where nobody sends. */
const skew = signal(0);
export const now = (): number => Date.now() / 1000 + skew.value;

/** A contract by name. Throws where this chain has none. */
export function contract(name: string): Contract {
  const found = config.value?.contracts[name];
  const job = name.replace(/^Model|Factory$/g, "").toLowerCase();
  if (!found) throw new Error(`This chain has no ${name}: \`diln migrate ${job}\` deploys it. Then load this page again.`);
  return found;
}

export const development = computed(() => !!config.value && config.value.development && DEVELOPMENT.has(config.value.chainId));

/** Look for the chain: beside the page (`diln page`), else where the user says. */
export async function start(): Promise<void> {
  const beside = new URL("diln.json", base()).href;
  let found: Config | null = null;
  try {
    const response = await fetch(beside);
    if (response.ok) found = await response.json();
  } catch {
    // no such host or file: told below
  }
  if (!found?.chainId) {
    fault.value = `No chain is reachable: ${beside} names none, as it would if \`diln page\` served this page. Give a node's URL below, or connect a wallet.`;
    return;
  }
  const rpc = new URL("rpc", base()).href;
  use(overHttp(rpc), { ...found, rpc });
}

/** Look at the chain of a node by its URL, or of a wallet by its provider. */
export async function reach(node: Ask, name: string, rpc?: string): Promise<void> {
  const chainId = Number(await node("eth_chainId"));
  const contracts = Object.fromEntries(Object.entries(addresses).map(([key, address]) => [key, { address, block: 0 }]));
  fault.value = "";
  use(node, { network: name, chainId, development: false, contracts, rpc });
}

function use(node: Ask, found: Config): void {
  current = node;
  config.value = found;
  void look();
}

/** Read the latest block. */
export async function look(): Promise<void> {
  try {
    const [latest, pending] = await Promise.all([
      ask("eth_getBlockByNumber", ["latest", false]),
      development.value ? ask("eth_getBlockByNumber", ["pending", false]) : null,
    ]);
    head.value = { block: Number(latest.number), time: Number(latest.timestamp) };
    skew.value = pending ? Number(pending.timestamp) - Date.now() / 1000 : 0;
    fault.value = "";
  } catch (error) {
    fault.value = `The chain cannot be read: ${(error as Error).message}`;
  }
}

/** Read it again and again, while somebody looks. */
export function poll(): void {
  setInterval(() => config.value && !document.hidden && void look(), POLL);
}

export const addressOf = (name: string): Address => contract(name).address;
