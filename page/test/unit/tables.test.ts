// Tables, calendars and numbers: what the views of markets, tournaments and competitions compute themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encoded } from "../../src/chain/tournament";
import { scoreOf, type Terms } from "../../src/chain/competition";
import { quantile } from "../../src/encode/normal";
import { columns, rows } from "../../src/files/csv";
import { contradicts, formatNamed, recognized } from "../../src/files/formats";
import { proofOf, rootOf } from "../../src/files/merkle";
import { calendar } from "../../src/parts/calendar";
import { concat, keccak256 } from "viem/utils";

test("a table: quotes, their doubles, line ends and a byte order mark", () => {
  assert.deepEqual(rows('\ufeffid,said\r\n1,"a, ""b""\nc"\n2,\n'), [["id", "said"], ["1", 'a, "b"\nc'], ["2", ""]]);
  assert.deepEqual(columns("a,b\n1,2\n3,4", ["b"]), [["2", "4"]]);
  assert.throws(() => rows('"open'), /quotation/);
  assert.throws(() => columns("a,b\n1", ["a"]), /Row 1/);
  assert.throws(() => columns("a\n1", ["b"]), /no column “b”/);
});

test("ranks: the lowest is 0, of equal ones the earlier row has the lower", () => {
  assert.equal(encoded([0.5, -1, 0.5, 3]), "0x0001000000020003");
});

test("quantiles of the normal distribution, to a billionth", () => {
  const known = [[0.5, 0], [0.75, 0.6744897501960817], [0.975, 1.959963984540054], [0.999, 3.090232306167813], [1e-9, -5.997807015007]] as const;
  for (const [p, z] of known) assert.ok(Math.abs(quantile(p) - z) < 1e-9, `${p}: ${quantile(p)}`);
  assert.equal(quantile(0.1) + quantile(0.9) < 1e-12, true);
});

test("scores: accuracy, macro F1 and the mean error", () => {
  const score = (metric: number, classes: number, said: number[], labels: number[]): number => scoreOf({ metric, classes } as Terms, said, labels);
  assert.equal(score(0, 2, [0, 1, 1, 1], [0, 1, 0, 1]), 0.75);
  assert.equal(score(1, 2, [0, 1, 1, 1], [0, 1, 0, 1]), (2 / 3 + 4 / 5) / 2);
  assert.equal(score(1, 3, [0, 0], [0, 0]), 1 / 3); // a class that nobody has or says counts as 0
  assert.equal(score(2, 0, [1, -3], [2, 1]), 2.5);
});

test("a tree: the proof of each leaf leads to the root, whatever their count", () => {
  for (let count = 1; count < 10; count++) {
    const leaves = Array.from({ length: count }, (_, at) => keccak256(`0x0${at}`));
    leaves.forEach((leaf, index) => {
      let node = leaf, left = count, at = index;
      const proof = proofOf(leaves, index);
      for (; left > 1; at >>= 1, left = Math.ceil(left / 2)) {
        if ((at ^ 1) < left) node = keccak256(at % 2 ? concat([proof.shift()!, node]) : concat([node, proof.shift()!]));
      }
      assert.equal(node, rootOf(leaves));
      assert.equal(proof.length, 0);
    });
  }
});

test("a calendar: lines end in CRLF, are folded at 75 bytes, and escape what separates", () => {
  const text = calendar("0xabc", "Wölfe, Bären; Füchse", [{ at: 1_700_000_000, what: `reveal ${"ü".repeat(60)}` }], 1_600_000_000.5);
  assert.match(text, /DTSTART:20231114T221320Z\r\n/);
  assert.match(text, /DTSTAMP:20200913T122640Z\r\n/);
  assert.ok(text.includes("Wölfe\\, Bären\\; Füchse"));
  assert.ok(text.endsWith("END:VCALENDAR\r\n"));
  for (const line of text.split("\r\n")) assert.ok(new TextEncoder().encode(line).length <= 75, line);
  assert.equal(text.match(/BEGIN:VALARM/g)!.length, 2);
});

test("formats: by their first bytes, and what contradicts a manifest", async () => {
  const of = (name: string, ...bytes: (string | number[])[]): Promise<string> =>
    recognized(new File(bytes.map(each => (typeof each === "string" ? each : new Uint8Array(each))), name));
  assert.equal(await of("m", "GGUF"), "gguf");
  assert.equal(await of("m", "....TFL3"), "tflite");
  assert.equal(await of("m", [8, 10, 18, 0]), "onnx");
  assert.equal(await of("m", [128, 4], "....."), "pickle");
  assert.equal(await of("m.joblib", [128, 4], "....."), "joblib");
  assert.equal(await of("m", [2, 0, 0, 0, 0, 0, 0, 0], "{}"), "safetensors");
  assert.equal(await of("m", ' {"learner":'), "xgboost-json");
  assert.equal(await of("m", "PK\x03\x04"), "unknown");
  assert.equal(await of("m", "nothing"), "unknown");
  assert.equal(formatNamed("skops+age"), "skops");
  assert.equal(contradicts("pickle", "skops"), true);
  assert.equal(contradicts("pickle", "joblib"), false);
  assert.equal(contradicts("skops", "pickle"), true);
});
