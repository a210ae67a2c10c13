// What strangers may write: routes, names, numbers, answers of nodes, proofs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeErrorResult } from "viem/utils";
import { overHttp } from "../../src/chain/request";
import { sentence } from "../../src/chain/sentence";
import { moment } from "../../src/chain/words";
import { verifyProof } from "../../src/checks/proof";
import { TYPE } from "../../src/checks/prooffile";
import { hex, sha256 } from "../../src/files/bytes";
import { sentences } from "../../src/generated/errors";
import * as canonical from "../../src/files/canonical";
import { listed } from "../../src/files/folders";
import { ticks } from "../../src/parts/chart";

test("a route that is not text leads to the first view, and breaks nothing", async () => {
  Object.assign(globalThis, { location: { hash: "#/registry/%E0%A4%A" }, addEventListener: () => undefined });
  const { partsOf, route } = await import("../../src/parts/router");
  assert.deepEqual(route.value, []);
  assert.deepEqual(partsOf("#/models/a%20b"), ["models", "a b"]);
});

const chosen = (name: string): File => Object.assign(new File([name], name), { webkitRelativePath: "" });
test("two files of one name are not a folder: one of them would not be looked at", () => {
  assert.throws(() => listed([chosen("a"), chosen("a")], "together"), /Two of the files are called “a”/);
  assert.equal(listed([chosen("a"), chosen("b")], "together").entries.size, 2);
});

test("a chart's marks end for any numbers", () => {
  assert.deepEqual(ticks(0, 1, 4), [0, 0.5, 1]);
  for (const [low, high] of [[1e17, 1e17 + 16], [-1e308, 1e308], [1, 1 + Number.EPSILON], [0, 5e-324], [NaN, NaN]] as const) {
    assert.ok(ticks(low, high, 4).length < 10, `${low}`);
  }
});

test("a moment that no calendar has is told as a number", () => {
  assert.equal(moment(1_700_000_000), "2023-11-14 22:13:20 UTC");
  assert.equal(moment(2 ** 64), "second 18446744073709552000");
});

test("what a node says is bounded and shown without control characters", () => {
  const said = sentence(new Error(`\u202eevil${"x".repeat(10_000)}`));
  assert.ok(said.startsWith("\\u{202e}evil") && said.length < 700);
});

test("a question that a node leaves open is refused, and the others are answered", async () => {
  const before = globalThis.fetch;
  globalThis.fetch = async () => new Response(JSON.stringify([{ id: 1, result: "0x2" }]));
  try {
    const ask = overHttp("http://played");
    const [left, answered] = await Promise.allSettled([ask("eth_chainId"), ask("eth_blockNumber")]);
    assert.match(String(left.status === "rejected" && left.reason), /left a question open/);
    assert.equal(answered.status === "fulfilled" && answered.value, "0x2");
  } finally {
    globalThis.fetch = before;
  }
});

test("a proof in which something is missing, or said otherwise, cannot be read", async () => {
  const hash = "11".repeat(32), place = { chainId: 1, registry: `0x${"aa".repeat(20)}`, project: hash };
  const content = { index: 0, time: "2026-01-01T00:00:00Z", input: hash, output: 1, previous: hash, model: { ...place, artifact: hash, manifest: hash, name: "m", version: "1" } };
  const proof = async (changed: object, entry: object = content): Promise<File> => {
    const own = hex(await sha256(new TextEncoder().encode(canonical.encode(entry))));
    const whole = { _type: TYPE, entry: { ...entry, hash: own }, position: 0, count: 1, siblings: [], root: hash, anchor: { ...place, block: 1, transaction: "0x" }, revealed: null };
    return new File([canonical.encode({ ...whole, ...changed })], "proof.json");
  };
  const unreadable: [object, object?][] = [
    [{ entry: null }], [{ root: [hash] }], [{ siblings: ["0x"] }], [{ siblings: [null] }], [{ position: -1 }], [{ position: 1 }], [{ count: 2 ** 32, position: 1 }],
    [{ anchor: { ...place, chainId: { toString: 1 } } }], [{ anchor: null }], [{ revealed: { salt: "0x", value: 1 } }], [{ revealed: 1 }],
    [{}, { ...content, time: 1 }], [{}, { ...content, model: null }],
  ];
  for (const [changed, entry] of unreadable) await assert.rejects(verifyProof(await proof(changed, entry)), /The proof cannot be read/, JSON.stringify(changed));
});

test("refusals: a contract's notice with its values, and moments as such", () => {
  const said = (name: string, types: string[], values: unknown[]): string => {
    const item = { type: "error", name, inputs: types.map(type => ({ type })) } as const;
    return sentence({ data: encodeErrorResult({ abi: [item], errorName: name, args: values } as any) });
  };
  assert.equal(said("TooLate", ["uint256"], [1_700_000_000n]), "It closed at 2023-11-14 22:13:20 UTC.");
  assert.equal(said("Underfunded", ["uint256", "uint256"], [3n, 5n]), "There is only 3 where 5 is needed.");
  assert.equal(said("WrongState", ["uint8"], [1]), "This cannot be done while the round is waiting for its targets.");
  assert.ok(Object.values(sentences).some(each => each.includes("{1}")));
});
