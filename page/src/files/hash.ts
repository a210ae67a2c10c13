// Hash a file without holding up the page.
import { hashFile } from "./hashing";
import type { Hashed, Stretch } from "./hashing";
import { DEFAULT_PROFILE } from "./unixfs";

export type { Hashed };

/** SHA-256 and CID of a file, which never leaves this machine. Rejects where it cannot be read. */
export const hash = (file: File, profile = DEFAULT_PROFILE, progress: (done: number) => void = () => {}): Promise<Hashed> =>
  hashFile(file, profile, progress, inAThread);

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
