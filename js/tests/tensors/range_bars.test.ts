import { expect, test } from "vitest";
import { stepsOf } from "../../src/tensors/range_bars";

test("numbers that are near each other have even bars", () => {
  const steps = stepsOf([1, 2, 3, Number.NaN]);
  expect(steps?.counts.reduce((sum, count) => sum + count)).toBe(3);
  expect(steps?.at(0.5)).toBe(2);
});

test("numbers that spread far have bars that grow, and a place goes both ways", () => {
  const steps = stepsOf([-5, 0, 1, 2, 3, 1e9]);
  expect(Math.max(...(steps?.counts ?? []))).toBeLessThan(5);
  expect(steps?.at(steps.shareOf(2))).toBeCloseTo(2);
  expect([steps?.at(0), steps?.at(1)]).toEqual([-5, 1e9]);
});

test("one number has no bars", () => {
  expect(stepsOf([3, 3, Number.POSITIVE_INFINITY])).toBeNull();
});
