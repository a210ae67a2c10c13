// Signatures of keys and of contracts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { privateKeyToAccount } from "viem/accounts";
import type { Hex } from "viem";
import { keccak256 } from "viem/utils";
import { isContract, isTheirs } from "../../src/chain/signing";
import { reach } from "../../src/chain/site";

const DIGEST = keccak256("0x01"), SAFE = "0x00000000000000000000000000000000000000aa", ODD = "0x00000000000000000000000000000000000000ab";
const key = privateKeyToAccount(keccak256("0x02"));

async function ask(method: string, params: any[] = []): Promise<any> {
  if (method === "eth_chainId") return "0x1";
  if (method === "eth_getCode") return params[0] === SAFE ? "0x60" : "0x";
  if (method !== "eth_call") return { number: "0x1", timestamp: "0x1" };
  const [{ to, data }] = params;
  if (to === SAFE) return `0x${(data.includes("c0ffee") ? "1626ba7e" : "ffffffff").padEnd(64, "0")}`;
  if (to === ODD) throw Object.assign(new Error("reverted"), { code: 3 });
  return "0x";
}

test("isTheirs: a key's own, a contract's that stands by it, and nobody else's", async () => {
  Object.assign(globalThis, { document: { hidden: true } });
  await reach(ask, "played");
  const signature = await key.sign({ hash: DIGEST });
  const by = (participant: string, signed: Hex = signature) => isTheirs({ participant, signature: signed } as any, DIGEST);
  assert.equal(await by(key.address), true);
  assert.equal(await by(SAFE, "0xc0ffee"), true);
  assert.equal(await by(SAFE), false);
  assert.equal(await by(ODD), false);
  assert.equal(await by(key.address, "0xc0ffee"), false);
  assert.deepEqual([await isContract(SAFE), await isContract(ODD)], [true, false]);
});
