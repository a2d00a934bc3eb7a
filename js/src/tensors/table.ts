/** The table of variables: virtual rows, selection by mouse and keyboard, a small histogram in each row. */

import { element, uniqueId } from "../page/dom";
import { visibleName } from "../page/format";
import { oneStop } from "../page/one_stop";
import { badgeMarks } from "./badges";
import { badgesIn, type Column, columnsOf, NAME_WIDTH } from "./columns";
import { denseLine } from "./dense_line";
import type { SortColumn, SortState } from "./filter";
import { drawBars } from "./histogram";
import { fillNameLabel, nameLabel } from "./name_label";
import type { Selection } from "./selection";
import type { Statistics } from "./statistics";
import { TableHeader } from "./table_header";
import { dtypeOf, shapeOf, type VariableIndex } from "./variable_index";
import { VirtualRows } from "./virtual_rows";

export const ROW_HEIGHT = 24;

/** Pixels; wider names are the user's choice. */
const MOST_FITTED = 420;

/** Pixels that a character of a name takes about, and what is beside the name. */
const CHARACTER_WIDTH = 7;
const NAME_PADDING = 24;

/** Pixels of the letters that the widths of columns are made for. */
const USUAL_FONT = 13;

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
  /** The columns that are shown have changed. */
  onColumns(): void;
}

export class Table {
  /** What scrolls, and takes the keys. */
  readonly root: HTMLElement;
  /** The same with a sign at its right edge while there is more. */
  readonly frame: HTMLElement;
  readonly #options: TableOptions;
  readonly #columns: readonly Column[];
  /** Columns that have said something by now, and those that the user wants, or does not. */
  readonly #said = new Set<Column>();
  readonly #chosen = new Map<Column, boolean>();
  #nameWidth = NAME_WIDTH;
  readonly #header: TableHeader;
  readonly #rows: VirtualRows;
  readonly #empty = element("p", { class: "ckpt-empty", hidden: true }, "No variable passes the filter.");
  readonly #id = uniqueId("row");
  #order: Uint32Array = new Uint32Array();
  /** Gives the names the room there is, until the user says how wide they shall be. */
  readonly #fitting: ResizeObserver | null;
  #widened = false;
  readonly #longestName: number;
  #asking = true;
  /** Position of the row that keys act on. */
  #current = 0;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#longestName = options.index.names.reduce((most, name) => Math.max(most, name.length), 0);
    this.#columns = columnsOf(options.index);
    this.#header = new TableHeader({
      columns: this.#columns,
      onSort: options.onSort,
      bars: options.headerBars,
      onNameWidth: (width) => {
        this.#widened = true;
        this.#setWidths(width);
      },
      isShown: (column) => this.#isShown(column),
    });
    // The head sticks to the top inside the scroller, so that it goes sideways with the rows.
    const head = element("div", { role: "rowgroup", class: "ckpt-header-group" }, this.#header.root);
    oneStop(this.#header.root);
    this.root = element(
      "div",
      {
        class: "ckpt-grid",
        role: "grid",
        tabindex: 0,
        "aria-label": "Variables",
        "aria-multiselectable": "true",
        "aria-colcount": this.#columns.length,
      },
      head,
      this.#empty,
    );
    const more = element(
      "button",
      {
        type: "button",
        class: "ckpt-more-right",
        tabindex: -1,
        title: "More columns to the right",
        "aria-label": "More columns to the right",
        onclick: () => this.root.scrollBy({ left: this.root.clientWidth / 2, behavior: "smooth" }),
      },
      "›",
    );
    this.frame = element("div", { class: "ckpt-grid-frame" }, this.root, more);
    this.root.addEventListener("scroll", () => this.#showMore(), { passive: true });
    this.#rows = new VirtualRows(this.root, {
      rowHeight: ROW_HEIGHT,
      headHeight: () => head.offsetHeight,
      create: () => this.#createRow(),
      fill: (row, position) => this.#fillRow(row, position),
      onRange: (start, end) => {
        if (this.#asking) options.onVisible(Array.from(this.#order.subarray(start, end)));
      },
    });
    this.#setWidths(NAME_WIDTH);
    this.#fitting = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => this.#fitNames());
    this.#fitting?.observe(this.root);
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Show these rows in this order. */
  show(order: Uint32Array, sort: SortState, keepPosition = false): void {
    this.#order = order;
    this.#current = Math.min(this.#current, Math.max(order.length - 1, 0));
    this.root.setAttribute("aria-rowcount", String(order.length + 1));
    this.#empty.hidden = order.length > 0;
    this.#header.show(sort);
    this.#rows.setLength(order.length, keepPosition);
    this.#markCurrent();
  }

  /** Fill the visible rows anew: a selection or statistics changed. */
  refresh(): void {
    this.#rows.refresh();
  }

  /** Statistics arrived: fill without asking for more. */
  refreshStatistics(): void {
    this.#findSaid();
    this.#asking = false;
    this.#rows.refresh();
    this.#asking = true;
  }

  /** Draw the head anew: the statistics of all rows are known. */
  refreshHeader(): void {
    this.#header.refresh();
  }

  /** Paint the histograms of the rows in the colours that hold now. */
  repaint(): void {
    for (const canvas of this.root.querySelectorAll("canvas")) canvas.dataset.row = "";
    this.refreshStatistics();
  }

  /** Every column but the names, by its title, and whether it is shown. */
  get columns(): ReadonlyArray<readonly [title: string, shown: boolean]> {
    return this.#columns.slice(1).map((column) => [column.title, this.#isShown(column)]);
  }

  /** Show a column, or hide it. */
  choose(title: string, shown: boolean): void {
    const column = this.#columns.find((each) => each.title === title);
    if (!column) return;
    this.#chosen.set(column, shown);
    this.#changeColumns();
  }

  #isShown(column: Column): boolean {
    return this.#chosen.get(column) ?? (column.says === undefined || this.#said.has(column));
  }

  /** Look for something to say in the columns that have said nothing yet. */
  #findSaid(): void {
    const before = this.#said.size;
    const { index, statistics } = this.#options;
    for (const column of this.#columns) {
      if (!column.says || this.#said.has(column)) continue;
      for (let row = 0; row < index.rows; row++) {
        const known = statistics(row);
        if (!known || !column.says(row, known)) continue;
        this.#said.add(column);
        break;
      }
    }
    if (this.#said.size > before) this.#changeColumns();
  }

  #changeColumns(): void {
    this.#fitNames();
    this.#header.refresh();
    this.#rows.refresh();
    this.#options.onColumns();
  }

  #showMore(): void {
    const { scrollLeft, clientWidth, scrollWidth } = this.root;
    this.frame.classList.toggle("more", scrollLeft + clientWidth < scrollWidth - 2);
  }

  /** Scroll to a row of the index, if it is shown. */
  reveal(row: number): void {
    const position = this.#order.indexOf(row);
    if (position >= 0) this.#moveTo(position);
  }

  close(): void {
    this.#fitting?.disconnect();
    this.#rows.close();
  }

  #fitNames(): void {
    if (this.#widened) {
      this.#setWidths(this.#nameWidth);
      return;
    }
    const beside = this.#columns.findIndex((column) => column.kind === "distribution");
    const taken = this.#columns
      .slice(1, beside + 1)
      .reduce((sum, column) => sum + (this.#isShown(column) ? this.#widthOf(column) : 0), 0);
    const room = this.root.clientWidth - taken;
    const most = Math.min(MOST_FITTED, this.#longestName * CHARACTER_WIDTH + NAME_PADDING);
    const width = Math.round(Math.max(Math.min(room, most), NAME_WIDTH));
    this.#header.nameWidth = width;
    this.#setWidths(width);
  }

  /** Pixels of a column in the size of letters that the page has now. */
  #widthOf(column: Column): number {
    const size = Number.parseFloat(getComputedStyle(this.root).fontSize) || USUAL_FONT;
    return Math.round((column.width * size) / USUAL_FONT);
  }

  #setWidths(name: number): void {
    this.#nameWidth = name;
    const shown = this.#columns.filter((column) => this.#isShown(column));
    const widths = shown.map((column) => (column.kind === "name" ? name : this.#widthOf(column)));
    const total = widths.reduce((sum, width) => sum + width, 0);
    this.root.style.setProperty("--columns", widths.map((width) => `${width}px`).join(" "));
    this.root.style.setProperty("--width", `${total}px`);
    this.#showMore();
  }

  #createRow(): HTMLElement {
    const row = element("div", { class: "ckpt-row", role: "row" });
    this.#columns.forEach((column, place) => {
      const cell = element("div", {
        class: `ckpt-cell ${column.class}`,
        role: "gridcell",
        "aria-colindex": place + 1,
      });
      if (column.kind === "name") cell.append(nameLabel());
      if (column.kind === "distribution")
        cell.append(element("canvas", { "aria-hidden": "true" }), element("span"));
      row.append(cell);
    });
    row.addEventListener("click", (event) => this.#onClick(row, event));
    return row;
  }

  #fillRow(node: HTMLElement, position: number): void {
    const { selection } = this.#options;
    const row = this.#order[position] ?? 0;
    const statistics = this.#options.statistics(row);
    node.id = `${this.#id}-${position}`;
    node.setAttribute("aria-rowindex", String(position + 2));
    node.setAttribute("aria-selected", String(selection.has(row)));
    node.classList.toggle("current", position === this.#current);
    node.classList.toggle("damaged", statistics?.error != null);
    node.classList.toggle("has-nan", (statistics?.nans ?? 0) + (statistics?.infs ?? 0) > 0);
    this.#columns.forEach((column, place) => {
      const cell = node.children[place] as HTMLElement;
      cell.hidden = !this.#isShown(column);
      if (cell.hidden) return;
      const text = column.text(row, statistics);
      if (column.kind === "name") {
        fillNameLabel(cell.firstElementChild as Element, text);
        cell.setAttribute("aria-label", visibleName(text));
      } else if (column.kind === "badges") {
        if (cell.title !== visibleName(text))
          cell.replaceChildren(...badgeMarks(badgesIn(this.#options.index, row, statistics)));
      } else {
        const holder = column.kind === "distribution" ? (cell.lastElementChild as Element) : cell;
        if (holder.textContent !== text) holder.textContent = text;
      }
      // A cell may be narrower than its text.
      const { index } = this.#options;
      const title =
        column.kind === "distribution"
          ? denseLine(dtypeOf(index, row), shapeOf(index, row), statistics)
          : text;
      if (cell.title !== visibleName(title)) cell.title = visibleName(title);
      if (column.kind === "distribution") drawDistribution(cell, row, statistics);
    });
  }

  #onClick(node: HTMLElement, event: MouseEvent): void {
    const position = Number(node.dataset.position);
    const row = this.#order[position];
    if (row === undefined) return;
    const { selection } = this.#options;
    const several = event.shiftKey || event.ctrlKey || event.metaKey;
    if (event.shiftKey) selection.extendTo(row, this.#order);
    else if (several) selection.toggle(row);
    else selection.only(row);
    this.#moveTo(position);
    this.#options.onSelect();
    if (!several) this.#options.onActivate(row);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target !== this.root) return;
    const last = Math.max(this.#order.length - 1, 0);
    const page = this.#rows.pageSize;
    const moves: Record<string, number> = {
      ArrowDown: this.#current + 1,
      ArrowUp: this.#current - 1,
      PageDown: this.#current + page,
      PageUp: this.#current - page,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target !== undefined) this.#moveByKey(Math.min(Math.max(target, 0), last), event.shiftKey);
    else if (event.key === "Enter") this.#choose((row) => this.#options.selection.only(row), true);
    else if (event.key === " ") this.#choose((row) => this.#options.selection.toggle(row), false);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey))
      this.#choose(() => this.#options.selection.replace(this.#order), false);
    else return;
    event.preventDefault();
  }

  #moveByKey(position: number, extend: boolean): void {
    const { selection } = this.#options;
    this.#moveTo(position);
    const row = this.#order[position];
    if (row === undefined) return;
    if (extend) this.#choose(() => selection.extendTo(row, this.#order), false);
    else selection.startAt(row);
  }

  /** Change the selection at the current row, and open its values if wanted. */
  #choose(change: (row: number) => void, activate: boolean): void {
    const row = this.#order[this.#current];
    if (row === undefined) return;
    change(row);
    this.#options.onSelect();
    if (activate) this.#options.onActivate(row);
  }

  #moveTo(position: number): void {
    this.#current = position;
    this.#rows.reveal(position);
    this.#markCurrent();
  }

  #markCurrent(): void {
    const row = this.#rows.rowAt(this.#current);
    if (row) this.root.setAttribute("aria-activedescendant", row.id);
    else this.root.removeAttribute("aria-activedescendant");
  }
}

function drawDistribution(cell: HTMLElement, row: number, statistics: Statistics | undefined): void {
  const canvas = cell.firstElementChild as HTMLCanvasElement;
  const drawn = statistics ? String(row) : "";
  if (canvas.dataset.row === drawn) return;
  canvas.dataset.row = drawn;
  drawBars(canvas, statistics?.bins ?? [], true);
}
