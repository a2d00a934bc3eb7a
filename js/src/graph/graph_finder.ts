/** The search box of the graph view: finds nodes as one types and jumps to the one that is chosen. */

import { isAbort, type Reply } from "../kernel/messages";
import { button, element, select, uniqueId } from "../page/dom";
import { formatCount, visibleName } from "../page/format";
import { decodeHits, type Found, type Hit } from "./graph_model";
import { hitTree } from "./hit_tree";

export interface GraphFinderOptions {
  /** What can be searched. */
  readonly modes: readonly string[];
  search(text: string, mode: string, signal: AbortSignal): Promise<Reply>;
  onJump(name: string): void;
  /** How many hits each box of the picture shows; of none where nothing is searched. */
  onMark(boxes: ReadonlyMap<number, number>): void;
}

const MODES: Readonly<Record<string, string>> = {
  text: "names",
  op: "ops",
  attr: "attributes",
  input: "takes",
  output: "gives to",
  regex: "regex",
};
const NO_BOXES: ReadonlyMap<number, number> = new Map();

export class GraphFinder {
  readonly root: HTMLElement;
  readonly #options: GraphFinderOptions;
  readonly #input: HTMLInputElement;
  readonly #mode: HTMLSelectElement;
  readonly #list = element("ul", { role: "listbox", "aria-label": "Found nodes" });
  readonly #count = element("p", { role: "status", "aria-live": "polite" });
  readonly #panel = element("div", { class: "ckpt-hits", tabindex: -1 }, this.#list, this.#count);
  readonly #step = element("span", { class: "ckpt-steps" });
  readonly #place = element("span", { "aria-live": "polite" });
  /** In the order of the lines. */
  #hits: readonly Hit[] = [];
  #items: readonly HTMLElement[] = [];
  #total = 0;
  #active = -1;
  /** The hit that was jumped to last. */
  #current = -1;
  #request: AbortController | null = null;
  /** Whether the last question could be asked. */
  #isFine = true;

  constructor(options: GraphFinderOptions) {
    this.#options = options;
    this.#list.id = uniqueId("hits");
    this.#panel.hidden = true;
    this.#input = element("input", {
      type: "search",
      placeholder: "Find a node  ( / )",
      role: "combobox",
      "aria-label": "Find a node",
      "aria-controls": this.#list.id,
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      spellcheck: "false",
      autocomplete: "off",
      oninput: () => void this.#find(),
      onkeydown: (event) => this.#onKey(event as KeyboardEvent),
    });
    const modes = options.modes.map((mode) => [mode, MODES[mode] ?? mode] as const);
    this.#mode = select("What to search", modes, "text", () => void this.#find());
    const step = (sign: string, title: string, by: 1 | -1) =>
      button(sign, () => this.step(by), { title, "aria-label": title });
    this.#step.append(step("‹", "Previous hit (P)", -1), this.#place, step("›", "Next hit (N)", 1));
    this.#step.hidden = true;
    this.root = element(
      "div",
      { class: "ckpt-finder", role: "search" },
      this.#input,
      this.#mode,
      this.#step,
      this.#panel,
    );
    this.root.addEventListener("focusout", () => setTimeout(() => this.#foldIfLeft()));
    this.#input.addEventListener("focus", () => this.#unfold());
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  /** Go to the next hit, or the one before. */
  step(by: 1 | -1): void {
    const count = this.#hits.length;
    if (count > 0)
      this.#choose(this.#current < 0 && by < 0 ? count - 1 : (this.#current + by + count) % count);
  }

  /** Ask again which boxes show the hits, since others are drawn now. */
  async markAgain(): Promise<void> {
    if (this.#input.value === "" || this.#total === 0) return;
    const found = await this.#ask();
    if (found) this.#options.onMark(found.boxes);
  }

  async #find(): Promise<void> {
    const found = this.#input.value === "" ? { hits: [], total: 0, boxes: NO_BOXES } : await this.#ask();
    if (!found) return;
    const { hits, total, boxes } = found;
    const more = total > hits.length ? `, the first ${formatCount(hits.length)} are listed` : "";
    if (this.#input.value === "") this.#count.textContent = "";
    else if (hits.length > 0 || this.#isFine) this.#count.textContent = `${formatCount(total)} found${more}`;
    this.#total = total;
    this.#show(hits);
    this.#options.onMark(boxes);
  }

  /** What is found now; null where a newer question has been asked. What is wrong with the question is shown. */
  async #ask(): Promise<Found | null> {
    this.#request?.abort();
    this.#request = new AbortController();
    try {
      const reply = await this.#options.search(this.#input.value, this.#mode.value, this.#request.signal);
      this.#isFine = true;
      return decodeHits(reply);
    } catch (error) {
      if (isAbort(error)) return null;
      this.#isFine = false;
      this.#count.textContent = visibleName(error instanceof Error ? error.message : String(error));
      return { hits: [], total: 0, boxes: NO_BOXES };
    }
  }

  #show(hits: readonly Hit[]): void {
    const rows = hitTree(hits);
    this.#hits = rows.flatMap(({ hit }) => (hit ? [hit] : []));
    const options: HTMLElement[] = [];
    const lines = rows.map(({ label, depth, count, hit }) => {
      const inside = count > 0 ? formatCount(count) : "";
      const style = `padding-left: ${10 + 14 * depth}px`;
      const name = element("span", { title: visibleName(hit?.name ?? label) }, visibleName(label));
      if (!hit)
        return element(
          "li",
          { class: "scope", role: "presentation", style },
          name,
          element("small", {}, inside),
        );
      const place = options.length;
      const item = element(
        "li",
        {
          role: "option",
          id: uniqueId("hit"),
          style,
          // A press would take the focus away from the box before the click comes.
          onpointerdown: (event) => event.preventDefault(),
          onclick: () => this.#choose(place),
        },
        name,
        element("small", {}, [visibleName(hit.what), inside].filter(Boolean).join("  ·  ")),
      );
      options.push(item);
      return item;
    });
    this.#items = options;
    this.#list.replaceChildren(...lines);
    this.#list.scrollTop = 0;
    this.#current = -1;
    this.#tell();
    this.#mark(-1);
    this.#unfold();
  }

  #tell(): void {
    this.#step.hidden = this.#hits.length === 0;
    this.#place.textContent = `${this.#current < 0 ? "–" : this.#current + 1} / ${formatCount(this.#total)}`;
  }

  #unfold(): void {
    this.#panel.hidden = this.#count.textContent === "";
    this.#input.setAttribute("aria-expanded", String(this.#hits.length > 0));
  }

  #foldIfLeft(): void {
    const focused = (this.root.getRootNode() as Document | ShadowRoot).activeElement;
    if (focused && !this.root.contains(focused)) this.#fold();
  }

  #fold(): void {
    this.#panel.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
  }

  #mark(place: number): void {
    this.#active = place;
    this.#items.forEach((item, number) => {
      item.setAttribute("aria-selected", String(number === place));
    });
    const item = this.#items[place];
    this.#input.setAttribute("aria-activedescendant", item?.id ?? "");
    item?.scrollIntoView?.({ block: "nearest" });
  }

  #choose(place: number): void {
    const hit = this.#hits[place];
    if (!hit) return;
    this.#fold();
    this.#current = place;
    this.#tell();
    this.#options.onJump(hit.name);
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#hits.length - 1;
    if (event.key === "ArrowDown") {
      this.#unfold();
      this.#mark(Math.min(this.#active + 1, last));
    } else if (event.key === "ArrowUp") this.#mark(Math.max(this.#active - 1, -1));
    else if (event.key === "Enter") this.#choose(Math.max(this.#active, 0));
    else if (event.key === "Escape" && !this.#panel.hidden) this.#fold();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
