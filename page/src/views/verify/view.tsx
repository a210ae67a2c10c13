import { useSignal } from "@preact/signals";
import { sentence } from "../../chain/sentence";
import { shown } from "../../chain/words";
import { hex } from "../../files/bytes";
import { filesIn, listed, type Folder } from "../../files/folders";
import { recognized, recognizedFolder } from "../../files/formats";
import { hash } from "../../files/hash";
import { OPENING, openingIn } from "../../files/opening";
import { Drop } from "../../parts/parts";
import type { Findings, Outcome } from "../../checks/findings";
import { verifyModel } from "../../checks/model";
import { isProof } from "../../checks/prooffile";

type Shown = { findings: Findings; facts: [string, string][] };
const MARKS: Record<Outcome, string> = { passed: "✓", failed: "✗", "not checked": "?", "not needed": "–" };
const LARGEST_BESIDE = 1 << 20;

/** Is this file what it claims to be? */
export default function Verify() {
  const result = useSignal<Shown | null>(null), busy = useSignal(""), project = useSignal("");

  async function take(files: File[], folders: Folder[]): Promise<void> {
    result.value = null;
    try {
      result.value = await verified(files, folders, named(project.value), said => { busy.value = said; });
      busy.value = "";
    } catch (error) {
      busy.value = sentence(error);
    }
  }

  return (
    <section aria-labelledby="verify">
      <h2 id="verify">Is this the model it claims to be?</h2>
      <Drop label="Drop a model, a file or a folder, with its manifest and signatures if you have them, and its opening.json if it is private, or a prediction's proof. It stays on your machine: only its hash is looked up."
        button="Choose files" takesFolders onFiles={take} />
      <details>
        <summary>Only of a project that you trust</summary>
        <p><label for="project">The project's id (anybody may use its name)</label>{" "}
          <input id="project" value={project.value} autoComplete="off" spellcheck={false} onInput={event => { project.value = event.currentTarget.value; }} /></p>
      </details>
      <div role="status" aria-live="polite">
        {busy.value && <p>{busy.value}</p>}
        {result.value && <Verdict {...result.value} />}
      </div>
    </section>
  );
}

/** A project's id as it is written; empty where none is. Throws for what is none. */
function named(project: string): string {
  const id = project.trim().toLowerCase();
  if (id && !/^0x[0-9a-f]{64}$/.test(id)) throw new Error("A project's id is 0x and 64 digits: its page under Projects shows it.");
  return id;
}

async function verified(files: File[], folders: Folder[], wanted: string, progress: (said: string) => void): Promise<Shown> {
  for (const file of files) {
    if (!(await isProof(file))) continue;
    if (files.length + folders.length > 1) throw new Error(`${shown(file.name, 80)} is a prediction's proof: drop it by itself, because it says nothing of other files.`);
    const { verifyProof } = await import("../../checks/proof");
    return { findings: await verifyProof(file, wanted), facts: [["File", shown(file.name)]] };
  }
  const model = modelOf(files, folders), isFile = model instanceof Blob;
  const size = isFile ? model.size : [...filesIn(model)].reduce((sum, [, file]) => sum + file.size, 0);
  const reading = (done: number): void => progress(`Reading ${shown(model.name)}: ${Math.round((100 * done) / size)} %`);
  progress(`Reading ${shown(model.name)}…`);
  const found = await hash(model, undefined, reading);
  progress("Asking the chain…");
  const disclosed = files.find(each => each.name === OPENING);
  const opening = disclosed && await openingIn(disclosed);
  const others = files.filter(each => each !== model && each !== disclosed && each.size <= LARGEST_BESIDE);
  const beside = await Promise.all(others.map(async each => ({ name: each.name, content: new Uint8Array(await each.arrayBuffer()) })));
  const subject = { name: model.name, hashed: found, format: await (isFile ? recognized(model) : recognizedFolder(model)) };
  const findings = await verifyModel(subject, beside, wanted, profile => hash(model, profile, reading), opening);
  return { findings, facts: [[isFile ? "File" : "Folder", shown(model.name)], [isFile ? "SHA-256" : "Digest", hex(found.digest)], ["CID", found.cid]] };
}

const isBeside = ({ name }: File): boolean => /^(manifest|signatures|opening)\.json$/.test(name);

/** The model in what was dropped together: a folder; else the file that is none of those beside it, and of
 * several such files a folder that they could stand in. */
function modelOf(files: File[], [folder, more]: Folder[]): File | Folder {
  if (more) throw new Error("Drop one folder.");
  const other = folder && files.find(each => !isBeside(each));
  if (other) throw new Error(`Drop the folder without ${shown(other.name, 80)}, or that file without the folder.`);
  if (folder) return folder;
  const models = files.filter(each => !isBeside(each));
  const found = models.length > 1 ? listed(models, `${models.length} files together`) : models[0];
  if (!found) throw new Error(files[0] ? `${files[0].name} is about a model, and is not one: drop the model with it.` : "No file was chosen.");
  return found;
}

function Verdict({ findings, facts }: Shown) {
  const word = !findings.ok ? "Not proven" : findings.whole ? "Proven" : "Proven in part";
  return (
    <article class={findings.ok ? "good" : "bad"}>
      <h3>{word}</h3>
      {findings.proven.map(each => <p key={each}>{each}</p>)}
      <ul class="checks">
        {findings.checks.map(({ name, outcome, sentence: said }) => (
          <li key={name} data-check={name} data-outcome={outcome}>
            <b><span aria-hidden="true">{MARKS[outcome]}</span> {name}</b> <span class="sr">{outcome}:</span> {said}
          </li>
        ))}
      </ul>
      <h4>What this does not prove</h4>
      <ul>{findings.notProven.map(each => <li key={each}>{each}</li>)}</ul>
      <dl>{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd><code>{value}</code></dd></div>)}</dl>
    </article>
  );
}
