import { expect, test } from "vitest";
import {
  facetsOf,
  indicesAt,
  levelsOf,
  outward,
  placeOf,
  planeShape,
  turned,
} from "../../src/tensors/facet_plane";

test.each<[string, number[], number[], number[]]>([
  ["a vector", [7], [0], []],
  ["a matrix", [30_000, 768], [0], [1]],
  ["a bank of filters", [3, 3, 64, 32], [2, 0], [3, 1]],
  ["a bank of volumes", [3, 5, 5, 4, 8], [3, 0, 1], [4, 2]],
  ["heads of attention", [768, 12, 64], [0, 1], [2]],
  ["a stack of wide matrices", [12, 64, 32], [1], [0, 2]],
])("%s", (_, shape, down, across) => {
  expect(facetsOf(shape)).toMatchObject({ down, across });
});

test("a place goes both ways, also in another order", () => {
  const plane = { ...facetsOf([3, 3, 4, 5]), sorted: 3 };
  const order = [4, 2, 0, 1, 3];
  const [rows, columns] = planeShape(plane);
  expect([rows, columns]).toEqual([12, 15]);
  const seen = new Set<string>();
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const indices = indicesAt(plane, order, row, column);
      expect(placeOf(plane, order, indices)).toEqual([row, column]);
      seen.add(indices.join());
    }
  expect(seen.size).toBe(180);
});

test("axes go to the other side and outward, and no side is left without", () => {
  const plane = facetsOf([3, 3, 4, 5]);
  expect(turned(plane, 0)).toMatchObject({ down: [2], across: [3, 1, 0] });
  expect(turned(turned(plane, 0), 2)).toMatchObject({ down: [2] });
  expect(outward(plane, 0)).toMatchObject({ down: [0, 2] });
  expect(outward(outward(plane, 0), 0)).toMatchObject({ down: [2, 0] });
  expect(levelsOf(plane, plane.down)).toEqual([
    { axis: 2, size: 4, each: 3 },
    { axis: 0, size: 3, each: 1 },
  ]);
});
