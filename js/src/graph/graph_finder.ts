/** The search box of the graph view: finds nodes as one types and jumps to the one that is chosen. */

import { isAbort, type Reply } from "../kernel/messages";
import { element, select, uniqueId } from "../page/dom";
import { formatCount, visibleName } from "../page/format";
import { decodeHits, type Hit } from "./graph_model";

export interface GraphFinderOptions {
  search(text: string, mode: string, signal: AbortSignal): Promise<Reply>;
  onJump(name: string): void;
}

const MODES = [
  ["text", "names"],
  ["op", "ops"],
  ["regex", "regex"],
] as const;

export class GraphFinder {
  readonly root: HTMLElement;
  readonly #options: GraphFinderOptions;
  readonly #input: HTMLInputElement;
  readonly #mode: HTMLSelectElement;
  readonly #list = element("ul", { role: "listbox", "aria-label": "Found nodes" });
  readonly #count = element("p", { role: "status", "aria-live": "polite" });
  readonly #panel = element("div", { class: "ckpt-hits", tabindex: -1 }, this.#list, this.#count);
  #hits: readonly Hit[] = [];
  #active = -1;
  #request: AbortController | null = null;

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
    this.#mode = select("What to search", MODES, "text", () => void this.#find());
    this.root = element(
      "div",
      { class: "ckpt-finder", role: "search" },
      this.#input,
      this.#mode,
      this.#panel,
    );
    this.root.addEventListener("focusout", () => setTimeout(() => this.#foldIfLeft()));
    this.#input.addEventListener("focus", () => this.#unfold());
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  async #find(): Promise<void> {
    this.#request?.abort();
    const text = this.#input.value;
    if (text === "") {
      this.#count.textContent = "";
      this.#show([]);
      return;
    }
    this.#request = new AbortController();
    try {
      const reply = await this.#options.search(text, this.#mode.value, this.#request.signal);
      const { hits, total } = decodeHits(reply);
      const more = total > hits.length ? `, the first ${formatCount(hits.length)} are listed` : "";
      this.#count.textContent = `${formatCount(total)} found${more}`;
      this.#show(hits);
    } catch (error) {
      if (isAbort(error)) return;
      this.#count.textContent = visibleName(error instanceof Error ? error.message : String(error));
      this.#show([]);
    }
  }

  #show(hits: readonly Hit[]): void {
    this.#hits = hits;
    const items = hits.map(({ name, what }, place) =>
      element(
        "li",
        {
          role: "option",
          id: uniqueId("hit"),
          // A press would take the focus away from the box before the click comes.
          onpointerdown: (event) => event.preventDefault(),
          onclick: () => this.#choose(place),
        },
        element("span", {}, visibleName(name)),
        element("small", {}, visibleName(what)),
      ),
    );
    this.#list.replaceChildren(...items);
    this.#list.scrollTop = 0;
    this.#mark(-1);
    this.#unfold();
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
    [...this.#list.children].forEach((item, number) => {
      item.setAttribute("aria-selected", String(number === place));
    });
    const item = this.#list.children[place];
    this.#input.setAttribute("aria-activedescendant", item?.id ?? "");
    item?.scrollIntoView?.({ block: "nearest" });
  }

  #choose(place: number): void {
    const hit = this.#hits[place];
    if (!hit) return;
    this.#fold();
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
