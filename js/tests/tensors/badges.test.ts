import { expect, test } from "vitest";
import { badgesOf } from "../../src/tensors/badges";
import { scopeBadges } from "../../src/tensors/scope_tree";
import { decodeStatistics, type Statistics } from "../../src/tensors/statistics";
import { indexOf } from "./indexes";

/** What the kernel sends of one row: least, greatest, mean, std, zeros, NaN, infinities, dead rows. */
function known(numbers: number[], errors = {}): Statistics {
  const columns = new DataView(Float64Array.from(numbers).buffer);
  const bins = new DataView(new Uint32Array(32).fill(1).buffer);
  const content = { rows: [4], extremes: { 4: ["1", "2"] }, errors };
  return decodeStatistics(content, [columns, bins]).get(4) as Statistics;
}

test("statistics come as columns", () => {
  const statistics = known([-1, 2, Number.NaN, 1, 3, 4, 5, 6]);
  expect(statistics).toMatchObject({ min: -1, max: 2, mean: null, zeros: 3, nans: 4, infs: 5, dead: 6 });
  expect(statistics.extremes).toEqual(["1", "2"]);
  expect(statistics.bins).toHaveLength(32);
});

test.each<[string, number[], string[]]>([
  ["nothing odd", [-1, 1, 0, 1, 0, 0, 0, 0], []],
  ["not finite", [-1, 1, 0, 1, 0, 2, 1000, 0], ["NaN 2", "Inf 1,000"]],
  ["nothing but NaN", [Number.NaN, Number.NaN, Number.NaN, Number.NaN, 0, 8, 0, 0], ["NaN 8"]],
  ["large", [-2e6, 1, 0, 1, 0, 0, 0, 3], ["exploding", "dead rows 3"]],
  ["zero", [0, 0, 0, 0, 8, 0, 0, 0], ["all zero"]],
  ["one value", [2, 2, 2, 0, 0, 0, 0, 0], ["constant"]],
])("%s", (_, numbers, expected) => {
  expect(badgesOf(known(numbers), 8, "float32").map(({ text }) => text)).toEqual(expected);
});

test("integers do not explode, and what cannot be read says so", () => {
  expect(badgesOf(known([0, 1e9, 1, 1, 0, 0, 0, 0]), 8, "int64")).toEqual([]);
  expect(badgesOf(known([0, 0, 0, 0, 0, 0, 0, 0], { 4: "damaged" }), 8, "float32")).toHaveLength(1);
});

test("badges are summed per scope", async () => {
  const index = await indexOf([{ name: "a/b/w" }, { name: "a/c" }, { name: "d" }]);
  const sums = scopeBadges(index, (row) => (row < 2 ? [{ name: "NaN", text: "NaN 1" }] : []));
  expect([...sums].map(([scope, counts]) => [scope, counts.get("NaN")])).toEqual([
    ["", 2],
    ["a", 2],
    ["a/b", 1],
  ]);
});
