import { expect, test } from "vitest";
import { decodeRow, RangeNode } from "../../src/bytes/range_tree";

function node(path: readonly number[], total: number): RangeNode {
  const made = new RangeNode(path);
  made.total = total;
  return made;
}

test("rows of what is open lie between those around it", () => {
  const tree = node([], 3);
  const file = node([1], 4);
  const block = node([1, 2], 2);
  tree.opened.set(1, file);
  file.opened.set(2, block);
  expect(tree.height).toBe(9);
  const found = Array.from({ length: 9 }, (_, row) => {
    const { node: around, index } = tree.at(row);
    return [...around.path, index].join(".");
  });
  expect(found).toEqual(["0", "1", "1.0", "1.1", "1.2", "1.2.0", "1.2.1", "1.3", "2"]);
  for (const [row, path] of found.entries()) expect(tree.rowOf(path.split(".").map(Number))).toBe(row);
  expect(tree.rowOf([0, 3])).toBe(-1);
});

test("a row of the kernel's reply", () => {
  expect(decodeRow([12, 24, "tensor", "w  float32 [2,3]", false, true])).toEqual({
    offset: 12,
    size: 24,
    what: "tensor",
    says: "w  float32 [2,3]",
    wrong: false,
    hasInside: true,
  });
});
