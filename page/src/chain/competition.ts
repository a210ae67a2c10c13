// A competition as the chain tells it: phases, submissions, and its data, of which each group is believed by the root.
import type { Address, Hex } from "viem";
import { bytesToHex, concat, decodeAbiParameters, encodeDeployData, hexToBytes, keccak256, numberToHex, size, slice } from "viem/utils";
import { abi } from "../generated/abi/competition";
import { abi as competitionFactory } from "../generated/abi/competitionFactory";
import { hashOf } from "./commitment";
import { events, hexOf, pages, read } from "./read";
import { addressOf, ask, contract } from "./site";
import { currencyOf, type Currency } from "./token";

export { abi };
export const PHASES = ["waiting for its seed", "training", "reveal", "opening the test data", "evaluation", "closed"] as const;
export const OUTCOMES = ["open", "decided", "ended: its test data were not opened", "ended: training data were withheld", "ended: its split was never drawn"] as const;
export const METRICS = ["accuracy", "macro F1", "mean absolute error"] as const;
const STATUS = ["none", "committed", "revealed", "refuted"] as const;
const TRAINING = 1, EVALUATION = 4, MEAN_ABSOLUTE_ERROR = 2, OPTIMISTIC = 1, REVEALED = 2;
const ONE = 10n ** 9n, MILLION = 1e6, HIGHEST = 2n ** 64n - 1n;
const AT_ONCE = 200; // samples of a trial run, whose answer is as large as a contract's code at most
const SETTLED = (1n << 32n) - 1n;

export type Terms = {
  organizer: Address; token: Address; root: Hex; cidDigest: Hex; cidCodec: number; metric: number; mode: number; prize: bigint; criterion: bigint;
  groups: number; testGroups: number; groupSize: number; features: number; classes: number; maxModelBytes: number; deposit: bigint; tip: bigint;
  stake: bigint; claimBond: bigint; refute: number; answer: number; organizerMayEnter: boolean;
};
export type Row = {
  number: number; submitter: Address; status: string; commitment: Hex; withdrawn: boolean; rank: number; score: number | null; payout: bigint;
  done: bigint; evaluated: boolean;
};
export type Competition = {
  address: Address; block: number; terms: Terms; currency: Currency; phase: number; outcome: number; ends: number[]; tests: bigint; rows: Row[];
};
/** A group of samples as it is opened. */
export type Group = { salt: Hex; data: Hex; proof: Hex[] };
export type Samples = { features: Hex[]; labels: number[] };

const call = <T>(address: Address, name: string, args: unknown[] = []): Promise<T> => read<T>(ask, abi, address, name, args);
export const isOptimistic = ({ mode }: Terms): boolean => mode === OPTIMISTIC;
export const takesModels = ({ phase }: Competition): boolean => phase === TRAINING;
export const isJudging = ({ phase }: Competition): boolean => phase === EVALUATION;

/** All of this chain's factory, oldest first. */
export async function listed() {
  const created = await events(ask, competitionFactory, contract("CompetitionFactory"), "Created");
  return Promise.all(created.map(async ({ args: { instance: address, creator: organizer } }) => {
    const [terms, phase] = await Promise.all([call<Terms>(address, "terms"), call<number>(address, "phase")]);
    return { address: address as Address, organizer: organizer as Address, terms, currency: await currencyOf(terms.token), phase };
  }));
}

/** Throws for what this chain's factory did not make. */
export async function open(address: Address): Promise<Competition> {
  const [made] = await events(ask, competitionFactory, contract("CompetitionFactory"), "Created", { instance: address });
  if (!made) throw new Error("This chain's factory did not create that competition.");
  const [terms, phase, progress, ranking, tests] = await Promise.all([
    call<Terms>(address, "terms"), call<number>(address, "phase"),
    call<{ drawnAt: number; committed: number; outcome: number }>(address, "progress"), call<readonly bigint[]>(address, "ranking"),
    call<bigint>(address, "testMask"),
  ]);
  const ends = progress.drawnAt ? (await call<readonly bigint[]>(address, "deadlines")).map(Number) : [];
  const numbers = Array.from({ length: progress.committed }, (_, number) => number);
  const rows = await Promise.all(numbers.map(number => row(address, terms, progress.outcome, ranking, number)));
  rows.sort((one, other) => (one.rank || Infinity) - (other.rank || Infinity) || one.number - other.number);
  const currency = await currencyOf(terms.token);
  return { address: made.args.instance, block: made.block, terms, currency, phase, outcome: progress.outcome, ends, tests, rows };
}

async function row(address: Address, terms: Terms, outcome: number, ranking: readonly bigint[], number: number): Promise<Row> {
  const [{ submitter, status, withdrawn, word }, payout] = await Promise.all([
    call<{ submitter: Address; status: number; withdrawn: boolean; word: Hex }>(address, "submission", [number]),
    outcome ? call<bigint>(address, "payoutOf", [number]) : 0n,
  ]);
  const hidden = status < REVEALED; // the contract has no result of it yet, and says so by a refusal
  const [, score, done] = hidden ? ["0x", 0n, 0n] as const : await call<readonly [Address, bigint, bigint]>(address, "resultOf", [number]);
  const known = isOptimistic(terms) ? done > 0n : Number(done) === terms.testGroups * terms.groupSize;
  return {
    number, submitter, status: STATUS[status]!, commitment: word, withdrawn, payout, done, evaluated: known,
    rank: ranking.indexOf(BigInt(number)) + 1, score: known && !hidden ? readable(terms.metric, score) : null,
  };
}

/** A score as people read it: a share of 1, or a mean error. */
export const readable = (metric: number, score: bigint): number =>
  metric === MEAN_ABSOLUTE_ERROR ? Number(HIGHEST - score) / MILLION : Number(score) / Number(ONE);

/** The criterion as people read it: the least share, or the largest mean error. */
export const criterionOf = ({ metric, criterion }: Terms): number => Number(criterion) / (metric === MEAN_ABSOLUTE_ERROR ? MILLION : Number(ONE));

export type Challenge = { group: number; challenger: Address; deadline: number; answered: boolean };

/** The training groups that somebody demanded to be opened. */
export async function challenges(competition: Competition): Promise<Challenge[]> {
  const logs = await events(ask, abi, competition, "Challenged");
  return Promise.all(logs.map(async ({ args: { group } }) => {
    const [challenger, deadline, answered] = await call<readonly [Address, bigint, boolean]>(competition.address, "challengeOf", [group]);
    return { group: Number(group), challenger, deadline: Number(deadline), answered };
  }));
}

/** The numbers of the groups that are for training. */
export const trainingGroups = ({ terms, tests }: Competition): number[] =>
  Array.from({ length: terms.groups }, (_, number) => number).filter(number => !isTest(tests, number));

/** A claim's time for refutations is over, and it is not ranked yet. */
export const canSettle = ({ terms }: Competition, { done, status }: Row, now: number): boolean =>
  isOptimistic(terms) && status === "revealed" && done > 0n && done < SETTLED && Number(done) + terms.refute <= now;

// Samples and their groups

export const labelSize = ({ classes }: Terms): number => (classes ? 1 : 4);
const strideOf = (terms: Terms): number => terms.features + labelSize(terms);
export const groupBytes = (terms: Terms): number => terms.groupSize * strideOf(terms);
export const isTest = (tests: bigint, group: number): boolean => !!((tests >> BigInt(group)) & 1n);

const tag = (text: string): Hex => keccak256(bytesToHex(new TextEncoder().encode(text)));
const SAMPLE = tag("DILN competition sample"), GROUP = tag("DILN competition group"), PREDICTIONS = tag("DILN competition predictions");

const samplesIn = (terms: Terms, data: Hex): Hex[] =>
  Array.from({ length: size(data) / strideOf(terms) }, (_, at) => slice(data, at * strideOf(terms), (at + 1) * strideOf(terms)));

export const sampleLeaves = (terms: Terms, number: number, { salt, data }: Pick<Group, "salt" | "data">): Hex[] =>
  samplesIn(terms, data).map((sample, at) => keccak256(concat([SAMPLE, salt, numberToHex(number, { size: 2 }), numberToHex(at, { size: 2 }), sample])));

/** The leaf of group `number` in the tree over all data. */
export const groupLeaf = (terms: Terms, number: number, top: Hex): Hex =>
  hashOf("bytes32 uint256 uint256 uint256 uint256 bytes32", GROUP, BigInt(number), BigInt(terms.groupSize), BigInt(terms.features), BigInt(terms.classes), top);

export function samplesOf(terms: Terms, groups: Hex[]): Samples {
  const all = groups.flatMap(data => samplesIn(terms, data));
  const labels = all.map(sample => BigInt(slice(sample, terms.features)));
  return {
    features: all.map(sample => slice(sample, 0, terms.features)),
    labels: labels.map(label => Number(terms.classes ? label : BigInt.asIntN(32, label))),
  };
}

/** The test groups that are open, in the order in which they are judged, with their numbers. */
export async function openedTests(competition: Competition): Promise<{ number: number; group: Group }[]> {
  const logs = await events(ask, abi, competition, "TestOpened");
  const found = new Map(logs.map(({ args }) => [Number(args.group), args.opened as Group]));
  return [...found].sort(([one], [other]) => one - other).map(([number, group]) => ({ number, group }));
}

// What a model says

/** What `model` predicts, by the contract that will judge it. Nothing is sent, and nobody sees the model but the node. */
export async function predictions({ terms }: Competition, model: Hex, samples: Hex[]): Promise<number[]> {
  const { trialRun } = await import("../generated/trialRun");
  const found: number[] = [];
  for (const page of pages(samples, AT_ONCE)) {
    const args = [addressOf("ModelRunner"), model, BigInt(terms.features), BigInt(terms.classes), concat(page)] as const;
    const answer: Hex = await ask("eth_call", [{ data: encodeDeployData({ ...trialRun, args }), gas: hexOf(2 ** 24) }, "latest"]);
    const [said] = decodeAbiParameters([{ type: "int256[]" }], answer);
    found.push(...said.map(Number));
  }
  return found;
}

/** The score that the contract would give these predictions, as people read it. */
export function scoreOf({ metric, classes }: Terms, said: number[], labels: number[]): number {
  const of = (holds: (prediction: number, label: number) => boolean): number => said.filter((each, at) => holds(each, labels[at]!)).length;
  if (metric === MEAN_ABSOLUTE_ERROR) return said.reduce((sum, each, at) => sum + Math.abs(each - labels[at]!), 0) / labels.length;
  if (metric === 0) return of((each, label) => each === label) / labels.length;
  const f1 = (which: number): number => (2 * of((each, label) => each === which && label === which)) / (of(each => each === which) + of((_, label) => label === which) || 1);
  return Array.from({ length: classes }, (_, which) => f1(which)).reduce((sum, each) => sum + each, 0) / classes;
}

/** Whether a score wins, as far as the criterion goes. */
export const passes = (terms: Terms, score: number): boolean =>
  terms.metric === MEAN_ABSOLUTE_ERROR ? score <= criterionOf(terms) : score >= criterionOf(terms);

/** Predictions as they are posted: a byte for each class, or a big-endian int32. */
export const posted = (terms: Terms, said: number[]): Hex =>
  concat(said.map(each => numberToHex(terms.classes ? each : each >>> 0, { size: labelSize(terms) })));

/** The model of a revealed submission, whose bytes its event told. */
export async function modelOf(competition: Competition, number: number): Promise<Hex> {
  const [found] = await events(ask, abi, competition, "Revealed", { submission: BigInt(number) });
  if (!found) throw new Error("The node does not show this model. Ask another node.");
  return found.args.encoded;
}

/** What a claim posted; null where there is none. */
export async function claimOf(competition: Competition, number: number): Promise<Hex | null> {
  const [found] = await events(ask, abi, competition, "Claimed", { submission: BigInt(number) });
  return found ? found.args.predictions : null;
}

/** Posted predictions in words of 32 bytes, the last filled up with zeros, and the leaves over them. */
export function wordsOf(predictions_: Hex): { words: Hex[]; leaves: Hex[] } {
  const all = hexToBytes(predictions_), words: Hex[] = [];
  for (let at = 0; at < all.length; at += 32) {
    const word = new Uint8Array(32);
    word.set(all.subarray(at, at + 32));
    words.push(bytesToHex(word));
  }
  return { words, leaves: words.map((word, at) => hashOf("bytes32 uint256 bytes32", PREDICTIONS, BigInt(at), word)) };
}
