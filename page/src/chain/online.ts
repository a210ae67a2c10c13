// What one factory creates around a model that learns in its contract: shared models and prediction markets. A
// descriptor is believed because the contract's address commits to it.
import type { Abi, Address, Hex } from "viem";
import { bytesToHex, decodeFunctionData } from "viem/utils";
import { block, sha256 } from "../files/bytes";
import * as canonical from "../files/canonical";
import { parseCid } from "../files/unixfs";
import { encode, isEncoder, numbers, takesText, type Encoder } from "../encode/encoders";
import { abi as sumFactory } from "../generated/abi/sumFactory";
import { events, read, type Contract } from "./read";
import { addressOf, ask, config, contract } from "./site";
import { currencyOf, type Currency } from "./token";

export type Created = { address: Address; implementation: string; creator: Address; args: Hex; block: number; transaction: Hex };
export type Online = Contract & {
  name: string; labels: string[]; encoder: Encoder; test: string; creator: Address; currency: Currency; unit: bigint; settings: readonly bigint[];
  implementation: string;
};
type Kind = { what: string; is(implementation: string): boolean };

// Anybody may let the factory clone any contract, such as one of another system: those are neither.
export const MODEL: Kind = { what: "shared model", is: each => /(Stake|Game)$/.test(each) };
export const MARKET: Kind = { what: "prediction market", is: each => each.endsWith("Market") };

/** What this chain's factory created; the implementation is empty where its code is not of this page's version. */
export async function created(): Promise<Created[]> {
  const found = await events(ask, sumFactory, contract("SumFactory"), "Created");
  return found.map(({ args, block: at, transaction }) => ({
    address: args.instance, implementation: nameOf(args.implementation), creator: args.creator, args: args.args, block: at, transaction,
  }));
}

/** All of a kind, with their names where the storage has their descriptors. */
export async function listed(kind: Kind, abi: Abi): Promise<(Created & { name: string })[]> {
  const all = (await created()).filter(each => each.implementation && kind.is(each.implementation));
  return Promise.all(all.map(async each => ({ ...each, name: await open(kind, abi, each.address).then(({ name }) => name, () => "") })));
}

/** The name of the package's contract at an address; empty for another's code. */
const nameOf = (address: Address): string =>
  Object.entries(config.value!.contracts).find(([, each]) => each.address.toLowerCase() === address.toLowerCase())?.[0] ?? "";

/** Open one. Throws where its code or its descriptor is not what its address commits to. */
export async function open(kind: Kind, abi: Abi, address: Address): Promise<Online> {
  const found = (await created()).find(each => each.address.toLowerCase() === address.toLowerCase());
  if (!found) throw new Error(`This chain's factory did not create that ${kind.what}.`);
  if (!found.implementation) throw new Error(`The ${kind.what} runs code that is not of this page's version: do not trust it with a deposit.`);
  if (!kind.is(found.implementation)) throw new Error(`This contract is not a ${kind.what}.`);
  const [salt, [token, unit], settings] = await Promise.all([
    saltOf(found), read<readonly [Address, bigint]>(ask, abi, address, "money"), read<readonly bigint[]>(ask, abi, address, "settings"),
  ]);
  const expected = await read<Address>(ask, sumFactory, addressOf("SumFactory"), "addressOf",
    [addressOf(found.implementation), found.creator, salt, found.args]);
  if (expected.toLowerCase() !== address.toLowerCase()) throw new Error(`This descriptor is not the one that the ${kind.what} was created with.`);
  const content = await block(salt);
  if (!content) throw new Error(`The ${kind.what}'s descriptor is not in this storage: \`diln pin get\` brings it.`);
  const { name, labels, encoder, test, format } = canonical.decode(content);
  if (format !== "diln-shared-model/1") throw new Error(`The ${kind.what}'s descriptor is of another kind.`);
  if (!isEncoder(encoder) || !Array.isArray(labels)) throw new Error(`The ${kind.what}'s descriptor does not say how it takes samples.`);
  return {
    address, block: found.block, name: String(name), labels: labels.map(String), encoder, test: String(test),
    creator: found.creator, currency: await currencyOf(token), unit, settings, implementation: found.implementation,
  };
}

/** The digest of the descriptor: the salt in the transaction that created it. */
async function saltOf({ transaction }: Created): Promise<Hex> {
  const { input } = await ask("eth_getTransactionByHash", [transaction]);
  return decodeFunctionData({ abi: sumFactory, data: input }).args![1] as Hex;
}

/** A line of the form, as the model takes it. Throws a sentence. */
export function sampleOf({ encoder }: Online, text: string): Hex {
  return bytesToHex(encode(encoder, takesText(encoder) ? text : numbers(text)));
}

/** The test set that was published with it; null where there is none at hand. */
export async function testSet({ test }: Online): Promise<[Hex, number][] | null> {
  if (!test) return null;
  const { kind, digest } = parseCid(test);
  const content = kind === 1 ? await block(bytesToHex(digest).slice(2)) : null;
  if (!content || bytesToHex(await sha256(content)) !== bytesToHex(digest)) return null;
  return canonical.decode(content).samples.map(([x, label]: [string, number]) => [`0x${x}`, label]);
}
