// A shared model as the chain tells it: contributions, what became of them, and how accurate it has been.
import type { Address, Hex } from "viem";
import { keccak256 } from "viem/utils";
import { abi } from "../generated/abi/sharedModel";
import { commitment, hashOf } from "./commitment";
import { MODEL, open as openOnline, testSet, type Online } from "./online";
import { events, hexOf, pages, read } from "./read";
import { ask } from "./site";

export { abi };
export type Model = Online & { refundWait: number };
export type Contribution = {
  id: bigint; facts: bigint; x: Hex; contributor: Address; deposit: bigint; time: number; label: number; due: number; block: number;
  outcome: string;
};
/** Who helped, and what it brought: refunds are of good data, takes of others' bad ones. In smallest units. `points` only
 * where the model gives some. */
export type Person = { who: Address; added: number; deposited: bigint; good: number; refunded: bigint; taken: bigint; points: number };
export type Point = { block: number; accuracy: number };

const SURE = 16;
const FIRST_LEVEL = 10; // points, as contracts/sum/incentives/Gamification.sol has it
const MOST_POINTS = 40;
const TEST_PAGE = 200;

/** Open a model. Throws as `online.open` does. */
export async function open(address: Address): Promise<Model> {
  const found = await openOnline(MODEL, abi, address);
  return { ...found, refundWait: Number((found.settings[0]! >> 48n) & 0xffffffffn) };
}

/** All contributions, oldest first, with what became of them. */
export async function contributions(model: Model): Promise<Contribution[]> {
  const names = ["Added", "Refunded", "Taken", "Swept"];
  const [added, ...settled] = await Promise.all(names.map(name => events(ask, abi, model, name)));
  const outcomes = new Map(settled.flatMap((logs, at) => logs.map(({ args }) => [args.id, names[at + 1]!.toLowerCase()] as const)));
  return added!.map(({ args: { id, facts, x }, block: at }) => {
    const time = Number((facts >> 16n) & 0xffffffffn);
    return {
      id, facts, x, time, block: at,
      contributor: `0x${(facts >> 96n).toString(16).padStart(40, "0")}` as Address,
      deposit: ((facts >> 48n) & 0xffffffffffffn) * model.unit,
      label: Number((facts >> 8n) & 255n),
      due: time + Math.floor((model.refundWait * SURE) / Number(facts & 0x3fn)),
      outcome: outcomes.get(id) ?? "",
    };
  });
}

/** Whether a model gives points, levels and badges. */
export const isGame = ({ implementation }: Online): boolean => implementation.endsWith("Game");

/** How many badges so many points give: from 10 on, one for each doubling. */
export const levelOf = (points: number): number => (points < FIRST_LEVEL ? 0 : Math.floor(Math.log2(points / FIRST_LEVEL)) + 1);

/** Everybody who gave or took: by points, how many samples were refunded, then how many were added. */
export async function people(model: Model, all: Contribution[]): Promise<Person[]> {
  const [refunds, takes, awards] = await Promise.all(["Refunded", "Taken", ...(isGame(model) ? ["Awarded"] : [])].map(name => events(ask, abi, model, name)));
  const found = new Map<Address, Person>(), makers = new Map(all.map(each => [each.id, each.contributor] as const));
  const of = (address: Address): Person => {
    const who = address.toLowerCase() as Address;
    const known = found.get(who) ?? { who, added: 0, deposited: 0n, good: 0, refunded: 0n, taken: 0n, points: 0 };
    found.set(who, known);
    return known;
  };
  for (const { contributor, deposit } of all) {
    of(contributor).added++;
    of(contributor).deposited += deposit;
  }
  for (const { args } of refunds!) {
    of(makers.get(args.id)!).good++;
    of(makers.get(args.id)!).refunded += args.amount;
  }
  for (const { args } of takes!) of(args.taker).taken += args.amount;
  for (const { args } of awards ?? []) of(args.contributor).points += Number(args.points);
  return [...found.values()].sort((one, other) => other.points - one.points || other.good - one.good || other.added - one.added);
}

/** What somebody can withdraw; of a model with points, `balanceOf` counts badges. */
export const balanceOf = async (address: Address, who: Address): Promise<bigint> => (await read<readonly bigint[]>(ask, abi, address, "account", [who]))[0]!;

/** What a commitment hides. */
export const commitmentOf = (address: Address, contributor: Address, x: Hex, y: number, salt: Hex): Hex =>
  commitment("DILN sum contribution", address, contributor, hashOf("bytes32 uint256", keccak256(x), BigInt(y)), salt);

/** At most `most` of `all`, evenly; the last is one of them. */
export function spread<T>(all: T[], most: number): T[] {
  const step = Math.max(1, Math.ceil((all.length - 1) / (most - 1)));
  return all.filter((_, at) => (all.length - 1 - at) % step === 0);
}

/** Accuracy on the published test set: now, and at earlier blocks where the node keeps their states. */
export async function accuracy(model: Model, all: Contribution[]): Promise<{ points: Point[]; problem: string }> {
  const test = await testSet(model);
  if (!test) return { points: [], problem: "No test set is at hand: accuracy is not known here." };
  const chosen = spread([...new Set([model.block, ...all.map(each => each.block)])], MOST_POINTS);
  const found = await Promise.all(chosen.map(async at => ({ block: at, accuracy: await measured(model, test, hexOf(at)).catch(() => NaN) })));
  const points = found.filter(each => !Number.isNaN(each.accuracy));
  return { points, problem: points.length < found.length ? "The node does not keep all earlier states." : "" };
}

async function measured(model: Model, test: [Hex, number][], at: Hex): Promise<number> {
  const labels = await Promise.all([...pages(test, TEST_PAGE)].map(page =>
    read<readonly number[]>(ask, abi, model.address, "predictBatch", [page.map(([x]) => x)], at)));
  return labels.flat().filter((label, index) => label === test[index]![1]).length / test.length;
}
