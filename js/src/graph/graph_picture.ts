/** The drawn graph: boxes and frames that can be reached by pointer and keyboard, marked, opened and closed. */
import { visibleName } from "../page/format";
import { type Drawing, type DrawnBox, drawScene } from "./graph_drawing";
import { type Box, type Layout, middle, nearest } from "./graph_layout";
import { edgeKey, type GraphNode, type GraphScene, type Traced } from "./graph_model";
import { letter } from "./lettering";
import { coordinate, svgElement } from "./svg";
import { type Transform, Viewport } from "./viewport";

export interface GraphPictureOptions {
  onSelect(name: string): void;
  onOpen(name: string): void;
  onClose(name: string): void;
  /** Put an aside group into the picture. */
  onPutBack(group: string): void;
}

/** What is left of a drawing when the next one comes: where things were, for motion from there. */
interface Before {
  readonly transform: Transform;
  readonly boxes: ReadonlyMap<number, Box>;
}

const MOTION = 260;
const EMPTY: Drawing = {
  content: svgElement("g"),
  width: 1,
  height: 1,
  boxes: new Map(),
  edges: [],
  texts: [],
};

export class GraphPicture {
  readonly viewport = new Viewport("Graph: arrow keys go from box to box, + opens, − closes", {
    onNarrowed: () => this.#revealChosen(),
    onScale: (scale) => letter(this.#drawing.texts, scale),
  });
  readonly #options: GraphPictureOptions;
  #drawing = EMPTY;
  #current = "";

  constructor(options: GraphPictureOptions) {
    this.#options = options;
    this.viewport.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.viewport.svg.addEventListener("click", () => {
      if (!this.viewport.dragged) this.#options.onSelect("");
    });
  }

  /** What is drawn, with its texts as they are read at full size, for as long as `use` takes. */
  export<T>(use: (drawing: Drawing) => T): T {
    letter(this.#drawing.texts, 1);
    try {
      return use(this.#drawing);
    } finally {
      letter(this.#drawing.texts, this.viewport.transform.scale);
    }
  }

  /** Show a layout of `scene`; what `anchor` names stays where it is on the screen. */
  show(scene: GraphScene, layout: Layout, anchor: string | null): void {
    const before: Before = {
      transform: this.viewport.transform,
      boxes: new Map([...this.#drawing.boxes].map(([id, { box }]) => [id, box])),
    };
    const focused = this.#hasFocus();
    const from = anchor === null ? undefined : this.#find(anchor)?.box;
    this.#drawing = drawScene(scene, layout);
    for (const drawn of this.#drawing.boxes.values()) this.#prepare(drawn);
    const to = anchor === null ? undefined : this.#find(anchor)?.box;
    const shown = [...this.#drawing.boxes.values()].filter(({ node }) => node).map(({ box }) => box);
    const first = before.boxes.size === 0;
    const keep = first ? undefined : from && to ? { from, to } : this.#kept(before);
    this.viewport.show(this.#drawing.content, this.#drawing, shown, keep);
    if (!first) this.#moveFrom(before);
    this.#mark(scene.traced);
    this.select(this.#current);
    if (focused) this.#focus(this.#find(this.#current) ?? this.#first());
  }

  /** Mark the box of this full name; "" marks none. */
  select(name: string, reveal = false): void {
    this.#current = name;
    const chosen = this.#find(name);
    for (const drawn of this.#drawing.boxes.values()) {
      const isChosen = drawn === chosen;
      drawn.group.classList.toggle("selected", isChosen);
      drawn.group.setAttribute("tabindex", isChosen ? "0" : "-1");
      if (isChosen) drawn.group.setAttribute("aria-current", "true");
      else drawn.group.removeAttribute("aria-current");
    }
    if (chosen && reveal) this.viewport.reveal(chosen.box);
    if (!chosen) this.#first()?.group.setAttribute("tabindex", "0");
  }

  /** Outline the boxes that show something found, here and in the map. */
  markHits(counts: ReadonlyMap<number, number>): void {
    this.viewport.root.classList.toggle("finding", counts.size > 0);
    for (const [id, { group }] of this.#drawing.boxes) group.classList.toggle("hit", counts.has(id));
    const hits = [...counts.keys()].flatMap((id) => this.#drawing.boxes.get(id)?.box ?? []);
    this.viewport.mark(hits);
  }

  #revealChosen(): void {
    const chosen = this.#find(this.#current);
    if (chosen?.node) this.viewport.reveal(chosen.box);
  }

  /** Move the focus to the selected box. */
  focus(): void {
    this.#focus(this.#find(this.#current) ?? this.#first());
  }

  #first(): DrawnBox | undefined {
    return [...this.#drawing.boxes.values()].find(({ node }) => node);
  }

  /** Of a scope that is open and the node of the same name in it, the node. */
  #find(name: string): DrawnBox | undefined {
    let found: DrawnBox | undefined;
    for (const drawn of this.#drawing.boxes.values())
      if (drawn.name === name && !drawn.node?.bundle && (!found || drawn.node)) found = drawn;
    return found;
  }

  /** Something that both drawings have, to hold the picture by. */
  #kept(before: Before): { from: Box; to: Box } | undefined {
    const same = (drawn: DrawnBox | undefined) => {
      const id = drawn?.node?.id ?? drawn?.cluster?.id;
      const from = id === undefined ? undefined : before.boxes.get(id);
      return from && drawn ? { from, to: drawn.box } : undefined;
    };
    const chosen = same(this.#find(this.#current));
    if (chosen) return chosen;
    for (const drawn of this.#drawing.boxes.values()) {
      const kept = same(drawn);
      if (kept) return kept;
    }
    return undefined;
  }

  #prepare(drawn: DrawnBox): void {
    const { node, cluster, group, name } = drawn;
    const openable = cluster !== null || (node?.openable ?? false);
    const ops = node && node.ops > 1 ? `, ${node.ops} ops` : "";
    const what = node ? `${node.kind}${node.lines[1] ? `, ${node.lines[1]}` : ""}${ops}` : "open scope";
    group.setAttribute("role", "button");
    group.setAttribute("aria-label", `${visibleName(name)}, ${what}`);
    if (openable) {
      group.setAttribute("aria-expanded", String(cluster !== null));
      group.append(badge(drawn));
    }
    group.addEventListener("click", (event) => {
      event.stopPropagation();
      if (this.viewport.dragged) return;
      const onBadge = event.target instanceof Element && event.target.closest(".ckpt-badge") !== null;
      // The panel that opens beside the picture must not move what was clicked.
      this.viewport.hold();
      this.#focus(drawn);
      this.#activate(drawn, onBadge);
    });
    if (node) {
      group.addEventListener("pointerenter", () => this.#markNear(node.id, true));
      group.addEventListener("pointerleave", () => this.#markNear(node.id, false));
    }
  }

  #activate(drawn: DrawnBox, onBadge: boolean): void {
    const { node, cluster, name } = drawn;
    if (cluster && onBadge) this.#options.onClose(name);
    else if (node?.openable && (onBadge || node.opens)) this.#open(node);
    if (!node?.bundle && !(onBadge && cluster)) this.#options.onSelect(name);
  }

  #open(node: GraphNode): void {
    if (node.group) this.#options.onPutBack(node.group);
    else this.#options.onOpen(node.name);
  }

  #markNear(id: number, near: boolean): void {
    for (const { edge, group } of this.#drawing.edges)
      if (edge.source === id || edge.target === id) group.classList.toggle("near", near);
  }

  /** Let everything but a trace or path step back. */
  #mark(traced: Traced | null): void {
    this.viewport.root.classList.toggle("tracing", traced !== null);
    if (!traced) return;
    for (const [id, { group }] of this.#drawing.boxes) group.classList.toggle("traced", traced.boxes.has(id));
    for (const { edge, group } of this.#drawing.edges)
      group.classList.toggle("traced", traced.edges.has(edgeKey(edge.source, edge.target)));
  }

  /** Boxes glide from where they were; what is new fades in. */
  #moveFrom(before: Before): void {
    if (globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches) return;
    const now = this.viewport.transform;
    const ratio = before.transform.scale / now.scale;
    for (const [id, { node, box, group }] of this.#drawing.boxes) {
      const old = before.boxes.get(id);
      if (!old || !node || typeof group.animate !== "function") {
        group.animate?.([{ opacity: 0 }, { opacity: 1 }], { duration: MOTION });
        continue;
      }
      const [fromX, fromY] = middle(old);
      const [x, y] = middle(box);
      const screen = [
        before.transform.x + fromX * before.transform.scale,
        before.transform.y + fromY * before.transform.scale,
      ] as const;
      const start = [(screen[0] - now.x) / now.scale, (screen[1] - now.y) / now.scale] as const;
      group.animate(
        [
          { transform: `translate(${start[0]}px, ${start[1]}px) scale(${ratio})` },
          { transform: `translate(${x}px, ${y}px) scale(1)` },
        ],
        { duration: MOTION, easing: "cubic-bezier(0.2, 0, 0, 1)" },
      );
    }
    for (const { group } of this.#drawing.edges)
      group.animate?.([{ opacity: 0 }, { opacity: 0, offset: 0.4 }, { opacity: 1 }], {
        duration: MOTION * 1.4,
      });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const drawn = this.#find(this.#current);
    const direction = DIRECTIONS[event.key];
    if (direction) this.#go(direction);
    else if ((event.key === "Enter" || event.key === " ") && drawn)
      this.#activate(drawn, event.key === "Enter");
    else if (event.key === "+" || event.key === "=") {
      if (drawn?.node?.openable) this.#open(drawn.node);
    } else if (event.key === "-" && drawn) this.#close(drawn);
    else if (event.key === "z") this.viewport.zoom(1.25);
    else if (event.key === "Z") this.viewport.zoom(0.8);
    else if (event.key === "0") this.viewport.fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** An open scope closes itself, everything else the open scope around it. */
  #close(drawn: DrawnBox): void {
    const frame = drawn.cluster ? drawn : this.#frameAround(drawn);
    if (frame) this.#options.onClose(frame.name);
  }

  /** The smallest frame that the middle of a box lies in. */
  #frameAround(drawn: DrawnBox): DrawnBox | undefined {
    const [x, y] = middle(drawn.box);
    const around = [...this.#drawing.boxes.values()].filter(
      ({ cluster, box }) =>
        cluster && box.x <= x && x <= box.x + box.width && box.y <= y && y <= box.y + box.height,
    );
    return around.sort((a, b) => a.box.width * a.box.height - b.box.width * b.box.height)[0];
  }

  /** Select the nearest box that lies in this direction. */
  #go(direction: readonly [number, number]): void {
    const from = this.#find(this.#current);
    const others = [...this.#drawing.boxes.values()].filter(({ node }) => node && !node.bundle);
    const next = from ? nearest(from, others, direction) : others[0];
    if (!next) return;
    this.select(next.name, true);
    this.#focus(next);
    this.#options.onSelect(next.name);
  }

  #focus(drawn: DrawnBox | undefined): void {
    drawn?.group.focus({ preventScroll: true });
  }

  #hasFocus(): boolean {
    const page = this.viewport.root.getRootNode() as Document | ShadowRoot;
    return this.viewport.svg.contains(page.activeElement ?? null);
  }
}

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** The + or − at the upper right corner. */
function badge({ node, box }: DrawnBox): SVGGElement {
  // A box draws around its own middle, a frame where it stands.
  const x = node ? box.width / 2 - 1 : box.x + box.width - 14;
  const y = node ? -box.height / 2 + 2 : box.y + 14;
  const sign = node ? "M-3,0h6M0,-3v6" : "M-3,0h6";
  return svgElement(
    "g",
    { class: "ckpt-badge", transform: `translate(${coordinate(x)} ${coordinate(y)})` },
    svgElement("title", {}, node ? "Open" : "Close"),
    svgElement("circle", { r: 11, class: "ckpt-badge-reach" }),
    svgElement("circle", { r: 6.5 }),
    svgElement("path", { d: sign }),
  );
}
