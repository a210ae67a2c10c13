// Sign a manifest: the publication is made again here from manifest and model, and signed only where the registry
// itself has the same digest of it.
import { useSignal } from "@preact/signals";
import type { Hex } from "viem";
import { hashStruct } from "viem/utils";
import { read } from "../../chain/read";
import * as registry from "../../chain/registry";
import type { Project } from "../../chain/registry";
import { sentence } from "../../chain/sentence";
import { digestOf, isFor, isTheirs, messageOf, signaturesIn, TYPES, type Publication, type Signature } from "../../chain/signing";
import { addressOf, ask } from "../../chain/site";
import { count, shown } from "../../chain/words";
import { hex, sha256 } from "../../files/bytes";
import * as canonical from "../../files/canonical";
import type { Folder } from "../../files/folders";
import { hash } from "../../files/hash";
import { anchorOf, gateHolds, isPrivate, OPENING, openingIn, whole, type Manifest, type Opening } from "../../files/opening";
import { parseCid } from "../../files/unixfs";
import { abi } from "../../generated/abi/modelRegistry";
import { Drop, Hint, save } from "../../parts/parts";
import { account, ready, wallet } from "../../wallet/connection";
import { news, send } from "../../wallet/transactions";

type Ready = { project: Project; publication: Publication; signatures: Signature[]; digest: Hex; hidden: boolean };

const LARGEST_BESIDE = 1 << 20;
const SEALED = "model.age"; // a private model for its readers, as a run's folder has it

export default function Sign() {
  const found = useSignal<Ready | null>(null), problem = useSignal("");
  const take = (files: File[], folders: Folder[]): void => {
    found.value = null;
    problem.value = "Reading…";
    prepared(files, folders).then(value => { found.value = value; problem.value = ""; }, error => { problem.value = sentence(error); });
  };
  return (
    <section aria-labelledby="sign">
      <h2 id="sign">Sign a manifest</h2>
      <p>Drop the model, a file or a folder, with its manifest.json, signatures.json if others have signed, and opening.json if it is private. Nothing leaves this machine but what you sign.</p>
      <Drop label="Model, manifest.json, signatures.json, opening.json" button="Choose files" takesFolders onFiles={take} />
      <p role="status" aria-live="polite">{problem.value}</p>
      <Hint what="Signing" />
      {found.value && <Review key={found.value.digest} {...found.value} />}
    </section>
  );
}

async function prepared(files: File[], [folder]: Folder[]): Promise<Ready> {
  const texts = files.filter(each => each.name.endsWith(".json") && each.size <= LARGEST_BESIDE);
  const manifestFile = texts.find(each => each.name === "manifest.json"), beside = texts.find(each => each.name === "signatures.json");
  const disclosed = files.find(each => each.name === OPENING), sealed = files.find(each => each.name === SEALED);
  const model = folder ?? files.find(each => ![manifestFile, beside, disclosed, sealed].includes(each));
  if (!manifestFile || !model) throw new Error("Drop the model and its manifest.json together.");
  const content = new Uint8Array(await manifestFile.arrayBuffer());
  const { subject: [subject], predicate: told } = canonical.decode(content), manifest = { subject, predicate: told }, hidden = isPrivate(manifest);
  if (hidden && !disclosed) throw new Error("This manifest is of a private model: drop its opening.json with them, by which the model is known.");
  const opening = hidden ? await openingIn(disclosed!) : undefined, named = await artifactOf(model, manifest, opening);
  const { predicate } = opening ? await whole(manifest, opening) : manifest;
  if (hidden && sealed && `ipfs://${(await hash(sealed, told.artifact.profile)).cid}` !== subject.uri) throw new Error(`${SEALED} is not the encrypted file that the manifest names.`);
  const project = await projectOf(predicate);
  const cid = parseCid(String(subject.uri).replace("ipfs://", ""));
  const publication: Publication = {
    projectId: project.id, artifactHash: named, manifestDigest: `0x${hex(await sha256(content))}`,
    cidKind: cid.kind, cidDigest: `0x${hex(cid.digest)}`, parents: await parentIds(predicate.parents),
    deployable: gateHolds(predicate.evaluation?.gate),
  };
  const digest = digestOf(publication);
  const said = await read<Hex>(ask, abi, addressOf("ModelRegistry"), "publicationDigest", [publication]);
  if (said !== digest) throw new Error("The registry makes another digest of this publication: do not sign it.");
  const signatures = beside ? signaturesIn(new Uint8Array(await beside.arrayBuffer())) : [];
  return { project, publication, signatures: await counting(signatures, publication, digest), digest, hidden };
}

/** By what the registry will know the model: its digest, or what its opening makes of that. Rejects unless the manifest says so. */
async function artifactOf(model: File | Folder, manifest: Manifest, opening: Opening | undefined): Promise<Hex> {
  const { digest, folder } = await hash(model);
  const found: Hex = opening ? await anchorOf(opening, hex(digest)) : `0x${hex(digest)}`;
  const named = manifest.subject.digest[opening ? "salted" : folder ? "unixfs" : "sha256"];
  if (`0x${named}` !== found) throw new Error("This manifest describes another model: the digest differs.");
  return found;
}

/** The project that the manifest names, of those that the wallet's account has a part in; else the only one. */
async function projectOf(predicate: any): Promise<Project> {
  const named = (await registry.projects()).filter(each => each.name === predicate.project);
  const member = await Promise.all(named.map(async each => account.value && (await registry.areParticipants(each.id, [account.value]))[0]));
  const found = named.filter((each, at) => member[at] || each.owner.toLowerCase() === account.value?.toLowerCase());
  const choice = found.length ? found : named;
  if (choice.length === 1) return choice[0]!;
  throw new Error(choice.length ? `${choice.length} projects are named “${shown(predicate.project)}”: use diln sign.` : `No project is named “${shown(String(predicate.project))}”.`);
}

async function parentIds(parents: any[]): Promise<Hex[]> {
  const ids = await Promise.all(parents.filter(each => each.manifest).map(async each => {
    const copies = await registry.copiesOf(`0x${each.artifact}`);
    const found = copies.find(copy => copy.manifestDigest === `0x${each.manifest}`);
    if (!found) throw new Error(`The parent ${String(each.artifact).slice(0, 12)}… was never published with that manifest.`);
    return found.versionId;
  }));
  return [...new Set(ids)].sort();
}

/** Those of the signatures that count for this publication: one of each who is a participant now. */
async function counting(signatures: Signature[], publication: Publication, digest: Hex): Promise<Signature[]> {
  const here = signatures.filter(each => isFor(each, publication.projectId));
  for (const each of here) {
    if (!(await isTheirs(each, digest))) throw new Error(`The signature of ${each.participant} is not of this publication.`);
  }
  const still = await registry.areParticipants(publication.projectId, here.map(each => each.participant));
  const counted = here.filter((_, at) => still[at]);
  return [...new Map(counted.map(each => [each.participant.toLowerCase(), each])).values()];
}

function Review({ project, publication, signatures, digest, hidden }: Ready) {
  const all = useSignal(signatures), published = useSignal(false);
  const missing = project.threshold - all.value.length;
  const typed = messageOf(publication);
  const mine = all.value.some(each => each.participant.toLowerCase() === account.value?.toLowerCase());
  const fields = Object.entries(publication).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") || "none" : String(value)]);
  async function sign(): Promise<void> {
    try {
      const [member] = await registry.areParticipants(project.id, [account.value!]);
      if (!member) throw new Error("Your account is not a participant of this project.");
      const signature: Hex = await wallet.value!.provider.request({ method: "eth_signTypedData_v4", params: [account.value, JSON.stringify(typed)] });
      const made: Signature = {
        participant: account.value!, signature, chainId: typed.domain.chainId, contract: typed.domain.verifyingContract,
        project: project.id.slice(2), manifest: publication.manifestDigest.slice(2),
      };
      if (!(await isTheirs(made, digest))) throw new Error("Your wallet signed something else, or does not stand by its signature.");
      all.value = [...all.value, made];
      save("signatures.json", `${JSON.stringify(all.value, null, 2)}\n`);
      news.value = "Signed. Put signatures.json beside the manifest.";
    } catch (error) {
      news.value = `Signing: ${sentence(error)}`;
    }
  }
  const approvals = all.value.map(each => ({ signer: each.participant, signature: each.signature }))
    .sort((one, other) => (one.signer.toLowerCase() < other.signer.toLowerCase() ? -1 : 1)); // as the registry demands
  const publish = async (): Promise<void> => {
    published.value = await send({ purpose: "Publishing", to: addressOf("ModelRegistry"), abi, functionName: "publish", args: [publication, approvals] });
  };
  return (
    <article>
      <h3>{shown(project.name, 80)}: {all.value.length} of {project.threshold} signed</h3>
      <dl>
        {fields.map(([name, value]) => <div key={name}><dt>{name}</dt><dd><code>{value}</code></dd></div>)}
        <dt>Domain hash</dt><dd><code>{hashStruct({ data: typed.domain, primaryType: "EIP712Domain", types: TYPES })}</code></dd>
        <dt>Message hash</dt><dd><code>{hashStruct({ data: publication as any, primaryType: "Publication", types: TYPES })}</code></dd>
        <dt>Digest, which the registry makes too</dt><dd><code>{digest}</code></dd>
      </dl>
      <div class="row">
        <button disabled={!ready.value || mine || published.value} onClick={sign}>{mine ? "You have signed" : "Sign it"}</button>
        <button disabled={!ready.value || missing > 0 || published.value} onClick={publish}>Publish it</button>
      </div>
      {missing > 0 && <p>{count(missing, "participant")} must sign before it can be published: give them these files, signatures.json too.</p>}
      {published.value && (
        <p>
          <a href={`#/registry/${project.id}/${publication.artifactHash}`}>See the version.</a> Others read its manifest and its model from the
          storage: <code>diln pin add manifest.json</code>, and the same with {hidden ? "model.age, the encrypted file" : "the model"}, bring them there.
          {hidden && " Its readers decrypt that: model and opening.json stay with you."}
        </p>
      )}
    </article>
  );
}
