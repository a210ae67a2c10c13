// A shared model as the chain tells it. Its descriptor is believed because the model's address commits to it.
import type { Address, Hex } from "viem";
import { bytesToHex, decodeFunctionData, encodeAbiParameters, keccak256, stringToHex } from "viem/utils";
import { events, hexOf, pages, read, type Contract } from "./read";
import { addressOf, ask, config, contract } from "./site";
import { block, sha256 } from "../files/bytes";
import * as canonical from "../files/canonical";
import { parseCid } from "../files/unixfs";
import { encode, numbers, takesText, type Encoder } from "../encode/encoders";
import { sharedModel as abi, sumFactory } from "../generated/abi";

export { abi };
export type Created = { address: Address; implementation: string; creator: Address; args: Hex; block: number; transaction: Hex };
export type Model = Contract & { name: string; labels: string[]; encoder: Encoder; test: string; creator: Address; refundWait: number; unit: bigint };
export type Contribution = {
  id: bigint; facts: bigint; x: Hex; contributor: Address; deposit: bigint; time: number; label: number; due: number; block: number;
  outcome: string;
};

const SURE = 16;
const MOST_POINTS = 40;
const TEST_PAGE = 200;

/** The models that this chain's factory created, whose code is of this page's version; markets are others. */
export async function models(): Promise<Created[]> {
  const created = await events(ask, sumFactory, contract("SumFactory"), "Created");
  return created.map(({ args, block: at, transaction }) => ({
    address: args.instance, implementation: nameOf(args.implementation), creator: args.creator, args: args.args, block: at, transaction,
  }));
}

/** The name of the package's contract at an address; empty for another's code. */
const nameOf = (address: Address): string =>
  Object.entries(config.value!.contracts).find(([, each]) => each.address.toLowerCase() === address.toLowerCase())?.[0] ?? "";

/** Open a model. Throws where its code or its descriptor is not what its address commits to. */
export async function open(address: Address): Promise<Model> {
  const found = (await models()).find(each => each.address.toLowerCase() === address.toLowerCase());
  if (!found) throw new Error("This chain's factory did not create that model.");
  if (!found.implementation) throw new Error("The model runs code that is not of this page's version: do not trust it with a deposit.");
  const [salt, money, settings] = await Promise.all([
    saltOf(found), read<readonly [Address, bigint]>(ask, abi, address, "money"), read<readonly bigint[]>(ask, abi, address, "settings"),
  ]);
  const implementation = addressOf(found.implementation);
  const expected = await read<Address>(ask, sumFactory, addressOf("SumFactory"), "addressOf", [implementation, found.creator, salt, found.args]);
  if (expected.toLowerCase() !== address.toLowerCase()) throw new Error("This descriptor is not the one that the model was created with.");
  if (BigInt(money[0])) throw new Error("This model takes a token: use `diln sum` for it.");
  const content = await block(salt);
  if (!content) throw new Error("The model's descriptor is not in this storage: `diln pin get` brings it.");
  const { name, labels, encoder, test, format } = canonical.decode(content);
  if (format !== "diln-shared-model/1") throw new Error("The model's descriptor is of another kind.");
  return {
    address, block: found.block, name: String(name), labels: labels.map(String), encoder, test: String(test), creator: found.creator,
    refundWait: Number((settings[0]! >> 48n) & 0xffffffffn), unit: money[1],
  };
}

/** The digest of the descriptor: the salt in the transaction that created the model. */
async function saltOf({ transaction }: Created): Promise<Hex> {
  const { input } = await ask("eth_getTransactionByHash", [transaction]);
  return decodeFunctionData({ abi: sumFactory, data: input }).args![1] as Hex;
}

/** A line of the form, as the model takes it. Throws a sentence. */
export function sampleOf({ encoder }: Model, text: string): Hex {
  return bytesToHex(encode(encoder, takesText(encoder) ? text : numbers(text)));
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

const words = (types: string, values: unknown[]): Hex => keccak256(encodeAbiParameters(types.split(" ").map(type => ({ type })), values));

/** What a commitment hides: the contract's `commitmentOf`, as contracts/kernel/Commitments.sol has it. */
export const commitmentOf = (address: Address, contributor: Address, x: Hex, y: number, salt: Hex): Hex =>
  words("bytes32 uint256 address address bytes32 bytes32", [
    keccak256(stringToHex("DILN sum contribution")), BigInt(config.value!.chainId), address, contributor,
    words("bytes32 uint256", [keccak256(x), BigInt(y)]), salt,
  ]);

export type Point = { block: number; accuracy: number };

/** Accuracy on the published test set: now, and at earlier blocks where the node keeps their states. */
export async function accuracy(model: Model, all: Contribution[]): Promise<{ points: Point[]; problem: string }> {
  const test = await testSet(model);
  if (!test) return { points: [], problem: "No test set is at hand: accuracy is not known here." };
  const blocks = [...new Set([model.block, ...all.map(each => each.block)])];
  const step = Math.max(1, Math.ceil(blocks.length / MOST_POINTS));
  const chosen = blocks.filter((_, at) => at % step === 0 || at === blocks.length - 1);
  const found = await Promise.all(chosen.map(async at => ({ block: at, accuracy: await measured(model, test, hexOf(at)).catch(() => NaN) })));
  const points = found.filter(each => !Number.isNaN(each.accuracy));
  return { points, problem: points.length < found.length ? "The node does not keep all earlier states." : "" };
}

async function measured(model: Model, test: [Hex, number][], at: Hex): Promise<number> {
  const labels = await Promise.all([...pages(test, TEST_PAGE)].map(page =>
    read<readonly number[]>(ask, abi, model.address, "predictBatch", [page.map(([x]) => x)], at)));
  return labels.flat().filter((label, index) => label === test[index]![1]).length / test.length;
}

async function testSet({ test }: Model): Promise<[Hex, number][] | null> {
  if (!test) return null;
  const { kind, digest } = parseCid(test);
  const content = kind === 1 ? await block(bytesToHex(digest).slice(2)) : null;
  if (!content || bytesToHex(await sha256(content)) !== bytesToHex(digest)) return null;
  return canonical.decode(content).samples.map(([x, label]: [string, number]) => [`0x${x}`, label]);
}
