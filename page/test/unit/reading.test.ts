// What is read of manifests, factories and gateways.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { Hex } from "viem";
import { encodeAbiParameters, encodeEventTopics, encodeFunctionData, encodeFunctionResult, keccak256 } from "viem/utils";
import { MARKET, MODEL, open } from "../../src/chain/online";
import { spread } from "../../src/chain/shared";
import { reach } from "../../src/chain/site";
import { storage } from "../../src/files/bytes";
import { metricsOf } from "../../src/files/metrics";
import { abi as model } from "../../src/generated/abi/sharedModel";
import { abi as factory } from "../../src/generated/abi/sumFactory";
import { addresses } from "../../src/generated/addresses";

const MEASURED = `
import json
from orchestrator.learning.metrics import Metrics
made = Metrics("classification", "f1", {"accuracy": 0.9, "f1": 0.8, "gap": 0.01}, {"f1": 0.81}, 114, 455)
print(json.dumps(made.to_json()))
`;
const manifest = (metrics: unknown): unknown => ({ predicate: { evaluation: { metrics } } });

test("metrics: what Python measured on rows held out, its score first; of others all numbers", () => {
  const python = process.env.PYTHON ?? "python3";
  const measured = JSON.parse(execFileSync(python, ["-c", MEASURED], { cwd: "..", encoding: "utf8" }));
  assert.deepEqual({ ...metricsOf(manifest(measured)).all }, { accuracy: 0.9, f1: 0.8, gap: 0.01 });
  assert.equal(metricsOf(manifest(measured)).first, "f1");
  const described = metricsOf(manifest({ loss: 2, accuracy: 1, note: "good", score: "note", __proto__: { no: 1 } }));
  assert.deepEqual([{ ...described.all }, described.first], [{ loss: 2, accuracy: 1 }, "accuracy"]);
  for (const hostile of [undefined, null, 3, "text", { values: "text" }, { values: null }, []]) assert.deepEqual({ ...metricsOf(manifest(hostile)).all }, {});
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`m${at}`, at]));
  assert.equal(Object.keys(metricsOf(manifest({ values: many })).all).length, 100);
});

test("kinds: of what the factory may clone, only models that learn with deposits or points, and markets", () => {
  const of = (kind: typeof MODEL): string[] => Object.keys(addresses).filter(kind.is);
  assert.ok(of(MODEL).every(name => /^(Dense|Sparse|Naive|Nearest)\w+(Stake|Game)$/.test(name)) && of(MODEL).length >= 10);
  assert.deepEqual(of(MARKET), ["NaiveBayesMarket", "SparsePerceptronMarket"]);
  for (const name of ["FederationFactory", "StakeFederation", "Tournament", "Competition", "ModelRegistry"]) assert.ok(!MODEL.is(name) && !MARKET.is(name));
});

test("blocks: asked for beside the page, or at the gateway that gives it", () => {
  Object.assign(globalThis, { document: { baseURI: "https://host.example/some/folder/" } });
  const at = (url: string): string => storage(new URL(url) as unknown as Location);
  assert.equal(at("https://host.example/some/folder/"), "https://host.example/some/folder/");
  assert.equal(at("http://127.0.0.1:8080/ipfs/bafyabc/"), "http://127.0.0.1:8080/");
  assert.equal(at("https://bafyabc.ipfs.dweb.example/"), "https://dweb.example/");
  assert.equal(at("http://bafyabc.ipfs.localhost:8080/"), "http://127.0.0.1:8080/");
});

test("points in time: at most so many, evenly, with the last", () => {
  for (let length = 0; length < 500; length++) {
    const all = Array.from({ length }, (_, at) => at), found = spread(all, 40);
    assert.ok(found.length <= 40 && found.length >= Math.min(length, 20), `${length}: ${found.length}`);
    assert.equal(found.at(-1), all.at(-1));
  }
});

test("a model that is not what its address commits to is not opened: no deposit is offered", async () => {
  const at: Hex = "0x00000000000000000000000000000000000000aa", creator: Hex = "0x00000000000000000000000000000000000000bb";
  const played = { implementation: addresses.NaiveBayesStake!, predicted: at, created: true };
  const ask = async (method: string, params: any[] = []): Promise<any> => {
    if (method === "eth_chainId") return "0x1";
    if (method === "eth_getTransactionByHash") return { input: encodeFunctionData({ abi: factory, functionName: "create", args: [played.implementation, keccak256("0x01"), "0x"] }) };
    if (method === "eth_getLogs") {
      const topics = encodeEventTopics({ abi: factory, eventName: "Created", args: { instance: at, implementation: played.implementation, creator } });
      return played.created ? [{ topics, data: encodeAbiParameters([{ type: "bytes" }], ["0x"]), blockNumber: "0x1", logIndex: "0x0", transactionHash: keccak256("0x02") }] : [];
    }
    if (method !== "eth_call") return { number: "0x1", timestamp: "0x1" };
    const of = (functionName: any, result: any): string => encodeFunctionResult({ abi: functionName === "addressOf" ? factory : model, functionName, result } as any);
    const selector = (functionName: any): boolean => params[0].data.startsWith(encodeFunctionData({ abi: model, functionName } as any).slice(0, 10));
    if (params[0].to === addresses.SumFactory) return of("addressOf", played.predicted);
    return selector("money") ? of("money", [`0x${"0".repeat(40)}`, 1n]) : of("settings", [0n, 0n]);
  };
  Object.assign(globalThis, { document: { baseURI: "https://host.example/", hidden: true }, location: new URL("https://host.example/"), fetch: async () => ({ ok: false }) });
  await reach(ask, "played");
  await assert.rejects(open(MODEL, model, at), /descriptor is not in this storage/); // all else fits
  played.predicted = creator;
  await assert.rejects(open(MODEL, model, at), /not the one that the shared model was created with/);
  await assert.rejects(open(MARKET, model, at), /is not a prediction market/);
  played.implementation = addresses.Tournament!;
  await assert.rejects(open(MODEL, model, at), /is not a shared model/);
  played.implementation = creator;
  await assert.rejects(open(MODEL, model, at), /code that is not of this page's version/);
  played.created = false;
  await assert.rejects(open(MODEL, model, at), /factory did not create/);
});
