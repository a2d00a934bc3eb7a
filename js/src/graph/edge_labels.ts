/** Where the texts of edges go: beside their lines, over no box and over no other text. */
import type { Box, Point, Route } from "./graph_layout";

const GAP = 5;
/** Places along a line, as shares of its length, the best first. */
const SHARES = [0.5, 0.38, 0.62, 0.26, 0.74, 0.15, 0.85];
const SAMPLES = 24;

export interface LabelWanted {
  readonly route: Route;
  readonly width: number;
  readonly height: number;
}

/**
 * The middles of the texts, null for those that have no room anywhere.
 *
 * `across` says that lines run from side to side: texts stand above or below them then, else to their right or left.
 */
export function placeLabels(
  wanted: readonly LabelWanted[],
  obstacles: readonly Box[],
  across: boolean,
): Array<Point | null> {
  const taken: Box[] = [...obstacles];
  return wanted.map(({ route, width, height }) => {
    const line = sampled(route);
    const free = [...candidates(route, line, width, height, across)].filter((place) => {
      const box = around(place, width, height);
      return box.x >= 0 && box.y >= 0 && !taken.some((other) => overlap(box, other));
    });
    const clear = free.find((place) => !line.some((point) => holds(around(place, width, height), point)));
    const place = clear ?? free[0];
    if (!place) return null;
    taken.push(around(place, width, height));
    return place;
  });
}

function* candidates(
  route: Route,
  line: readonly Point[],
  width: number,
  height: number,
  across: boolean,
): Iterable<Point> {
  if (route.label) yield route.label;
  for (const share of SHARES) {
    const [x, y] = line[Math.round(share * (line.length - 1))] ?? route.tip;
    for (const side of [1, -1])
      yield across ? [x, y - side * (GAP + height / 2)] : [x + side * (GAP + width / 2), y];
  }
}

function around([x, y]: Point, width: number, height: number): Box {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

function holds(box: Box, [x, y]: Point): boolean {
  return box.x <= x && x <= box.x + box.width && box.y <= y && y <= box.y + box.height;
}

/** Points along the pieces of a line. */
function sampled({ points }: Route): Point[] {
  const found: Point[] = points[0] ? [points[0]] : [];
  for (let piece = 0; piece + 3 < points.length; piece += 3) {
    const [a, b, c, d] = points.slice(piece, piece + 4) as [Point, Point, Point, Point];
    for (let step = 1; step <= SAMPLES; step++) found.push(cubic(a, b, c, d, step / SAMPLES));
  }
  return found;
}

function cubic(a: Point, b: Point, c: Point, d: Point, t: number): Point {
  const [u, v] = [1 - t, t];
  const weights = [u * u * u, 3 * u * u * v, 3 * u * v * v, v * v * v] as const;
  const mix = (axis: 0 | 1) =>
    weights[0] * a[axis] + weights[1] * b[axis] + weights[2] * c[axis] + weights[3] * d[axis];
  return [mix(0), mix(1)];
}

function overlap(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}
