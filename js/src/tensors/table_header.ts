/** The head of the table: titles that sort, histograms that filter, and the handle that widens the names. */

import { element } from "../page/dom";
import { type Column, NAME_WIDTH } from "./columns";
import type { SortColumn, SortState } from "./filter";

export interface TableHeaderOptions {
  readonly columns: readonly Column[];
  onSort(sort: SortState): void;
  /** Histogram to put under a column's title, if it has one. */
  bars(column: SortColumn): HTMLElement | null;
  /** The user wants the names this wide, in pixels. */
  onNameWidth(width: number): void;
  isShown(column: Column): boolean;
}

const NARROWEST = 120;
const WIDEST = 1200;

export class TableHeader {
  readonly root = element("div", { class: "ckpt-header", role: "row", "aria-rowindex": 1 });
  readonly #options: TableHeaderOptions;
  /** Pixels, as last set from either side. */
  nameWidth = NAME_WIDTH;
  #sort: SortState = { column: "name", descending: false };

  constructor(options: TableHeaderOptions) {
    this.#options = options;
  }

  /** Draw anew: other columns are shown. */
  refresh(): void {
    this.show(this.#sort);
  }

  show(sort: SortState): void {
    this.#sort = sort;
    const focused = (this.root.getRootNode() as Document | ShadowRoot).activeElement;
    const held = this.root.contains(focused) ? focused?.getAttribute("aria-label") : null;
    this.root.replaceChildren(
      ...this.#options.columns.flatMap((column, place) =>
        this.#options.isShown(column) ? [this.#cell(column, place, sort)] : [],
      ),
    );
    // A click on a title or a bar draws the head anew; the keyboard's place must survive that.
    if (held) {
      const buttons = [...this.root.querySelectorAll<HTMLElement>("[aria-label]")];
      buttons.find((node) => node.getAttribute("aria-label")?.startsWith(held))?.focus();
    }
  }

  #cell(column: Column, place: number, state: SortState): HTMLElement {
    const { sort, title } = column;
    const sorted = sort !== null && sort === state.column;
    const cell = element("div", {
      class: `ckpt-cell ${column.class}`,
      role: "columnheader",
      "aria-colindex": place + 1,
      "aria-sort": sorted ? (state.descending ? "descending" : "ascending") : "none",
    });
    if (sort === null) cell.append(element("span", { class: "ckpt-title" }, title));
    else {
      const onclick = () => this.#options.onSort({ column: sort, descending: sorted && !state.descending });
      const label = `Sort by ${title.toLowerCase()}`;
      const mark = element(
        "span",
        { class: "ckpt-sort", "aria-hidden": "true" },
        sorted && state.descending ? "▾" : "▴",
      );
      mark.classList.toggle("on", sorted);
      cell.append(
        element(
          "button",
          { type: "button", class: "ckpt-title", title: label, "aria-label": label, onclick },
          title,
          mark,
        ),
      );
      const bars = this.#options.bars(sort);
      if (bars) cell.append(bars);
    }
    if (column.kind === "name") cell.append(this.#handle());
    return cell;
  }

  #handle(): HTMLElement {
    const handle = element("div", {
      class: "ckpt-handle",
      role: "separator",
      tabindex: 0,
      title: "Drag to widen the names",
      "aria-label": "Width of the names",
      "aria-orientation": "vertical",
      "aria-valuemin": NARROWEST,
      "aria-valuemax": WIDEST,
      "aria-valuenow": this.nameWidth,
    });
    const widen = (width: number) => {
      this.nameWidth = Math.round(Math.min(Math.max(width, NARROWEST), WIDEST));
      handle.setAttribute("aria-valuenow", String(this.nameWidth));
      this.#options.onNameWidth(this.nameWidth);
    };
    handle.addEventListener("pointerdown", (down) => {
      handle.setPointerCapture(down.pointerId);
      const from = this.nameWidth - down.clientX;
      const onMove = (move: PointerEvent) => widen(from + move.clientX);
      handle.addEventListener("pointermove", onMove);
      handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", onMove), {
        once: true,
      });
    });
    handle.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      widen(this.nameWidth + (event.key === "ArrowLeft" ? -20 : 20));
      event.preventDefault();
    });
    return handle;
  }
}
