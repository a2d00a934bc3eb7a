import { describe, expect, it } from "vitest";
import { MARGIN, readGraphviz, readKernelLayout } from "../../src/graph/graph_layout";
import { sceneOf } from "./graph_scene";

const TEXT = JSON.stringify({
  bb: "0,0,100,200",
  objects: [
    { name: "cluster_7", bb: "10,20,90,120" },
    { name: "n0", pos: "50,180", width: "1", height: "0.5" },
    { name: "n1", pos: "50,50", width: "1", height: "0.5" },
  ],
  edges: [{ id: "e0", pos: "e,50,70 50,160 50,140 50,120 50,80", lp: "60,110" }, { pos: "1,1" }],
});

describe("readGraphviz", () => {
  const scene = sceneOf(["a", "b"], [[0, 1]], { clusters: [{ id: 7, name: "s", label: "s", parent: null }] });
  const layout = readGraphviz(TEXT, scene);

  it("counts down from the upper left corner", () => {
    expect(layout.nodes[0]).toEqual({ x: 14 + MARGIN, y: 2 + MARGIN, width: 72, height: 36 });
    expect(layout.clusters[0]).toEqual({ x: 10 + MARGIN, y: 80 + MARGIN, width: 80, height: 100 });
    expect([layout.width, layout.height]).toEqual([100 + 2 * MARGIN, 200 + 2 * MARGIN]);
  });

  it("reads lines, tips and places of labels", () => {
    const route = layout.routes[0];
    expect(route?.points).toHaveLength(4);
    expect(route?.tip).toEqual([50 + MARGIN, 130 + MARGIN]);
    expect(route?.label).toEqual([60 + MARGIN, 90 + MARGIN]);
  });

  it("refuses what is no layout of the scene", () => {
    expect(() => readGraphviz("<svg/>", scene)).toThrow();
    expect(() => readGraphviz(JSON.stringify({ bb: "0,0,1,1" }), scene)).toThrow("no n0");
    expect(() => readGraphviz(JSON.stringify({ bb: "0,0,x,1" }), scene)).toThrow("not 4 numbers");
  });

  it("leaves out an edge that an engine left out", () => {
    const text = JSON.stringify({ ...JSON.parse(TEXT), edges: [] });
    expect(readGraphviz(text, scene).routes).toEqual([null]);
  });
});

it("reads the kernel's layout, whose boxes are centred", () => {
  const content = {
    width: 10,
    height: 20,
    nodes: [[5, 5, 4, 2]],
    clusters: [],
    routes: [null, { points: [[0, 0]], tip: [1, 1], label: null }],
  };
  const layout = readKernelLayout(content);
  expect(layout.nodes[0]).toEqual({ x: 3 + MARGIN, y: 4 + MARGIN, width: 4, height: 2 });
  expect(layout.routes).toEqual([
    null,
    { points: [[MARGIN, MARGIN]], tip: [1 + MARGIN, 1 + MARGIN], label: null },
  ]);
});
