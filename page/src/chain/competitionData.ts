// The training data of a competition: sealed in its storage, opened by salts that its organizer anchors in the
// registry, and checked against the root. The reader of orchestrator/systems/competition/archive.py.
import { shake256 } from "@noble/hashes/sha3";
import type { Address, Hex } from "viem";
import { bytesToHex, hexToBytes, stringToBytes } from "viem/utils";
import { fetched } from "../files/fetching";
import { proofOf, rootOf } from "../files/merkle";
import { cidText } from "../files/unixfs";
import { abi, challenges, groupBytes, groupLeaf, isTest, sampleLeaves, samplesOf, type Challenge, type Competition, type Group, type Samples, type Terms } from "./competition";
import { hashOf } from "./commitment";
import { events, read } from "./read";
import { sentence } from "./sentence";
import { abi as registry } from "../generated/abi/modelRegistry";
import { addressOf, ask, config } from "./site";

const FORMAT = "diln-competition-data/2";
const LARGEST = 64 << 20, LARGEST_OPENING = 1 << 20;
const KEY = "DILN competition group seal";

/** What was demanded, what is open, and why no more is. */
export type Openings = { all: Challenge[]; groups: Map<number, Group>; problem: string };

export async function openings(competition: Competition): Promise<Openings> {
  const [all, opened] = await Promise.all([
    challenges(competition),
    openGroups(competition).then(groups => ({ groups, problem: "" }), error => ({ groups: new Map<number, Group>(), problem: sentence(error) })),
  ]);
  return { all, ...opened };
}

/** The samples of the training groups that are open. Throws as `openGroups` does, and where none is. */
export async function trainingData(competition: Competition): Promise<Samples> {
  const opened = await openGroups(competition);
  if (!opened.size) throw new Error("No training group is open yet: its organizer opens them soon after the split.");
  return samplesOf(competition.terms, [...opened].sort(([one], [other]) => one - other).map(([, { data }]) => data));
}

/** The training groups that are open, as the contract takes them. Throws where the data are not available, or are not
 * those of the root. */
export async function openGroups(competition: Competition): Promise<Map<number, Group>> {
  const { terms, tests } = competition, each = groupBytes(terms);
  const { leaves, body } = await archiveOf(terms);
  const opened = new Map<number, Group>();
  for (const { args } of await events(ask, abi, competition, "Answered")) opened.set(Number(args.group), args.opened);
  for (const [text, key] of Object.entries(await salts(competition))) {
    const number = Number(text), salt: Hex = `0x${key}`;
    if (!(number >= 0 && number < terms.groups) || isTest(tests, number) || opened.has(number)) continue;
    const data = bytesToHex(unsealed(body.subarray(number * each, (number + 1) * each), salt));
    const leaf = groupLeaf(terms, number, rootOf(sampleLeaves(terms, number, { salt, data })));
    if (leaf !== leaves[number]) throw new Error(`Group ${number} does not match the root: its salt or its data were changed.`);
    opened.set(number, { salt, data, proof: proofOf(leaves, number) });
  }
  return opened;
}

async function archiveOf(terms: Terms): Promise<{ leaves: Hex[]; body: Uint8Array }> {
  const archive = await fetched(cidText(hexToBytes(`0x01${terms.cidCodec.toString(16)}1220${terms.cidDigest.slice(2)}`)), LARGEST);
  const end = archive.indexOf(10);
  const { format, leaves } = JSON.parse(new TextDecoder().decode(archive.subarray(0, end)));
  const body = archive.subarray(end + 1);
  if (format !== FORMAT || leaves.length !== terms.groups || body.length !== terms.groups * groupBytes(terms)) throw new Error("The competition's data are not what its terms say.");
  const all: Hex[] = leaves.map((leaf: string) => `0x${leaf}`);
  if (rootOf(all) !== terms.root) throw new Error("The data's leaves do not lead to the root of the competition.");
  return { leaves: all, body };
}

function unsealed(sealed: Uint8Array, salt: Hex): Uint8Array {
  const mask = shake256(new Uint8Array([...stringToBytes(KEY), ...hexToBytes(salt)]), { dkLen: sealed.length });
  return sealed.map((byte, at) => byte ^ mask[at]!);
}

/** The salts of the training groups, by group; none where nothing was published. */
async function salts({ address, terms }: Competition): Promise<Record<string, string>> {
  const place = addressOf("ModelRegistry");
  const project = hashOf("uint256 address address string", BigInt(config.value!.chainId), place, terms.organizer, `competition-${address}`);
  const { number, cid } = await read<{ number: number; cid: Hex }>(ask, registry, place as Address, "batch", [project, terms.root]);
  if (!number || cid === "0x") return {};
  return JSON.parse(new TextDecoder().decode(await fetched(cidText(hexToBytes(cid)), LARGEST_OPENING))).salts;
}
