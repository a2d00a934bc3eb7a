import { describe, expect, it } from "vitest";
import { nearest } from "../../src/graph/graph_layout";
import { fitTransform, keepInPlace, zoomAt } from "../../src/graph/viewport";

const WINDOW = { width: 800, height: 400 };

describe("fitTransform", () => {
  it("shows all of a large drawing in the middle", () => {
    const { scale, x, y } = fitTransform({ width: 1600, height: 400 }, WINDOW);
    expect(scale).toBeCloseTo(780 / 1600);
    expect(x).toBeCloseTo(10);
    expect(y * 2 + 400 * scale).toBeCloseTo(400);
  });

  it("does not blow up a small one", () => {
    expect(fitTransform({ width: 10, height: 10 }, WINDOW).scale).toBe(1.25);
  });
});

it("zooms around the pointer, within bounds", () => {
  const before = { scale: 1, x: 20, y: 30 };
  const after = zoomAt(before, 2, 120, 130);
  expect((120 - after.x) / after.scale).toBeCloseTo(100);
  expect((130 - after.y) / after.scale).toBeCloseTo(100);
  expect(zoomAt(before, 1e9, 0, 0).scale).toBe(6);
});

describe("keepInPlace", () => {
  const transform = { scale: 1, x: 0, y: 0 };
  const from = { x: 390, y: 190, width: 20, height: 20 };

  it("leaves the middle of what was opened on its place", () => {
    const to = { x: 1000, y: 1000, width: 200, height: 200 };
    const after = keepInPlace(transform, from, to, { width: 2000, height: 2000 }, WINDOW);
    expect(after.scale).toBe(1);
    expect(after.x + 1100).toBe(400);
    expect(after.y + 1100).toBe(200);
  });

  it("moves no further than needed for all of it to be seen", () => {
    const corner = { x: 0, y: 0, width: 20, height: 20 };
    const to = { x: 500, y: 500, width: 100, height: 100 };
    const after = keepInPlace(transform, corner, to, { width: 2000, height: 2000 }, WINDOW);
    expect(after.x + 500).toBe(10);
    expect(after.y + 500).toBe(10);
  });

  it("makes smaller what is too large", () => {
    const to = { x: 0, y: 0, width: 1600, height: 100 };
    const after = keepInPlace(transform, from, to, { width: 1600, height: 100 }, WINDOW);
    expect(after.scale).toBeCloseTo(780 / 1600);
  });
});

it("goes to the nearest box in a direction, and what lies beside it counts double", () => {
  const at = (x: number, y: number) => ({ box: { x, y, width: 10, height: 10 } });
  const [here, below, farBelow, right] = [at(0, 0), at(5, 50), at(0, 90), at(60, 10)];
  const others = [here, farBelow, below, right];
  expect(nearest(here, others, [0, 1])).toBe(below);
  expect(nearest(here, others, [1, 0])).toBe(right);
  expect(nearest(here, others, [-1, 0])).toBeUndefined();
});
