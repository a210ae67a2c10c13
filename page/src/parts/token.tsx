// The token that a contract takes: what it is called, what the account has, and what the contract may take.
import { useSignal } from "@preact/signals";
import type { Address } from "viem";
import { useEffect } from "preact/hooks";
import { head } from "../chain/site";
import { abi, allowanceOf, coins, heldOf, isEther, type Currency } from "../chain/token";
import { account, ready } from "../wallet/connection";
import { mined, send } from "../wallet/transactions";
import { Hash } from "./parts";

type Known = { held: bigint; allowed: bigint };

export function Token({ currency, spender }: { currency: Currency; spender: Address }) {
  const known = useSignal<Known | null>(null);
  useEffect(() => {
    known.value = null;
    if (isEther(currency) || !account.value) return;
    const of = [currency.address, account.value] as const;
    Promise.all([heldOf(...of), allowanceOf(...of, spender)]).then(([held, allowed]) => { known.value = { held, allowed }; }, () => undefined);
  }, [currency.address, spender, account.value, mined.value, head.value.block]);
  if (isEther(currency)) return null;
  const { held, allowed } = known.value ?? { held: 0n, allowed: 0n };
  const take = (): Promise<boolean> => send({ purpose: "Taking an approval back", to: currency.address, abi, functionName: "approve", args: [spender, 0n] });
  return (
    <p id="token">
      Amounts are in {currency.symbol}, of the token <Hash value={currency.address} />{currency.said && <>, which calls itself “{currency.said}”</>}: a stranger's contract, which
      keeps its own books. What a step takes is approved first, and no more.{" "}
      {ready.value && known.value && <>You have <b>{coins(held, currency)}</b>{allowed > 0n && <>; this contract may take {coins(allowed, currency)} of it{" "}
        <button onClick={take}>Take the approval back</button></>}.</>}
    </p>
  );
}
