/** Bundle each widget into one ESM file with its style sheet. `--watch` rebuilds on change. */
import { mkdir } from "node:fs/promises";
import esbuild from "esbuild";

const OUT = new URL("../ckpt_magics/widgets/static/", import.meta.url).pathname;

const options = {
  entryPoints: ["src/variables_view.ts", "src/variables_view.css"],
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  // An AMD loader on the page (classic Notebook, old Colab) must not capture the libraries inside the bundle.
  define: { "define.amd": "false" },
  logLevel: "info",
};

await mkdir(OUT, { recursive: true });
if (process.argv.includes("--watch")) await (await esbuild.context(options)).watch();
else await esbuild.build(options);
