// Errors as sentences: what a contract refused and why, what a wallet declined, who does not answer.
import type { Hex } from "viem";
import { decodeErrorResult } from "viem/utils";
import { errors, sentences } from "../generated/errors";
import { moment, shown } from "./words";

const DECLINED = 4001;
const UNKNOWN_CHAIN = 4902;
const LONGEST = 600; // of what a node or a wallet says

const OWN: Record<string, (values: any[]) => string> = {
  BadFeatures: () => "The model cannot take this sample.",
  PriceAboveMaximum: () => "The deposit is now above the most that you allowed.",
  TransferFromFailed: () => "The token could not be taken: it refused, or it is not a token.",
  TransferFailed: () => "The token could not be sent: it refused, or it is not a token.",
  WrongPayment: ([received, expected]) => (received < expected
    ? "Less arrived than was sent: the token keeps a part of each transfer, which this contract does not take. Take your approval back."
    : "The call brings other money than the contract takes."),
  TooEarly: ([at]) => `This can be done from ${moment(Number(at))} on.`,
  WrongState: ([state]) => `This cannot be done while the round is ${["not opened", "waiting for its targets", "scored", "closed", "void"][state] ?? "in this state"}.`,
  NothingOwed: () => "There is nothing to pay out.",
  ModelDisagrees: ([label]) => `The model says label ${label}, so the deposit is not returned.`,
  ModelMoved: () => "The model learned in this very block. Try again in the next one.",
};

/** Of the library by which contracts move tokens. */
const TRANSFERS = ["TransferFromFailed", "TransferFailed"].map(name => ({ type: "error", name, inputs: [] } as const));
const OF_PAYMENT = new Set(["TransferFromFailed", "Underfunded", "WrongPayment"]);

/** One sentence for whatever was thrown. */
export function sentence(error: any): string {
  if (error?.code === DECLINED) return "You declined it. Nothing was sent.";
  if (error?.code === UNKNOWN_CHAIN) return "Your wallet does not know this chain yet.";
  const data = refusal(error);
  if (data) return refused(data);
  const said = shown(String(error?.shortMessage ?? error?.message ?? error), LONGEST);
  if (/nonce too (low|high)/i.test(said)) return STALE;
  return said.endsWith(".") ? said : `${said}.`;
}

const STALE =
  "Your wallet counts transactions from an earlier chain of the same id. Clear its activity for this network, then try again.";

/** The contract's words in an error, however deep a wallet has wrapped them. */
function refusal(error: any): Hex | undefined {
  const layers = [error, error?.data, error?.cause, error?.data?.originalError, error?.info?.error];
  const found = layers.map(each => each?.data ?? each);
  return found.find(each => typeof each === "string" && /^0x([0-9a-f]{2}){4,}$/i.test(each));
}

const decoded = (data: Hex): { errorName: string; args?: readonly unknown[] } => decodeErrorResult({ abi: [...errors, ...TRANSFERS], data }) as any;

/** Whether only money is missing: contracts look for it last. */
export function isOfPayment(error: unknown): boolean {
  try {
    const data = refusal(error);
    return !!data && OF_PAYMENT.has(decoded(data).errorName);
  } catch {
    return false;
  }
}

/** A sentence with its values: {0} of the first, {0t} where it is a moment. */
const filled = (said: string | undefined, values: readonly unknown[]): string | undefined =>
  said?.replace(/\{(\d+)(t?)\}/g, (_, at, time) => (time ? moment(Number(values[at])) : shown(String(values[at]), 80)));

function refused(data: Hex): string {
  try {
    const { errorName, args = [] } = decoded(data);
    const values = args.length ? ` (${shown(args.join(", "))})` : "";
    const words = errorName.replace(/(?<!^)[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
    return OWN[errorName]?.([...args]) ?? filled(sentences[errorName], args) ?? `The contract refused: ${words}${values}.`;
  } catch {
    return `The contract refused, for a reason that is unknown here: ${data.slice(0, 74)}`;
  }
}
