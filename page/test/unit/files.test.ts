import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { deepEqual, equal, throws } from "node:assert/strict";
import { decode, encode } from "../../src/files/canonical";
import { filesIn, listed, type Folder } from "../../src/files/folders";
import { recognizedFolder } from "../../src/files/formats";
import { hashFile, hashFolder, hashStretch } from "../../src/files/hashing";
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
    equal(Buffer.from(found[0]!.digest).toString("hex"), createHash("sha256").update(data).digest("hex"));
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

const OF_FOLDERS = `
import json, sys
from orchestrator.provenance.formats import recognize
from orchestrator.storage import digest_file
from pathlib import Path
roots, profiles = json.loads(sys.argv[1])
print(json.dumps([[recognize(Path(root)).name, *(digest_file(root, profile).cid for profile in profiles)] for root in roots]))
`;

/** A folder on the disk, as a browser shows it. */
function shown(path: string, name: string): Folder {
  const entries = readdirSync(path, { withFileTypes: true }).map(each => {
    const below = join(path, each.name);
    return [each.name, each.isDirectory() ? shown(below, each.name) : new File([readFileSync(below) as BlobPart], each.name)] as const;
  });
  return { name, entries: new Map(entries) };
}

test("hashFolder: the CIDs and formats that Python gives, nested, empty, hidden, sharded", { timeout: 300_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), "diln-folder-")), profiles = Object.keys(PROFILES);
  const made: Record<string, Record<string, Uint8Array | string>> = {
    plain: { "config.json": "{}", "model.safetensors": content(3_000_000), ".hidden": "", "sub/é 𝒳.txt": "a", "sub/ﬀ.txt": "b", "sub/deep/.keep": "" },
    code: { "config.json": "{}", "a/model.safetensors": "x", "a/modeling.py": "" },
    pickled: { "config.json": "{}", "model.safetensors": "x", "weights.dat": Uint8Array.of(128, 4, 46) },
    empty: {},
    many: Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`${"n".repeat(40)}${at}.bin`, String(at)])),
  };
  for (const [name, files] of Object.entries(made)) {
    mkdirSync(join(root, name, name === "plain" ? "nothing/in it" : "."), { recursive: true });
    for (const [path, data] of Object.entries(files)) {
      mkdirSync(join(root, name, path, ".."), { recursive: true });
      writeFileSync(join(root, name, path), data);
    }
  }
  const roots = Object.keys(made).map(name => join(root, name));
  const expected = JSON.parse(execFileSync(python, ["-c", OF_FOLDERS, JSON.stringify([roots, profiles])], { cwd: "..", encoding: "utf8" }));
  for (const [index, path] of roots.entries()) {
    const folder = shown(path, "folder"), told: number[] = [];
    const found = await Promise.all(profiles.map(profile => hashFolder(folder, profile, done => told.push(done))));
    deepEqual([await recognizedFolder(folder), ...found.map(each => each.cid)], expected[index], path);
    const size = [...filesIn(folder)].reduce((sum, [, file]) => sum + file.size, 0);
    equal(found[0]!.size, size);
    equal(Math.max(0, ...told), size);
  }
  rmSync(root, { recursive: true });
});

test("listed: files with their paths are the folder that they stand in", () => {
  const file = (path: string): File => Object.assign(new File(["x"], path.split("/").at(-1)!), { webkitRelativePath: path });
  const found = listed(["top/a", "top/sub/b", "top/sub/c", "top/sub/deep/d"].map(file));
  equal(found.name, "top");
  deepEqual([...filesIn(found)].map(([path]) => path), ["a", "sub/b", "sub/c", "sub/deep/d"]);
});

test("canonical: keys are sorted, and other forms are refused", () => {
  equal(encode({ b: [1, 1e21, "é"], a: null }), '{"a":null,"b":[1,1e+21,"é"]}');
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  deepEqual(decode(bytes('{"a":1}')), { a: 1 });
  for (const text of ['{"a": 1}', '{"b":1,"a":1}', '{"a":1,"a":1}', "1.0", "[NaN]", "\ufeff1"]) throws(() => decode(bytes(text)));
});
