// Tokens: what strangers' contracts say of themselves, and what is approved of them, on a chain that is played here.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Hex } from "viem";
import { decodeFunctionData, encodeAbiParameters, encodeErrorResult, encodeFunctionData, stringToHex, toHex } from "viem/utils";
import { isOfPayment, sentence } from "../../src/chain/sentence";
import { levelOf } from "../../src/chain/shared";
import { config, reach } from "../../src/chain/site";
import { abi, coins, currencyOf, decimalsOf, ETHER, named, parsed, textOf, type Currency } from "../../src/chain/token";
import { account, wallet } from "../../src/wallet/connection";
import { news, paying, pending, resume, send } from "../../src/wallet/transactions";
import { errors } from "../../src/generated/errors";

const TOKEN = "0x00000000000000000000000000000000000000aa", CONTRACT = "0x00000000000000000000000000000000000000cc", ME = "0x00000000000000000000000000000000000000bb";
const text = (value: string): Hex => encodeAbiParameters([{ type: "string" }], [value]);
const word = (value: bigint): Hex => toHex(value, { size: 32 });
const BUY = [{ type: "function", name: "buy", stateMutability: "nonpayable", inputs: [], outputs: [] }];
const TOKENS: Currency = { address: TOKEN, symbol: "TKN", decimals: 2, said: "" };

/** A chain of one token and one contract that takes 500 of it, from a balance or by allowance. */
const chain = {
  held: 1000n, allowed: 0n, inside: 0n, fee: 0n, strict: false, ignores: false, symbol: text("TKN"), decimals: word(2n), blocks: 0, sent: [] as string[],
  transactions: new Map<string, any>(), keepsBalances: false,
};
const fresh = { ...chain };

function apply({ to, data }: { to: string; data: Hex }): void {
  if (to === CONTRACT && data === encodeFunctionData({ abi: BUY })) {
    if (chain.keepsBalances ? chain.inside < 500n : chain.allowed < 500n) throw refusal("Underfunded", [chain.inside, 500n]);
    if (chain.keepsBalances) chain.inside -= 500n;
    else [chain.allowed, chain.held] = [chain.allowed - 500n, chain.held - 500n];
    chain.sent.push("buy");
    return;
  }
  const { functionName, args = [] } = decodeFunctionData({ abi, data }) as { functionName: string; args?: readonly any[] };
  chain.sent.push(`${functionName} ${args[1]}`);
  if (functionName === "approve") {
    assert.equal(args[0].toLowerCase(), CONTRACT);
    if (chain.strict && chain.allowed && args[1]) throw refusal("NothingOwed", []);
    if (!chain.ignores) chain.allowed = args[1];
  } else {
    [chain.allowed, chain.held, chain.inside] = [chain.allowed - args[1], chain.held - args[1], chain.inside + args[1] - (args[1] * chain.fee) / 100n];
  }
}

const refusal = (errorName: string, args: unknown[]): Error => Object.assign(new Error("reverted"), { code: 3, data: encodeErrorResult({ abi: errors, errorName, args } as any) });

async function ask(method: string, params: any[] = []): Promise<any> {
  switch (method) {
    case "eth_chainId": return "0x7a69";
    case "eth_blockNumber": return toHex(chain.blocks);
    case "eth_getBlockByNumber": return { number: toHex(chain.blocks), timestamp: "0x1", transactions: [] };
    case "eth_getTransactionCount": return "0x0";
    case "eth_getTransactionByHash": return null;
    case "eth_getTransactionReceipt": return chain.transactions.has(params[0]) ? { status: "0x1", blockNumber: "0x1", gasUsed: "0x1" } : null;
    case "eth_estimateGas": {
      const before = { ...chain, sent: [...chain.sent] };
      try { apply(params[0]); } finally { Object.assign(chain, before); }
      return "0x5208";
    }
    case "eth_call": {
      const { functionName } = decodeFunctionData({ abi, data: params[0].data }) as { functionName: string };
      return { balanceOf: word(chain.held), allowance: word(chain.allowed), symbol: chain.symbol, decimals: chain.decimals }[functionName];
    }
    case "eth_sendTransaction": {
      apply(params[0]);
      const hash = toHex(++chain.blocks, { size: 32 });
      chain.transactions.set(hash, params[0]);
      return hash;
    }
  }
  throw new Error(method);
}

beforeEach(async () => {
  const stored = new Map<string, string>();
  Object.assign(globalThis, { document: { hidden: true }, localStorage: { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => stored.set(key, value) } });
  Object.assign(chain, { ...fresh, sent: [], transactions: new Map() });
  await reach(ask, "played");
  config.value = { ...config.value!, development: true }; // looks again at once
  pending.value = [];
  wallet.value = { id: "test", name: "Test", provider: { request: ({ method, params }) => ask(method, params as any[]) }, known: true };
  account.value = ME;
  (await import("../../src/wallet/connection")).onChain("0x7a69");
});

const buy = (currency = TOKENS, balance?: () => Promise<bigint>) => send({ purpose: "Buying", to: CONTRACT, abi: BUY as any, functionName: "buy", args: [], ...paying(currency, 500n, balance) });
const inside = async (): Promise<bigint> => chain.inside;

test("a token's name: plain words only; ether's, direction marks and long ones are told, bounded and escaped", () => {
  assert.deepEqual(named(TOKEN, "DAI"), { symbol: "DAI", said: "" });
  for (const odd of ["", "ETH", "eth", "Ether", "a b", "\u202eHTE", "<b>", "ÐAI", "x".repeat(12)]) assert.match(named(TOKEN, odd).symbol, /^units of 0x0000/);
  const { said } = named(TOKEN, `\u202e${"x".repeat(1000)}`);
  assert.ok(said.startsWith("\\u{202e}x") && said.length < 60, said);
});

test("a token's answers: a string, a word, nothing, nonsense; decimals that fit into a word", () => {
  assert.equal(textOf(text("TKN")), "TKN");
  assert.equal(textOf(stringToHex("MKR", { size: 32 })), "MKR");
  for (const odd of ["0x", "0x12", word(2n ** 255n), `${word(32n)}${word(2n ** 200n).slice(2)}`] as Hex[]) assert.ok(textOf(odd).length < 40);
  assert.deepEqual([word(18n), word(77n), word(78n), word(255n), word(2n ** 255n), "0x" as Hex, "0x01" as Hex].map(decimalsOf), [18, 77, 0, 0, 0, 0, 0]);
});

test("amounts: exact in coins, and nothing for what is none", () => {
  assert.equal(coins(1n, { ...TOKENS, decimals: 18 }), "0.000000000000000001 TKN");
  assert.equal(coins(2n ** 256n - 1n, { ...TOKENS, decimals: 0 }).length, 82);
  assert.equal(parsed("1.25", TOKENS), 125n);
  assert.equal(parsed(".5", TOKENS), 50n);
  for (const none of ["", ".", "-1", "1e9", "0x1", "1,5", "9".repeat(200)]) assert.equal(parsed(none, TOKENS), 0n);
});

test("currency: read once, and a token that answers with a megabyte is cut", async () => {
  chain.symbol = `${word(32n)}${word(2n ** 19n).slice(2)}${"61".repeat(2 ** 19)}`;
  const found = await currencyOf("0x00000000000000000000000000000000000000ab");
  assert.match(found.symbol, /^units of /);
  assert.ok(found.said.length <= 40);
  assert.equal(await currencyOf(ETHER.address), ETHER);
});

test("by allowance: exactly what is taken is approved, and nothing stays", async () => {
  assert.equal(await buy(), true, news.value);
  assert.deepEqual(chain.sent, ["approve 500", "buy"]);
  assert.equal(chain.allowed, 0n);
});

test("into a balance: just what is missing is approved and brought in", async () => {
  chain.keepsBalances = true;
  chain.inside = 200n;
  assert.equal(await buy(TOKENS, inside), true, news.value);
  assert.deepEqual(chain.sent, ["approve 300", "fund 300", "buy"]);
  chain.inside = 500n;
  assert.equal(await buy(TOKENS, inside), true);
  assert.deepEqual(chain.sent.slice(3), ["buy"]);
});

test("a smaller approval is set to zero first; a larger one is used as it is", async () => {
  Object.assign(chain, { strict: true, allowed: 1n });
  assert.equal(await buy(), true, news.value);
  assert.deepEqual(chain.sent, ["approve 0", "approve 500", "buy"]);
  Object.assign(chain, { allowed: 500n, sent: [] });
  assert.equal(await buy(), true);
  assert.deepEqual(chain.sent, ["buy"]);
});

test("too little of it, a token that forgets approvals, one that keeps a part: a sentence, and no more is sent", async () => {
  chain.held = 499n;
  assert.equal(await buy(), false);
  assert.equal(news.value, "Buying: You have 4.99 TKN, but 5 TKN are needed.");
  assert.deepEqual(chain.sent, []);
  Object.assign(chain, { held: 1000n, ignores: true });
  assert.equal(await buy(), false);
  assert.match(news.value, /did not keep the approval/);
  Object.assign(chain, { ignores: false, keepsBalances: true, fee: 1n, sent: [] });
  const greedy = { ...TOKENS, address: "0x00000000000000000000000000000000000000dd" } as Currency;
  assert.equal(await buy(greedy, inside), false);
  assert.match(news.value, /keeps a part of each transfer: 0\.05 TKN are still missing. Press again to bring 0\.06 TKN in/);
  assert.equal(await buy(greedy, inside), true, news.value); // with what the token will keep of the rest
  assert.deepEqual(chain.sent, ["approve 500", "fund 500", "approve 6", "fund 6", "buy"]);
});

test("an approval that is on its way over a reload is waited for, not sent again", async () => {
  const data = encodeFunctionData({ abi, functionName: "approve", args: [CONTRACT, 500n] }), hash = toHex(99, { size: 32 });
  const sent = { purpose: "Approving 5 TKN", hash, nonce: 0, from: ME, to: TOKEN, data, value: "0x0", block: 0 };
  localStorage.setItem("diln.sent.31337.", JSON.stringify([sent]));
  resume();
  assert.equal(news.value, "Approving 5 TKN: sent before as 0x00000000…, waiting for a block…");
  setTimeout(() => {
    chain.transactions.set(hash, sent);
    chain.allowed = 500n;
  }, 500);
  assert.equal(await buy(), true, news.value);
  assert.deepEqual(chain.sent, ["buy"]);
});

test("refusals: money is missing, or something else", () => {
  assert.equal(isOfPayment(refusal("Underfunded", [1n, 2n])), true);
  assert.equal(isOfPayment({ data: "0x7939f424" }), true); // TransferFromFailed()
  assert.equal(isOfPayment(refusal("NothingOwed", [])), false);
  assert.match(sentence({ data: "0x7939f424" }), /could not be taken/);
  assert.match(sentence(refusal("WrongPayment", [99n, 100n])), /keeps a part of each transfer/);
});

test("levels: from ten points on, one for each doubling", () => {
  assert.deepEqual([0, 9, 10, 19, 20, 39, 40, 10_240].map(levelOf), [0, 0, 1, 1, 2, 2, 3, 11]);
});
