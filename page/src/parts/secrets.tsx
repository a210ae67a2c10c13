// What is committed to now and revealed later: the salt is kept in this browser and in a file before the commitment
// can be sent. Whoever loses both loses what was committed to.
import { useSignal } from "@preact/signals";
import type { Address, Hex } from "viem";
import { bytesToHex } from "viem/utils";
import { useRef } from "preact/hooks";
import { sentence } from "../chain/sentence";
import { config } from "../chain/site";
import { account, ready } from "../wallet/connection";
import { news } from "../wallet/transactions";
import { Offers, type Offer } from "./offers";
import { save } from "./parts";

/** `number` says more of `content`: a label, a round, a count. */
export type Secret = { contract: Address; account: Address; content: Hex; number: number; salt: Hex };
type Sealed = Pick<Secret, "content" | "number">;

const HEX = /^0x([0-9a-f]{2})+$/;
const place = (): string => `diln.secrets.${config.value!.chainId}.${config.value!.genesis ?? ""}`;
const nameOf = ({ salt }: Secret): string => salt.slice(2, 10);

/** `seal` says what the form holds now, and throws where it holds nothing; `told` describes a secret; `offers` is what
 * can be done with it. `open` shows it at once. */
export function Secrets({ contract, summary, hint, seal, told, offers }: {
  contract: Address; summary: string; hint: string;
  seal(): Sealed | Promise<Sealed>; told(secret: Secret): string; offers(secret: Secret, name: string): Offer[];
}) {
  const changed = useSignal(0), input = useRef<HTMLInputElement>(null);
  void changed.value;
  if (!ready.value) return null;
  const kept = all().filter(each => each.contract === contract && each.account === account.value);
  async function act(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      news.value = sentence(error);
    }
    changed.value++;
  }
  const store = (): Promise<void> =>
    act(async () => {
      hide({ ...(await seal()), contract, account: account.value! });
      news.value = "The secret is stored in this browser, and was saved as a file. Keep it: now you can commit.";
    });
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    const here = { contract, account: account.value! };
    await act(async () => { news.value = foundAgain(await restore(file), here); });
  };
  return (
    <details open={kept.length > 0}>
      <summary>{summary}</summary>
      <p>{hint}</p>
      <div class="row">
        <button onClick={store}>Store and save its secret</button>
        <button onClick={() => input.current!.click()}>Take a secret from its file</button>
        <input ref={input} type="file" hidden aria-hidden="true" tabIndex={-1} onChange={event => take(event.currentTarget.files?.[0])} />
      </div>
      <ul>{kept.map(each => (
        <li key={each.salt}>
          {told(each)}, secret {nameOf(each)}
          <Offers all={offers(each, nameOf(each)).map(offer => ({ ...offer, told: true }))} />
        </li>
      ))}</ul>
    </details>
  );
}

function hide(what: Omit<Secret, "salt">): void {
  const secret = { ...what, salt: bytesToHex(crypto.getRandomValues(new Uint8Array(32))) };
  keep(secret);
  save(`diln-secret-${nameOf(secret)}.json`, `${JSON.stringify(secret, null, 2)}\n`);
}

function foundAgain(secret: Secret, here: Pick<Secret, "contract" | "account">): string {
  if (secret.contract.toLowerCase() !== here.contract.toLowerCase()) return `The secret is stored, but is of another contract: look at ${secret.contract}.`;
  return secret.account === here.account ? "The secret is here again." : `The secret is stored, but is of another account: choose ${secret.account}.`;
}

/** Take a secret from its file. Throws for what is none. */
async function restore(file: File): Promise<Secret> {
  const { contract, account: whose, content, number, salt } = JSON.parse(await file.text());
  const fits = [contract, whose].every(each => /^0x[0-9a-fA-F]{40}$/.test(each)) && HEX.test(content) && Number.isInteger(number)
    && /^0x[0-9a-f]{64}$/.test(salt);
  if (!fits) throw new Error("This is not a secret's file.");
  const secret = { contract, account: whose, content, number, salt };
  keep(secret);
  return secret;
}

/** It was revealed, and is none any more. */
export function forget({ salt }: Secret): void {
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
