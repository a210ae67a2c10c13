// Builds test/unit for Node's own test runner.
import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

const tests = readdirSync(new URL("test/unit", import.meta.url)).filter(name => name.endsWith(".test.ts"));

export default defineConfig({
  build: {
    ssr: true,
    outDir: ".build",
    emptyOutDir: true,
    rollupOptions: { input: tests.map(name => `test/unit/${name}`) },
  },
});
