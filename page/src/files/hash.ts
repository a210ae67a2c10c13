// Hash a file or a folder without holding up the page.
import type { Folder } from "./folders";
import type { Hashed, Stretch } from "./hashing";
import { DEFAULT_PROFILE } from "./unixfs";

export type { Hashed };

/** Digest and CID of a file or a folder, which never leave this machine. Rejects where they cannot be read. */
export async function hash(subject: File | Folder, profile = DEFAULT_PROFILE, progress: (done: number) => void = () => {}): Promise<Hashed> {
  const { hashFile, hashFolder } = await import("./hashing");
  return subject instanceof Blob ? hashFile(subject, profile, progress, inAThread) : hashFolder(subject, profile, progress, inAThread);
}

function inAThread(bytes: Blob, profile: string, state: Uint8Array | undefined, progress: (done: number) => void): Promise<Stretch> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise<Stretch>((resolve, reject) => {
    worker.onerror = event => reject(new Error(`The file cannot be read: ${event.message}`));
    worker.onmessage = ({ data }) => {
      if (data.found) resolve(data.found);
      else if (data.problem) reject(new Error(`The file cannot be read: ${data.problem}`));
      else progress(data.done);
    };
    worker.postMessage({ bytes, profile, state });
  }).finally(() => worker.terminate());
}
