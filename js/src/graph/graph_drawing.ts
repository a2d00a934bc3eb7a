/**
 * Draws a laid-out scene as SVG: frames, edges, boxes, what is aside, the legend.
 *
 * The static pictures of ckpt_magics/notebook/pictures/drawing/svg.py look the same; the outlines of the boxes come
 * from there.
 */

import { placeLabels } from "./edge_labels";
import { type Box, type Layout, MARGIN, middle, type Point, type Route } from "./graph_layout";
import type { GraphCluster, GraphEdge, GraphNode, GraphScene, LegendEntry } from "./graph_model";
import { DETAIL_SIZE, EDGE_SIZE, FRAME_SIZE, type Lettered, letter, NAME_SIZE, textWidth } from "./lettering";
import { coordinate as at, svgElement } from "./svg";

const GAP = 14;
/** What is aside takes at least this width, so that a narrow model does not make it a tall column. */
const STRIP_WIDTH = 560;
const SWATCH_WIDTH = 26;
const SWATCH_HEIGHT = 16;
/** Of a text's height on either side of its middle. */
const BASELINE = 0.36;
/** Between a text and the outline of its box. */
const INSET = 4;
/** Room that a text of an edge takes, in sizes: it may grow a little before it is left out. */
const LABEL_ROOM = 1.25;

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
  readonly texts: readonly Lettered[];
}

/** Draw a scene, with its texts as they are read at full size. */
export function drawScene(scene: GraphScene, layout: Layout): Drawing {
  const boxes = new Map<number, DrawnBox>();
  const texts: Lettered[] = [];
  const frames = scene.clusters.map((cluster, place) => {
    const box = layout.clusters[place] as Box;
    const group = drawFrame(cluster, box, texts);
    boxes.set(cluster.id, { node: null, cluster, name: cluster.name, group, box });
    return group;
  });
  const edges = drawEdges(scene, layout, texts);
  const addBox = (node: GraphNode, box: Box) => {
    const group = drawBox(node, box, texts);
    boxes.set(node.id, { node, cluster: null, name: node.name, group, box });
    return group;
  };
  const nodes = scene.nodes.map((node, place) => addBox(node, layout.nodes[place] as Box));
  const strip = placeStrip(scene, layout);
  texts.push(...strip.texts);
  const aside = scene.aside.map((node, place) => addBox(node, strip.boxes[place] as Box));
  const content = svgElement(
    "g",
    { class: "ckpt-drawing" },
    svgElement("g", {}, ...frames),
    svgElement("g", { class: "ckpt-edges" }, ...edges.map(({ group }) => group)),
    svgElement("g", {}, ...nodes),
    svgElement("g", { class: "ckpt-strip" }, ...strip.heading, ...aside),
  );
  letter(texts, 1);
  return { content, width: strip.width, height: strip.height, boxes, edges, texts };
}

function drawFrame(cluster: GraphCluster, box: Box, texts: Lettered[]): SVGGElement {
  const label = svgElement("text", { x: at(box.x + 10), y: at(box.y + 15) });
  texts.push({
    text: cluster.label,
    element: label,
    size: FRAME_SIZE,
    bold: true,
    // The minus stands at its end.
    width: box.width - 38,
    height: 1.8 * FRAME_SIZE,
    isDetail: false,
  });
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

function drawBox(node: GraphNode, box: Box, texts: Lettered[]): SVGGElement {
  const [x, y] = middle(box);
  const [name = "", detail] = node.lines;
  const alone = detail === undefined;
  const room = { width: box.width - 2 * (Math.abs(node.textX) + INSET), height: box.height * 0.75 };
  const first = svgElement("text", {
    class: node.bold ? "ckpt-bold" : "",
    x: at(node.textX),
    y: at(alone ? node.textY + NAME_SIZE * BASELINE : node.textY - 2),
  });
  texts.push({ text: name, element: first, size: NAME_SIZE, bold: node.bold, ...room, isDetail: false });
  const written = [first];
  if (!alone) {
    const second = svgElement("text", {
      class: "ckpt-detail",
      x: at(node.textX),
      y: at(node.textY + 11),
    });
    texts.push({ text: detail, element: second, size: DETAIL_SIZE, bold: false, ...room, isDetail: true });
    written.push(second);
  }
  return svgElement(
    "g",
    { class: "ckpt-box", "data-paint": node.paint, transform: `translate(${at(x)} ${at(y)})` },
    svgElement("title", {}, node.hint),
    ...node.paths.map((d) => svgElement("path", { d })),
    ...written,
  );
}

function drawEdges(scene: GraphScene, layout: Layout, texts: Lettered[]): DrawnEdge[] {
  const across = scene.direction === "LR" || scene.direction === "RL";
  const routed = scene.edges.flatMap((edge, place) => {
    const route = layout.routes[place];
    return route ? [{ edge, route }] : [];
  });
  const labelled = routed.filter(({ edge }) => edge.label);
  const wanted = labelled.map(({ edge, route }) => ({
    route,
    width: textWidth(edge.label, EDGE_SIZE * LABEL_ROOM),
    height: EDGE_SIZE * LABEL_ROOM,
  }));
  const places = placeLabels(wanted, layout.nodes, across);
  const placeOf = new Map(labelled.map(({ edge }, place) => [edge, places[place] ?? null]));
  return routed.map(({ edge, route }) => ({
    edge,
    group: drawEdge(edge, route, placeOf.get(edge) ?? null, texts),
  }));
}

function drawEdge(edge: GraphEdge, route: Route, place: Point | null, texts: Lettered[]): SVGGElement {
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
  if (place) {
    const [x, y] = place;
    const label = svgElement("text", { x: at(x), y: at(y + EDGE_SIZE * BASELINE) });
    const width = textWidth(edge.label, EDGE_SIZE * LABEL_ROOM) + 1;
    texts.push({
      text: edge.label,
      element: label,
      size: EDGE_SIZE,
      bold: false,
      width,
      height: 2 * EDGE_SIZE,
      isDetail: true,
    });
    parts.push(label);
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
  readonly texts: readonly Lettered[];
  readonly boxes: readonly Box[];
  /** Of the whole drawing. */
  readonly width: number;
  readonly height: number;
}

/** Rows below the picture for what is aside. */
export function placeStrip(scene: GraphScene, layout: Layout): Strip {
  const { width, height } = layout;
  if (scene.aside.length === 0) return { heading: [], texts: [], boxes: [], width, height };
  const right = Math.max(width - MARGIN, STRIP_WIDTH);
  let top = scene.nodes.length > 0 ? height : MARGIN;
  const rule = svgElement("path", { class: "ckpt-rule", d: `M${MARGIN},${at(top)}H${at(right)}` });
  const heading = svgElement("text", { x: MARGIN, y: at(top + 18) });
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
  const lettered = { text: "Aside", element: heading, size: FRAME_SIZE, bold: true, isDetail: false };
  const texts = [{ ...lettered, width: right, height: 2 * FRAME_SIZE }];
  return { heading: [parts], texts, boxes, width: widest + MARGIN, height: top + row + MARGIN };
}

/** One small drawing per entry with what it means, in rows; returns their size too. */
export function drawLegend(entries: readonly LegendEntry[], hasControl: boolean, width: number) {
  const content = svgElement("g", { class: "ckpt-legend-row" });
  let [left, top] = [0, 0];
  const add = (label: string, paint: string, swatch: readonly SVGElement[]) => {
    const room = SWATCH_WIDTH + 6 + textWidth(label, DETAIL_SIZE) + GAP;
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
