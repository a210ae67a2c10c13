// The wallet that was chosen: its account, and the chain that it is on.
import { computed, signal } from "@preact/signals";
import type { Address } from "viem";
import { config } from "../chain/site";
import { hexOf } from "../chain/read";
import { wallets, type Wallet } from "./discovery";

const LAST = "diln.wallet";
const UNKNOWN_CHAIN = 4902;

export const wallet = signal<Wallet | null>(null);
export const account = signal<Address | null>(null);
const chainId = signal<number | null>(null);

export const wrongChain = computed(() => !!wallet.value && !!config.value && chainId.value !== config.value.chainId);
/** Whether something can be sent: an account is there, on the page's chain. */
export const ready = computed(() => !!account.value && !wrongChain.value);

const onAccounts = (found: Address[]): void => { account.value = found[0] ?? null; };
/** Another chain is the wallet's. */
export const onChain = (id: string): void => { chainId.value = Number(id); };
const onDisconnect = (): void => { forget(); };

let latest: object | null = null; // which choice counts: wallets answer late

/** Use a wallet; null looks only. Rejects where it is declined. */
export async function connect(chosen: Wallet | null, method = "eth_requestAccounts"): Promise<void> {
  const choice = latest = {};
  forget();
  if (!chosen) return;
  const accounts: Address[] = await chosen.provider.request({ method });
  const chain = Number(await chosen.provider.request({ method: "eth_chainId" }));
  if (!accounts[0] || choice !== latest) return;
  chainId.value = chain;
  account.value = accounts[0];
  wallet.value = chosen;
  localStorage.setItem(LAST, chosen.id);
  chosen.provider.on?.("accountsChanged", onAccounts);
  chosen.provider.on?.("chainChanged", onChain);
  chosen.provider.on?.("disconnect", onDisconnect);
}

function forget(): void {
  const { provider } = wallet.value ?? {};
  provider?.removeListener?.("accountsChanged", onAccounts);
  provider?.removeListener?.("chainChanged", onChain);
  provider?.removeListener?.("disconnect", onDisconnect);
  wallet.value = account.value = chainId.value = null;
  localStorage.removeItem(LAST);
}

/** Use the wallet of last time again, as soon as it announces itself, where it lets us without a prompt. */
export function reconnect(): void {
  const last = localStorage.getItem(LAST);
  if (!last) return;
  const stop = wallets.subscribe(found => {
    const known = found.find(each => each.id === last);
    if (!known) return;
    queueMicrotask(() => stop());
    connect(known, "eth_accounts").catch(() => undefined);
  });
}

/** Let the wallet change to the page's chain, which is added where the wallet does not know it. */
export async function switchChain(): Promise<void> {
  const { provider } = wallet.value!;
  const id = hexOf(config.value!.chainId);
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: id }] });
  } catch (error: any) {
    if ((error.code ?? error.data?.originalError?.code) !== UNKNOWN_CHAIN) throw error;
    const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
    const added = { chainId: id, chainName: `DILN ${config.value!.network}`, rpcUrls: config.value!.rpc ? [config.value!.rpc] : [], nativeCurrency };
    await provider.request({ method: "wallet_addEthereumChain", params: [added] });
  }
  onChain(await provider.request({ method: "eth_chainId" }));
}
