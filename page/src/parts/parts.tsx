// Small parts that several views use.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sentence } from "../chain/sentence";
import { now } from "../chain/site";
import { moment, short, until } from "../chain/words";
import { dropped, listed, type Folder } from "../files/folders";
import { account, ready, wrongChain } from "../wallet/connection";
import { news } from "../wallet/transactions";

/** An address or a hash, short for the eye and whole for whoever hovers, copies or listens; `own` is what the account's is called. */
export function Hash({ value, own = "you" }: { value: string; own?: string }) {
  const mine = value.toLowerCase() === account.value?.toLowerCase();
  return <code title={value}><span aria-hidden="true">{mine ? own : short(value)}</span><span class="sr">{mine && own === "you" ? own : value}</span></code>;
}

/** How long until a moment of the chain's time; it ticks by itself. */
export function Countdown({ to }: { to: number }) {
  const left = useSignal(to - now());
  useEffect(() => {
    left.value = to - now();
    const timer = setInterval(() => { left.value = to - now(); }, 1000);
    return () => clearInterval(timer);
  }, [to]);
  return <time dateTime={moment(to)} title={moment(to)}>{until(left.value)}</time>;
}

/** When something ends, or that its time is over: what comes next waits for somebody then. */
export const Ends = ({ at, what = "ends" }: { at: number; what?: string }) => (at > now() ? <>{what} <Countdown to={at} /></> : <>its time is over</>);

/** A place to drop files on, or to choose them by keyboard; folders, too, where `onFiles` takes them. */
export function Drop({ label, button, takesFolders, onFiles }: {
  label: string; button: string; takesFolders?: boolean; onFiles(files: File[], folders: Folder[]): void;
}) {
  const over = useSignal(false);
  const input = useRef<HTMLInputElement>(null), folder = useRef<HTMLInputElement>(null);
  const drop = (data: DataTransfer): void => {
    const found = dropped(data);
    found.folders.then(folders => onFiles(found.files, folders), error => { news.value = `The folder cannot be read: ${sentence(error)}`; });
  };
  const chosen = (files: FileList | null): void => { if (files?.length) onFiles([], [listed([...files])]); };
  return (
    <div
      class={over.value ? "drop over" : "drop"}
      onDragOver={event => { event.preventDefault(); over.value = true; }}
      onDragLeave={() => { over.value = false; }}
      onDrop={event => { event.preventDefault(); over.value = false; if (event.dataTransfer) drop(event.dataTransfer); }}
    >
      <p>{label}</p>
      <div class="row centred">
        <button onClick={() => input.current!.click()}>{button}</button>
        {takesFolders && <button onClick={() => folder.current!.click()}>Choose a folder</button>}
      </div>
      <input ref={input} type="file" multiple hidden aria-hidden="true" tabIndex={-1}
        onChange={event => { onFiles([...(event.currentTarget.files ?? [])], []); event.currentTarget.value = ""; }} />
      {takesFolders && <input ref={folder} type="file" {...{ webkitdirectory: true }} hidden aria-hidden="true" tabIndex={-1}
        onChange={event => { chosen(event.currentTarget.files); event.currentTarget.value = ""; }} />}
    </div>
  );
}

/** What a view shows while it reads, or why it could not. */
export function Loaded<T>({ what, read, again, children }: { what: string; read(): Promise<T>; again: unknown[]; children(found: T): ComponentChildren }) {
  const found = useSignal<T | null>(null), fault = useSignal("");
  useEffect(() => {
    let current = true;
    read().then(
      value => { if (current) { found.value = value; fault.value = ""; } },
      error => { if (current) fault.value = sentence(error); });
    return () => { current = false; };
  }, again);
  if (found.value === null) return fault.value ? <p role="alert" class="bad">{fault.value}</p> : <p role="status">Reading {what}…</p>;
  return <>{fault.value && <p role="alert" class="bad">This is not the latest: {fault.value}</p>}{children(found.value)}</>;
}

/** A sentence where nothing can be sent, and why. */
export function Hint({ what }: { what: string }) {
  if (ready.value) return null;
  return <p class="hint">{wrongChain.value ? "Your wallet is on another chain: switch it above." : `Looking needs no wallet. ${what} needs one: choose it above.`}</p>;
}

/** Let the browser save a file. */
export function save(name: string, content: string, type = "application/json"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
