/** Bundle each widget into one ESM file with its style sheet, and the layout engine. `--watch` rebuilds on change. */
import { copyFile, mkdir } from "node:fs/promises";
import esbuild from "esbuild";

const OUT = new URL("../ckpt_magics/notebook/widgets/static/", import.meta.url).pathname;

const shared = {
  outdir: OUT,
  entryNames: "[name]",
  bundle: true,
  minify: true,
  target: "es2022",
  // An AMD loader on the page (classic Notebook, old Colab) must not capture the libraries inside the bundle.
  define: { "define.amd": "false" },
  logLevel: "info",
};

const views = ["tensors/variables_view", "graph/graph_view", "bytes/bytes_view"];
const targets = [
  { ...shared, format: "esm", entryPoints: views.flatMap((view) => [`src/${view}.ts`, `src/${view}.css`]) },
  { ...shared, format: "esm", entryPoints: ["src/kernel/loader.ts"] },
  // A worker made from a Blob, and a page that somebody saved, take plain scripts.
  {
    ...shared,
    format: "iife",
    entryPoints: ["src/graph/graphviz_worker.ts", "src/saved/saved_views.ts"],
  },
];

await mkdir(OUT, { recursive: true });
await copyFile("licenses/graphviz.txt", `${OUT}graphviz_worker.LICENSE.txt`);
for (const target of targets) {
  if (process.argv.includes("--watch")) await (await esbuild.context(target)).watch();
  else await esbuild.build(target);
}
