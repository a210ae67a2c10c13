// What is read of manifests, factories and gateways.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { MARKET, MODEL } from "../../src/chain/online";
import { storage } from "../../src/files/bytes";
import { metricsOf } from "../../src/files/metrics";
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
