// The checks of a prediction's inclusion proof, as `diln verify prediction.json` makes them.
import type { Hex } from "viem";
import * as registry from "../chain/registry";
import { addressOf, config } from "../chain/site";
import { moment, shown } from "../chain/words";
import { bytes, hex, sha256 } from "../files/bytes";
import * as canonical from "../files/canonical";
import { proves } from "../files/merkle";
import { DEVELOPMENT_CHAIN, Findings, ONE_NODE } from "./findings";
import { TYPE } from "./prooffile";

const LARGEST = 16 << 20;
const MOST_RECORDS = 2 ** 32 - 1; // of a batch: the contract counts in 32 bits
const isHash = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isWord = (value: unknown): boolean => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value);
const isPlace = (value: any): boolean => typeof value?.registry === "string" && /^0x[0-9a-fA-F]{40}$/.test(value.registry)
  && isCount(value.chainId) && isHash(value.project);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

type Known = { artifact: string; home: registry.Project };

/** Verify a proof: that of a prediction in the project `wanted`, if one is named. Throws for a file that is none. */
export async function verifyProof(file: File, wanted = ""): Promise<Findings> {
  const proof = await parse(file);
  const { entry, anchor, root } = proof;
  const findings = new Findings(`prediction ${entry.index} in ${shown(file.name)}`);
  const record: Hex = `0x${entry.hash}`, top: Hex = `0x${root}`, project: Hex = `0x${anchor.project}`;
  findings.check("inclusion", proves(record, proof.position, proof.count, proof.siblings, top),
    `The entry, with hash ${entry.hash.slice(0, 12)}…, is under the root ${root}.`,
    "The entry is not under the root: one of them was changed.");
  const place = `${config.value!.chainId} ${addressOf("ModelRegistry").toLowerCase()}`;
  const elsewhere = [anchor, entry.model].find(each => `${each.chainId} ${String(each.registry).toLowerCase()}` !== place);
  let when = 0, known: Known | null = null;
  if (elsewhere) {
    findings.add("anchor", "failed", `The proof is for the registry ${elsewhere.registry} on chain ${elsewhere.chainId}, not for this one.`);
  } else {
    when = await checkAnchor(findings, proof, record, top, project);
    known = await checkModel(findings, entry.model, anchor.project);
    whose(findings, project, wanted);
  }
  const asked = await checkInput(findings, proof);
  if (when && known) {
    const output = shown(JSON.stringify(entry.output), 400);
    findings.proven.push(
      `No later than ${moment(when)}, it was on record that model ${known.artifact.slice(0, 12)}… answered ${output}${asked ? " for the input shown" : ""}; nobody can have changed that since.`,
      `Who says so: the project “${shown(known.home.name)}” with the id ${project}, owned by ${known.home.owner}.`);
    findings.notProven.push(`That it was answered at ${shown(entry.time)}: that is the word of whoever logged it.`);
  }
  findings.notProven.push(
    "That the model computed this output: run it on the input to see.",
    "That every prediction was logged: one that was left out leaves no trace.",
    "That no other entry has this number: whoever anchors may put several under one root.",
    config.value!.development ? DEVELOPMENT_CHAIN : ONE_NODE);
  return findings;
}

async function parse(file: File): Promise<any> {
  if (file.size > LARGEST) throw new Error("The file is too large for a proof.");
  const proof = canonical.decode(new Uint8Array(await file.arrayBuffer()));
  const { hash, ...content } = proof?.entry ?? {};
  const { model, output, time } = content, { revealed = null } = proof ?? {};
  const fits = proof?._type === TYPE && isHash(hash) && isHash(proof.root) && isPlace(proof.anchor) && isPlace(model)
    && isHash(model.artifact) && isHash(model.manifest) && output !== undefined && typeof time === "string"
    && Array.isArray(proof.siblings) && proof.siblings.every(isWord)
    && isCount(proof.position) && isCount(proof.count) && proof.position < proof.count && proof.count <= MOST_RECORDS
    && (revealed === null || (isWord(revealed.salt) && revealed.value !== undefined));
  if (!fits) throw new Error("The proof cannot be read. Ask for it again: `diln prove`.");
  const computed = hex(await sha256(new TextEncoder().encode(canonical.encode(content))));
  if (computed !== hash) throw new Error("The proof cannot be read: its hash is not that of its entry.");
  return proof;
}

async function checkAnchor(findings: Findings, proof: any, record: Hex, root: Hex, project: Hex): Promise<number> {
  const [batch, logs] = await Promise.all([registry.batch(project, root), registry.batchAnchor(project, root)]);
  if (!batch.number || !logs[0]) {
    findings.add("anchor", "failed", `The root ${root.slice(2)} was never anchored in this project.`);
    return 0;
  }
  const [included, found] = await registry.verifyInclusion(project, record, BigInt(proof.position), BigInt(proof.count), proof.siblings);
  const agreed = findings.check("anchor", included && found === root,
    `The root is that of batch ${batch.number} (${batch.count} records), anchored by ${logs[0].args.publisher} in block ${logs[0].block}; the contract accepts the proof.`,
    "The contract does not accept the proof.");
  return agreed ? Number(batch.anchoredAt) : 0;
}

/** Anybody may publish any model in a project of their own, and log there what they like. */
function whose(findings: Findings, found: Hex, wanted: string): void {
  if (wanted) {
    findings.check("project", found === wanted,
      "It was logged in the project that you named.", `It was logged in project ${found}, which is not the one that you named.`);
  } else {
    findings.notProven.push(`That its project, ${found}, is the one you trust: anybody may publish this model in a project of their own, and log there what it never answered.`);
  }
}

async function checkModel(findings: Findings, model: any, project: string): Promise<Known | null> {
  if (model.project !== project) {
    findings.add("model", "failed", "The entry speaks of a model of another project than it is anchored in.");
    return null;
  }
  const version = await registry.versionIn(`0x${model.project}`, `0x${model.artifact}`);
  const [home] = version ? await registry.projectsById([version.projectId]) : [];
  if (!version || !home || version.manifestDigest !== `0x${model.manifest}`) {
    findings.add("model", "failed", `The model ${model.artifact.slice(0, 12)}… was never published as the entry says.`);
    return null;
  }
  findings.add("model", "passed", `The model is version ${version.number} of project “${shown(home.name)}”, SHA-256 ${model.artifact}.`);
  findings.check("status", version.status !== "revoked", `The model is ${version.status}, and was not revoked.`, `The model was revoked: ${shown(version.reason)}.`);
  return { artifact: model.artifact, home };
}

async function checkInput(findings: Findings, { entry, revealed }: any): Promise<boolean> {
  if (!revealed) {
    findings.add("input", "not needed", "The proof does not show the input, but only its salted hash.");
    findings.notProven.push("What was asked: the input is not shown.");
    return false;
  }
  const salted = Uint8Array.from([...bytes(revealed.salt), ...new TextEncoder().encode(canonical.encode(revealed.value))]);
  return findings.check("input", hex(await sha256(salted)) === entry.input,
    "The input that is shown is the one that was logged.", "The input that is shown is not the one that was logged.");
}
