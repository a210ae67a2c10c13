import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { deepEqual, equal, throws } from "node:assert/strict";
import { encode, isEncoder, numbers } from "../../src/encode/encoders";
import { known } from "../../src/encode/words";

const vectors = JSON.parse(readFileSync("../tests/parity/vectors/encoders.json", "utf8"));

for (const { encoder, cases } of vectors.rows) {
  test(`encode: ${encoder.kind}, ${cases.length} samples: what Python gives`, () => {
    const given = (sample: any): string => {
      try {
        return Buffer.from(encode(encoder, sample)).toString("hex");
      } catch {
        return "";
      }
    };
    equal(isEncoder(encoder), true);
    deepEqual(cases.filter(([sample, expected]: [any, string]) => given(sample) !== expected), []);
  });
}

function* points(): Generator<number> {
  for (let point = 0; point < 0x110000; point++) if (point < 0xd800 || point > 0xdfff) yield point;
}
const digest = (lines: string[]): string => createHash("sha256").update(lines.join("")).digest("hex");

test("words: all code points are those of Unicode 14", () => {
  const found = [...points()].filter(point => /[\p{L}\p{N}_]/u.test(known(String.fromCodePoint(point))));
  equal(digest(found.map(point => `${point.toString(16)}\n`)), vectors.words);
});

test("lower case: all code points are those of Unicode 14", () => {
  const lines = [];
  for (const point of points()) {
    const own = String.fromCodePoint(point), low = known(own).toLowerCase();
    if (low !== own && low !== " ") lines.push(`${point.toString(16)} ${[...low].map(each => each.codePointAt(0)!.toString(16)).join(" ")}\n`);
  }
  equal(digest(lines), vectors.lower);
});

test("numbers: a line of them, and what is none", () => {
  deepEqual(numbers("1, -2.5e3, .5"), [1, -2500, 0.5]);
  for (const text of ["", "1,,2", "0x10", "1e999", "١"]) throws(() => numbers(text), /is not a number/);
});

test("encode: another version of Unicode is refused", () => {
  throws(() => encode({ kind: "vocabulary", lowercase: true, ngrams: [1, 1], unicode: 15, vocabulary: ["ab"] }, "ab"));
});

test("isEncoder: a stranger's descriptor is not believed", () => {
  const text = { kind: "hashing", lowercase: true, ngrams: [1, 2], buckets: 100, signed: true }, numbered = { kind: "scaled", names: ["a"], offsets: [0], steps: [1] };
  equal(isEncoder(text) && isEncoder(numbered), true);
  const others = [
    null, "text", {}, { ...text, kind: "toString" }, { ...text, ngrams: [1, 1e9] }, { ...text, ngrams: [-1e9, 1] }, { ...text, ngrams: null }, { ...text, buckets: 0 },
    { ...text, buckets: 40_000 }, { ...text, signed: 1 }, { ...numbered, names: [1] }, { ...numbered, steps: [] }, { ...numbered, offsets: [null] }, { kind: "binned", names: ["a"], edges: [null] },
    { kind: "vocabulary", lowercase: true, ngrams: [1, 1], vocabulary: [{}] },
  ];
  for (const other of others) equal(isEncoder(other), false, JSON.stringify(other));
});
