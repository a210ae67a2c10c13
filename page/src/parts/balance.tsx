// What somebody can take out of a contract.
import { useSignal } from "@preact/signals";
import type { Abi, Address } from "viem";
import { useEffect } from "preact/hooks";
import { read } from "../chain/read";
import { ask, head } from "../chain/site";
import { coins, type Currency } from "../chain/token";
import { account, ready } from "../wallet/connection";
import { mined, send } from "../wallet/transactions";

const ALL = 2n ** 256n - 1n; // of a balance, as `withdraw` takes it

/** What is the account's in a contract that keeps balances. */
export const balanceOf = (abi: Abi, address: Address): Promise<bigint> => read<bigint>(ask, abi, address, "balanceOf", [account.value]);

export function Balance({ address, abi, currency, look = balanceOf }: { address: Address; abi: Abi; currency: Currency; look?: typeof balanceOf }) {
  const balance = useSignal(0n);
  useEffect(() => {
    if (account.value) look(abi, address).then(found => { balance.value = found; }, () => undefined);
  }, [address, account.value, mined.value, head.value.block]);
  if (!ready.value || !balance.value) return null;
  const withdraw = (): Promise<boolean> => send({ purpose: "Withdrawing", to: address, abi, functionName: "withdraw", args: [account.value, ALL] });
  return <p>You can withdraw <b>{coins(balance.value, currency)}</b>. <button onClick={withdraw}>Withdraw</button></p>;
}
