/**
 * Draws a laid-out scene as SVG: frames, edges, boxes, what is aside, the legend.
 *
 * The static pictures of ckpt_magics/notebook/pictures/drawing/svg.py look the same; the outlines of the boxes come
 * from there.
 */

import { type Box, type Layout, MARGIN, middle, type Route } from "./graph_layout";
import type { GraphCluster, GraphEdge, GraphNode, GraphScene, LegendEntry } from "./graph_model";
import { coordinate as at, svgElement } from "./svg";

const GAP = 14;
/** What is aside takes at least this width, so that a narrow model does not make it a tall column. */
const STRIP_WIDTH = 560;
const SWATCH_WIDTH = 26;
const SWATCH_HEIGHT = 16;
const NAME_SIZE = 12;
const DETAIL_SIZE = 10;
const EDGE_SIZE = 9;

/** A box or frame in the page. */
export interface DrawnBox {
  readonly node: GraphNode | null;
  readonly cluster: GraphCluster | null;
  readonly name: string;
  readonly group: SVGGElement;
  readonly box: Box;
}

export interface DrawnEdge {
  readonly edge: GraphEdge;
  readonly group: SVGGElement;
}

export interface Drawing {
  readonly content: SVGGElement;
  readonly width: number;
  readonly height: number;
  /** Boxes and frames by the ids of the scene; a frame and a box never share one. */
  readonly boxes: ReadonlyMap<number, DrawnBox>;
  readonly edges: readonly DrawnEdge[];
}

export function drawScene(scene: GraphScene, layout: Layout): Drawing {
  const boxes = new Map<number, DrawnBox>();
  const frames = scene.clusters.map((cluster, place) => {
    const box = layout.clusters[place] as Box;
    const group = drawFrame(cluster, box);
    boxes.set(cluster.id, { node: null, cluster, name: cluster.name, group, box });
    return group;
  });
  const across = scene.direction === "LR" || scene.direction === "RL";
  const edges = scene.edges.flatMap((edge, place) => {
    const route = layout.routes[place];
    return route ? [{ edge, group: drawEdge(edge, route, across) }] : [];
  });
  const addBox = (node: GraphNode, box: Box) => {
    const group = drawBox(node, box);
    boxes.set(node.id, { node, cluster: null, name: node.name, group, box });
    return group;
  };
  const nodes = scene.nodes.map((node, place) => addBox(node, layout.nodes[place] as Box));
  const strip = placeStrip(scene, layout);
  const aside = scene.aside.map((node, place) => addBox(node, strip.boxes[place] as Box));
  const content = svgElement(
    "g",
    { class: "ckpt-drawing" },
    svgElement("g", {}, ...frames),
    svgElement("g", { class: "ckpt-edges" }, ...edges.map(({ group }) => group)),
    svgElement("g", {}, ...nodes),
    svgElement("g", { class: "ckpt-strip" }, ...strip.heading, ...aside),
  );
  return { content, width: strip.width, height: strip.height, boxes, edges };
}

function drawFrame(cluster: GraphCluster, box: Box): SVGGElement {
  const label = svgElement("text", { x: at(box.x + 10), y: at(box.y + 15), "font-size": 11 }, cluster.label);
  return svgElement(
    "g",
    { class: "ckpt-frame", "data-paint": "frame" },
    svgElement("title", {}, cluster.label),
    svgElement("rect", {
      x: at(box.x),
      y: at(box.y),
      width: at(box.width),
      height: at(box.height),
      rx: 8,
    }),
    label,
  );
}

function drawBox(node: GraphNode, box: Box): SVGGElement {
  const [x, y] = middle(box);
  const [name = "", detail] = node.lines;
  const texts = [
    svgElement(
      "text",
      {
        class: node.bold ? "ckpt-bold" : "",
        x: at(node.textX),
        y: at(detail === undefined ? node.textY + NAME_SIZE * 0.36 : node.textY - 2),
        "font-size": NAME_SIZE,
      },
      name,
    ),
  ];
  if (detail !== undefined)
    texts.push(
      svgElement(
        "text",
        { class: "ckpt-detail", x: at(node.textX), y: at(node.textY + 11), "font-size": DETAIL_SIZE },
        detail,
      ),
    );
  return svgElement(
    "g",
    { class: "ckpt-box", "data-paint": node.paint, transform: `translate(${at(x)} ${at(y)})` },
    svgElement("title", {}, node.hint),
    ...node.paths.map((d) => svgElement("path", { d })),
    ...texts,
  );
}

function drawEdge(edge: GraphEdge, route: Route, across: boolean): SVGGElement {
  const parts: SVGElement[] = [
    svgElement("title", {}, edge.hint),
    // A line of one pixel is hard to point at.
    svgElement("path", { class: "ckpt-reach", d: curve(route) }),
    svgElement("path", {
      class: "ckpt-line-of",
      d: curve(route),
      "stroke-width": edge.width,
      ...(edge.control ? { "stroke-dasharray": "4 3" } : {}),
    }),
    svgElement("path", { class: "ckpt-arrow", d: arrow(route, edge.width) }),
  ];
  if (edge.label && route.label) {
    const [x, y] = route.label;
    // Beside a line that runs down, above one that runs across.
    const [right, below] = across ? [0, EDGE_SIZE / 9] : [5, EDGE_SIZE / 3];
    parts.push(
      svgElement("text", { x: at(x + right), y: at(y + below), "font-size": EDGE_SIZE }, edge.label),
    );
  }
  return svgElement("g", { class: "ckpt-edge", "data-paint": "edge" }, ...parts);
}

export function curve(route: Route): string {
  const [start, ...rest] = route.points.map(([x, y]) => `${at(x)},${at(y)}`);
  return `M${start}${rest.length > 0 ? `C${rest.join(" ")}` : ""}`;
}

/** A triangle from the end of the line to its tip. */
export function arrow(route: Route, width: number): string {
  const [x1, y1] = route.tip;
  let [x0, y0] = route.points.at(-1) ?? route.tip;
  let length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 0.5) {
    // An engine that gave no tip of its own ends the line where the tip goes.
    const [bx, by] = route.points.at(-2) ?? [x1, y1 - 1];
    const back = Math.hypot(x1 - bx, y1 - by) || 1;
    length = 6;
    [x0, y0] = [x1 - ((x1 - bx) / back) * length, y1 - ((y1 - by) / back) * length];
  }
  const [dx, dy] = [(x1 - x0) / length, (y1 - y0) / length];
  const half = 2.2 + width / 2;
  return (
    `M${at(x1)},${at(y1)}L${at(x0 - dy * half)},${at(y0 + dx * half)}` +
    `L${at(x0 + dy * half)},${at(y0 - dx * half)}Z`
  );
}

interface Strip {
  readonly heading: readonly SVGElement[];
  readonly boxes: readonly Box[];
  /** Of the whole drawing. */
  readonly width: number;
  readonly height: number;
}

/** Rows below the picture for what is aside. */
export function placeStrip(scene: GraphScene, layout: Layout): Strip {
  const { width, height } = layout;
  if (scene.aside.length === 0) return { heading: [], boxes: [], width, height };
  const right = Math.max(width - MARGIN, STRIP_WIDTH);
  let top = scene.nodes.length > 0 ? height : MARGIN;
  const rule = svgElement("path", { class: "ckpt-rule", d: `M${MARGIN},${at(top)}H${at(right)}` });
  const heading = svgElement("text", { x: MARGIN, y: at(top + 18), "font-size": 11 }, "Aside");
  top += 28;
  let [left, row, widest] = [MARGIN, 0, right];
  const boxes = scene.aside.map((node) => {
    if (left > MARGIN && left + node.width > right) [left, top, row] = [MARGIN, top + row + GAP, 0];
    const box = { x: left, y: top, width: node.width, height: node.height };
    left += node.width + GAP;
    row = Math.max(row, node.height);
    widest = Math.max(widest, left - GAP);
    return box;
  });
  const parts = svgElement(
    "g",
    { class: "ckpt-aside-head", "data-paint": "frame" },
    ...(scene.nodes.length > 0 ? [rule] : []),
    heading,
  );
  return { heading: [parts], boxes, width: widest + MARGIN, height: top + row + MARGIN };
}

/** One small drawing per entry with what it means, in rows; returns their size too. */
export function drawLegend(entries: readonly LegendEntry[], hasControl: boolean, width: number) {
  const content = svgElement("g", { class: "ckpt-legend-row" });
  let [left, top] = [0, 0];
  const add = (label: string, paint: string, swatch: readonly SVGElement[]) => {
    // Six tenths of the size is what a letter of this face takes, about.
    const room = SWATCH_WIDTH + 6 + label.length * DETAIL_SIZE * 0.6 + GAP;
    if (left > 0 && left + room > width) [left, top] = [0, top + SWATCH_HEIGHT + 8];
    const text = svgElement("text", { x: SWATCH_WIDTH + 6, y: 11.5, "font-size": DETAIL_SIZE }, label);
    const group = svgElement(
      "g",
      { class: "ckpt-box ckpt-swatch-of", "data-paint": paint, transform: `translate(${at(left)} ${top})` },
      ...swatch,
    );
    content.append(
      group,
      svgElement(
        "g",
        { class: "ckpt-legend-text", "data-paint": "frame", transform: `translate(${at(left)} ${top})` },
        text,
      ),
    );
    left += room;
  };
  for (const { label, paint, paths } of entries)
    add(
      label,
      paint,
      paths.map((d) => svgElement("path", { d })),
    );
  if (hasControl)
    add("control edge", "edge", [
      svgElement("path", { class: "ckpt-line-of", d: "M0,8h26", "stroke-dasharray": "4 3" }),
    ]);
  return { content, height: top + SWATCH_HEIGHT };
}
