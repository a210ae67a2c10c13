import { useSignal } from "@preact/signals";
import { sentence } from "../../chain/sentence";
import { recognized } from "../../files/formats";
import { hash } from "../../files/hash";
import { hex } from "../../files/bytes";
import { Drop } from "../../parts/parts";
import type { Findings, Outcome } from "../../checks/findings";
import { verifyModel } from "../../checks/model";
import { isProof, verifyProof } from "../../checks/proof";

type Shown = { findings: Findings; facts: [string, string][] };
const MARKS: Record<Outcome, string> = { passed: "✓", failed: "✗", "not checked": "?", "not needed": "–" };
const LARGEST_BESIDE = 1 << 20;

/** Is this file what it claims to be? */
export default function Verify() {
  const result = useSignal<Shown | null>(null), busy = useSignal("");

  async function take(files: File[]): Promise<void> {
    result.value = null;
    try {
      result.value = await verified(files, said => { busy.value = said; });
      busy.value = "";
    } catch (error) {
      busy.value = sentence(error);
    }
  }

  return (
    <section aria-labelledby="verify">
      <h2 id="verify">Is this the model it claims to be?</h2>
      <Drop label="Drop a model file, with its manifest and signatures if you have them, or a prediction's proof. It stays on your machine: only its hash is looked up."
        button="Choose files" onFiles={take} />
      <div role="status" aria-live="polite">
        {busy.value && <p>{busy.value}</p>}
        {result.value && <Verdict {...result.value} />}
      </div>
    </section>
  );
}

async function verified(files: File[], progress: (said: string) => void): Promise<Shown> {
  if (!files.length) throw new Error("No file was chosen.");
  for (const file of files) {
    if (await isProof(file)) return { findings: await verifyProof(file), facts: [["File", file.name]] };
  }
  const file = model(files);
  const reading = (done: number): void => progress(`Reading ${file.name}: ${Math.round((100 * done) / file.size)} %`);
  progress(`Reading ${file.name}…`);
  const found = await hash(file, undefined, reading);
  progress("Asking the chain…");
  const others = files.filter(each => each !== file && each.size <= LARGEST_BESIDE);
  const beside = await Promise.all(others.map(async each => ({ name: each.name, content: new Uint8Array(await each.arrayBuffer()) })));
  const subject = { name: file.name, hashed: found, format: await recognized(file) };
  const findings = await verifyModel(subject, beside, profile => hash(file, profile, reading));
  return { findings, facts: [["File", file.name], ["SHA-256", hex(found.sha256)], ["CID", found.cid]] };
}

/** The model among files that were dropped together: the one that is not its manifest or its signatures. */
const model = (files: File[]): File =>
  files.find(each => !/^(manifest|signatures)\.json$/.test(each.name)) ?? files[0]!;

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
