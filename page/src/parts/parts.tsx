// Small parts that several views use.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sentence } from "../chain/sentence";
import { now } from "../chain/site";
import { moment, short, until } from "../chain/words";
import { account, ready, wrongChain } from "../wallet/connection";

/** An address or a hash, short for the eye and whole for whoever hovers, copies or listens. */
export function Hash({ value }: { value: string }) {
  const mine = value.toLowerCase() === account.value?.toLowerCase();
  return <code title={value}><span aria-hidden="true">{mine ? "you" : short(value)}</span><span class="sr">{mine ? "you" : value}</span></code>;
}

/** How long until a moment of the chain's time; it ticks by itself. */
export function Countdown({ to }: { to: number }) {
  const left = useSignal(to - now());
  useEffect(() => {
    left.value = to - now();
    const timer = setInterval(() => { left.value = to - now(); }, 1000);
    return () => clearInterval(timer);
  }, [to]);
  return <time dateTime={new Date(to * 1000).toISOString()} title={moment(to)}>{until(left.value)}</time>;
}

/** A place to drop files on, or to choose them by keyboard. */
export function Drop({ label, button, onFiles }: { label: string; button: string; onFiles(files: File[]): void }) {
  const over = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div
      class={over.value ? "drop over" : "drop"}
      onDragOver={event => { event.preventDefault(); over.value = true; }}
      onDragLeave={() => { over.value = false; }}
      onDrop={event => { event.preventDefault(); over.value = false; onFiles([...(event.dataTransfer?.files ?? [])]); }}
    >
      <p>{label}</p>
      <button onClick={() => input.current!.click()}>{button}</button>
      <input ref={input} type="file" multiple hidden aria-hidden="true" tabIndex={-1}
        onChange={event => { onFiles([...(event.currentTarget.files ?? [])]); event.currentTarget.value = ""; }} />
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
  return <>{children(found.value)}</>;
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
