// What a call takes of a token: just that is approved, and brought in where the contract keeps balances. Each step is a
// transaction that is followed over a reload; pressed again, it goes on where it was.
import type { Address } from "viem";
import { encodeFunctionData } from "viem/utils";
import { abi, allowanceOf, coins, heldOf, type Currency } from "../chain/token";
import { account } from "./connection";
import { act, pending, type Call, type Payment } from "./transactions";

/** What was sent of a token that kept a part, and what of it arrived: the next time as much more is sent. */
const arrived = new Map<Address, { sent: bigint; came: bigint }>();
const LOOK = 300; // ms between looks at an approval that is on its way

/** Let `to` have what `pays` says. Resolves to whether it can go on; rejects with a sentence where the token is in the way. */
export async function provide({ to, pays }: Pick<Call, "to" | "pays">): Promise<boolean> {
  const { currency, amount, balance } = pays!;
  const wanted = toSend(currency, amount - (balance ? await balance() : 0n));
  if (wanted <= 0n) return true;
  const held = await heldOf(currency.address, account.value!);
  if (held < wanted) throw new Error(`You have ${coins(held, currency)}, but ${coins(wanted, currency)} are needed.`);
  if (!(await approved(currency, to, wanted))) return false;
  return !balance || brought(to, { currency, amount, balance }, wanted);
}

/** How much has to be sent so that `missing` arrives, as far as the token is known. */
function toSend({ address }: Currency, missing: bigint): bigint {
  const { sent, came } = arrived.get(address) ?? { sent: 1n, came: 1n };
  return (missing * sent + came - 1n) / came;
}

async function approved(currency: Currency, spender: Address, amount: bigint): Promise<boolean> {
  const approval = (value: bigint): Call => ({
    purpose: value ? `Approving ${coins(value, currency)}` : "Taking an approval back", to: currency.address, abi, functionName: "approve", args: [spender, value],
  });
  while (isPending(approval(amount))) await new Promise(resolve => setTimeout(resolve, LOOK)); // of an earlier visit
  const allowed = (): Promise<bigint> => allowanceOf(currency.address, account.value!, spender);
  const before = await allowed();
  if (before >= amount) return true;
  if (before && !(await act(approval(0n)))) return false; // some tokens want to be set to zero first
  if (!(await act(approval(amount)))) return false;
  if ((await allowed()) < amount) throw new Error("The token did not keep the approval: it does not do what tokens do.");
  return true;
}

function isPending({ to, abi: of, functionName, args }: Call): boolean {
  const data = encodeFunctionData({ abi: of, functionName, args });
  return pending.value.some(each => each.from === account.value && each.to === to && each.data === data);
}

async function brought(to: Address, { currency, amount, balance }: Required<Payment>, wanted: bigint): Promise<boolean> {
  const before = await balance();
  if (!(await act({ purpose: `Bringing ${coins(wanted, currency)} in`, to, abi, functionName: "fund", args: [account.value, wanted] }))) return false;
  const there = await balance();
  if (there >= amount) return true;
  const came = there - before;
  if (came > 0n) arrived.set(currency.address, { sent: wanted, came });
  const missing = amount - there;
  throw new Error(`The token keeps a part of each transfer: ${coins(missing, currency)} are still missing. Press again to bring ${coins(toSend(currency, missing), currency)} in, or withdraw what is there.`);
}

