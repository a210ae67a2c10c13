// A step of the build: page.json, which names every file with its SHA-256, so that the page can be checked.
import { createHash } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Vite's plugin. */
export function release() {
  let folder;
  return {
    name: "release",
    apply: "build",
    configResolved(config) { folder = config.build.outDir.startsWith("/") ? config.build.outDir : join(config.root, config.build.outDir); },
    closeBundle() {
      // Vite lists what the page bundles, but not what the worker does.
      const hasher = new URL("node_modules/hash-wasm/", import.meta.url);
      const { version: of } = JSON.parse(readFileSync(new URL("package.json", hasher), "utf8"));
      appendFileSync(join(folder, "licenses.md"), `\n## hash-wasm - ${of} (MIT)\n\n${readFileSync(new URL("LICENSE", hasher), "utf8")}`);
      const version = /__version__ = "(.*)"/.exec(readFileSync(new URL("../orchestrator/__init__.py", import.meta.url), "utf8"))[1];
      const names = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(each => each.isFile() && each.name !== "page.json")
        .map(each => join(each.parentPath, each.name).slice(folder.length + 1).replaceAll("\\", "/"))
        .sort();
      const files = Object.fromEntries(names.map(name => [name, createHash("sha256").update(readFileSync(join(folder, name))).digest("hex")]));
      writeFileSync(join(folder, "page.json"), `${JSON.stringify({ version, files }, null, 1)}\n`);
    },
  };
}
