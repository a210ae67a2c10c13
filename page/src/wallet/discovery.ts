// Wallets that announce themselves (EIP-6963), the older `window.ethereum`, and on development chains the keys that
// everybody knows.
import { signal } from "@preact/signals";
import type { Ask } from "../chain/request";

export type Provider = {
  request(call: { method: string; params?: unknown[] }): Promise<any>;
  on?(event: string, handler: (value: any) => void): void;
  removeListener?(event: string, handler: (value: any) => void): void;
};
export type Wallet = { id: string; name: string; icon?: string; provider: Provider; known: boolean };

export const wallets = signal<Wallet[]>([]);
const OLD_WAIT = 300; // ms for wallets to announce themselves before the older way is looked at

function add(wallet: Wallet): void {
  if (!wallets.value.some(each => each.id === wallet.id)) wallets.value = [...wallets.value, wallet];
}

/** Ask wallets to announce themselves, now and later. */
export function discover(): void {
  addEventListener("eip6963:announceProvider", event => {
    const { info, provider } = (event as CustomEvent).detail ?? {};
    if (typeof info?.rdns !== "string" || typeof provider?.request !== "function") return;
    const icon = /^data:image\//.test(info.icon) ? info.icon : undefined; // no other: it would be a foreign request
    add({ id: info.rdns, name: String(info.name).slice(0, 40), icon, provider, known: false });
  });
  dispatchEvent(new Event("eip6963:requestProvider"));
  setTimeout(() => {
    const old = (window as any).ethereum;
    if (old && !wallets.value.some(each => !each.known)) add({ id: "injected", name: "Browser wallet", provider: old, known: false });
  }, OLD_WAIT);
}

/** Offer alice to judy. Only for development chains on this machine. */
export async function offerDevelopmentKeys(ask: Ask, chainId: number): Promise<void> {
  const { keys } = await import("../generated/keys");
  for (const [name, key] of keys) {
    const request: Provider["request"] = async ({ method, params = [] }) => {
      const { answer } = await import("./developmentKeys");
      return answer(key, ask, chainId, method, params as any[]);
    };
    add({ id: `development:${name}`, name, provider: { request }, known: true });
  }
}
