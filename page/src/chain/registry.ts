// What the model registry knows, as values: projects, versions and their ancestry.
import type { Address, Hex } from "viem";
import { abi } from "../generated/abi/modelRegistry";
import { events, pages, read, type Log } from "./read";
import { ask, contract } from "./site";

export const STATUS = ["none", "revoked", "deprecated", "published", "deployable"] as const;
export type Status = (typeof STATUS)[number];
export type Project = {
  id: Hex; name: string; owner: Address; pendingOwner: Address; paused: boolean;
  threshold: number; participants: number; versions: number; batches: number;
};
export type Version = {
  versionId: Hex; projectId: Hex; artifactHash: Hex; status: Status; number: number; publishedAt: number; revision: number;
  manifestDigest: Hex; manifestCid: Hex; artifactCid: Hex; parents: readonly Hex[]; chunks: readonly Address[]; reason: string;
};
/** A version with its parents' lineages. `repeated` stands elsewhere in the tree already; `cut` is too far away. */
export type Lineage = { version: Version; parents: Lineage[]; repeated: boolean; cut: boolean };

const DEEPEST = 200;
const MOST_ANCESTORS = 1000;
export const MOST_COPIES = 100;
type Key = { projectId: Hex; artifactHash: Hex };
type Published = Key & { versionId: Hex; parents: readonly Hex[] };

const registry = () => contract("ModelRegistry");
const call = <T>(name: string, args: unknown[]): Promise<T> => read<T>(ask, abi, registry().address, name, args);

/** All projects, in the order of their creation. */
export async function projects(): Promise<Project[]> {
  const created = await events(ask, abi, registry(), "ProjectCreated");
  return projectsById(created.map(each => each.args.projectId));
}

const isWord = (text: string): boolean => /^0x[0-9a-f]{64}$/i.test(text);

/** Those of these projects that there are. */
export async function projectsById(ids: Hex[]): Promise<Project[]> {
  ids = ids.filter(isWord); // an address bar holds anything
  const views = await Promise.all([...pages(ids)].map(page => call<Omit<Project, "id">[]>("projects", [page])));
  return views.flat().map((view, index) => ({ ...view, id: ids[index]! })).filter(each => BigInt(each.owner));
}

/** All versions of a project, oldest first. */
export async function versionsOf(projectId: Hex): Promise<Version[]> {
  return versions(await published({ projectId }));
}

/** The versions with these bytes, in whatever projects, oldest first. */
export async function copiesOf(artifactHash: Hex): Promise<Version[]> {
  return versions((await published({ artifactHash })).slice(0, MOST_COPIES));
}

/** When, where and by whom a version was published. */
export async function publicationOf(version: Version): Promise<Log> {
  const [found] = await events(ask, abi, registry(), "VersionPublished", { versionId: version.versionId });
  if (!found) throw new Error("The node does not show when the version was published. Ask another node.");
  return found;
}

/** The ancestry of a version, as the registry knows it. */
export async function lineage(version: Version): Promise<Lineage> {
  const known = await ancestors(version);
  const seen = new Set<Hex>();
  function grow(each: Version, depth: number): Lineage {
    const followed = depth < DEEPEST && each.parents.every(parent => known.has(parent));
    const repeated = seen.has(each.versionId);
    if (repeated || (each.parents.length && !followed)) return { version: each, parents: [], repeated, cut: !repeated };
    seen.add(each.versionId);
    return { version: each, parents: each.parents.map(parent => grow(known.get(parent)!, depth + 1)), repeated: false, cut: false };
  }
  return grow(version, 0);
}

/** A lineage and those of its ancestors, depth first. */
export function* walk(tree: Lineage): Generator<Lineage> {
  yield tree;
  for (const parent of tree.parents) yield* walk(parent);
}

/** Most parents are of the same project, whose events come in one look; others are looked for by generation. */
async function ancestors(version: Version): Promise<Map<Hex, Version>> {
  const known = new Map((await published({ projectId: version.projectId })).map(each => [each.versionId, each] as const));
  const found = new Set<Hex>();
  for (let generation = [...version.parents]; generation.length;) {
    if (found.size + generation.length > MOST_ANCESTORS) break;
    const missing = generation.filter(each => !known.has(each));
    const logs = await Promise.all([...pages(missing)].map(page => published({ versionId: page })));
    for (const each of logs.flat()) known.set(each.versionId, each);
    const hidden = missing.find(each => !known.has(each));
    if (hidden) throw new Error(`The node does not show the parent version ${hidden.slice(0, 14)}…. Ask another node.`);
    for (const each of generation) found.add(each);
    generation = [...new Set(generation.flatMap(each => known.get(each)!.parents))].filter(each => !found.has(each));
  }
  const all = await versions([...found].map(each => known.get(each)!));
  return new Map([version, ...all].map(each => [each.versionId, each]));
}

async function published(filter: Record<string, unknown>): Promise<Published[]> {
  const logs = await events(ask, abi, registry(), "VersionPublished", filter);
  return logs.map(({ args: { projectId, artifactHash, versionId, parents } }) => ({ projectId, artifactHash, versionId, parents }));
}

async function versions(keys: Key[]): Promise<Version[]> {
  const views = await Promise.all([...pages(keys)].map(page => call<any[]>("versions", [page])));
  return views.flat().map((view, index) => ({ ...view, ...keys[index]!, status: STATUS[view.status]!, publishedAt: Number(view.publishedAt) })).filter(each => each.status !== "none");
}

/** The bytes of an artifact that stands in contract code. */
export const artifact = (version: Version): Promise<Hex> => call("artifact", [version.projectId, version.artifactHash]);

/** Who may publish beside the owner, and whose approvals count, as the project's events tell. */
export async function membersOf(projectId: Hex): Promise<{ publishers: Address[]; participants: Address[] }> {
  const names = ["PublisherAdded", "PublisherRemoved", "ParticipantAdded", "ParticipantRemoved"];
  const found = await Promise.all(names.map(async (name, at) =>
    (await events(ask, abi, registry(), name, { projectId })).map(log => ({ ...log, adds: at % 2 === 0, participant: at > 1 }))));
  const sets = { publishers: new Set<Address>(), participants: new Set<Address>() };
  for (const { args, adds, participant } of found.flat().sort((one, other) => one.block - other.block || one.index - other.index)) {
    const set = participant ? sets.participants : sets.publishers;
    set[adds ? "add" : "delete"](participant ? args.participant : args.publisher);
  }
  return { publishers: [...sets.publishers], participants: [...sets.participants] };
}

/** Whose approvals count now. */
export const areParticipants = (project: Hex, accounts: readonly Address[]): Promise<readonly boolean[]> =>
  call("areParticipants", [project, accounts]);

export const batch = (project: Hex, root: Hex): Promise<{ number: number; count: number; anchoredAt: number }> => call("batch", [project, root]);

export const batchAnchor = (projectId: Hex, root: Hex): Promise<Log[]> => events(ask, abi, registry(), "BatchAnchored", { projectId, root });

export const verifyInclusion = (...args: [Hex, Hex, bigint, bigint, Hex[]]): Promise<readonly [boolean, Hex]> => call("verifyInclusion", args);

/** The version with these bytes in a project: one, or none. */
export const versionsIn = async (projectId: Hex, artifactHash: Hex): Promise<Version[]> =>
  (isWord(projectId) && isWord(artifactHash) ? versions([{ projectId, artifactHash }]) : []);

export const versionIn = async (projectId: Hex, artifactHash: Hex): Promise<Version | undefined> => (await versionsIn(projectId, artifactHash))[0];
