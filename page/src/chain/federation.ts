// A federation as the chain tells it: its seats, the phase of its round, and what became of earlier ones.
import type { Address, Hex } from "viem";
import { block } from "../files/bytes";
import * as canonical from "../files/canonical";
import { abi } from "../generated/abi/federation";
import { abi as federationFactory } from "../generated/abi/federationFactory";
import { events, read } from "./read";
import { ask, contract } from "./site";
import { currencyOf, type Currency } from "./token";

export { abi };
export const PHASES = ["joining", "committing", "revealing", "judging", "claiming", "challenging", "closed"] as const;
export const POLICIES = ["trusts all updates", "has a committee judge updates", "weighs votes by work", "weighs votes by deposits", "has delegates judge updates", "takes the best of them"] as const;
export const RULES = ["mean", "clipped mean", "median", "trimmed mean", "multi-Krum", "nearest", "nearest of unit norm", "nearest, clipped"] as const;
const [QUALITY, LEARNING] = [1, 5];
const FORMAT = "diln-federation/1";

export type Terms = {
  organizer: Address; currency: Address; inviter: Address; descriptor: Hex; unit: bigint; policy: number; rule: number; privacy: number; size: bigint; seats: bigint;
  quorum: bigint; rounds: bigint; reward: bigint; deposit: bigint; fine: bigint; bond: bigint; start: bigint;
};
type State = { round: bigint; done: bigint; voids: bigint; seats: bigint; committed: bigint; revealed: bigint };
export type Seat = { party: Address; seat: number; deposit: bigint; earned: bigint; active: boolean; committed: boolean; revealed: boolean };
/** What was fined, if something was, is in `amount`. */
export type Past = { round: number; said: string; amount?: bigint; block: number; index: number };
export type Federation = {
  address: Address; block: number; terms: Terms; currency: Currency; name: string; target: string; phase: (typeof PHASES)[number]; ends: number; state: State; seats: Seat[];
  claim: unknown; past: Past[];
};

const call = <T>(address: Address, name: string, args: unknown[] = []): Promise<T> => read<T>(ask, abi, address, name, args);
const made = (args: Record<string, unknown> = {}) => events(ask, federationFactory, contract("FederationFactory"), "Created", args);
/** Nobody sees an update; joining takes a key that the page does not make. */
export const isMasked = ({ privacy }: Terms): boolean => privacy === 1;
export const hasCommittee = ({ policy }: Terms): boolean => policy === QUALITY || policy === LEARNING;

/** All of this chain's factory, oldest first; without a name where the storage does not have the descriptor. */
export async function listed() {
  return Promise.all((await made()).map(async ({ args }) => {
    const address: Address = args.instance;
    const [terms, [phase]] = await Promise.all([call<Terms>(address, "terms"), call<readonly [number, bigint]>(address, "clock")]);
    return { address, terms, phase: PHASES[phase]!, name: await descriptorOf(terms).then(({ name }) => name, () => "") };
  }));
}

/** Throws for what this chain's factory did not make. */
export async function open(address: Address): Promise<Federation> {
  const [found] = await made({ instance: address });
  if (!found) throw new Error("This chain's factory did not create that federation.");
  const place = { address: found.args.instance as Address, block: found.block };
  const [terms, [phase, ends], state, joined, claims, past] = await Promise.all([
    call<Terms>(address, "terms"), call<readonly [number, bigint]>(address, "clock"), call<State>(address, "state"),
    events(ask, abi, place, "Joined"), events(ask, abi, place, "Claimed"), history(place),
  ]);
  const currency = await currencyOf(terms.currency);
  const parties: Address[] = [...new Set(joined.map(({ args }) => args.party as Address))];
  const seats = (await Promise.all(parties.map(party => seatOf(place.address, party, state)))).flat();
  const { name, target } = await descriptorOf(terms).catch(() => ({ name: "", target: "" }));
  const claim = claims.findLast(({ args }) => args.round === state.round)?.args.claim;
  return {
    ...place, terms, currency, name, target, phase: PHASES[phase]!, ends: Number(ends), state, claim, past,
    seats: seats.sort((one, other) => one.seat - other.seat),
  };
}

async function seatOf(address: Address, party: Address, state: State): Promise<Seat[]> {
  const [seat, , deposit, earned] = await call<readonly [bigint, Hex, bigint, bigint]>(address, "partyOf", [party]);
  if (seat >= 16n) return [];
  const of = (mask: bigint): boolean => !!((mask >> seat) & 1n);
  return [{ party, seat: Number(seat), deposit, earned, active: of(state.seats), committed: of(state.committed), revealed: of(state.revealed) }];
}

async function history(place: { address: Address; block: number }): Promise<Past[]> {
  const told: Record<string, (args: any) => string> = {
    Finalized: ({ accepted }) => `finalized with ${bits(accepted)} updates`,
    Skipped: () => "void",
    Refuted: ({ refuter }) => `a claim was refuted by ${refuter}`,
    Fined: ({ mask }) => `${bits(mask)} were fined`,
  };
  const found = await Promise.all(Object.entries(told).map(async ([name, say]) =>
    (await events(ask, abi, place, name)).map(({ args, block: at, index }) => ({ round: Number(args.round), said: say(args), amount: args.amount, block: at, index }))));
  return found.flat().sort((one, other) => one.block - other.block || one.index - other.index);
}

function bits(mask: bigint): number {
  return [...mask.toString(2)].filter(each => each === "1").length;
}

async function descriptorOf({ descriptor }: Terms): Promise<{ name: string; target: string }> {
  const content = await block(descriptor);
  if (!content) throw new Error("The federation's descriptor is not in this storage.");
  const { format, name, target } = canonical.decode(content);
  if (format !== FORMAT) throw new Error("The federation's descriptor is of another kind.");
  return { name: String(name), target: String(target) };
}
