// What was sent from here, until it is mined, replaced or failed: kept over a reload, and told by its nonce, since a
// wallet that speeds up or cancels sends another transaction.
import { effect, signal } from "@preact/signals";
import type { Abi, Address, Hex } from "viem";
import { encodeFunctionData } from "viem/utils";
import { hexOf } from "../chain/read";
import { isOfPayment, sentence } from "../chain/sentence";
import { ask, config, head, look as lookAgain } from "../chain/site";
import { isEther, type Currency } from "../chain/token";
import { account, ready, wallet } from "./connection";

/** What a call takes of a token: by an approval, or out of the `balance` that the contract keeps, where it keeps one. */
export type Payment = { currency: Currency; amount: bigint; balance?(): Promise<bigint> };
export type Call = { purpose: string; to: Address; abi: Abi; functionName: string; args: unknown[]; value?: bigint; pays?: Payment };
type Sent = { purpose: string; hash: Hex; nonce: number; from: Address; to: Address; data: Hex; value: Hex; block: number };
type Mined = { hash: Hex; to: Address | null; input: Hex; from: Address; nonce: Hex; value: Hex };

const LEAST_MARGIN = 30_000; // for one slot more than was tried: what a falling price leaves is credited
const GAS_CAP = 2 ** 24; // of one transaction, EIP-7825
const QUICK = 300; // ms between looks, where a block comes at once
const MOST_BLOCKS = 50;

/** What happened last, for the page's live region. It stays until the next action. */
export const news = signal("");
/** Counts what was mined, so that views read again. */
export const mined = signal(0);
export const pending = signal<Sent[]>([]);

const place = (): string => `diln.sent.${config.value!.chainId}.${config.value!.genesis ?? ""}`;

/** How a call is paid: ether goes with it, of a token it `pays`. */
export const paying = (currency: Currency, amount: bigint, balance?: () => Promise<bigint>): Pick<Call, "value" | "pays"> =>
  isEther(currency) ? { value: amount } : { pays: { currency, amount, balance } };

/** Try a call, let the wallet send it, and wait for its block; what it takes of a token is provided before. Resolves to
 * whether it succeeded. */
export async function send(call: Call): Promise<boolean> {
  try {
    if (!ready.value) throw new Error("Connect a wallet on this chain first.");
    if (call.pays) {
      news.value = `${call.purpose}: trying it…`;
      await possible(call); // nothing moves for what would be refused
      if (!(await (await import("./tokens")).provide(call))) return false;
    }
    return await act(call);
  } catch (error) {
    news.value = `${call.purpose}: ${sentence(error)}`;
    return false;
  }
}

/** One transaction, followed to its block. Rejects where it cannot be sent. */
export async function act(call: Call): Promise<boolean> {
  const sent = await submit(call);
  news.value = `${call.purpose}: sent as ${sent.hash.slice(0, 10)}…, waiting for a block…`;
  return follow(sent);
}

/** Whether a call would succeed now, or would if its tokens were provided. Rejects with the refusal. */
export async function possible(call: Omit<Call, "purpose">): Promise<void> {
  await trial(call).catch(error => {
    if (!call.pays || !isOfPayment(error)) throw error;
  });
}

/** The block's answer to a call that nobody pays for. Rejects with the refusal. */
export async function trial({ to, abi, functionName, args, value = 0n }: Omit<Call, "purpose">): Promise<number> {
  const data = encodeFunctionData({ abi, functionName, args });
  return Number(await ask("eth_estimateGas", [{ from: account.value, to, data, value: hexOf(value) }, "latest"]));
}

async function submit({ purpose, ...call }: Call): Promise<Sent> {
  const { to, abi, functionName, args, value = 0n } = call;
  const from = account.value!, chosen = wallet.value!;
  news.value = `${purpose}: trying it…`;
  const needed = await trial(call); // a refusal costs nothing, and says why
  const gas = Math.min(needed + Math.max(Math.ceil(needed / 5), LEAST_MARGIN), Math.max(GAS_CAP, needed));
  const nonce = Number(await ask("eth_getTransactionCount", [from, "pending"]));
  news.value = `${purpose}: confirm it in ${chosen.name}…`;
  const data = encodeFunctionData({ abi, functionName, args });
  const transaction = { from, to, data, value: hexOf(value), gas: hexOf(gas) };
  const hash: Hex = await chosen.provider.request({ method: "eth_sendTransaction", params: [transaction] });
  const seen = await ask("eth_getTransactionByHash", [hash]); // the wallet chose the nonce
  const sent = { purpose, hash, nonce: seen ? Number(seen.nonce) : nonce, from, to, data, value: hexOf(value), block: head.value.block };
  keep([...pending.value, sent]);
  return sent;
}

/** Look again at what an earlier visit sent. */
export function resume(): void {
  try {
    pending.value = JSON.parse(localStorage.getItem(place()) ?? "[]");
  } catch {
    pending.value = [];
  }
  for (const sent of pending.value) {
    news.value = `${sent.purpose}: sent before as ${sent.hash.slice(0, 10)}…, waiting for a block…`;
    void follow(sent);
  }
}

function keep(all: Sent[]): void {
  pending.value = all;
  localStorage.setItem(place(), JSON.stringify(all));
}

async function follow(sent: Sent): Promise<boolean> {
  for (;;) {
    const outcome = await look(sent).catch(() => null); // a node that is away for a moment
    if (outcome) {
      keep(pending.value.filter(each => each.hash !== sent.hash));
      news.value = `${sent.purpose}: ${outcome.said}`;
      await lookAgain();
      mined.value++;
      return outcome.good;
    }
    await nextLook();
  }
}

async function look(sent: Sent): Promise<{ good: boolean; said: string } | null> {
  const receipt = await ask("eth_getTransactionReceipt", [sent.hash]);
  if (receipt) return judged(sent, receipt, "done");
  const next = Number(await ask("eth_getTransactionCount", [sent.from, "latest"]));
  if (next <= sent.nonce) return null;
  const other = await inItsPlace(sent);
  if (!other) return null;
  if (other.to?.toLowerCase() !== sent.to.toLowerCase() || other.input !== sent.data || BigInt(other.value) !== BigInt(sent.value)) {
    return { good: false, said: `your wallet replaced it by ${other.hash.slice(0, 10)}…, which does something else: it was cancelled.` };
  }
  return judged(sent, await ask("eth_getTransactionReceipt", [other.hash]), "sped up, and done");
}

async function judged(sent: Sent, receipt: any, word: string): Promise<{ good: boolean; said: string }> {
  if (Number(receipt.status)) return { good: true, said: `${word} in block ${Number(receipt.blockNumber)}, ${Number(receipt.gasUsed).toLocaleString("en")} gas.` };
  const { from, to, data, value } = sent;
  const reason = await ask("eth_call", [{ from, to, data, value }, receipt.blockNumber]).then(() => "it ran out of gas, or the state moved.", sentence);
  return { good: false, said: `the transaction failed: ${reason} The fee is spent.` };
}

/** The mined transaction with the same sender and nonce. */
async function inItsPlace(sent: Sent): Promise<Mined | undefined> {
  const last = Number(await ask("eth_blockNumber"));
  for (let number = last; number >= Math.max(sent.block, last - MOST_BLOCKS); number--) {
    const block = await ask("eth_getBlockByNumber", [hexOf(number), true]);
    const found = block.transactions.find((each: Mined) =>
      each.from.toLowerCase() === sent.from.toLowerCase() && Number(each.nonce) === sent.nonce);
    if (found) return found;
  }
  return undefined;
}

/** The next block, or a moment on a development chain, whose blocks come when somebody sends. */
function nextLook(): Promise<void> {
  if (config.value?.development) return new Promise(resolve => setTimeout(resolve, QUICK));
  const seen = head.value.block;
  return new Promise(resolve => {
    const stop = effect(() => {
      if (head.value.block !== seen) {
        queueMicrotask(() => stop());
        resolve();
      }
    });
  });
}
