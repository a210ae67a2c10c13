// What a project's owner does: mark and revoke versions, pause, change who must sign. Shown to the owner only.
import { useSignal } from "@preact/signals";
import { isAddress } from "viem/utils";
import { STATUS, type Project, type Version } from "../../chain/registry";
import { addressOf } from "../../chain/site";
import { shown } from "../../chain/words";
import { abi } from "../../generated/abi/modelRegistry";
import { account, ready } from "../../wallet/connection";
import { send } from "../../wallet/transactions";

const act = (purpose: string, functionName: string, args: unknown[]): Promise<boolean> =>
  send({ purpose, to: addressOf("ModelRegistry"), abi, functionName, args });

export function Govern({ project, version }: { project: Project; version?: Version }) {
  if (!ready.value || project.owner.toLowerCase() !== account.value?.toLowerCase()) return null;
  return (
    <section aria-labelledby="govern">
      <h3 id="govern">You own this project</h3>
      {version ? <OfVersion project={project} version={version} /> : <OfProject project={project} />}
    </section>
  );
}

function OfVersion({ project, version }: { project: Project; version: Version }) {
  const reason = useSignal(""), typed = useSignal("");
  const word = `revoke version ${version.number}`;
  const mark = (status: "deprecated" | "published"): Promise<boolean> =>
    act(`Marking version ${version.number} ${status}`, "demote", [project.id, version.artifactHash, STATUS.indexOf(status)]);
  if (version.status === "revoked") return <p>A revoked version stays so for good.</p>;
  return (
    <>
      <div class="row">
        {version.status === "deployable" && <button onClick={() => mark("published")}>Mark it published only</button>}
        {version.status !== "deprecated" && <button onClick={() => mark("deprecated")}>Mark it deprecated</button>}
      </div>
      <h4>Revoke it, for good</h4>
      <label for="reason">Why, for everybody to read</label>
      <input id="reason" value={reason.value} maxLength={200} onInput={event => { reason.value = event.currentTarget.value; }} />
      <div class="row">
        <label for="typed">Type “{word}”</label>
        <input id="typed" value={typed.value} autoComplete="off" onInput={event => { typed.value = event.currentTarget.value; }} />
        <button disabled={typed.value !== word || !reason.value.trim()} onClick={() => act(`Revoking version ${version.number}`, "revoke", [project.id, version.artifactHash, reason.value.trim()])}>Revoke it</button>
      </div>
    </>
  );
}

function OfProject({ project }: { project: Project }) {
  const address = useSignal(""), threshold = useSignal(project.threshold);
  const members = (added: string[], removed: string[]): Promise<boolean> =>
    act(`Changing who signs for ${shown(project.name, 40)}`, "setParticipants", [project.id, added, removed, threshold.value]);
  const valid = isAddress(address.value);
  return (
    <>
      <div class="row">
        <button onClick={() => act(project.paused ? "Going on" : "Pausing", project.paused ? "unpause" : "pause", [project.id])}>
          {project.paused ? "Let it go on" : "Pause it"}
        </button>
      </div>
      <div class="row">
        <label for="member">A participant's address</label>
        <input id="member" value={address.value} onInput={event => { address.value = event.currentTarget.value.trim(); }} />
        <label for="threshold">Signatures needed then</label>
        <input id="threshold" type="number" min="0" max="255" value={threshold.value} onInput={event => { threshold.value = Number(event.currentTarget.value); }} />
        <button disabled={!valid} onClick={() => members([address.value], [])}>Add them</button>
        <button disabled={!valid} onClick={() => members([], [address.value])}>Remove them</button>
        <button onClick={() => members([], [])}>Change the number only</button>
      </div>
    </>
  );
}
