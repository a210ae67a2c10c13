// The hasher's own thread.
import type { Folder } from "./folders";
import { hashFile, hashFolder } from "./hashing";

onmessage = async ({ data: { subject, profile } }: MessageEvent<{ subject: File | Folder; profile: string }>) => {
  const progress = (done: number): void => postMessage({ done });
  try {
    postMessage({ found: await (subject instanceof Blob ? hashFile(subject, profile, progress) : hashFolder(subject, profile, progress)) });
  } catch (error) {
    postMessage({ problem: (error as Error).message });
  }
};
