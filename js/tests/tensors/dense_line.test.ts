import { expect, test } from "vitest";
import { denseLine } from "../../src/tensors/dense_line";
import type { Statistics } from "../../src/tensors/statistics";

const NOTHING = {
  min: null,
  max: null,
  mean: null,
  std: null,
  extremes: null,
  bins: [],
  error: null,
  dead: 0,
};

function known(part: Partial<Statistics>): Statistics {
  return { ...NOTHING, zeros: 0, nans: 0, infs: 0, ...part };
}

const FLOATS = { min: -4.234, max: 4.3, mean: 0.0014, std: 1.0002 };

test.each<[string, number[], Statistics | undefined, string]>([
  ["float32", [200, 300], undefined, "float32(200, 300)"],
  [
    "float32",
    [200, 300],
    known({ ...FLOATS, nans: 2010 }),
    "float32(200, 300) ≈0.0014 ±1 [≥−4.23, ≤4.3] nan:2,010",
  ],
  ["float32", [3], known({ nans: 3 }), "float32(3) nan:3"],
  [
    "int64",
    [],
    known({ ...FLOATS, extremes: ["123456789012345", "123456789012345"] }),
    "int64 123456789012345",
  ],
  ["int8", [9], known({ ...FLOATS, extremes: ["-4", "4"], zeros: 2 }), "int8(9) ≈0.0014 ±1 [≥−4, ≤4] zero:2"],
  ["bool", [10], known({ min: 0, max: 1, zeros: 4 }), "bool(10) true:6 false:4"],
  ["string", [4], known({ zeros: 1 }), "string(4) empty:1"],
  ["complex64", [2], known({ ...FLOATS, min: 0 }), "complex64(2) ≈0.0014 ±1 |·| [≥0, ≤4.3]"],
])("%s %j", (dtype, shape, statistics, expected) => {
  expect(denseLine(dtype, shape, statistics)).toBe(expected);
});
