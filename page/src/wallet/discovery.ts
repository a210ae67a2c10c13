// Wallets that announce themselves (EIP-6963), the older `window.ethereum`, and on development chains the keys that
// everybody knows. What an announcement says is a stranger's: ids of the three kinds begin differently, so none is
// taken for another, and none keeps another out.
import { signal } from "@preact/signals";
import type { Ask } from "../chain/request";
import { shown } from "../chain/words";

export type Provider = {
  request(call: { method: string; params?: unknown[] }): Promise<any>;
  on?(event: string, handler: (value: any) => void): void;
  removeListener?(event: string, handler: (value: any) => void): void;
};
/** `id` is the same at the next visit; `known` are the development keys. */
export type Wallet = { id: string; name: string; icon?: string; provider: Provider; known: boolean };

export const wallets = signal<Wallet[]>([]);
const OLD_WAIT = 300; // ms for wallets to announce themselves before the older way is looked at

const MOST = 40; // announced wallets, and characters of a name or an id

/** Another provider by an id that is taken is another wallet; wallets announce themselves again and again. */
function add(wallet: Wallet): void {
  const same = wallets.value.filter(each => each.id === wallet.id || each.id.startsWith(`${wallet.id}#`));
  if (same.some(each => each.provider === wallet.provider)) return;
  wallets.value = [...wallets.value, same.length ? { ...wallet, id: `${wallet.id}#${same.length + 1}` } : wallet];
}

/** Ask wallets to announce themselves, now and later. */
export function discover(): void {
  addEventListener("eip6963:announceProvider", event => {
    const { info, provider } = (event as CustomEvent).detail ?? {};
    if (typeof info?.rdns !== "string" || typeof provider?.request !== "function") return;
    if (wallets.value.filter(each => !each.known).length >= MOST) return;
    const icon = /^data:image\//.test(info.icon) ? info.icon : undefined; // no other: it would be a foreign request
    const id = `wallet:${info.rdns.replace(/[^\w.-]/g, "").slice(0, MOST)}`;
    add({ id, name: shown(String(info.name), MOST), icon, provider, known: false });
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
