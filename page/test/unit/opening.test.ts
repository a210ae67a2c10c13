// Openings of private models: what Python commits to, and what it refuses.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { anchorOf, artifactIn, checkWithheld, fill, gateHolds, isPrivate, openingIn, untold, whole, wrongIn, type Manifest } from "../../src/files/opening";
import * as canonical from "../../src/files/canonical";
import { toldIn } from "../../src/files/metrics";
import { UNTOLD } from "../../src/generated/fields";

const python = (program: string, ...given: string[]): any =>
  JSON.parse(execFileSync(process.env.PYTHON ?? "python3", ["-c", program, ...given], { cwd: "..", encoding: "utf8" }));

const MADE = `
import json
from orchestrator.provenance.openings import Opening
from orchestrator.provenance.untold import DIGEST, FIELDS
from tests.unit.provenance.samples import sample_manifest, sample_parts
training = {**sample_parts()["training"], "hyperparameters": {"é \\U0001d4b3": [1e-7, 1e21, 0.1, -0.0], "\\ufb00": "\\u2028"}}
whole = sample_manifest(training=training)
opening = Opening.of(whole)
public = opening.hide(whole, whole.artifact_cid)
part = opening.only([DIGEST, "training"])
print(json.dumps({
    "all": opening.to_bytes().decode(), "part": part.to_bytes().decode(), "public": public.to_bytes().decode(),
    "filled": [each.fill(public).to_bytes().decode() for each in (opening, part)],
    "digest": whole.artifact_hash.hex(), "anchors": [opening.anchor_of(bytes([each]) * 32).hex() for each in range(3)],
    "fields": FIELDS, "untold": [sorted(each.untold(public)) for each in (opening, part)],
}))
`;

const manifestIn = (text: string): Manifest => {
  const { subject, predicate } = canonical.decode(new TextEncoder().encode(text));
  return { subject: subject[0], predicate };
};

test("an opening: anchor, commitments and what they fill in are Python's, of each field", async () => {
  const made = python(MADE), manifest = manifestIn(made.public);
  const [all, part] = await Promise.all([made.all, made.part].map(text => openingIn(new Blob([text]))));
  assert.deepEqual([...all!.keys()], made.fields);
  assert.deepEqual(["digest", ...Object.keys(UNTOLD)], made.fields);
  assert.equal(await anchorOf(all!, made.digest), `0x${artifactIn(manifest)}`);
  for (const [at, anchor] of made.anchors.entries()) assert.equal(await anchorOf(all!, `0${at}`.repeat(32)), `0x${anchor}`);
  for (const [at, opening] of [all!, part!].entries()) {
    assert.deepEqual(await wrongIn(opening, manifest), []);
    assert.deepEqual(fill(manifest, opening), manifestIn(made.filled[at]));
    assert.deepEqual(untold(manifest, opening).sort(), made.untold[at]);
  }
  assert.deepEqual(await whole(manifest, all!), manifestIn(made.filled[0]));
  await assert.rejects(whole(manifest, part!), /does not tell name, project, .*parents/);
  const telling = { ...manifest, predicate: { ...manifest.predicate, evaluation: { ...manifest.predicate.evaluation, gate: { passed: true, conditions: [] } } } };
  await assert.rejects(whole(telling, new Map([...all!].filter(([field]) => field !== "evaluation.gate"))), /does not tell evaluation\.gate/);
  await assert.rejects(whole({ ...manifest, predicate: { ...manifest.predicate, project: "another" } }, all!), /tells another project in the clear/);
  await assert.rejects(whole(manifest, new Map([...all!, ["parents", { salt: "00".repeat(32), value: [] }]])), /not what the manifest commits to: parents/);
  for (const [field, { salt, value }] of all!) {
    for (const forged of [{ salt, value: "another" }, { salt: "00".repeat(32), value }]) {
      assert.deepEqual(await wrongIn(new Map([...all!, [field, forged]]), manifest), [field]);
    }
  }
  const { name, withheld, metrics } = toldIn(new TextEncoder().encode(made.public));
  assert.deepEqual([name, withheld, { ...metrics.all }], ["private model", true, {}]);
  assert.equal(isPrivate(manifestIn(made.public.replace(/,"withheld":\{[^}]*\}/, ""))), false);
  await assert.rejects(anchorOf(new Map([...all!].slice(1)), made.digest), /does not tell the field `digest`.*diln disclose/);
});

const SHAPES = `
import json, sys
from orchestrator.errors import ManifestError
from orchestrator.provenance import Manifest
def refused(text):
    try:
        Manifest.parse(text.encode())
    except ManifestError:
        return True
    return False
print(json.dumps([refused(text) for text in json.loads(sys.argv[1])]))
`;

test("a manifest that withholds some fields, or others, or none by a salt is refused as in Python", () => {
  const { public: text } = python(MADE), odd = JSON.stringify("\u001b[31m");
  const texts: string[] = [
    text,
    text.replace(/"parents":"[0-9a-f]{64}",/, ""), text.replace('"withheld":{', `"withheld":{${odd}:"${"ab".repeat(32)}",`),
    text.replace(/,"withheld":\{[^}]*\}/, ""), text.replace(/"withheld":\{[^}]*\}/, '"withheld":{}'),
    text.replace('{"salted":', '{"sha256":'), text.replace('{"salted":', '{"unixfs":'),
  ];
  assert.equal(new Set(texts).size, texts.length);
  const found = texts.map(each => {
    try {
      checkWithheld(manifestIn(each));
      return false;
    } catch {
      return true;
    }
  });
  assert.deepEqual(found, texts.map((_, at) => at > 0));
  assert.deepEqual(found, python(SHAPES, JSON.stringify(texts)));
});

const GATES = `
import json, sys
from orchestrator.provenance.predicate import Gate
print(json.dumps([Gate.model_validate(each).holds for each in json.loads(sys.argv[1])]))
`;

test("a gate holds by its own figures, as in Python", () => {
  const told = (relation: string, threshold: number, value: number | null, passed = true): object => ({ metric: "f1", relation, threshold, value, passed });
  const of = (...conditions: object[]): object => ({ passed: true, conditions });
  const good = [of(told(">=", 0.5, 0.5)), of(told("<=", 0.5, 0.5)), of(told(">", 0.5, 0.6), told("<", 0.5, 0.4))];
  const bad = [
    { passed: false, conditions: [told(">=", 0.5, 0.5)] }, of(), of(told(">=", 0.5, 0.4)), of(told("<=", 0.5, 0.6)), of(told(">", 0.5, 0.5)), of(told("<", 0.5, 0.5)),
    of(told(">=", 0.5, null)), of(told(">=", 0.5, 0.6, false)), of(told(">=", 0.5, 0.6), told(">=", 0.5, 0.4)),
  ];
  assert.deepEqual([...good, ...bad].map(gateHolds), [...good.map(() => true), ...bad.map(() => false)]);
  assert.deepEqual(python(GATES, JSON.stringify([...good, ...bad])), [...good, ...bad].map(gateHolds));
  for (const odd of [null, undefined, 1, { passed: true }, { passed: true, conditions: { length: 1 } }, { passed: true, conditions: [null] }, { passed: 1, conditions: [good] }]) {
    assert.equal(gateHolds(odd), false);
  }
});

const REFUSED = `
import json, sys
from orchestrator.errors import VerificationFailed
from orchestrator.provenance.openings import Opening
def refused(text):
    try:
        Opening.parse(text.encode("utf-8", "surrogateescape"))
    except VerificationFailed:
        return True
    return False
print(json.dumps([refused(text) for text in json.loads(sys.argv[1])]))
`;

test("openings that are none are refused as in Python", async () => {
  const salt = `"salt":"${"ab".repeat(32)}"`, good = `{${salt},"value":1}`, of = (field: string): string => `{"fields":{"name":${field}}}`;
  const deep = (levels: number): string => of(`{${salt},"value":${"[".repeat(levels)}${"]".repeat(levels)}}`);
  const texts = [
    of(good), ` ${of(good)}\n`, of(`{"value":null,${salt}}`), deep(60), // these are openings
    "", "null", "1", "[]", "{", "{}", '{"fields":null}', '{"fields":[]}', '{"fields":{}}', '{"fields":"name"}', `{"fields":{"name":${good}},"more":1}`,
    `{"fields":{"nom":${good}}}`, `{"fields":{"__proto__":${good}}}`, `{"fields":{"training":${good}}}`, of("null"), of("1"), of("[]"), of(`{${salt}}`), of(`{${salt},"value":1,"more":2}`),
    of('{"salt":"ab","value":1}'), of('{"salt":null,"value":1}'), of(`{"salt":"${"AB".repeat(32)}","value":1}`), of(`{${salt},"value":NaN}`), of(`{${salt},"value":1e999}`),
    of(`{${salt},"value":"\\ud800"}`), `\ufeff${of(good)}`, deep(100), "[".repeat(200_000).slice(0, 100_000), `${of(good)}${" ".repeat(1 << 10)}x`,
  ];
  const found = await Promise.all(texts.map(text => openingIn(new Blob([text])).then(() => false, error => /^This is not an opening of a private model: /.test(error.message))));
  assert.deepEqual(found, python(REFUSED, JSON.stringify(texts)));
  assert.deepEqual(found, texts.map((_, at) => at > 3));
  await assert.rejects(openingIn(new Blob([" ".repeat((2 << 20) + 1)])), /too large/);
  await assert.rejects(openingIn(new Blob([Uint8Array.of(0xff)])), /not an opening/);
});
