// Hash a file or a folder without holding up the page.
import type { Folder } from "./folders";
import type { Hashed } from "./hashing";
import { DEFAULT_PROFILE } from "./unixfs";

export type { Hashed };

/** Digest and CID of a file or a folder, which never leave this machine. Rejects where they cannot be read. */
export function hash(subject: File | Folder, profile = DEFAULT_PROFILE, progress: (done: number) => void = () => {}): Promise<Hashed> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise<Hashed>((resolve, reject) => {
    worker.onerror = event => reject(new Error(`It cannot be read: ${event.message}`));
    worker.onmessage = ({ data }) => {
      if (data.found) resolve(data.found);
      else if (data.problem) reject(new Error(`It cannot be read: ${data.problem}`));
      else progress(data.done);
    };
    worker.postMessage({ subject, profile });
  }).finally(() => worker.terminate());
}
