/** The table of variables: virtual rows, sortable headers with histograms, selection by mouse and keyboard. */
import { element, uniqueId } from "./dom";
import type { SortColumn, SortState } from "./filter";
import { formatBytes, formatCount, formatNumber, formatShape, visibleName } from "./format";
import { drawBars } from "./histogram";
import type { Selection } from "./selection";
import type { Statistics } from "./statistics";
import { dtypeOf, groupOf, shapeOf, type VariableIndex } from "./variable_index";
import { VirtualRows } from "./virtual_rows";

interface Column {
  readonly title: string;
  readonly sort: SortColumn | null;
  readonly class: string;
  /** Text of the cell; the distribution has a canvas instead. */
  text(index: VariableIndex, row: number, statistics: Statistics | undefined): string;
}

const metadata = (
  title: string,
  sort: SortColumn | null,
  kind: string,
  text: (index: VariableIndex, row: number) => string,
): Column => ({ title, sort, class: kind, text });

const statistic = (
  title: string,
  key: "min" | "max" | "mean" | "std" | "zeros" | "nans" | "infs",
): Column => ({
  title,
  sort: null,
  class: "number statistic",
  text: (_, __, statistics) => {
    const value = statistics?.[key];
    return value === undefined || value === null ? "" : formatNumber(value);
  },
});

const COLUMNS: readonly Column[] = [
  metadata("Name", "name", "name", (index, row) => visibleName(index.names[row] ?? "")),
  metadata("Dtype", "dtype", "dtype", dtypeOf),
  metadata("Shape", "shape", "shape", (index, row) => formatShape(shapeOf(index, row))),
  metadata("Elements", "elements", "number", (index, row) => formatCount(index.elements[row] ?? 0)),
  metadata("Bytes", "bytes", "number", (index, row) => formatBytes(index.bytes[row] ?? 0)),
  metadata("Group", "group", "group", groupOf),
  {
    title: "Distribution",
    sort: null,
    class: "distribution",
    text: (_, __, statistics) => statistics?.error ?? "",
  },
  statistic("Min", "min"),
  statistic("Max", "max"),
  statistic("Mean", "mean"),
  statistic("Std", "std"),
  statistic("Zeros", "zeros"),
  statistic("NaN", "nans"),
  statistic("Inf", "infs"),
];

const DISTRIBUTION = 6;

export const ROW_HEIGHT = 24;

export interface TableOptions {
  readonly index: VariableIndex;
  readonly selection: Selection;
  statistics(row: number): Statistics | undefined;
  onSort(sort: SortState): void;
  onSelect(): void;
  onActivate(row: number): void;
  onVisible(rows: readonly number[]): void;
  /** Histogram to put under a column's title, if it has one. */
  headerBars(column: SortColumn): HTMLElement | null;
}

export class Table {
  readonly root: HTMLElement;
  readonly #options: TableOptions;
  readonly #rows: VirtualRows;
  readonly #header = element("div", { class: "ckpt-header", role: "row", "aria-rowindex": 1 });
  readonly #grid: HTMLElement;
  readonly #id = uniqueId("row");
  #order: Uint32Array = new Uint32Array();
  #sort: SortState = { column: "name", descending: false };
  #asking = true;
  /** Position of the row that keys act on. */
  #current = 0;

  constructor(options: TableOptions) {
    this.#options = options;
    const scroller = element("div", { class: "ckpt-scroller", role: "rowgroup" });
    this.#grid = element(
      "div",
      {
        class: "ckpt-grid",
        role: "grid",
        tabindex: 0,
        "aria-label": "Variables",
        "aria-multiselectable": "true",
        "aria-colcount": COLUMNS.length,
      },
      element("div", { role: "rowgroup", class: "ckpt-header-group" }, this.#header),
      scroller,
    );
    this.root = this.#grid;
    this.#rows = new VirtualRows(scroller, {
      rowHeight: ROW_HEIGHT,
      create: () => this.#createRow(),
      fill: (row, position) => this.#fillRow(row, position),
      onRange: (start, end) => {
        if (this.#asking) options.onVisible(Array.from(this.#order.subarray(start, end)));
      },
    });
    // The header scrolls sideways with the rows.
    scroller.addEventListener("scroll", () => {
      this.#header.style.transform = `translateX(${-scroller.scrollLeft}px)`;
    });
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Show these rows in this order. */
  show(order: Uint32Array, sort: SortState, keepPosition = false): void {
    this.#order = order;
    this.#sort = sort;
    this.#current = Math.min(this.#current, Math.max(order.length - 1, 0));
    this.#grid.setAttribute("aria-rowcount", String(order.length + 1));
    this.#renderHeader();
    this.#rows.setLength(order.length, keepPosition);
    this.#markCurrent();
  }

  /** Fill the visible rows anew: a selection or statistics changed. */
  refresh(): void {
    this.#rows.refresh();
  }

  /** Statistics arrived: fill without asking for more. */
  refreshStatistics(): void {
    this.#asking = false;
    this.#rows.refresh();
    this.#asking = true;
  }

  /** Scroll to a row of the index, if it is shown. */
  reveal(row: number): void {
    const position = this.#order.indexOf(row);
    if (position >= 0) this.#moveTo(position);
  }

  close(): void {
    this.#rows.close();
  }

  #renderHeader(): void {
    const cells = COLUMNS.map((column, position) => {
      const { sort } = column;
      const sorted = sort !== null && sort === this.#sort.column;
      const cell = element("div", {
        class: `ckpt-cell ${column.class}`,
        role: "columnheader",
        "aria-colindex": position + 1,
        "aria-sort": sorted ? (this.#sort.descending ? "descending" : "ascending") : "none",
      });
      if (sort === null) cell.append(element("span", { class: "ckpt-title" }, column.title));
      else {
        const mark = sorted ? (this.#sort.descending ? " ▾" : " ▴") : "";
        const onclick = () =>
          this.#options.onSort({ column: sort, descending: sorted && !this.#sort.descending });
        const label = `Sort by ${column.title.toLowerCase()}`;
        cell.append(
          element(
            "button",
            { type: "button", class: "ckpt-title", title: label, onclick },
            column.title + mark,
          ),
        );
        const bars = this.#options.headerBars(sort);
        if (bars) cell.append(bars);
      }
      return cell;
    });
    this.#header.replaceChildren(...cells);
  }

  #createRow(): HTMLElement {
    const row = element("div", { class: "ckpt-row", role: "row" });
    COLUMNS.forEach((column, position) => {
      const cell = element("div", {
        class: `ckpt-cell ${column.class}`,
        role: "gridcell",
        "aria-colindex": position + 1,
      });
      if (position === DISTRIBUTION)
        cell.append(element("canvas", { "aria-hidden": "true" }), element("span"));
      row.append(cell);
    });
    row.addEventListener("click", (event) => this.#onClick(row, event));
    row.addEventListener("dblclick", () => this.#activate(Number(row.dataset.position)));
    return row;
  }

  #fillRow(node: HTMLElement, position: number): void {
    const { index, selection } = this.#options;
    const row = this.#order[position] ?? 0;
    const statistics = this.#options.statistics(row);
    node.id = `${this.#id}-${position}`;
    node.setAttribute("aria-rowindex", String(position + 2));
    node.setAttribute("aria-selected", String(selection.has(row)));
    node.classList.toggle("current", position === this.#current);
    node.classList.toggle("damaged", statistics?.error != null);
    COLUMNS.forEach((column, place) => {
      const cell = node.children[place] as HTMLElement;
      const text = column.text(index, row, statistics);
      const holder = place === DISTRIBUTION ? (cell.lastElementChild as HTMLElement) : cell;
      if (holder.textContent !== text) holder.textContent = text;
      if (place === 0 || place === DISTRIBUTION) cell.title = text;
    });
    this.#drawDistribution(node.children[DISTRIBUTION] as HTMLElement, row, statistics);
  }

  #drawDistribution(cell: HTMLElement, row: number, statistics: Statistics | undefined): void {
    const canvas = cell.firstElementChild as HTMLCanvasElement;
    const drawn = statistics ? String(row) : "";
    if (canvas.dataset.row === drawn) return;
    canvas.dataset.row = drawn;
    drawBars(canvas, statistics?.bins ?? [], true);
  }

  #onClick(node: HTMLElement, event: MouseEvent): void {
    const position = Number(node.dataset.position);
    const row = this.#order[position];
    if (row === undefined) return;
    const { selection } = this.#options;
    if (event.shiftKey) selection.extendTo(row, this.#order);
    else if (event.ctrlKey || event.metaKey) selection.toggle(row);
    else selection.only(row);
    this.#moveTo(position);
    this.#options.onSelect();
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) this.#options.onActivate(row);
  }

  #activate(position: number): void {
    const row = this.#order[position];
    if (row !== undefined) this.#options.onActivate(row);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target !== this.#grid) return;
    const last = this.#order.length - 1;
    const page = this.#rows.pageSize;
    const moves: Record<string, number> = {
      ArrowDown: this.#current + 1,
      ArrowUp: this.#current - 1,
      PageDown: this.#current + page,
      PageUp: this.#current - page,
      Home: 0,
      End: last,
    };
    const { selection } = this.#options;
    const target = moves[event.key];
    if (target !== undefined) {
      this.#moveTo(Math.min(Math.max(target, 0), Math.max(last, 0)));
      const row = this.#order[this.#current];
      if (event.shiftKey && row !== undefined) selection.extendTo(row, this.#order);
      if (event.shiftKey) this.#options.onSelect();
    } else if (event.key === "Enter") this.#activate(this.#current);
    else if (event.key === " ") this.#toggleCurrent();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      selection.replace(this.#order);
      this.#options.onSelect();
    } else return;
    event.preventDefault();
  }

  #toggleCurrent(): void {
    const row = this.#order[this.#current];
    if (row === undefined) return;
    this.#options.selection.toggle(row);
    this.#options.onSelect();
  }

  #moveTo(position: number): void {
    this.#current = position;
    this.#rows.reveal(position);
    this.#markCurrent();
  }

  #markCurrent(): void {
    const row = this.#rows.rowAt(this.#current);
    if (row) this.#grid.setAttribute("aria-activedescendant", row.id);
    else this.#grid.removeAttribute("aria-activedescendant");
  }
}
