/** The bar above the graph: history, breadcrumb, search, colours, direction, what is shown, export. */
import { button, element, select } from "../page/dom";
import { formatCount, visibleName } from "../page/format";
import { Menu } from "../page/menu";
import type { ViewHistory } from "../page/view_history";
import type { GraphFinder } from "./graph_finder";
import type { Direction, GraphCluster, GraphFacts, GraphScene, GraphState } from "./graph_model";

export type ExportFormat = "svg" | "png" | "dot" | "html";

export interface GraphControlsOptions {
  onChange(part: Partial<GraphState>): void;
  onHistory(step: -1 | 1): void;
  onClose(name: string): void;
  onExport(format: ExportFormat): void;
}

const DIRECTIONS = [
  ["TB", "flow ↓"],
  ["BT", "flow ↑"],
  ["LR", "flow →"],
  ["RL", "flow ←"],
] as const;

const COLOR_LABELS: Readonly<Record<string, string>> = {
  kind: "colour: kind",
  op: "colour: op",
  device: "colour: device",
  size: "colour: size",
  difference: "colour: difference",
  numbers: "colour: numbers",
};

const EXPORTS: ReadonlyArray<readonly [ExportFormat, string]> = [
  ["svg", "SVG picture"],
  ["png", "PNG picture"],
  ["dot", "DOT text"],
  ["html", "HTML page"],
];

const KEYS: ReadonlyArray<readonly [keys: string, what: string]> = [
  ["← ↑ → ↓", "go to the next box"],
  ["+ or Enter, −", "open, close"],
  ["/", "find"],
  ["N, P", "next hit, the one before"],
  ["[ and ]", "back, forward"],
  ["Z, Shift Z, 0", "zoom in, out, fit"],
  ["wheel", "zoom, in the picture or with Ctrl"],
  ["Esc", "end a trace, deselect"],
];

export class GraphControls {
  readonly root: HTMLElement;
  readonly #options: GraphControlsOptions;
  readonly #facts: GraphFacts;
  readonly #back: HTMLButtonElement;
  readonly #forward: HTMLButtonElement;
  readonly #crumbs = element("nav", { class: "ckpt-crumbs", "aria-label": "Open scopes" });
  readonly #color: HTMLSelectElement;
  readonly #direction: HTMLSelectElement;
  readonly #show = new Menu("Show", "Parts and op types to show");

  constructor(facts: GraphFacts, finder: GraphFinder, options: GraphControlsOptions) {
    this.#options = options;
    this.#facts = facts;
    const { onHistory, onChange } = options;
    const step = (sign: string, title: string, by: -1 | 1) =>
      button(sign, () => onHistory(by), { title, "aria-label": title });
    this.#back = step("←", "Back ([)", -1);
    this.#forward = step("→", "Forward (])", 1);
    this.#color = select("What colours say", [], "kind", (color) => onChange({ color }));
    this.offerColors(facts.colors);
    this.#direction = select("Direction of the flow", DIRECTIONS, "TB", (direction) =>
      onChange({ direction: direction as Direction }),
    );
    this.root = element(
      "div",
      { class: "ckpt-bar ckpt-graph-bar" },
      element("div", { class: "ckpt-tools" }, this.#back, this.#forward, this.#crumbs),
      element(
        "div",
        { class: "ckpt-tools" },
        finder.root,
        this.#color,
        this.#direction,
        this.#show.root,
        this.#exporter(),
        help(),
      ),
    );
  }

  /** Offer these ways to colour the nodes. */
  offerColors(colors: readonly string[]): void {
    const chosen = this.#color.value;
    this.#color.replaceChildren(
      ...colors.map((color) => element("option", { value: color }, COLOR_LABELS[color] ?? color)),
    );
    this.#color.value = chosen;
    this.#color.hidden = colors.length < 2;
  }

  /** Show what is in force. */
  show(state: GraphState, scene: GraphScene, history: ViewHistory<GraphState>): void {
    this.#back.disabled = !history.canGoBack;
    this.#forward.disabled = !history.canGoForward;
    this.#color.value = state.color;
    this.#direction.value = state.direction;
    this.#crumbs.replaceChildren(...this.#trail(state, scene));
    this.#fillShow(state);
  }

  /** The scope opened last with those around it; a click closes what lies further in. */
  #trail(state: GraphState, scene: GraphScene): Node[] {
    const { onChange, onClose } = this.#options;
    const graph = button("graph", () => onChange({ open: [] }), { title: "Close every scope" });
    const chain = scopeChain(scene.clusters, state.open);
    const parts: Node[] = [graph];
    chain.forEach((scope, depth) => {
      const inner = chain[depth + 1];
      parts.push(element("span", { "aria-hidden": "true" }, "›"));
      const title = inner ? `Close what is open in ${scope.name}` : scope.name;
      const close = () => inner && onClose(inner.name);
      parts.push(button(scope.label, close, { title: visibleName(title), "aria-disabled": String(!inner) }));
    });
    return parts;
  }

  #fillShow(state: GraphState): void {
    const { onChange } = this.#options;
    const { groups, ops } = this.#facts;
    const parts = groups.map(([group, title, count]) =>
      check(`${title} (${formatCount(count)})`, state.groups.includes(group), () =>
        onChange({ groups: toggled(state.groups, group) }),
      ),
    );
    const types = ops.map(([op, count]) =>
      check(`${visibleName(op)} (${formatCount(count)})`, !state.hide.includes(op), () =>
        onChange({ hide: toggled(state.hide, op) }),
      ),
    );
    const all = button("Show all op types", () => onChange({ hide: [] }), {
      disabled: state.hide.length === 0,
    });
    const back = button("Forget what was moved", () => onChange({ aside: {} }), {
      disabled: Object.keys(state.aside).length === 0,
      title: "Put back what you pulled aside, and the other way round",
    });
    const scrolled = this.#show.root.querySelector(".ckpt-menu-list")?.scrollTop ?? 0;
    const list = element("div", { class: "ckpt-menu-list" }, ...types);
    this.#show.fill(
      ...(parts.length > 0 ? [fieldset("In the picture, not aside", ...parts, back)] : []),
      fieldset("Op types", all, list),
    );
    list.scrollTop = scrolled;
    this.#show.label = state.hide.length > 0 ? `Show (${state.hide.length} hidden)` : "Show";
  }

  #exporter(): HTMLElement {
    const menu = new Menu("Export", "Export what is seen");
    menu.fill(
      ...EXPORTS.map(([format, label]) =>
        button(label, () => {
          menu.close();
          this.#options.onExport(format);
        }),
      ),
    );
    return menu.root;
  }
}

/** The innermost scope that was opened last, with those around it, outermost first. */
export function scopeChain(clusters: readonly GraphCluster[], open: readonly string[]): GraphCluster[] {
  const byId = new Map(clusters.map((cluster) => [cluster.id, cluster]));
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  const last = open.findLast((name) => byName.has(name)) ?? clusters[0]?.name;
  const chain: GraphCluster[] = [];
  let scope = last === undefined ? undefined : byName.get(last);
  while (scope) {
    chain.unshift(scope);
    scope = scope.parent === null ? undefined : byId.get(scope.parent);
  }
  return chain;
}

/** The list without an entry that it has, or with one that it has not. */
export function toggled(list: readonly string[], entry: string): string[] {
  return list.includes(entry) ? list.filter((each) => each !== entry) : [...list, entry];
}

function check(label: string, on: boolean, onchange: () => void): HTMLElement {
  const box = element("input", { type: "checkbox", "data-key": label, checked: on, onchange });
  return element("label", {}, box, ` ${label}`);
}

function fieldset(legend: string, ...children: Node[]): HTMLElement {
  return element("fieldset", {}, element("legend", {}, legend), ...children);
}

function help(): HTMLElement {
  const menu = new Menu("?", "Keys");
  const list = element("dl", { class: "ckpt-keys" });
  for (const [keys, what] of KEYS) list.append(element("dt", {}, keys), element("dd", {}, what));
  menu.fill(list);
  return menu.root;
}
