/** The bar above the graph: history, breadcrumb, search, direction, colours, op types, export. */
import { button, element, select, uniqueId } from "./dom";
import { formatCount, visibleName } from "./format";
import { decodeHits, type GraphState, type GraphView } from "./graph_model";
import type { ExportFormat } from "./graph_view";
import { isAbort, type Reply } from "./messages";
import type { ViewHistory } from "./view_history";

export interface GraphControlsOptions {
  search(text: string, mode: string, signal: AbortSignal): Promise<Reply>;
  onJump(name: string): void;
  onChange(part: Partial<GraphState>): void;
  onHistory(step: -1 | 1): void;
  onFit(): void;
  onZoom(factor: number): void;
  onExport(format: ExportFormat): void;
}

const DIRECTIONS = [
  ["BT", "upwards"],
  ["TB", "downwards"],
  ["LR", "to the right"],
  ["RL", "to the left"],
] as const;

const EXPORTS = [
  ["", "Export…"],
  ["svg", "SVG picture"],
  ["png", "PNG picture"],
  ["dot", "DOT text"],
  ["html", "HTML page"],
] as const;

export class GraphControls {
  readonly root = element("div", { class: "ckpt-bar ckpt-graph-bar" });
  readonly #options: GraphControlsOptions;
  readonly #search: HTMLInputElement;
  readonly #mode: HTMLSelectElement;
  readonly #hits = element("ul", { class: "ckpt-hits", role: "listbox", "aria-label": "Found nodes" });
  readonly #steps = element("div", { class: "ckpt-tools" });
  readonly #choices = element("div", { class: "ckpt-tools" });
  #request: AbortController | null = null;

  constructor(options: GraphControlsOptions) {
    this.#options = options;
    this.#hits.id = uniqueId("hits");
    this.#hits.hidden = true;
    this.#search = element("input", {
      type: "search",
      placeholder: "Find a node",
      role: "combobox",
      "aria-label": "Find a node",
      "aria-controls": this.#hits.id,
      "aria-expanded": "false",
      spellcheck: "false",
      autocomplete: "off",
      oninput: () => void this.#find(),
      onkeydown: (event) => this.#onSearchKey(event as KeyboardEvent),
    });
    const modes = [
      ["text", "name"],
      ["op", "op"],
      ["regex", "regex"],
    ] as const;
    this.#mode = select("What to search", modes, "text", () => void this.#find());
    const finder = element(
      "div",
      { class: "ckpt-filter ckpt-finder", role: "search" },
      this.#search,
      this.#mode,
      this.#hits,
    );
    this.root.append(this.#steps, finder, this.#choices);
  }

  focusSearch(): void {
    this.#search.focus();
    this.#search.select();
  }

  /** Show what is in force. */
  show(state: GraphState, view: GraphView, history: ViewHistory<GraphState>): void {
    const { onHistory, onFit, onZoom, onChange, onExport } = this.#options;
    const small = (label: string, title: string, act: () => void, off = false) =>
      button(label, act, { title, "aria-label": title, disabled: off });
    this.#steps.replaceChildren(
      small("←", "Back", () => onHistory(-1), !history.canGoBack),
      small("→", "Forward", () => onHistory(1), !history.canGoForward),
      small("+", "Zoom in", () => onZoom(1.25)),
      small("−", "Zoom out", () => onZoom(0.8)),
      small("⤢", "Fit to window", onFit),
      this.#crumbs(view),
    );
    const colors = view.colors.map((color) => [color, `colour by ${color}`] as const);
    const exporter = select("Export what is seen", EXPORTS, "", (format) => {
      exporter.value = "";
      if (format) onExport(format as ExportFormat);
    });
    this.#choices.replaceChildren(
      select("Direction of the flow", DIRECTIONS, state.direction, (direction) =>
        onChange({ direction: direction as GraphState["direction"] }),
      ),
      ...(colors.length > 1 ? [select("Colours", colors, state.color, (color) => onChange({ color }))] : []),
      this.#opTypes(state, view),
      exporter,
    );
  }

  /** Open scopes, innermost last; a click closes what lies inside. */
  #crumbs(view: GraphView): HTMLElement {
    const trail = element("nav", { class: "ckpt-crumbs", "aria-label": "Open scopes" });
    trail.append(button("graph", () => this.#options.onChange({ open: [] }), { title: "Close every scope" }));
    const last = view.open.at(-1);
    if (last === undefined) return trail;
    const parts = last.split("/");
    parts.forEach((part, depth) => {
      const scope = parts.slice(0, depth + 1).join("/");
      if (!view.open.includes(scope)) return;
      const open = view.open.filter((each) => !each.startsWith(`${scope}/`));
      trail.append(
        " / ",
        button(visibleName(part), () => this.#options.onChange({ open }), { title: visibleName(scope) }),
      );
    });
    return trail;
  }

  #opTypes(state: GraphState, view: GraphView): HTMLElement {
    const hidden = new Set(state.hide);
    const boxes = view.ops.map(([op, count]) => {
      const box = element("input", {
        type: "checkbox",
        checked: !hidden.has(op),
        onchange: () => {
          if (!hidden.delete(op)) hidden.add(op);
          this.#options.onChange({ hide: [...hidden] });
        },
      });
      return element("label", {}, box, ` ${visibleName(op)} (${formatCount(count)})`);
    });
    const label = hidden.size > 0 ? `Ops (${hidden.size} hidden)` : "Ops";
    return element(
      "details",
      { class: "ckpt-menu" },
      element("summary", {}, label),
      element("div", {}, ...boxes),
    );
  }

  async #find(): Promise<void> {
    this.#request?.abort();
    const text = this.#search.value;
    if (text === "") {
      this.#showHits([]);
      return;
    }
    this.#request = new AbortController();
    try {
      const reply = await this.#options.search(text, this.#mode.value, this.#request.signal);
      this.#showHits(decodeHits(reply).map((hit) => [hit.name, hit.op] as const));
    } catch (error) {
      if (isAbort(error)) return;
      this.#hits.replaceChildren(
        element("li", { class: "ckpt-error" }, error instanceof Error ? error.message : ""),
      );
      this.#hits.hidden = false;
    }
  }

  #showHits(hits: ReadonlyArray<readonly [name: string, op: string]>): void {
    const items = hits.map(([name, op]) => {
      const choose = () => {
        this.#showHits([]);
        this.#options.onJump(name);
      };
      return element(
        "li",
        {
          role: "option",
          tabindex: -1,
          onclick: choose,
          onkeydown: (event) => this.#onHitKey(event as KeyboardEvent, choose),
        },
        element("span", {}, visibleName(name)),
        element("small", {}, visibleName(op)),
      );
    });
    this.#hits.replaceChildren(...items);
    this.#hits.hidden = items.length === 0;
    this.#search.setAttribute("aria-expanded", String(items.length > 0));
  }

  #onSearchKey(event: KeyboardEvent): void {
    const first = this.#hits.firstElementChild as HTMLElement | null;
    if (event.key === "ArrowDown") first?.focus();
    else if (event.key === "Enter") first?.click();
    else if (event.key === "Escape" && !this.#hits.hidden) this.#showHits([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #onHitKey(event: KeyboardEvent, choose: () => void): void {
    const item = event.currentTarget as HTMLElement;
    if (event.key === "Enter" || event.key === " ") choose();
    else if (event.key === "ArrowDown") (item.nextElementSibling as HTMLElement | null)?.focus();
    else if (event.key === "ArrowUp")
      ((item.previousElementSibling as HTMLElement | null) ?? this.#search).focus();
    else if (event.key === "Escape") this.focusSearch();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
