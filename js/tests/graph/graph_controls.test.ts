import { expect, it } from "vitest";
import { scopeChain, toggled } from "../../src/graph/graph_controls";
import { ViewHistory } from "../../src/page/view_history";

const CLUSTERS = [
  { id: 1, name: "a", label: "a", parent: null },
  { id: 2, name: "a/b", label: "b", parent: 1 },
  { id: 3, name: "c", label: "c", parent: null },
];

it("leads to the scope that was opened last", () => {
  expect(scopeChain(CLUSTERS, ["c", "a/b"]).map(({ label }) => label)).toEqual(["a", "b"]);
  expect(scopeChain(CLUSTERS, ["a/b", "c"]).map(({ label }) => label)).toEqual(["c"]);
  expect(scopeChain([], ["gone"])).toEqual([]);
});

it("adds and takes away", () => {
  expect(toggled(["x"], "y")).toEqual(["x", "y"]);
  expect(toggled(["x", "y"], "x")).toEqual(["y"]);
});

it("forgets what was ahead when something new is shown", () => {
  const history = new ViewHistory(1);
  history.push(2);
  history.push(3);
  expect([history.move(-1), history.move(-1), history.move(-1)]).toEqual([2, 1, 1]);
  expect(history.canGoBack).toBe(false);
  history.push(4);
  expect(history.canGoForward).toBe(false);
  expect(history.move(-1)).toBe(1);
});
