import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { deepEqual, equal, throws } from "node:assert/strict";
import { decode, encode } from "../../src/files/canonical";
import { hashFile, hashStretch } from "../../src/files/hashing";
import { PROFILES } from "../../src/files/unixfs";

const SIZES = [0, 1, 262144, 262145, (1 << 20) - 1, (1 << 20) + 1, 3_500_000];
const python = process.env.PYTHON ?? "python3";
const content = (size: number): Uint8Array => new Uint8Array(size).map((_, at) => (at * 31 + (at >> 8)) & 255);

const PROGRAM = `
import json, sys
from orchestrator.storage import digest_bytes
content = lambda size: bytes((at * 31 + (at >> 8)) & 255 for at in range(size))
sizes, profiles = json.loads(sys.argv[1])
print(json.dumps([[digest_bytes(data, profile).cid for profile in profiles] for data in map(content, sizes)]))
`;

test("hashFile: the CIDs that Python gives, by every profile", { timeout: 300_000 }, async () => {
  const sizes = SIZES, profiles = Object.keys(PROFILES);
  const expected = JSON.parse(execFileSync(python, ["-c", PROGRAM, JSON.stringify([sizes, profiles])], { cwd: "..", encoding: "utf8" }));
  for (const [index, size] of sizes.entries()) {
    const data = content(size);
    const found = await Promise.all(profiles.map(profile => hashFile(new Blob([data as BlobPart]), profile, () => undefined)));
    deepEqual(found.map(each => each.cid), expected[index], `${size} bytes`);
    equal(Buffer.from(found[0]!.sha256).toString("hex"), createHash("sha256").update(data).digest("hex"));
  }
});

test("hashStretch: two after each other tell what one tells", async () => {
  const data = content((3 << 20) + 5), half = 2 << 20, silent = (): void => undefined;
  const whole = await hashStretch(new Blob([data as BlobPart]), "unixfs-v1-2025", undefined, silent);
  const first = await hashStretch(new Blob([data.subarray(0, half) as BlobPart]), "unixfs-v1-2025", undefined, silent);
  const second = await hashStretch(new Blob([data.subarray(half) as BlobPart]), "unixfs-v1-2025", first.state, silent);
  deepEqual([...first.leaves, ...second.leaves], whole.leaves);
  deepEqual(second.state, whole.state);
});

test("canonical: keys are sorted, and other forms are refused", () => {
  equal(encode({ b: [1, 1e21, "é"], a: null }), '{"a":null,"b":[1,1e+21,"é"]}');
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  deepEqual(decode(bytes('{"a":1}')), { a: 1 });
  for (const text of ['{"a": 1}', '{"b":1,"a":1}', '{"a":1,"a":1}', "1.0", "[NaN]", "\ufeff1"]) throws(() => decode(bytes(text)));
});
