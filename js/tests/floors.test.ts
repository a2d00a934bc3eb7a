import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** From the lowest to the highest; a folder imports from itself and from lower ones. */
const FLOORS = ["kernel", "page", "tensors", "graph", "bytes", "saved"];

const IMPORTED = /^(?:import|export|@import)\b[^"]*"\.\.\/(\w+)\//gm;

test.each(FLOORS)("src/%s imports from lower folders only", (floor) => {
  const allowed = FLOORS.slice(0, FLOORS.indexOf(floor));
  const files = readdirSync(`src/${floor}`).map((name) => `src/${floor}/${name}`);
  const imported = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(IMPORTED)].map((m) => m[1]),
  );
  expect(files).not.toEqual([]);
  expect([...new Set(imported)].filter((other) => !allowed.includes(other ?? ""))).toEqual([]);
});

test("every source lies in one of the folders", () => {
  expect(readdirSync("src").sort()).toEqual([...FLOORS].sort());
});

test("no two views have rules for the same thing: their style sheets meet on a page", () => {
  const sheets = ["tensors/variables_view", "graph/graph_view", "bytes/bytes_view"];
  const selectors = sheets.flatMap((sheet) => {
    const text = readFileSync(`src/${sheet}.css`, "utf8");
    return [...new Set([...text.matchAll(/^(\.ckpt[^{,]*?)(?: \{|,)$/gm)].map((found) => found[1]))];
  });
  expect(selectors).toContain(".ckpt-ranges");
  expect(selectors.filter((each, place) => selectors.indexOf(each) !== place)).toEqual([]);
});
