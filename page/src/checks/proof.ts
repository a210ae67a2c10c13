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
const HASH = /^[0-9a-f]{64}$/;

/** Verify a proof; throws for a file that is none. */
export async function verifyProof(file: File): Promise<Findings> {
  const proof = await parse(file);
  const { entry, anchor, root } = proof;
  const findings = new Findings(`prediction ${entry.index} in ${shown(file.name)}`);
  const record: Hex = `0x${entry.hash}`, top: Hex = `0x${root}`, project: Hex = `0x${anchor.project}`;
  findings.check("inclusion", proves(record, proof.position, proof.count, proof.siblings, top),
    `The entry, with hash ${entry.hash.slice(0, 12)}…, is under the root ${root}.`,
    "The entry is not under the root: one of them was changed.");
  const place = `${config.value!.chainId} ${addressOf("ModelRegistry").toLowerCase()}`;
  const elsewhere = [anchor, entry.model].find(each => `${each.chainId} ${String(each.registry).toLowerCase()}` !== place);
  let when = 0, known = false;
  if (elsewhere) {
    findings.add("anchor", "failed", `The proof is for the registry ${shown(String(elsewhere.registry))} on chain ${elsewhere.chainId}, not for this one.`);
  } else {
    when = await checkAnchor(findings, proof, record, top, project);
    known = await checkModel(findings, entry.model, anchor.project);
    findings.notProven.push(`That its project, ${project}, is the one you trust: anybody may log in a project of their own.`);
  }
  const asked = await checkInput(findings, proof);
  if (when && known) {
    const output = shown(JSON.stringify(entry.output), 400);
    findings.proven.push(`No later than ${moment(when)}, it was on record that model ${entry.model.artifact.slice(0, 12)}… answered ${output}${asked ? " for the input shown" : ""}; nobody can have changed that since.`);
    findings.notProven.push(`That it was answered at ${shown(entry.time)}: that is the word of who logged it.`);
  }
  findings.notProven.push(
    "That the model computed this output: run it on the input to see.",
    "That every prediction was logged: one that was left out leaves no trace.",
    "That no other entry has this number: who anchors may put several under one root.",
    config.value!.development ? DEVELOPMENT_CHAIN : ONE_NODE);
  return findings;
}

async function parse(file: File): Promise<any> {
  if (file.size > LARGEST) throw new Error("The file is too large for a proof.");
  const proof = canonical.decode(new Uint8Array(await file.arrayBuffer()));
  const { hash, ...content } = proof.entry ?? {};
  const fits = proof._type === TYPE && HASH.test(hash) && HASH.test(proof.root) && HASH.test(proof.anchor?.project)
    && HASH.test(content.model?.artifact) && HASH.test(content.model?.project) && Array.isArray(proof.siblings)
    && Number.isSafeInteger(proof.position) && Number.isSafeInteger(proof.count) && proof.count < 2 ** 32;
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

async function checkModel(findings: Findings, model: any, project: string): Promise<boolean> {
  if (model.project !== project) {
    findings.add("model", "failed", "The entry speaks of a model of another project than it is anchored in.");
    return false;
  }
  const version = await registry.versionIn(`0x${model.project}`, `0x${model.artifact}`);
  const [home] = version ? await registry.projectsById([version.projectId]) : [];
  if (!version || !home || version.manifestDigest !== `0x${model.manifest}`) {
    findings.add("model", "failed", `The model ${model.artifact.slice(0, 12)}… was never published as the entry says.`);
    return false;
  }
  findings.add("model", "passed", `The model is version ${version.number} of project “${shown(home.name)}”, SHA-256 ${model.artifact}.`);
  findings.check("status", version.status !== "revoked", `The model is ${version.status}, and was not revoked.`, `The model was revoked: ${shown(version.reason)}.`);
  return true;
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
