import { expect, test } from "vitest";
import { hitTree } from "../../src/graph/hit_tree";
import { findNames, type SavedGraph, savedGraphModel } from "../../src/graph/saved_graph";
import { Channel } from "../../src/kernel/messages";
import cases from "./search_cases.json";

const STATE = {
  open: [],
  aside: {},
  groups: [],
  hide: [],
  direction: "TB",
  color: "kind",
  trace: null,
} as const;

function level(scope: string, open: string[], ...names: string[]) {
  return { scope, open, scene: { nodes: names.map((name) => ({ name })), aside: [] } };
}

const SAVED: SavedGraph = {
  opening: { title: "net" },
  levels: [
    level("", [], "a", "b"),
    level("a", ["a"], "a/in", "b"),
    level("a/in", ["a", "a/in"], "a/in/x", "b"),
  ],
  details: { b: { name: "b", title: "Relu" } },
  names: [
    ["a", "scope"],
    ["a/in/x", "op", "Conv2D"],
    ["c/y", "op", "Relu"],
  ],
  state: { view_state: STATE, selected: "" },
};

function opened() {
  const model = savedGraphModel(SAVED);
  const ask = (kind: string, payload = {}) => new Channel(model).request(kind, payload);
  return {
    model,
    ask,
    open: () => (model.get("view_state") as typeof STATE).open,
    state: () => model.get("view_state"),
  };
}

test("a scope opens to what was laid out, and closes to what is around it", async () => {
  const { ask, open, state } = opened();
  await ask("open_scope", { name: "a/in", state: state() });
  expect(open()).toEqual(["a", "a/in"]);
  expect((await ask("view", { state: state() })).content.nodes).toEqual([{ name: "a/in/x" }, { name: "b" }]);
  await ask("close_scope", { name: "a/in", state: state() });
  expect(open()).toEqual(["a"]);
  await ask("close_scope", { name: "a", state: state() });
  expect(open()).toEqual([]);
});

test("what was not saved says what to do", async () => {
  const { ask } = opened();
  for (const [kind, payload] of [
    ["open_scope", { name: "b" }],
    ["view", { state: { ...STATE, direction: "LR" } }],
    ["node", { name: "toString" }],
    ["values", { row: 0 }],
  ] as const)
    await expect(ask(kind, payload)).rejects.toThrow("run the cell again");
});

test("a search finds names and ops, and jumps to the innermost scope that was saved", async () => {
  const { ask, model, open } = opened();
  expect((await ask("search", { text: "conv", mode: "op" })).content.hits).toEqual([
    { name: "a/in/x", what: "Conv2D" },
  ]);
  expect((await ask("search", { text: "^c|X$", mode: "regex" })).content.total).toBe(2);
  expect((await ask("search", { text: "(", mode: "regex" })).content.total).toBe(0);
  await ask("reveal", { name: "a/in/x" });
  expect(open()).toEqual(["a", "a/in"]);
  expect(model.get("selected")).toBe("a/in/x");
  await ask("reveal", { name: "c/y" });
  expect(open()).toEqual([]);
});

test("the rule of a search is the kernel's", () => {
  const names = cases.nodes.map(([name = "", op = ""]) => [name, "op", op] as const);
  for (const { text, mode, found } of cases.searches)
    expect(findNames(names, text, mode).map(([name]) => name)).toEqual(found);
});

test("hits stand in their scopes, and a scope with one thing in it is one line with that", () => {
  const hits = ["net/a/w", "net/b", "net/b/w", "x/y/z"].map((name) => ({ name, what: "op" }));
  expect(hitTree(hits).map(({ label, depth, count, hit }) => [label, depth, count, hit?.name])).toEqual([
    ["net", 0, 3, undefined],
    ["a/w", 1, 0, "net/a/w"],
    ["b", 1, 1, "net/b"],
    ["w", 2, 0, "net/b/w"],
    ["x/y/z", 0, 0, "x/y/z"],
  ]);
});
