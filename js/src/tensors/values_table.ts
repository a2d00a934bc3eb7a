/** The values of a window as a table with the indices of their rows and columns. */
import { element } from "../page/dom";
import { formatCount } from "../page/format";
import { type TensorValues, textAt } from "./tensor_values";
import type { Span, TensorWindow } from "./tensor_window";

const MAX_ROWS = 50;
const MAX_COLUMNS = 20;

/** The part of a window that fits a table. */
export function tableWindow(window: TensorWindow): TensorWindow {
  const cut = (span: Span, most: number) => ({
    start: span.start,
    stop: Math.min(span.stop, span.start + most),
  });
  return { ...window, rows: cut(window.rows, MAX_ROWS), columns: cut(window.columns, MAX_COLUMNS) };
}

/** The table for values that were fetched for `tableWindow(window)`. */
export function valuesTable(values: TensorValues, window: TensorWindow): HTMLElement {
  const { rows, columns, down, across } = tableWindow(window);
  const height = rows.stop - rows.start;
  const width = columns.stop - columns.start;
  const turned = across >= 0 && down > across;
  const head = element("tr", {}, element("td", {}));
  for (let column = 0; column < width; column++)
    head.append(element("th", { scope: "col" }, across < 0 ? "value" : String(columns.start + column)));
  const body = element("tbody", {});
  for (let row = 0; row < height; row++) {
    const line = element("tr", {}, element("th", { scope: "row" }, String(rows.start + row)));
    for (let column = 0; column < width; column++)
      line.append(element("td", {}, textAt(values, turned ? column * height + row : row * width + column)));
    body.append(line);
  }
  const table = element("table", {}, element("thead", {}, head), body);
  const hidden = lengthOf(window.rows) > height || lengthOf(window.columns) > width;
  const note = hidden ? element("p", { class: "ckpt-note" }, cutNote(window, height, width)) : null;
  const kind = values.numbers.length === 0 ? "ckpt-values texts" : "ckpt-values";
  return element("div", { class: kind, tabindex: 0, "aria-label": "Values" }, table, note);
}

function cutNote(window: TensorWindow, height: number, width: number): string {
  const across = window.across < 0 ? "" : ` × ${formatCount(width)} columns`;
  const all = window.across < 0 ? "" : ` × ${formatCount(lengthOf(window.columns))}`;
  return `First ${formatCount(height)} rows${across} of ${formatCount(lengthOf(window.rows))}${all}.`;
}

function lengthOf(span: Span): number {
  return span.stop - span.start;
}
