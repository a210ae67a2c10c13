import { defineConfig } from "vite";
import { release } from "./release.mjs";

/** Views are told apart by their folders. */
function named({ facadeModuleId }) {
  const view = /views\/(\w+)\/view\.tsx$/.exec(facadeModuleId ?? "");
  return view ? `assets/view-${view[1]}-[hash].js` : "assets/[name]-[hash].js";
}

export default defineConfig({
  plugins: [release()],
  base: "./", // the page works from any folder of any host
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../orchestrator/page/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy allows no script from a data: URL
    rollupOptions: { output: { chunkFileNames: named } },
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
  },
  worker: { format: "es" },
});
