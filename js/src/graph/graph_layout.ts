/** Where everything of a picture goes: read from Graphviz's JSON, or from a layout that the kernel made. */
import { assert } from "../kernel/assert";
import type { GraphScene } from "./graph_model";

/** Around the picture, in its own units. */
export const MARGIN = 14;

const POINTS_PER_INCH = 72;

export type Point = readonly [x: number, y: number];

/** A rectangle by its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The line of an edge: its start, then three points for each cubic piece; the tip of its arrow; where its text goes. */
export interface Route {
  readonly points: readonly Point[];
  readonly tip: Point;
  readonly label: Point | null;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** In the order of the scene's nodes. */
  readonly nodes: readonly Box[];
  /** In the order of the scene's clusters. */
  readonly clusters: readonly Box[];
  /** In the order of the scene's edges; null for what an engine left out. */
  readonly routes: ReadonlyArray<Route | null>;
}

type Entry = Readonly<Record<string, unknown>>;

/** Read what Graphviz printed as json0 for the DOT text of this scene; throws an Error for anything else. */
export function readGraphviz(text: string, scene: GraphScene): Layout {
  const graph = JSON.parse(text) as { bb: string; objects?: Entry[]; edges?: Entry[] };
  const [left = 0, bottom = 0, right = 0, top = 0] = numbers(graph.bb, 4);
  // Graphviz counts upward from the lower left corner.
  const place = (x: number, y: number): Point => [x - left + MARGIN, top - y + MARGIN];
  const objects = new Map((graph.objects ?? []).map((entry) => [entry.name, entry] as const));
  const object = (name: string): Entry => {
    const found = objects.get(name);
    assert(found, `the layout has no ${name}`);
    return found;
  };
  const nodes = scene.nodes.map((_, number) => {
    const entry = object(`n${number}`);
    const [x = 0, y = 0] = numbers(entry.pos, 2);
    return centered(
      place(x, y),
      Number(entry.width) * POINTS_PER_INCH,
      Number(entry.height) * POINTS_PER_INCH,
    );
  });
  const clusters = scene.clusters.map(({ id }) => {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = numbers(object(`cluster_${id}`).bb, 4);
    return centered(place((x0 + x1) / 2, (y0 + y1) / 2), x1 - x0, y1 - y0);
  });
  const routes: Array<Route | null> = scene.edges.map(() => null);
  for (const entry of graph.edges ?? []) {
    const number = /^e(\d+)$/.exec(String(entry.id ?? ""))?.[1];
    if (number !== undefined && Number(number) < routes.length && typeof entry.pos === "string")
      routes[Number(number)] = readRoute(entry, place);
  }
  return { width: right - left + 2 * MARGIN, height: top - bottom + 2 * MARGIN, nodes, clusters, routes };
}

/** `e,x,y x,y x,y …`; of several pieces the first is enough to see the edge. */
function readRoute(entry: Entry, place: (x: number, y: number) => Point): Route | null {
  let tip: Point | null = null;
  const points: Point[] = [];
  for (const word of (String(entry.pos).split(";")[0] ?? "").split(/\s+/).filter(Boolean)) {
    const [x = 0, y = 0] = numbers(word.replace(/^[es],/, ""), 2);
    if (word.startsWith("e,")) tip = place(x, y);
    else if (!word.startsWith("s,")) points.push(place(x, y));
  }
  const last = points.at(-1);
  if (points.length % 3 !== 1 || !last) return null;
  const at = typeof entry.lp === "string" ? numbers(entry.lp, 2) : null;
  return { points, tip: tip ?? last, label: at ? place(at[0] ?? 0, at[1] ?? 0) : null };
}

/** Read the layout that the kernel made. */
export function readKernelLayout(content: Readonly<Record<string, unknown>>): Layout {
  const { width, height, nodes, clusters, routes } = content as {
    width: number;
    height: number;
    nodes: number[][];
    clusters: number[][];
    routes: Array<{ points: Point[]; tip: Point; label: Point | null } | null>;
  };
  const move = ([x, y]: Point): Point => [x + MARGIN, y + MARGIN];
  const box = ([x = 0, y = 0, w = 0, h = 0]: number[]) => centered(move([x, y]), w, h);
  return {
    width: width + 2 * MARGIN,
    height: height + 2 * MARGIN,
    nodes: nodes.map(box),
    clusters: clusters.map(box),
    routes: routes.map(
      (route) =>
        route && {
          points: route.points.map(move),
          tip: move(route.tip),
          label: route.label && move(route.label),
        },
    ),
  };
}

export function middle(box: Box): Point {
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** Of some boxes the one that lies nearest in a direction; what lies beside it counts double. */
export function nearest<Placed extends { readonly box: Box }>(
  from: Placed,
  others: readonly Placed[],
  [dx, dy]: readonly [number, number],
): Placed | undefined {
  const [x0, y0] = middle(from.box);
  let best: Placed | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const other of others) {
    const [x, y] = middle(other.box);
    const along = (x - x0) * dx + (y - y0) * dy;
    const beside = Math.abs((x - x0) * dy) + Math.abs((y - y0) * dx);
    const cost = along + 2 * beside;
    if (other !== from && along > 0.5 && cost < bestCost) [best, bestCost] = [other, cost];
  }
  return best;
}

function centered([x, y]: Point, width: number, height: number): Box {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

function numbers(text: unknown, count: number): number[] {
  const found = String(text).split(",").map(Number);
  assert(found.length === count && found.every(Number.isFinite), `not ${count} numbers in the layout`);
  return found;
}
