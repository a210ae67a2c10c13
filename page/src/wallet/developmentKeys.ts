// A wallet of one key that everybody knows. It signs without asking: its money is worth nothing.
import { privateKeyToAccount } from "viem/accounts";
import type { Ask } from "../chain/request";
import { hexOf } from "../chain/read";

type Key = `0x${string}`;

/** Answers what a page asks of a wallet. */
export async function answer(key: Key, ask: Ask, chainId: number, method: string, params: any[]): Promise<any> {
  const account = privateKeyToAccount(key);
  switch (method) {
    case "eth_requestAccounts":
    case "eth_accounts":
      return [account.address];
    case "eth_chainId":
      return hexOf(chainId);
    case "eth_signTypedData_v4":
      return account.signTypedData(JSON.parse(params[1]));
    case "eth_sendTransaction":
      return ask("eth_sendRawTransaction", [await signed(account, ask, chainId, params[0])]);
    default:
      return ask(method, params);
  }
}

async function signed(account: ReturnType<typeof privateKeyToAccount>, ask: Ask, chainId: number, call: any): Promise<Key> {
  const [nonce, tip, block] = await Promise.all([
    ask("eth_getTransactionCount", [account.address, "pending"]),
    ask("eth_maxPriorityFeePerGas"),
    ask("eth_getBlockByNumber", ["latest", false]),
  ]);
  return account.signTransaction({
    type: "eip1559", chainId, nonce: Number(nonce), gas: BigInt(call.gas), to: call.to, data: call.data, value: BigInt(call.value ?? 0),
    maxPriorityFeePerGas: BigInt(tip), maxFeePerGas: 2n * BigInt(block.baseFeePerGas) + BigInt(tip),
  });
}
