/** The search line and the restrictions in force, each with a button that lifts it. */
import { button, element, select } from "../page/dom";
import { formatBytes, formatNumber, visibleName } from "../page/format";
import { type FilterState, NO_FILTER, nameTest, type Range, type TextMode } from "./filter";
import { parseQuery, QUERY_COLUMNS } from "./query";

export interface FilterBarOptions {
  onChange(part: Partial<FilterState>): void;
}

export class FilterBar {
  readonly root = element("div", { class: "ckpt-filter", role: "search" });
  readonly #options: FilterBarOptions;
  readonly #text: HTMLInputElement;
  readonly #mode: HTMLSelectElement;
  readonly #query: HTMLInputElement;
  readonly #nan: HTMLInputElement;
  readonly #chips = element("div", { class: "ckpt-chips" });
  readonly #problem = element("span", { class: "ckpt-error", role: "alert" });

  constructor(options: FilterBarOptions) {
    this.#options = options;
    this.#text = element("input", {
      type: "search",
      placeholder: "Search all names",
      "aria-label": "Search all names",
      spellcheck: "false",
      autocomplete: "off",
      oninput: () => this.#search(),
    });
    const modes = [
      ["text", "text"],
      ["glob", "glob"],
      ["regex", "regex"],
    ] as const;
    this.#mode = select("How to search", modes, "text", () => this.#search());
    this.#nan = element("input", {
      type: "checkbox",
      onchange: () => options.onChange({ has_nan: this.#nan.checked }),
    });
    this.#query = element("input", {
      type: "search",
      class: "ckpt-query",
      placeholder: "std > 1e3 or nans > 0",
      title: `Conditions on columns: ${QUERY_COLUMNS.join(", ")}`,
      "aria-label": "Conditions on columns",
      spellcheck: "false",
      autocomplete: "off",
      // Statistics of all rows may be needed, so not at every letter.
      onchange: () => this.#ask(),
      onsearch: () => this.#ask(),
    });
    this.root.append(
      this.#text,
      this.#mode,
      this.#query,
      element("label", {}, this.#nan, " has NaN"),
      this.#chips,
      this.#problem,
    );
  }

  focus(): void {
    this.#text.focus();
    this.#text.select();
  }

  /** Show a filter that was set elsewhere, in the header, the scope tree or Python. */
  show(filter: FilterState): void {
    if (this.#text.value !== filter.text) this.#text.value = filter.text;
    this.#mode.value = filter.mode;
    if (this.#query.value !== filter.query) this.#query.value = filter.query;
    this.#nan.checked = filter.has_nan;
    const chips: HTMLElement[] = [];
    const chip = (label: string, part: Partial<FilterState>) => {
      const lift = () => this.#options.onChange(part);
      chips.push(
        button(`${visibleName(label)} ✕`, lift, { class: "ckpt-chip", "aria-label": `Lift ${label}` }),
      );
    };
    if (filter.scope) chip(`in ${filter.scope}/`, { scope: "" });
    for (const dtype of filter.dtypes)
      chip(dtype, { dtypes: filter.dtypes.filter((other) => other !== dtype) });
    for (const rank of filter.ranks)
      chip(`rank ${rank}`, { ranks: filter.ranks.filter((other) => other !== rank) });
    for (const group of filter.groups)
      chip(group, { groups: filter.groups.filter((other) => other !== group) });
    if (filter.min_bytes !== null || filter.max_bytes !== null) {
      const least = filter.min_bytes === null ? "" : formatBytes(filter.min_bytes);
      const most = filter.max_bytes === null ? "" : formatBytes(filter.max_bytes);
      chip(`${least} … ${most}`, { min_bytes: null, max_bytes: null });
    }
    for (const range of filter.ranges)
      chip(rangeText(range), { ranges: filter.ranges.filter((other) => other !== range) });
    if (chips.length > 1) chips.push(button("Clear all", () => this.#options.onChange(NO_FILTER)));
    this.#chips.replaceChildren(...chips);
  }

  #search(): void {
    const text = this.#text.value;
    const mode = this.#mode.value as TextMode;
    if (this.#check(() => nameTest(text, mode))) this.#options.onChange({ text, mode });
  }

  #ask(): void {
    const query = this.#query.value;
    if (this.#check(() => parseQuery(query))) this.#options.onChange({ query });
  }

  /** Say what does not parse. */
  #check(parse: () => unknown): boolean {
    let problem = "";
    try {
      parse();
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.#problem.textContent = problem;
    return problem === "";
  }
}

function rangeText([column, least, greatest]: Range): string {
  const from = least === null ? "" : formatNumber(least);
  return `${column} ${from} … ${greatest === null ? "" : formatNumber(greatest)}`;
}
