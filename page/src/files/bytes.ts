// Bytes as hex, their SHA-256, and blocks of the storage, which are believed by their hash only.
import { bytesToHex, hexToBytes } from "viem/utils";
import { base } from "../chain/site";
import { rawCid } from "./unixfs";

export const hex = (bytes: Uint8Array): string => bytesToHex(bytes).slice(2);
export const bytes = (text: string): Uint8Array => hexToBytes(text.startsWith("0x") ? (text as `0x${string}`) : `0x${text}`);

export async function sha256(content: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", content as BufferSource));
}

/** A raw block by its SHA-256 (hex); null where the storage has none that fits. */
export const block = (digest: string): Promise<Uint8Array | null> => stored(rawCid(bytes(digest)), digest.replace(/^0x/, ""));

/** Where blocks are asked for: beside the page, or at the gateway that gives the page. */
export function storage({ pathname, hostname, protocol, host } = location): string {
  if (/^\/ip[fn]s\/[^/]+\//.test(pathname)) return `${protocol}//${host}/`;
  const subdomain = /^[^.]+\.ip[fn]s\.(.+)$/.exec(host);
  if (!subdomain) return base();
  return `${protocol}//${hostname.endsWith(".localhost") ? subdomain[1]!.replace("localhost", "127.0.0.1") : subdomain[1]}/`; // whose policy names no localhost but itself
}

const NO_CONTENT = 204; // what `diln page` answers, so that a block that is away is not an error in the browser's log

/** The block of a CID, whose SHA-256 (hex) is `digest`; null where the storage has none that fits. */
export async function stored(cid: string, digest: string): Promise<Uint8Array | null> {
  try {
    const response = await fetch(new URL(`ipfs/${cid}?format=raw&missing=${NO_CONTENT}`, storage()));
    if (!response.ok || response.status === NO_CONTENT) return null;
    const found = new Uint8Array(await response.arrayBuffer());
    return hex(await sha256(found)) === digest ? found : null;
  } catch {
    return null;
  }
}
