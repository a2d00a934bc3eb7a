/** A heat map that is looked into: zoom, pan, and the value under the pointer. */

import { button, element } from "../page/dom";
import { formatCount } from "../page/format";
import { scaleFor } from "./color_scale";
import { colorLegend, markSpecials, paintCells } from "./heat_map";
import { type TensorCells, textAt } from "./tensor_values";
import { around, panned, positionAt, stepOf, type TensorWindow, withAxes, zoomed } from "./tensor_window";

/** A place in a picture: shares of its width and height. */
export type Point = readonly [x: number, y: number];

export interface HeatMapOptions {
  /** The user moved: from wherever the window is by now, for several moves may come before one is drawn. */
  onMove(move: (window: TensorWindow) => TensorWindow): void;
  /** What is under the pointer, "" when nothing is. */
  onReadout(text: string): void;
  /** Indices and value at a point. */
  describe(point: Point): string;
}

/** Elements that show the cells of a window; the canvas among them takes pointer, wheel and keys. */
export function heatMapView(
  cells: TensorCells,
  window: TensorWindow,
  options: HeatMapOptions,
): HTMLElement[] {
  const low = cells.low.numbers;
  // Halves of a cell: its least value and its greatest.
  const halves = cells.low === cells.high ? low : interleaved(low, cells.high.numbers);
  const scale = scaleFor(halves);
  const label = "Heat map; arrow keys move, + and − zoom, 0 shows everything";
  const canvas = element("canvas", { class: "ckpt-heat", role: "img", tabindex: 0, "aria-label": label });
  paintCells(canvas, halves, halves.length / Math.max(cellsOf(window.rows), 1), scale);
  canvas.dataset.columns = String(cellsOf(window.columns));
  const hasSpecials = cells.specials.length > 0;
  if (hasSpecials) markSpecials(canvas);
  const tools = explorer(canvas, options);
  return [element("div", { class: "ckpt-heat-box" }, canvas, tools), colorLegend(scale, hasSpecials)];
}

/** Let a canvas be looked around in by pointer, wheel and keys; returns its buttons. */
export function explorer(canvas: HTMLCanvasElement, options: HeatMapOptions): HTMLElement {
  const zoom = (factor: number, x = 0.5, y = 0.5) =>
    options.onMove((now) => (isLine(now) ? zoomed(now, factor, 0, x) : zoomed(now, factor, x, y)));
  const pan = (x: number, y: number) =>
    options.onMove((now) => (isLine(now) ? panned(now, 0, x) : panned(now, x, y)));
  const whole = () => options.onMove((now) => withAxes(now, now.down, now.across));
  followPointer(canvas, (point) => options.onReadout(point ? options.describe(point) : ""));
  zoomByWheel(canvas, zoom);
  panByDrag(canvas, pan);
  canvas.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) pan(...move);
    else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });
  return element(
    "div",
    { class: "ckpt-zoom", role: "toolbar", "aria-label": "Zoom" },
    button("+", () => zoom(0.5), { title: "Zoom in", "aria-label": "Zoom in" }),
    button("−", () => zoom(2), { title: "Zoom out", "aria-label": "Zoom out" }),
    button("⤢", whole, { title: "Show everything", "aria-label": "Show everything" }),
  );
}

/** How many NaN and Inf there are, each with a button that leads to the first. */
export function specialsNote(
  cells: TensorCells,
  onMove: HeatMapOptions["onMove"],
  placeOf: (indices: readonly number[]) => readonly number[],
): HTMLElement[] {
  return cells.specials.map(({ kind, count, first }) => {
    const where = `${formatCount(count)} ${kind}${count > 1 ? ", the first" : ""} at [${first.join(", ")}] `;
    return element(
      "p",
      { class: "ckpt-note" },
      where,
      button("→ go there", () => onMove((now) => around(now, placeOf(first)))),
    );
  });
}

/** Index and value at a point of a line. */
export function lineText(cells: TensorCells, window: TensorWindow, x: number): string {
  const [start = 0] = positionAt(window, 0, x);
  const place = (start - window.rows.start) / stepOf(window.rows);
  const [low, high] = [textAt(cells.low, place), textAt(cells.high, place)];
  const last = Math.min(start + stepOf(window.rows), window.rows.stop) - 1;
  return `[${last > start ? `${start}…${last}` : start}] = ${low === high ? low : `${low} to ${high}`}`;
}

function isLine(window: TensorWindow): boolean {
  return window.across < 0;
}

function interleaved(low: ArrayLike<number>, high: ArrayLike<number>): Float64Array {
  const halves = new Float64Array(2 * low.length);
  for (let cell = 0; cell < low.length; cell++) {
    halves[2 * cell] = low[cell] as number;
    halves[2 * cell + 1] = high[cell] as number;
  }
  return halves;
}

/** Call back with the pointer's place (0..1) over an element, with null when it leaves. */
export function followPointer(target: HTMLElement, callback: (point: Point | null) => void): void {
  target.addEventListener("pointermove", (event) => callback(pointIn(target, event)));
  target.addEventListener("pointerleave", () => callback(null));
}

/** Shares of the visible part that one arrow key moves: across, down. */
const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-0.25, 0],
  ArrowRight: [0.25, 0],
  ArrowUp: [0, -0.25],
  ArrowDown: [0, 0.25],
};

/** The page scrolls through the map unless the map has the focus or Ctrl says that zoom is meant. */
function zoomByWheel(canvas: HTMLCanvasElement, zoom: (factor: number, x: number, y: number) => void): void {
  const onWheel = (event: WheelEvent) => {
    const focused = (canvas.getRootNode() as Document | ShadowRoot).activeElement === canvas;
    if (!event.ctrlKey && !focused) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, ...pointIn(canvas, event));
  };
  canvas.addEventListener("wheel", onWheel, { passive: false });
}

/** Calls back with the shares of the picture that the drag went, once it ends. */
function panByDrag(canvas: HTMLCanvasElement, pan: (x: number, y: number) => void): void {
  canvas.addEventListener("pointerdown", (down) => {
    canvas.setPointerCapture(down.pointerId);
    const [fromX, fromY] = pointIn(canvas, down);
    const onUp = (up: PointerEvent) => {
      const [x, y] = pointIn(canvas, up);
      if (Math.abs(fromX - x) + Math.abs(fromY - y) > 0.01) pan(fromX - x, fromY - y);
    };
    canvas.addEventListener("pointerup", onUp, { once: true });
  });
}

export function pointIn(target: HTMLElement, event: MouseEvent): Point {
  return [event.offsetX / Math.max(target.clientWidth, 1), event.offsetY / Math.max(target.clientHeight, 1)];
}

function cellsOf(span: { readonly start: number; readonly stop: number }): number {
  return Math.ceil((span.stop - span.start) / stepOf(span));
}
