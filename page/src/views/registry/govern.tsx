// What a project's owner does: mark and revoke versions, pause, change who publishes and who must sign, hand the project
// over. Shown to the owner only; and to whom it is offered, who accepts it.
import { useSignal } from "@preact/signals";
import { isAddress } from "viem/utils";
import { STATUS, type Project, type Version } from "../../chain/registry";
import { addressOf } from "../../chain/site";
import { shown } from "../../chain/words";
import { abi } from "../../generated/abi/modelRegistry";
import { Hash } from "../../parts/parts";
import { account, ready } from "../../wallet/connection";
import { send } from "../../wallet/transactions";

const NOBODY = "0x0000000000000000000000000000000000000000";

const act = (purpose: string, functionName: string, args: unknown[]): Promise<boolean> =>
  send({ purpose, to: addressOf("ModelRegistry"), abi, functionName, args });

const isMine = (who: string): boolean => who.toLowerCase() === account.value?.toLowerCase();

export function Govern({ project, version }: { project: Project; version?: Version }) {
  if (!ready.value) return null;
  if (isMine(project.pendingOwner) && !version) return <Offered project={project} />;
  if (!isMine(project.owner)) return null;
  return (
    <section aria-labelledby="govern">
      <h3 id="govern">You own this project</h3>
      {version ? <OfVersion project={project} version={version} /> : <OfProject project={project} />}
    </section>
  );
}

function Offered({ project }: { project: Project }) {
  return (
    <section aria-labelledby="govern">
      <h3 id="govern">This project is offered to you</h3>
      <p>Its owner is <Hash value={project.owner} />. If you accept it, you alone govern it.</p>
      <button onClick={() => act(`Accepting ${shown(project.name, 40)}`, "acceptOwnership", [project.id])}>Accept it</button>
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
  const publishers = (added: string[], removed: string[]): Promise<boolean> =>
    act(`Changing who publishes ${shown(project.name, 40)}`, "setPublishers", [project.id, added, removed]);
  const valid = isAddress(address.value);
  return (
    <>
      <div class="row">
        <button onClick={() => act(project.paused ? "Going on" : "Pausing", project.paused ? "unpause" : "pause", [project.id])}>
          {project.paused ? "Resume it" : "Pause it"}
        </button>
      </div>
      <div class="row">
        <label for="member">Somebody's address</label>
        <input id="member" value={address.value} onInput={event => { address.value = event.currentTarget.value.trim(); }} />
        <button disabled={!valid} onClick={() => publishers([address.value], [])}>Let them publish</button>
        <button disabled={!valid} onClick={() => publishers([], [address.value])}>Stop them from publishing</button>
      </div>
      <div class="row">
        <label for="threshold">Signatures needed then</label>
        <input id="threshold" type="number" min="0" max="255" value={threshold.value} onInput={event => { threshold.value = Number(event.currentTarget.value); }} />
        <button disabled={!valid} onClick={() => members([address.value], [])}>Let them sign</button>
        <button disabled={!valid} onClick={() => members([], [address.value])}>Stop them from signing</button>
        <button onClick={() => members([], [])}>Change the number only</button>
      </div>
      <HandOver project={project} />
    </>
  );
}

/** Offer the project to somebody, who must accept it; until then it can be taken back. */
function HandOver({ project }: { project: Project }) {
  const to = useSignal(""), typed = useSignal("");
  const word = `hand over ${shown(project.name, 40)}`;
  const offer = (who: string): Promise<boolean> => act(`Offering ${shown(project.name, 40)}`, "transferOwnership", [project.id, who]);
  if (BigInt(project.pendingOwner)) {
    return <p>It is offered to <Hash value={project.pendingOwner} />, who has not accepted it yet. <button onClick={() => offer(NOBODY)}>Take the offer back</button></p>;
  }
  return (
    <>
      <h4>Hand it over</h4>
      <div class="row">
        <label for="owner">The new owner's address</label>
        <input id="owner" value={to.value} onInput={event => { to.value = event.currentTarget.value.trim(); }} />
      </div>
      <div class="row">
        <label for="handover">Type “{word}”</label>
        <input id="handover" value={typed.value} autoComplete="off" onInput={event => { typed.value = event.currentTarget.value; }} />
        <button disabled={!isAddress(to.value) || typed.value !== word} onClick={() => offer(to.value)}>Offer it to them</button>
      </div>
    </>
  );
}
