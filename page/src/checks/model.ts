// The checks of a model, as `diln verify` makes them: its hash and anchor first, then CID, manifest, signatures,
// status and lineage.
import type { Hex } from "viem";
import { bytesToHex } from "viem/utils";
import * as registry from "../chain/registry";
import type { Lineage, Project, Version } from "../chain/registry";
import type { Log } from "../chain/read";
import type { Signature } from "../chain/signing";
import { config } from "../chain/site";
import { count, moment, shown } from "../chain/words";
import { block, bytes, hex, sha256 } from "../files/bytes";
import * as canonical from "../files/canonical";
import { contradicts, formatNamed, runsCode } from "../files/formats";
import type { Hashed } from "../files/hash";
import { anchorOf, artifactIn, checkWithheld, contradicted, fill, gateHolds, isPrivate, untold, wrongIn, type Manifest, type Opening } from "../files/opening";
import { cidText, DEFAULT_PROFILE, PROFILES, rawCid } from "../files/unixfs";
import { DEVELOPMENT_CHAIN, Findings, ONE_NODE } from "./findings";

export type Source = { name: string; content: Uint8Array };
/** A file or a folder as it was read; `format` is told by its bytes. */
export type Subject = { name: string; hashed: Hashed; format: string };

const NEED_AN_ANCHOR = ["cid", "manifest", "signatures", "status", "lineage"];
const LARGEST_MANIFEST = 1 << 20;
const MOST_TOLD = 5;
const LONGEST_VALUE = 300;
const SIGNATURES = "signatures.json";

/** Verify a file. `beside` are its manifest and its signatures, perhaps; `wanted` is the project that is meant, if one
 * is; `again` hashes it by another profile. */
export async function verifyModel(
  { name, hashed: found, format }: Subject, beside: Source[], wanted: string, again: (profile: string) => Promise<Hashed>, opening?: Opening,
): Promise<Findings> {
  const findings = new Findings(name);
  const manifests = beside.filter(each => each.name !== SIGNATURES);
  const digest = opening ? await anchorOf(opening, hex(found.digest)) : bytesToHex(found.digest);
  const versions = wanted ? await registry.versionsIn(wanted as Hex, digest) : await registry.copiesOf(digest);
  const version = versions[0];
  if (!version) return unknown(findings, found, wanted ? "this project" : "this registry", !!opening);
  // New salt for the same bytes gets rid of no revocation.
  if (opening && !wanted) versions.push(...await registry.copiesOf(bytesToHex(found.digest)));
  const [homes, publication] = await Promise.all([
    registry.projectsById(versions.map(each => each.projectId)), registry.publicationOf(version),
  ]);
  if (versions.length > 1) ambiguous(findings, versions, homes);
  anchored(findings, version, homes[0]!, publication, found, wanted, !!opening);
  const manifest = await findManifest(findings, version, manifests);
  const whole = await checkOpening(findings, manifest, opening);
  const hidden = opening && manifest && whole ? untold(manifest, opening) : [];
  await checkCid(findings, version, manifest, found, again);
  if (manifest && whole) describe(findings, version, manifest, whole, homes[0]!, found, hidden);
  checkFormat(findings, format, whole);
  await signatures(findings, version, homes[0]!, publication, beside.find(each => each.name === SIGNATURES));
  status(findings, version);
  await ancestry(findings, version, hidden.includes("parents") ? null : whole);
  if (version.chunks.length) await onChain(findings, version);
  findings.notProven.push(config.value!.development ? DEVELOPMENT_CHAIN : ONE_NODE);
  return findings;
}

/** What the registry knows a model by: nobody finds a folder's digest with sha256sum. */
const known = ({ folder }: Hashed): string => (folder ? "the folder's digest (of its root block on IPFS)" : "SHA-256");

function unknown(findings: Findings, found: Hashed, where: string, opened: boolean): Findings {
  const what = `${count(found.size, "byte")}${opened ? " with this opening" : ""} (${known(found)} ${hex(found.digest)})`;
  findings.add("anchor", "failed", `No version in ${where} has these ${what}: the file was changed, or never published here.`);
  for (const name of NEED_AN_ANCHOR) findings.add(name, "not checked", "There is no anchor to compare with.");
  findings.notProven.push(`Anything about this file: ${where} does not know it.`);
  if (!opened) findings.notProven.push("Whether it is a private model: that is found only by its opening.json. Drop it with the model.");
  return findings;
}

function anchored(
  findings: Findings, version: Version, project: Project, { args, block, transaction }: Log, found: Hashed, wanted: string, opened: boolean,
): void {
  const what = `version ${version.number} of project “${shown(project.name)}”`;
  const when = moment(version.publishedAt);
  const hidden = opened ? `, known as ${version.artifactHash.slice(2)} by its salt,` : "";
  findings.add("anchor", "passed",
    `${known(found)} ${hex(found.digest)}${hidden} is ${what}, published by ${args.publisher} in block ${block} of chain ${config.value!.chainId} (${when}), transaction ${transaction}.`);
  findings.proven.push(
    `These very ${count(found.size, "byte")} existed at ${when}, when ${args.publisher} published them as ${what}; had one byte been changed since, they would not have been found.`);
  if (!wanted) findings.notProven.push(
    `That this project is the one you trust: anybody may name one “${shown(project.name)}”. Its id is ${project.id}, its owner ${project.owner}.`);
}

/** Several projects have the bytes: whose word counts is not known. A revocation is told first, whoever revoked. */
function ambiguous(findings: Findings, versions: Version[], homes: Project[]): void {
  const told = versions.map((version, index) => ({ version, home: homes[index]! }));
  told.sort((one, other) => Number(other.version.status === "revoked") - Number(one.version.status === "revoked"));
  const listed = told.slice(0, MOST_TOLD).map(({ version, home }) => {
    const reason = version.reason ? `: ${shown(version.reason)}` : "";
    return `version ${version.number} of “${shown(home.name)}” (${home.id}, ${version.status}${reason}, published ${moment(version.publishedAt)})`;
  }).join(", ") + (told.length > MOST_TOLD ? ` and ${told.length - MOST_TOLD} more` : "");
  const revoked = told[0]!.version.status === "revoked" ? "It was revoked: " : "";
  findings.check("project", agree(versions),
    `${versions.length} projects have these bytes, and all say the same of them: ${listed}.`,
    `${revoked}${versions.length} projects have these bytes, and not all are known to say the same of them: ${listed}. Say which project you trust, above.`);
}

/** Whether it does not matter which is meant: all say the same of the bytes, and none is revoked. */
const agree = (versions: Version[]): boolean =>
  versions[0]!.status !== "revoked" && new Set(versions.map(said)).size === 1 && versions.length < registry.MOST_COPIES;
const said = ({ status, manifestDigest, parents }: Version): string => [status, manifestDigest, ...parents].join();

/** The manifest that was anchored, from the files at hand or the storage; believed by its hash only. */
async function findManifest(findings: Findings, version: Version, given: Source[]): Promise<Manifest | null> {
  const digest = version.manifestDigest.slice(2);
  const stored = await block(digest);
  for (const { name, content } of [...given, ...(stored ? [{ name: "the storage", content: stored }] : [])]) {
    if (hex(await sha256(content)) === digest) return parsed(findings, name, content, digest);
    // A stranger's manifest says nothing; one that speaks of this file does.
    if (new TextDecoder().decode(content).includes(version.artifactHash.slice(2))) {
      findings.add("manifest", "failed", `${shown(name)} is not the manifest that was anchored (${digest.slice(0, 12)}…).`);
      return null;
    }
  }
  findings.add("manifest", "not checked", `The manifest ${rawCid(bytes(digest))} is neither beside the file nor in the storage: drop it with the model.`);
  findings.notProven.push("How the model was made: its manifest is not at hand.");
  return null;
}

const isObject = (value: unknown): boolean => !!value && typeof value === "object" && !Array.isArray(value);
const areObjects = (value: unknown): boolean => Array.isArray(value) && value.every(isObject);

/** Whether a manifest has the parts that are looked into here; `diln` looks at all of it. */
const isWhole = (predicate: any): boolean => isObject(predicate?.artifact) && typeof predicate.artifact.format === "string"
  && isObject(predicate.withheld ?? {}) && areObjects(predicate.parents) && areObjects(predicate.data ?? []) && [predicate.project, ...(predicate.data ?? []).map((each: any) => each.source)].every(each => typeof each === "string");

function parsed(findings: Findings, name: string, content: Uint8Array, digest: string): Manifest | null {
  try {
    if (content.length > LARGEST_MANIFEST) throw new Error("it is above 1 MiB");
    const manifest = canonical.decode(content);
    if (manifest.predicateType !== "urn:diln:model:v2" || manifest.subject?.length !== 1) throw new Error("it is of another kind");
    if (!isWhole(manifest.predicate)) throw new Error("parts of a manifest are missing");
    findings.add("manifest", "passed", `The manifest from ${shown(name)} has the anchored digest ${digest}.`);
    const told = { subject: manifest.subject[0], predicate: manifest.predicate };
    checkWithheld(told);
    return told;
  } catch (error) {
    findings.add("manifest", "failed", `The anchored manifest cannot be used: ${(error as Error).message}.`);
    return null;
  }
}

/** The manifest, of a private model with what the opening discloses; null if that is not so. */
async function checkOpening(findings: Findings, manifest: Manifest | null, opening: Opening | undefined): Promise<Manifest | null> {
  if (!manifest) {
    if (opening) findings.add("opening", "not checked", "There is no manifest to compare it with.");
    return null;
  }
  if (isPrivate(manifest) !== !!opening) {
    findings.add("description", "failed", opening
      ? "The manifest is not of a private model, as the opening is."
      : "The manifest is of a private model, and its file was not found by a salt.");
    return null;
  }
  if (!opening) return manifest;
  const wrong = await wrongIn(opening, manifest);
  const holds = findings.check("opening", !wrong.length,
    `What the opening tells is what the manifest commits to: ${[...opening.keys()].join(", ")}.`,
    `The opening tells what the manifest does not commit to: ${wrong.join(", ")}.`);
  if (!holds) return null;
  for (const [field, { value }] of opening) {
    const text = canonical.encode(value);
    if (!["null", "[]", "{}"].includes(text)) findings.proven.push(`It was committed to then: ${field} = ${shown(text, LONGEST_VALUE)}.`);
  }
  try {
    const whole = fill(manifest, opening);
    if (!isWhole(whole.predicate)) throw new Error("parts of a manifest are missing");
    const field = contradicted(manifest, opening);
    if (!field) return whole;
    findings.add("opening", "failed", `The manifest tells another \`${field}\` in the clear than it commits to.`);
  } catch (error) {
    findings.add("description", "failed", `What was committed to describes no model: ${(error as Error).message}.`);
  }
  return null;
}

async function checkCid(
  findings: Findings, version: Version, manifest: Manifest | null, found: Hashed, again: (profile: string) => Promise<Hashed>,
): Promise<void> {
  if (version.artifactCid === "0x") {
    findings.add("cid", "not needed", "The version names no CID: it was not published on IPFS.");
    return;
  }
  const wanted = cidText(bytes(version.artifactCid));
  const artifact = manifest?.predicate.artifact;
  if (found.cid !== wanted && String(artifact?.format ?? "").endsWith("+age")) {
    findings.add("cid", "not needed", `The anchored CID ${wanted} is that of the encrypted file.`);
    findings.notProven.push(`That ${wanted} holds this model: only somebody who can decrypt it can tell.`);
    return;
  }
  const profile = String(artifact?.profile ?? DEFAULT_PROFILE);
  if (found.cid !== wanted && (!artifact || !Object.hasOwn(PROFILES, profile))) {
    findings.add("cid", "not checked", `How the CID ${wanted} was made is not known here.`);
    return;
  }
  // Cut into blocks in another way: only then is the file read a second time.
  const cid = found.cid === wanted || profile === DEFAULT_PROFILE ? found.cid : (await again(profile)).cid;
  findings.check("cid", cid === wanted, `The content has the anchored CID ${wanted}.`, `The content has the CID ${cid}, but ${wanted} was anchored.`);
}

/** The second manifest is the first with what was disclosed of a private model; the fields in `hidden` were not. */
function describe(
  findings: Findings, version: Version, manifest: Manifest, { predicate }: Manifest, project: Project, found: Hashed, hidden: string[],
): void {
  const cid = version.artifactCid === "0x" ? null : cidText(bytes(version.artifactCid));
  const unsized = hidden.includes("artifact.size");
  const same = artifactIn(manifest) === version.artifactHash.slice(2) && (unsized || predicate.artifact.size === found.size)
    && (!cid || manifest.subject.uri === `ipfs://${cid}`);
  const holds = findings.check("description", same,
    `The manifest describes this ${found.folder ? "folder" : "file"}: its digest, its CID${unsized ? "" : ` and its size of ${count(found.size, "byte")}`}.`,
    "The anchored manifest describes another file than the one it was anchored with.");
  if (holds) findings.proven.push(`Its manifest is unchanged since then. It says: ${told(predicate)}.`);
  findings.notProven.push(
    "That the manifest tells the truth: data, training and metrics are the word of those who signed and published it, until you train again from the same data.",
    ...reservations(version, predicate, project, hidden));
}

function told(predicate: any): string {
  const algorithm = shown(String(predicate.training?.algorithm || `a model in the format ${predicate.artifact.format}`));
  const data: any[] = Array.isArray(predicate.data) ? predicate.data : [];
  if (!data.length) return `${algorithm}; from which data, it does not say`;
  const named = data.slice(0, MOST_TOLD).map(each => `${shown(String(each.source))} (SHA-256 ${String(each.sha256).slice(0, 12)}…)`);
  return `${algorithm}, learned from ${named.join(", ")}`;
}

function* reservations(version: Version, predicate: any, project: Project, hidden: string[]): Generator<string> {
  const git = predicate.environment?.git;
  if (!git || git.dirty) yield "Which code trained it: the manifest names no clean git commit.";
  if (hidden.includes("project")) yield "That it was made for this project: its manifest withholds which. Ask for `project`.";
  else if (predicate.project !== project.name) yield `That it was made for this project: its manifest names “${shown(String(predicate.project))}”.`;
  if (hidden.includes("parents")) yield "That it was made from what the chain says: its manifest withholds that. Ask for `parents`.";
  const gate = predicate.evaluation?.gate;
  if (version.status === "deployable" && hidden.includes("evaluation.gate")) yield "That it passed its gate: its manifest withholds that. Ask for `evaluation.gate`.";
  else if (version.status === "deployable" && !gate?.passed) yield "That it is fit to be deployed: its manifest holds no passed gate.";
  else if (gate?.passed && !gateHolds(gate)) yield "That it passed its gate: it names no conditions that it met. Ask for `evaluation.gate`.";
}

/** Whether the bytes are in the format that the manifest names, and what loading them may do. */
function checkFormat(findings: Findings, found: string, manifest: Manifest | null): void {
  const told = manifest ? formatNamed(String(manifest.predicate.artifact.format)) : null;
  if (told && contradicts(found, told)) {
    const said = found === "unknown" ? "of no format that is known here" : `in the format ${found}`;
    findings.add("format", "failed", `The manifest says that the model is in the format ${told}, but its bytes are ${said}.`);
  }
  const kind = told && runsCode(told) && found === "unknown" ? told : found;
  if (!runsCode(kind)) return;
  const what = kind === "unknown" ? "a model of an unknown format" : `a ${kind} model`;
  findings.notProven.push(`That it does no harm: loading ${what} as its framework does runs code that it holds.`);
}

async function signatures(findings: Findings, version: Version, project: Project, published: Log, beside: Source | undefined): Promise<void> {
  const { args } = published;
  const signers: readonly Hex[] = args.signers;
  if (!signers.length) {
    findings.add("signatures", "not needed", "No participant signed: the project demanded no signature.");
    findings.notProven.push("That anybody but the publisher stands behind it: nobody signed.");
    return;
  }
  const names = signers.join(", ");
  const { rechecked, problem } = beside ? await recheck(version, published, beside) : { rechecked: 0, problem: "" };
  if (problem) {
    findings.add("signatures", "failed", problem);
    return;
  }
  const again = rechecked ? `, and ${count(rechecked, "signature")} again here` : "";
  findings.add("signatures", "passed",
    `${signers.length} of ${count(project.participants, "participant")} signed: ${names}. The contract checked them${again}; the project now demands ${project.threshold}.`);
  findings.proven.push(`${names} signed this very publication with their keys.`);
  findings.notProven.push("Who the people or firms behind these addresses are.");
  if (signers.length < project.threshold) findings.notProven.push("That it would be accepted today: more signatures are demanded now.");
  const still = await registry.areParticipants(version.projectId, signers);
  signers.forEach((signer, index) => {
    if (!still[index]) findings.notProven.push(`That ${signer} still stands by it: they are no longer a participant.`);
  });
}

/** Recover the signatures at hand, without trusting the node: how many fit, and what is wrong if one does not. */
async function recheck(version: Version, { args }: Log, { name, content }: Source): Promise<{ rechecked: number; problem: string }> {
  const { digestOf, isContract, isFor, isTheirs, signaturesIn } = await import("../chain/signing");
  let all: Signature[];
  try {
    all = signaturesIn(content);
  } catch {
    return { rechecked: 0, problem: "" }; // of somebody else, whatever it is
  }
  const signers = args.signers.map((each: string) => each.toLowerCase());
  const digest = digestOf({
    projectId: version.projectId, artifactHash: version.artifactHash, manifestDigest: version.manifestDigest, cidKind: args.cidKind,
    cidDigest: args.cidDigest, parents: args.parents, deployable: registry.STATUS[args.status] === "deployable",
  });
  let rechecked = 0;
  for (const each of all) {
    const counts = isFor(each, version.projectId) && signers.includes(each.participant.toLowerCase()) && `0x${each.manifest}` === version.manifestDigest;
    if (!counts) continue; // the same file may hold signatures for elsewhere
    if (await isTheirs(each, digest)) rechecked++;
    else if (!(await isContract(each.participant))) { // a wallet's rules may have changed since
      return { rechecked, problem: `The signature of ${each.participant} in ${shown(name)} is not theirs, or was changed.` };
    }
  }
  return { rechecked, problem: "" };
}

function status(findings: Findings, version: Version): void {
  findings.check("status", version.status !== "revoked",
    `The version is ${version.status}, and was not revoked.`, `The version was revoked: ${shown(version.reason)}.`);
  if (version.status === "deprecated") findings.notProven.push("That it is the one to use: it is deprecated.");
}

async function ancestry(findings: Findings, version: Version, manifest: Manifest | null): Promise<void> {
  const tree = await registry.lineage(version);
  const all = [...registry.walk(tree)];
  const others = new Map(all.slice(1).map(each => [each.version.versionId, each.version]));
  const revoked = [...others.values()].find(each => each.status === "revoked");
  const known = count(others.size, "ancestor");
  if (manifest && !sameParents(tree, manifest)) findings.add("lineage", "failed", "The parents in the manifest are not those on the chain.");
  else if (revoked) findings.add("lineage", "failed", `It was made from ${revoked.artifactHash.slice(2, 14)}…, which was revoked: ${shown(revoked.reason)}.`);
  else if (all.some(each => each.cut)) findings.add("lineage", "not checked", "It has more generations of ancestors than are followed.");
  else if (others.size) {
    findings.add("lineage", "passed", `All of its ${known} were published, and none is revoked.`);
    findings.proven.push(`All of its ${known} were published before it, and none is revoked.`);
  } else {
    const trained = manifest?.predicate.training?.split; // what only `diln train` knows
    findings.add("lineage", "passed", `It names no parents${trained ? ": it was trained from scratch" : "; nobody says whether it began with another"}.`);
  }
}

function sameParents(tree: Lineage, { predicate }: Manifest): boolean {
  const named: string[] = predicate.parents.filter((each: any) => each.manifest).map((each: any) => `${each.artifact} ${each.manifest}`);
  const known = tree.parents.map(({ version }) => `${version.artifactHash.slice(2)} ${version.manifestDigest.slice(2)}`);
  return JSON.stringify([...new Set(named)].sort()) === JSON.stringify([...new Set(known)].sort());
}

async function onChain(findings: Findings, version: Version): Promise<void> {
  const content = bytes(await registry.artifact(version));
  if (content.length && hex(await sha256(content)) !== version.artifactHash.slice(2)) {
    findings.add("on-chain", "failed", "The artifact that the node returned is not the one that was published.");
  } else if (findings.check("on-chain", content.length > 0,
    `All ${count(content.length, "byte")} are in contract code and were read back from there.`,
    "The node does not show the bytes that the contract keeps.")) {
    findings.proven.push("The model can be read from the chain alone.");
  }
}
