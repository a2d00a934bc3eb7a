import { expect, test } from "vitest";
import { colorOf, INFINITY_COLOR, NAN_COLOR, scaleFor } from "../../src/tensors/color_scale";
import { facetsOf, turned } from "../../src/tensors/facet_plane";
import { facetText } from "../../src/tensors/facet_view";
import { lineText } from "../../src/tensors/heat_map_view";
import { bandRange } from "../../src/tensors/line_chart";
import { around, wholeWindow } from "../../src/tensors/tensor_window";

test("signed data has a scale that is even around zero", () => {
  expect(scaleFor([-1, 0, 3])).toEqual({ low: -3, high: 3, diverging: true });
  expect(scaleFor([1, 2])).toEqual({ low: 1, high: 2, diverging: false });
});

test("NaN and infinities do not stretch the scale and have their own colours", () => {
  const scale = scaleFor([Number.NaN, Number.POSITIVE_INFINITY, 2, 1]);
  expect(scale).toMatchObject({ low: 1, high: 2 });
  expect(colorOf(Number.NaN, scale)).toBe(NAN_COLOR);
  expect(colorOf(Number.NEGATIVE_INFINITY, scale)).toBe(INFINITY_COLOR);
});

test("a constant tensor and an empty one have a colour", () => {
  expect(colorOf(5, scaleFor([5, 5]))).toHaveLength(3);
  expect(scaleFor([])).toEqual({ low: 0, high: 1, diverging: false });
});

test("the read-out names the element under the pointer, also of a picture that is laid otherwise", () => {
  const numbers = [0, 1, 2, 3, 4, 5];
  const low = { shape: [2, 3], kind: "number", numbers, exact: numbers, texts: null, note: "" } as const;
  const values = { low, high: low, specials: [], order: [] };
  const plane = facetsOf([2, 3]);
  expect(facetText(values, plane, wholeWindow([2, 3]), 0.9, 0.9)).toBe("[1, 2] = 5");
  const sorted = { ...values, order: [1, 0] };
  expect(facetText(sorted, { ...plane, sorted: 0 }, wholeWindow([2, 3]), 0.9, 0.9)).toBe("[0, 2] = 5");
  expect(
    facetText(values, turned({ ...plane, down: [0, 1], across: [] }, 1), wholeWindow([2, 3]), 0, 0),
  ).toBe("[0, 0] = 0");
  expect(lineText(values, wholeWindow([6]), 0.5)).toBe("[3] = 3");
});

test("the read-out of a cell of many values has the first and last place, the least and the greatest", () => {
  const numbers = Array.from({ length: 200 }, (_, place) => place);
  const low = { shape: [200], kind: "number", numbers, exact: numbers, texts: null, note: "" } as const;
  const greatest = numbers.map((place) => place + 0.5);
  const high = { ...low, numbers: greatest, exact: greatest };
  expect(lineText({ low, high, specials: [], order: [] }, wholeWindow([399]), 0)).toBe("[0…1] = 0 to 0.5");
  expect(lineText({ low, high, specials: [], order: [] }, wholeWindow([399]), 1)).toBe(
    "[398] = 199 to 199.5",
  );
});

test("a place that is gone to is in the middle, and every value there is a cell", () => {
  const window = around(wholeWindow([4000, 1000]), [1, 700]);
  expect([window.rows, window.columns]).toEqual([
    { start: 0, stop: 32 },
    { start: 684, stop: 716 },
  ]);
});

test("the scale of a line agrees with its least and greatest value", () => {
  expect(bandRange({ low: [0.01, Number.NaN, -2], high: [5, Number.NaN, 0] })).toEqual([-2, 5]);
  expect(bandRange({ low: [4], high: [4] })).toEqual([2, 6]);
  expect(bandRange({ low: [Number.NaN], high: [Number.NaN] })).toEqual([-1, 1]);
});
