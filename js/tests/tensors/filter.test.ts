import { expect, test } from "vitest";
import {
  asksStatistics,
  type FilterState,
  filterRows,
  globSource,
  NO_FILTER,
  nameTest,
  sortRows,
} from "../../src/tensors/filter";
import { parseQuery } from "../../src/tensors/query";
import type { Statistics } from "../../src/tensors/statistics";
import { indexOf, type Row } from "./indexes";

const ROWS: Row[] = [
  { name: "conv/bias", shape: [8] },
  { name: "conv/kernel", shape: [3, 3, 1, 8] },
  { name: "conv/kernel/Adam", shape: [3, 3, 1, 8], group: "optimizer slot" },
  { name: "convolve", shape: [2], dtype: "bfloat16", itemsize: 2 },
  { name: "global_step", dtype: "int64", itemsize: 8, group: "step" },
];

/** What is known of the rows; the same as in tests/notebook/frames/test_filtering.py. */
const KNOWN = [statistics(0.5), statistics(2, 3)];

async function names(filter: Partial<FilterState>): Promise<string[]> {
  const index = await indexOf(ROWS);
  return [...filterRows(index, { ...NO_FILTER, ...filter }, (row) => KNOWN[row])].map(
    (row) => index.names[row] ?? "",
  );
}

test("no filter shows every row", async () => {
  expect(await names({})).toHaveLength(ROWS.length);
});

test.each<[string, Partial<FilterState>, string[]]>([
  ["text is found anywhere, in any case", { text: "KERNEL" }, ["conv/kernel", "conv/kernel/Adam"]],
  ["a glob covers the whole name", { text: "*kernel", mode: "glob" }, ["conv/kernel"]],
  ["a name is that alone", { text: "conv/bias", mode: "glob" }, ["conv/bias"]],
  [
    "a scope is what lies below it",
    { text: "conv", mode: "glob" },
    ["conv/bias", "conv/kernel", "conv/kernel/Adam"],
  ],
  ["and so with a slash", { text: "conv/", mode: "glob" }, ["conv/bias", "conv/kernel", "conv/kernel/Adam"]],
  [
    "a regular expression of whole names",
    { text: "re:conv/[bk]\\w+", mode: "glob" },
    ["conv/bias", "conv/kernel"],
  ],
  [
    "a regular expression is searched",
    { text: "^conv.(b|k)\\w+$", mode: "regex" },
    ["conv/bias", "conv/kernel"],
  ],
  ["a scope is not a prefix of letters", { scope: "conv", dtypes: ["float32"], ranks: [1] }, ["conv/bias"]],
  ["dtypes", { dtypes: ["int64", "bfloat16"] }, ["convolve", "global_step"]],
  ["a dtype that is not there matches nothing", { dtypes: ["complex64"] }, []],
  ["ranks", { ranks: [0] }, ["global_step"]],
  ["groups", { groups: ["optimizer slot"] }, ["conv/kernel/Adam"]],
  ["has NaN", { has_nan: true }, ["conv/kernel"]],
  ["a query", { query: "std > 1e3 or nans > 0" }, ["conv/kernel"]],
  [
    "not binds closest, brackets closer",
    { query: "not std < 1 and (rank = 4 or dtype = int64)" },
    ["conv/kernel", "conv/kernel/Adam", "global_step"],
  ],
  ["what is not known passes no comparison", { query: "std != 2" }, ["conv/bias"]],
  ["texts", { query: 'group = "optimizer slot" or bytes <= 4' }, ["conv/kernel/Adam", "convolve"]],
  ["and before or, units, inf", { query: "elements >= 1KiB or std > -inf and rank<2" }, ["conv/bias"]],
  ["ranges", { ranges: [["std", 0.4, 1]] }, ["conv/bias"]],
  [
    "ranges without an end",
    {
      ranges: [
        ["std", 1, null],
        ["bytes", null, 300],
      ],
    },
    ["conv/kernel"],
  ],
  ["texts lie in no range", { ranges: [["dtype", null, 1]] }, []],
  ["units in any letters", { query: "bytes < .0625kIb and rank = 1" }, ["conv/bias", "convolve"]],
  ["sizes are inclusive", { min_bytes: 8, max_bytes: 32 }, ["conv/bias", "global_step"]],
])("%s", async (_, filter, expected) => {
  expect(await names(filter)).toEqual(expected);
});

test.each([
  "std >",
  "std 3",
  "colour = 1",
  "std > x",
  "(std > 1",
  "std > 1 zeros > 2",
  "std = = 1",
  "! > 1",
  "std constructor 1",
  "bytes > 4K\u0131B",
  "bytes > \u0663",
])("%s is no query", (query) => {
  expect(() => parseQuery(query)).toThrow(SyntaxError);
});

test("a filter says whether it needs statistics", () => {
  expect(asksStatistics({ ...NO_FILTER, query: "bytes > 3" })).toBe(false);
  expect(asksStatistics({ ...NO_FILTER, query: "bytes > 3 or std > 1" })).toBe(true);
  expect(asksStatistics({ ...NO_FILTER, ranges: [["mean", 0, null]] })).toBe(true);
});

test("a regular expression that does not parse is a SyntaxError", () => {
  expect(() => nameTest("(", "regex")).toThrow(SyntaxError);
});

test("everything but the three wild cards of a glob is literal", () => {
  expect(globSource("a.b[!x]?*{1}[")).toBe("a\\.b[^x]..*\\{1\\}\\[");
});

test("sorting is stable, in both directions", async () => {
  const index = await indexOf(ROWS);
  const all = filterRows(index, NO_FILTER);
  const order = (column: "name" | "bytes" | "shape" | "dtype", descending: boolean) => [
    ...sortRows(index, all, { column, descending }),
  ];
  expect(order("name", true)).toEqual([4, 3, 2, 1, 0]);
  expect(order("bytes", false)).toEqual([3, 4, 0, 1, 2]);
  expect(order("bytes", true)).toEqual([1, 2, 0, 4, 3]);
  expect(order("shape", false)).toEqual([4, 3, 0, 1, 2]);
  expect(order("dtype", false)).toEqual([3, 0, 1, 2, 4]);
});

test("columns of text sort alphabetically, and what says nothing comes last both ways", async () => {
  const texts = ["same", "", "gone", "same", "new"];
  const index = {
    ...(await indexOf(ROWS)),
    extras: [{ key: "change", title: "Change", numbers: null, texts }],
  };
  const order = (descending: boolean) => [
    ...sortRows(index, filterRows(index, NO_FILTER), { column: "extra.change", descending }),
  ];
  expect(order(false)).toEqual([2, 4, 0, 3, 1]);
  expect(order(true)).toEqual([0, 3, 4, 2, 1]);
});

test("statistics sort, and rows of which nothing is known come last both ways", async () => {
  const index = await indexOf(ROWS);
  const known = [2, null, 5, undefined, 2].map((std) => (std === undefined ? undefined : statistics(std)));
  const order = (descending: boolean) => [
    ...sortRows(
      index,
      filterRows(index, NO_FILTER),
      { column: "statistic.std", descending },
      (row) => known[row],
    ),
  ];
  expect(order(false)).toEqual([0, 4, 2, 1, 3]);
  expect(order(true)).toEqual([2, 0, 4, 1, 3]);
});

function statistics(std: number | null, nans = 0): Statistics {
  const none = { min: null, max: null, mean: null, extremes: null, zeros: 0, infs: 0, dead: 0, bins: [] };
  return { ...none, std, nans, error: null };
}
