import { expect, test } from "vitest";
import { Selection } from "../../src/tensors/selection";

const ORDER = [4, 2, 0, 1, 3];

test("a range goes from the row last chosen alone, in the order shown", () => {
  const selection = new Selection();
  selection.only(2);
  selection.extendTo(1, ORDER);
  expect(selection.toArray()).toEqual([0, 1, 2]);
  selection.extendTo(4, ORDER);
  expect(selection.toArray()).toEqual([2, 4]);
});

test("the echo of a choice from the kernel leaves the start of ranges in place", () => {
  const selection = new Selection();
  selection.only(0);
  selection.replace([0]);
  selection.extendTo(3, ORDER);
  expect(selection.toArray()).toEqual([0, 1, 3]);
});

test("keys move the start of ranges without choosing", () => {
  const selection = new Selection();
  selection.only(3);
  selection.startAt(4);
  expect(selection.toArray()).toEqual([3]);
  selection.extendTo(2, ORDER);
  expect(selection.toArray()).toEqual([2, 4]);
});

test("without a start a range is the row alone", () => {
  const selection = new Selection();
  selection.extendTo(3, ORDER);
  expect(selection.toArray()).toEqual([3]);
});
