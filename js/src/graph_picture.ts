/** The drawn graph: nodes and frames that can be reached by pointer and keyboard, marked, opened and closed. */

import { visibleName } from "./format";
import type { GraphCluster, GraphNode, GraphView } from "./graph_model";
import { importSvg, svgElement } from "./svg_import";
import { type Box, Viewport } from "./viewport";

export interface GraphPictureOptions {
  onSelect(node: GraphNode | GraphCluster): void;
  onOpen(name: string): void;
  onClose(name: string): void;
}

interface Drawn {
  readonly node: GraphNode | GraphCluster;
  readonly group: SVGGElement;
  readonly box: Box;
}

export class GraphPicture {
  readonly viewport = new Viewport("Graph; arrow keys go from node to node, Enter opens, minus closes");
  readonly #options: GraphPictureOptions;
  readonly #drawn = new Map<string, Drawn>();
  #current = "";
  #highlighted: ReadonlySet<string> = new Set();

  constructor(options: GraphPictureOptions) {
    this.#options = options;
    this.viewport.root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Show a layout of `view`; what `anchor` names stays where it is on the screen. */
  show(view: GraphView, svg: string, anchor: string | null): void {
    const before = anchor === null ? undefined : this.#boxOf(anchor);
    const { content, width, height } = importSvg(svg);
    this.#drawn.clear();
    const groups = new Map(
      [...content.querySelectorAll("g")].map((group) => [titleOf(group), group] as const),
    );
    // Boxes can be measured only in the page.
    this.viewport.show(content, width, height);
    for (const node of [...view.nodes, ...view.clusters]) {
      const group = groups.get(node.key);
      if (group) this.#add(node, group, content);
    }
    for (const title of content.querySelectorAll("title"))
      title.textContent = visibleName(title.textContent ?? "");
    const after = anchor === null ? undefined : this.#boxOf(anchor);
    if (before && after) this.viewport.show(content, width, height, { from: before, to: after });
    this.viewport.setBoxes(
      [...this.#drawn.values()].filter(({ node }) => "kind" in node).map(({ box }) => box),
    );
    this.select(this.#drawn.has(this.#current) ? this.#current : "");
    this.highlight(this.#highlighted);
  }

  /** Mark the node of this full name; "" marks none. */
  select(name: string, center = false): void {
    this.#current = name;
    for (const [each, { group }] of this.#drawn) {
      group.classList.toggle("selected", each === name);
      group.setAttribute("tabindex", each === name ? "0" : "-1");
    }
    const drawn = this.#drawn.get(name);
    if (drawn && center) this.viewport.center(drawn.box);
    if (!drawn) this.#drawn.values().next().value?.group.setAttribute("tabindex", "0");
  }

  /** Mark nodes as a trace or path; the others step back. An empty set ends that. */
  highlight(names: ReadonlySet<string>): void {
    this.#highlighted = names;
    this.viewport.root.classList.toggle("tracing", names.size > 0);
    for (const [name, { group }] of this.#drawn) group.classList.toggle("traced", names.has(name));
  }

  has(name: string): boolean {
    return this.#drawn.has(name);
  }

  #add(node: GraphNode | GraphCluster, group: SVGGElement, content: SVGGElement): void {
    const box = boxIn(group, content);
    this.#drawn.set(node.name, { node, group, box });
    const open = !("kind" in node);
    const openable = open || node.openable;
    const what = open ? "open scope" : `${node.kind}${node.ops > 1 ? `, ${node.ops} ops` : ""}`;
    group.setAttribute("role", "button");
    group.setAttribute("aria-label", `${visibleName(node.name)}, ${what}`);
    if (openable) group.setAttribute("aria-expanded", String(open));
    if (openable) group.append(badge(open ? "−" : "+", box, content, group));
    group.addEventListener("click", (event) => {
      if (this.viewport.dragged) return;
      event.stopPropagation();
      this.#activate(node, event.target instanceof Element && event.target.closest(".ckpt-badge") !== null);
    });
  }

  #activate(node: GraphNode | GraphCluster, onBadge: boolean): void {
    this.select(node.name);
    this.#drawn.get(node.name)?.group.focus();
    this.#options.onSelect(node);
    if (!("kind" in node)) {
      if (onBadge) this.#options.onClose(node.name);
    } else if (node.openable) this.#options.onOpen(node.name);
  }

  #onKey(event: KeyboardEvent): void {
    const drawn = this.#drawn.get(this.#current);
    const direction = DIRECTIONS[event.key];
    if (direction) this.#go(direction);
    else if (event.key === "Enter" && drawn) this.#activate(drawn.node, true);
    else if (event.key === "-" && drawn) this.#options.onClose(this.#scopeToClose(drawn.node));
    else if (event.key === "+" || event.key === "=") this.viewport.zoom(1.25);
    else if (event.key === "_") this.viewport.zoom(0.8);
    else if (event.key === "0") this.viewport.fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** An open scope closes itself, everything else the open scope around it. */
  #scopeToClose(node: GraphNode | GraphCluster): string {
    if (!("kind" in node)) return node.name;
    let name = node.name;
    while (name.includes("/")) {
      name = name.slice(0, name.lastIndexOf("/"));
      const around = this.#drawn.get(name);
      if (around && !("kind" in around.node)) return name;
    }
    return node.name;
  }

  /** Select the nearest node that lies in this direction. */
  #go([dx, dy]: readonly [number, number]): void {
    const from = this.#drawn.get(this.#current)?.box;
    const others = [...this.#drawn.values()].filter(
      ({ node }) => node.name !== this.#current && "kind" in node,
    );
    let best: Drawn | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const drawn of others) {
      const x = middle(drawn.box)[0] - (from ? middle(from)[0] : 0);
      const y = middle(drawn.box)[1] - (from ? middle(from)[1] : 0);
      const along = x * dx + y * dy;
      const aside = Math.abs(x * dy) + Math.abs(y * dx);
      const cost = along + 2 * aside;
      if (along > 0 && cost < bestCost) [best, bestCost] = [drawn, cost];
    }
    if (!best) return;
    this.select(best.node.name, true);
    best.group.focus();
    this.#options.onSelect(best.node);
  }

  #boxOf(name: string): Box | undefined {
    return this.#drawn.get(name)?.box;
  }
}

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

function titleOf(group: SVGGElement): string {
  return [...group.children].find((child) => child.localName === "title")?.textContent ?? "";
}

function middle(box: Box): readonly [number, number] {
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** Box of a group in the units of the whole drawing, whatever transforms lie between. */
function boxIn(group: SVGGElement, content: SVGGElement): Box {
  const { x, y, width, height } = group.getBBox();
  const matrix =
    content.parentElement instanceof SVGGraphicsElement ? relative(group, content.parentElement) : null;
  return matrix ? { x: x + matrix.e, y: y + matrix.f, width, height } : { x, y, width, height };
}

function relative(inner: SVGGraphicsElement, outer: SVGGraphicsElement): DOMMatrix | null {
  const from = outer.getScreenCTM();
  const to = inner.getScreenCTM();
  return from && to ? from.inverse().multiply(to) : null;
}

/** The + or − at the upper right corner of a box. */
function badge(sign: string, box: Box, content: SVGGElement, group: SVGGElement): SVGGElement {
  const own = group.getBBox();
  const mark = svgElement("g", { class: "ckpt-badge", "aria-hidden": "true" });
  const x = own.x + box.width - 7;
  const y = own.y + 7;
  const label = svgElement("text", { x, y: y + 4, "text-anchor": "middle" });
  label.textContent = sign;
  mark.append(svgElement("circle", { cx: x, cy: y, r: 6.5 }), label);
  return content.contains(group) ? mark : svgElement("g");
}
