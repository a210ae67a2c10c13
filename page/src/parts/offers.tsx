// Calls that can be sent, as buttons: each is tried first, so that only those are offered that would succeed now.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { sentence } from "../chain/sentence";
import { development, head } from "../chain/site";
import { account, ready } from "../wallet/connection";
import { mined, possible as wouldDo, send, type Call } from "../wallet/transactions";

/** `told`: why it cannot be done now is said; else it is not shown then. */
export type Offer = Call & { label: string; told?: boolean; done?(): void };

const AGAIN = 10_000; // ms

/** Counts on where a chain's time passes without blocks, so that what can be done by now is asked again. */
export function usePassing(): number {
  const passed = useSignal(0);
  useEffect(() => {
    if (!development.value) return;
    const timer = setInterval(() => { if (!document.hidden) passed.value++; }, AGAIN);
    return () => clearInterval(timer);
  }, []);
  return passed.value;
}

const keyOf = ({ to, functionName, args, value, pays }: Offer): string =>
  [to, functionName, ...args.map(each => String(each).slice(0, 200)), value, pays?.amount].join();

export function Offers({ all }: { all: Offer[] }) {
  const refusals = useSignal<Map<string, string>>(new Map());
  const passed = usePassing();
  useEffect(() => {
    let current = true;
    if (!ready.value) return;
    Promise.all(all.map(async each => [keyOf(each), await wouldDo(each).then(() => "", sentence)] as const))
      .then(found => { if (current) refusals.value = new Map(found); }, () => undefined);
    return () => { current = false; };
  }, [all.map(keyOf).join(" "), account.value, ready.value, head.value.block, mined.value, passed]);
  if (!ready.value) return null;
  const refusalOf = (each: Offer): string | undefined => refusals.value.get(keyOf(each));
  const possible = all.filter(each => refusalOf(each) === "");
  const reason = possible.length ? undefined : all.findLast(each => each.told && refusalOf(each)); // what is waited for comes last
  if (!possible.length && !reason) return null;
  return (
    <>
      {possible.length > 0 && <div class="row">{possible.map(each => <button key={keyOf(each)} onClick={async () => { if (await send(each)) each.done?.(); }}>{each.label}</button>)}</div>}
      {reason && <p class="hint">{reason.label}: {refusalOf(reason)}</p>}
    </>
  );
}
