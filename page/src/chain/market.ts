// A prediction market as the chain tells it: terms, contributions, who scores what, and how the test loss fell.
import type { Address, Hex } from "viem";
import { concat, keccak256, numberToHex, size } from "viem/utils";
import { abi } from "../generated/abi/market";
import { commitment } from "./commitment";
import { MARKET, open as openOnline, type Online } from "./online";
import { events, read, unpacked, type Log } from "./read";
import { ask } from "./site";

export { abi };
export const PHASES = ["created", "trial", "participation", "opening", "revealing", "rewarding", "paying", "closed"] as const;
export type Phase = (typeof PHASES)[number];
const OUTCOMES = ["open", "settled", "defaulted: its provider did not reveal", "returned: there was nothing to measure", "voided: its trial data were not revealed"];
const RULES = {
  stake: 48, tip: 24, duration: 28, openWait: 28, revealWait: 28, capacity: 16, portions: 8, samples: 16, maxBytes: 16,
  threshold: 10, margin: 10, strikes: 4, passes: 4, loss: 4, validation: 8, weighted: 4,
};
const STATUS = {
  stage: 8, outcome: 8, trial: 8, chosen: 8, target: 48, since: 40, closesAt: 40, contributions: 16, participants: 16, sealed: 16, revealed: 8,
};
const BILLION = 1e9, LESSONS_AT = 248n, MOST_DATA = 64 << 10, AT_ONCE = 20;

export type Given = { index: number; by: Address; samples: number; data: Hex | null; commitment: Hex | null };
export type Person = { who: Address; given: number; score: number; dropped: boolean };
export type Market = Online & {
  phase: Phase; outcome: string; deadline: number; bounty: bigint; rules: Record<keyof typeof RULES, number>;
  given: Given[]; people: Person[]; losses: number[]; turns: Hex[];
};

const call = <T>(address: Address, name: string, args: unknown[] = []): Promise<T> => read<T>(ask, abi, address, name, args);
const inOrder = (logs: Log[]): Log[] => logs.sort((one, other) => one.block - other.block || one.index - other.index);

export const phaseOf = async (address: Address): Promise<Phase> => PHASES[await call<number>(address, "phase")]!;

/** Open a market. Throws as `online.open` does. */
export async function open(address: Address): Promise<Market> {
  const online = await openOnline(MARKET, abi, address);
  const [phase, deadline, state, given] = await Promise.all([
    phaseOf(address), call<bigint>(address, "deadline"), call<readonly bigint[]>(address, "state"), contributions(online),
  ]);
  const status = unpacked(state[0]!, STATUS), numbers = Array.from({ length: status.participants }, (_, number) => BigInt(number));
  const [people, judged] = await Promise.all([
    Promise.all(numbers.map(number => call<readonly bigint[]>(address, "participant", [number]))), judgements(online),
  ]);
  return {
    ...online, phase, outcome: OUTCOMES[status.outcome]!, deadline: Number(deadline), rules: unpacked(online.settings[0]!, RULES),
    bounty: state[3]! & ((1n << 96n) - 1n), given, people: people.map(person), losses: lossesOf(judged),
    turns: phase === "rewarding" ? await turns(online, given, judged, status.trial, !!(state[1]! >> LESSONS_AT)) : [],
  };
}

function person([first, second]: readonly bigint[]): Person {
  const { dropped } = unpacked(second!, { pass: 8, strikes: 8, dropped: 8 });
  return {
    who: `0x${(first! & ((1n << 160n) - 1n)).toString(16).padStart(40, "0")}`, given: Number(first! >> 224n & 0xffffn), dropped: !!dropped,
    score: Number(BigInt.asIntN(64, second! >> 40n)) / BILLION,
  };
}

async function contributions(market: Online): Promise<Given[]> {
  const [sealed, told] = await Promise.all(["Hidden", "Contributed"].map(name => events(ask, abi, market, name)));
  const found = new Map<number, Given>();
  for (const { args } of sealed!) found.set(Number(args.index), { ...toldBy(args), data: null, commitment: args.commitment });
  for (const { args } of told!) found.set(Number(args.index), { ...toldBy(args), data: args.data, commitment: found.get(Number(args.index))?.commitment ?? null });
  return [...found.values()].sort((one, other) => one.index - other.index);
}

const toldBy = (args: any) => ({ index: Number(args.index), by: args.contributor as Address, samples: Number(args.samples) });

type Judgement = Log & { name: string };

async function judgements(market: Online): Promise<Judgement[]> {
  const names = ["Measured", "Kept", "Passed", "Dropped"];
  const found = await Promise.all(names.map(async name => (await events(ask, abi, market, name)).map(log => ({ ...log, name }))));
  return inOrder(found.flat()) as Judgement[];
}

/** The test loss at first, and after each contribution that was judged. */
function lossesOf(all: Judgement[]): number[] {
  const found: number[] = [];
  for (const { name, args } of all) found.push(name === "Measured" || name === "Kept" ? Number(args.loss) / BILLION : found.at(-1) ?? 0);
  return found;
}

/** The data that the next crank learns: of the contributions in their turn, of two makers at least. */
async function turns(market: Online, given: Given[], judged: Judgement[], trial: number, begins: boolean): Promise<Hex[]> {
  const portions = await events(ask, abi, market, "PortionRevealed");
  const lesson = { data: portions.find(each => Number(each.args.index) === trial)?.args.data as Hex, by: "" };
  const gone = new Set(judged.filter(each => each.name === "Dropped").map(({ args }) => given[Number(args.index)]!.by));
  const last = judged.filter(each => each.name !== "Measured").at(-1);
  const from = begins || !last ? 0 : Number(last.args.index) + 1;
  const known = given.flatMap(({ data, by, index }) => (data && !gone.has(by) ? [{ data, by, index }] : []));
  const later = known.filter(each => each.index >= from), earlier = known.filter(each => each.index < from);
  const all = begins ? [lesson, ...later] : [...later, lesson, ...earlier];
  let bytes = 0;
  const chosen = all.filter((each, at) => at < AT_ONCE && (bytes += size(each.data)) <= MOST_DATA);
  // Whoever is being judged may drop out, with all that it has given, so something else is among them.
  const other = chosen.some(each => each.by !== chosen[0]!.by) ? undefined : all.find(each => each.by !== all[0]!.by);
  return [...chosen, ...(other ? [other] : [])].map(each => each.data);
}

/** Samples in a row: label (1 byte), length of the features (2), features. */
export const batchOf = (samples: { x: Hex; label: number }[]): Hex =>
  concat(samples.map(({ x, label }) => concat([numberToHex(label, { size: 1 }), numberToHex(size(x), { size: 2 }), x])));

/** What a contribution of so many samples takes: its stake, and the fee for being measured. */
export function priceOf({ rules, unit }: Market, samples: number): bigint {
  const fee = rules.tip * ((rules.portions - 1) * rules.samples + 1);
  return BigInt(rules.stake * (rules.weighted ? samples : 1) + fee) * unit;
}

export const commitmentOf = (address: Address, contributor: Address, data: Hex, salt: Hex): Hex =>
  commitment("DILN market contribution", address, contributor, keccak256(data), salt);
