// The hasher's own thread.
import { hashFile } from "./hashing";

onmessage = async ({ data: { file, profile } }: MessageEvent<{ file: File; profile: string }>) => {
  try {
    postMessage({ found: await hashFile(file, profile, done => postMessage({ done })) });
  } catch (error) {
    postMessage({ problem: (error as Error).message });
  }
};
