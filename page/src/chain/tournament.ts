// A tournament as the chain tells it: its rounds, their entries, and what a file of predictions becomes.
import type { Address, Hex } from "viem";
import { bytesToHex, keccak256 } from "viem/utils";
import { quantile } from "../encode/normal";
import { block } from "../files/bytes";
import * as canonical from "../files/canonical";
import { columns } from "../files/csv";
import { fetched } from "../files/fetching";
import { abi } from "../generated/abi/tournament";
import { abi as tournamentFactory } from "../generated/abi/tournamentFactory";
import { commitment, hashOf } from "./commitment";
import { events, read } from "./read";
import { ask, contract } from "./site";
import { currencyOf, type Currency } from "./token";

export { abi };
const STATES = ["unopened", "open", "revealed", "closed", "void"] as const;
const FORMAT = "diln-tournament/1";
const LARGEST = 64 << 20, MOST_ROUNDS = 12, UNIT = 65_536, ZERO = 2 ** 31;
const BILLION = 1e9;
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

export type Terms = {
  organizer: Address; currency: Address; descriptor: Hex; rows: bigint; powers: Address; normals: Address; pot: bigint; bond: bigint;
  leastStake: bigint; tip: bigint; clip: bigint; drag: bigint; contributionMultiplier: bigint; start: number; period: number;
};
export type Descriptor = { name: string; id: string; target: string; train: string; live: string[] };
export type Times = { begins: number; closes: number; resolves: number; ends: number };
export type Round = Times & { number: number; state: (typeof STATES)[number]; atRisk: bigint; pot: bigint };
export type Entry = {
  who: Address; commitment: Hex; stake: bigint; settled: boolean; correlation: number | null; contribution: number | null; payout: bigint | null;
};
export type Tournament = { address: Address; block: number; terms: Terms; currency: Currency; descriptor: Descriptor; rounds: Round[] };

const call = <T>(address: Address, name: string, args: unknown[] = []): Promise<T> => read<T>(ask, abi, address, name, args);
const made = (args: Record<string, unknown> = {}) => events(ask, tournamentFactory, contract("TournamentFactory"), "Created", args);

/** All of this chain's factory, oldest first; without a name where the storage does not have the descriptor. */
export async function listed() {
  return Promise.all((await made()).map(async ({ args }) => {
    const address: Address = args.instance, terms = await call<Terms>(address, "terms");
    return { address, terms, currency: await currencyOf(terms.currency), name: await descriptorOf(terms).then(({ name }) => name, () => "") };
  }));
}

/** Throws for what this chain's factory did not make, and where the descriptor is not available. `now` is the chain's time. */
export async function open(address: Address, now: number): Promise<Tournament> {
  const [found] = await made({ instance: address });
  if (!found) throw new Error("This chain's factory did not create that tournament.");
  const terms = await call<Terms>(address, "terms"), descriptor = await descriptorOf(terms);
  const next = Math.max(0, Math.floor((now - terms.start) / terms.period) + 1); // the round that begins next
  const last = Math.min(next, descriptor.live.length - 1);
  const numbers = Array.from({ length: Math.min(MOST_ROUNDS, last + 1) }, (_, at) => last - at);
  return {
    address: found.args.instance, block: found.block, terms, currency: await currencyOf(terms.currency), descriptor, rounds: await Promise.all(numbers.map(number => roundOf(address, number))),
  };
}

async function roundOf(address: Address, number: number): Promise<Round> {
  const [[begins, closes, resolves, ends], { state, atRisk, pot }] = await Promise.all([
    call<readonly bigint[]>(address, "timesOf", [BigInt(number)]), call<{ state: number; atRisk: bigint; pot: bigint }>(address, "roundOf", [BigInt(number)]),
  ]);
  return { number, state: STATES[state]!, atRisk, pot, begins: Number(begins), closes: Number(closes), resolves: Number(resolves), ends: Number(ends) };
}

async function descriptorOf({ descriptor }: Terms): Promise<Descriptor> {
  const content = await block(descriptor);
  if (!content) throw new Error("The tournament's descriptor is not in this storage: `diln pin get` brings it.");
  const { format, name, id, target, train, live } = canonical.decode(content);
  if (format !== FORMAT || !Array.isArray(live)) throw new Error("The tournament's descriptor is of another kind.");
  return { name: String(name), id: String(id), target: String(target), train: String(train), live: live.map(String) };
}

/** A table of the tournament by its CID, as text (CSV). Throws where the storage does not have it. */
export const tableOf = async (cid: string): Promise<string> => new TextDecoder().decode(await fetched(cid, LARGEST));

/** Who entered a round, and what they scored; the best first. */
export async function entries(tournament: Tournament, number: number): Promise<Entry[]> {
  const round = BigInt(number);
  const [entered, scored] = await Promise.all(["Entered", "Scored"].map(name => events(ask, abi, tournament, name, { round })));
  const results = new Map(scored!.map(({ args }) => [args.who, args] as const));
  const people: Address[] = [...new Set(entered!.map(({ args }) => args.who as Address))];
  const found = await Promise.all(people.map(async who => {
    const { commitment: hidden, stake, settled } = await call<{ commitment: Hex; stake: bigint; settled: boolean }>(tournament.address, "entryOf", [round, who]);
    const result = results.get(who);
    return {
      who, commitment: hidden, stake, settled, payout: result?.payout ?? null,
      correlation: result ? Number(result.correlation) / BILLION : null, contribution: result ? Number(result.contribution) / BILLION : null,
    };
  }));
  return found.sort((one, other) => (other.correlation ?? -2) - (one.correlation ?? -2));
}

/** Where a round is, as people call it. */
export function phaseOf({ state, begins, closes, resolves, ends }: Round, now: number): string {
  if (state === "open") return now < begins ? "opened" : now < closes ? "entering" : now < resolves ? "waiting for its targets" : "overdue";
  if (state === "revealed") return now < ends ? "scoring" : "over";
  return state === "unopened" && now >= begins ? "never opened" : state;
}

/** The ranks of a table's predictions (columns id and prediction) in the order of the round's rows, two bytes each. */
export async function ranksOf({ descriptor, terms }: Tournament, number: number, table: string): Promise<Hex> {
  const [ids] = columns(await tableOf(descriptor.live[number]!), [descriptor.id]), [names, cells] = columns(table, [descriptor.id, "prediction"]);
  const rows = Number(terms.rows), places = new Map(ids!.map((id, place) => [id, place]));
  if (places.size !== rows || ids!.length !== rows) throw new Error(`The round's data are not ${rows} rows with an id each.`);
  const values = new Array<number>(rows).fill(NaN);
  names!.forEach((name, at) => {
    const place = places.get(name), value = NUMBER.test(cells![at]!) ? Number(cells![at]) : NaN;
    if (place === undefined) throw new Error(`Row ${at + 1}: the id “${name.slice(0, 80)}” is not of this round.`);
    if (!Number.isNaN(values[place]!)) throw new Error(`Row ${at + 1}: the id “${name.slice(0, 80)}” is there twice.`);
    if (!Number.isFinite(value)) throw new Error(`Row ${at + 1}: “${cells![at]!.slice(0, 80)}” is not a finite number.`);
    values[place] = value;
  });
  const missing = values.findIndex(Number.isNaN);
  if (missing >= 0) throw new Error(`There is no row for the id “${ids![missing]!.slice(0, 80)}”.`);
  return encoded(values);
}

/** 0 for the lowest; of equal ones the earlier row has the lower. */
export function encoded(values: number[]): Hex {
  const out = new Uint8Array(2 * values.length);
  const order = values.map((_, place) => place).sort((one, other) => values[one]! - values[other]! || one - other);
  order.forEach((place, rank) => new DataView(out.buffer).setUint16(2 * place, rank));
  return bytesToHex(out);
}

/** Throws where the tables that scores come from are not those of the ranks: then its scores mean nothing. */
export async function requireTables({ powers, normals, rows, contributionMultiplier }: Terms): Promise<void> {
  await requireTable(powers, Number(rows), g => Math.sign(g) * Math.abs(g) ** 1.5);
  if (contributionMultiplier) await requireTable(normals, Number(rows), g => g);
}

async function requireTable(address: Address, rows: number, of: (normal: number) => number): Promise<void> {
  const code: Hex = await ask("eth_getCode", [address, "latest"]);
  const table = Uint8Array.from((code.slice(4).match(/../g) ?? []).map(byte => parseInt(byte, 16))), view = new DataView(table.buffer);
  // A table is exact to half a unit; what is a unit away changes no score that anybody sees.
  const right = table.length === 4 * rows
    && Array.from({ length: rows }, (_, rank) => view.getUint32(4 * rank) - ZERO - of(quantile((rank + 0.5) / rows)) * UNIT).every(each => Math.abs(each) < 1);
  if (!right) throw new Error(`The table at ${address} is false: do not enter, its scores mean nothing.`);
}

export const commitmentOf = (address: Address, who: Address, number: number, ranks: Hex, salt: Hex): Hex =>
  commitment("DILN tournament entry", address, who, hashOf("uint256 bytes32", BigInt(number), keccak256(ranks)), salt);
