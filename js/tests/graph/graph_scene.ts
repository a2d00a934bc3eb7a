/** Scenes for tests, of boxes that are alike. */
import { decodeScene, type GraphScene } from "../../src/graph/graph_model";

export function sceneOf(
  nodes: readonly string[],
  edges: ReadonlyArray<readonly [number, number]> = [],
  more: Record<string, unknown> = {},
): GraphScene {
  const content = {
    nodes: nodes.map((name, id) => boxOf(name, id + 1)),
    aside: [],
    edges: edges.map(([source, target]) => ({
      source: source + 1,
      target: target + 1,
      control: false,
      width: 1,
      label: "",
      hint: "",
    })),
    clusters: [],
    notes: [],
    direction: "TB",
    legend: [{ paint: "op", label: "op", paths: ["M0,0h20v10h-20Z"] }],
    dot: "digraph G {}",
    traced: null,
    ...more,
  };
  return decodeScene({ content, buffers: [] });
}

export function boxOf(name: string, id: number): Record<string, unknown> {
  return {
    id,
    name,
    kind: "op",
    ops: 1,
    group: "",
    bundle: false,
    openable: false,
    opens: false,
    lines: [name],
    bold: false,
    hint: name,
    paint: "op",
    width: 60,
    height: 30,
    paths: ["M-30,-15h60v30h-60Z"],
    textX: 0,
    textY: 0,
  };
}
