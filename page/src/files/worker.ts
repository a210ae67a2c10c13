// The hasher's own thread.
import { hashStretch } from "./hashing";

type Asked = { bytes: Blob; profile: string; state: Uint8Array | undefined };

onmessage = async ({ data: { bytes, profile, state } }: MessageEvent<Asked>) => {
  try {
    postMessage({ found: await hashStretch(bytes, profile, state, done => postMessage({ done })) });
  } catch (error) {
    postMessage({ problem: (error as Error).message });
  }
};
