import { expect, test } from "vitest";
import {
  MAX_CELLS,
  panned,
  positionAt,
  regionOf,
  wholeWindow,
  withAxes,
  withPosition,
  zoomed,
} from "../../src/tensors/tensor_window";

test("a matrix is shown whole", () => {
  expect(regionOf(wholeWindow([3, 5]))).toEqual([
    [0, 3, 1],
    [0, 5, 1],
  ]);
});

test("a scalar needs no axis, a vector one", () => {
  expect(regionOf(wholeWindow([]))).toEqual([]);
  expect(regionOf(wholeWindow([7]))).toEqual([[0, 7, 1]]);
});

test("more cells than a picture can show are thinned out evenly", () => {
  const [[start, stop, step] = [0, 0, 0]] = regionOf(wholeWindow([100_000, 10]));
  expect([start, stop]).toEqual([0, 100_000]);
  expect(Math.ceil(stop / step)).toBeLessThanOrEqual(MAX_CELLS);
});

test("the hidden axes stay at their position", () => {
  const window = withPosition(withAxes(wholeWindow([2, 3, 4]), 0, 2), 1, 2);
  expect(regionOf(window)).toEqual([
    [0, 2, 1],
    [2, 3, 1],
    [0, 4, 1],
  ]);
});

test("zooming keeps the point under the pointer and never leaves the tensor", () => {
  const near = zoomed(wholeWindow([100, 100]), 0.5, 1, 0);
  expect([near.rows, near.columns]).toEqual([
    { start: 0, stop: 50 },
    { start: 50, stop: 100 },
  ]);
  const far = zoomed(near, 100);
  expect([far.rows, far.columns]).toEqual([
    { start: 0, stop: 100 },
    { start: 0, stop: 100 },
  ]);
});

test("zooming in stops at a few cells", () => {
  let window = wholeWindow([100, 2]);
  for (let turn = 0; turn < 20; turn++) window = zoomed(window, 0.5);
  expect(window.rows.stop - window.rows.start).toBe(4);
  expect(window.columns).toEqual({ start: 0, stop: 2 });
});

test("panning stops at the edges", () => {
  const window = panned(zoomed(wholeWindow([100, 100]), 0.5), 5, -5);
  expect([window.rows, window.columns]).toEqual([
    { start: 0, stop: 50 },
    { start: 50, stop: 100 },
  ]);
});

test("a point of the picture is a position of the tensor", () => {
  const window = withPosition(wholeWindow([2, 1000, 10]), 0, 1);
  expect(positionAt(window, 0, 0)).toEqual([1, 0, 0]);
  expect(positionAt(window, 0.99, 0.5)).toEqual([1, 500, 9]);
  expect(positionAt(window, 1, 1)).toEqual([1, 996, 9]);
});
