// Samples that are committed to: the salt is kept here and in a file before the commitment can be sent. Whoever loses
// both loses the sample; the deposit can be released.
import type { Address, Hex } from "viem";
import { bytesToHex } from "viem/utils";
import { config } from "../../chain/site";
import { save } from "../../parts/parts";

export type Secret = { contract: Address; contributor: Address; x: Hex; label: number; salt: Hex };

const place = (): string => `diln.secrets.${config.value!.chainId}.${config.value!.genesis ?? ""}`;

export function secrets(contract: Address, contributor: Address | null): Secret[] {
  return all().filter(each => each.contract === contract && each.contributor === contributor);
}

/** A secret for this sample, stored and downloaded. */
export function hide(contract: Address, contributor: Address, x: Hex, label: number): Secret {
  const secret = { contract, contributor, x, label, salt: bytesToHex(crypto.getRandomValues(new Uint8Array(32))) };
  keep(secret);
  save(`diln-secret-${secret.salt.slice(2, 10)}.json`, `${JSON.stringify(secret, null, 2)}\n`);
  return secret;
}

/** Take a secret from its file. Throws for what is none. */
export async function restore(file: File): Promise<void> {
  const { contract, contributor, x, label, salt } = JSON.parse(await file.text());
  const fits = [contract, contributor].every(each => /^0x[0-9a-fA-F]{40}$/.test(each)) && /^0x([0-9a-f]{2})+$/.test(x)
    && Number.isInteger(label) && /^0x[0-9a-f]{64}$/.test(salt);
  if (!fits) throw new Error("This is not a secret's file.");
  keep({ contract, contributor, x, label, salt });
}

export function forget(salt: Hex): void {
  localStorage.setItem(place(), JSON.stringify(all().filter(each => each.salt !== salt)));
}

function keep(secret: Secret): void {
  localStorage.setItem(place(), JSON.stringify([...all().filter(each => each.salt !== secret.salt), secret]));
}

function all(): Secret[] {
  try {
    return JSON.parse(localStorage.getItem(place()) ?? "[]");
  } catch {
    return [];
  }
}
