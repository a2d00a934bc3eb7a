/** Which part of a tensor is looked at: two shown axes, one position on each other axis, a rectangle to zoom into. */

/** Cells fetched per axis at most: about what a picture of this size can show. */
export const MAX_CELLS = 256;

/** One axis of a request: positions start, start + step, … below stop. */
export type AxisRange = readonly [start: number, stop: number, step: number];

/** Half-open range of positions on one axis. */
export interface Span {
  readonly start: number;
  readonly stop: number;
}

export interface TensorWindow {
  readonly shape: readonly number[];
  /** Axes shown down and across; across is -1 for a tensor of one dimension. */
  readonly down: number;
  readonly across: number;
  /** Position on every axis; only those of the hidden axes count. */
  readonly at: readonly number[];
  readonly rows: Span;
  readonly columns: Span;
}

/** The whole of the last two axes (or of the only one), first position elsewhere. */
export function wholeWindow(shape: readonly number[]): TensorWindow {
  const across = shape.length > 1 ? shape.length - 1 : -1;
  return withAxes({ shape, at: shape.map(() => 0) }, Math.max(shape.length - 2, 0), across);
}

export function withAxes(
  window: Pick<TensorWindow, "shape" | "at">,
  down: number,
  across: number,
): TensorWindow {
  const { shape, at } = window;
  const span = (axis: number): Span => ({ start: 0, stop: axis < 0 ? 1 : (shape[axis] ?? 1) });
  return { shape, at, down, across, rows: span(down), columns: span(across) };
}

export function withPosition(window: TensorWindow, axis: number, position: number): TensorWindow {
  return { ...window, at: window.at.map((old, each) => (each === axis ? position : old)) };
}

export function stepOf(span: Span): number {
  return Math.max(1, Math.ceil((span.stop - span.start) / MAX_CELLS));
}

/** The request for what the window shows: every axis of the tensor, in order. */
export function regionOf(window: TensorWindow): AxisRange[] {
  return window.shape.map((_, axis): AxisRange => {
    if (axis === window.down) return [window.rows.start, window.rows.stop, stepOf(window.rows)];
    if (axis === window.across) return [window.columns.start, window.columns.stop, stepOf(window.columns)];
    const position = window.at[axis] ?? 0;
    return [position, position + 1, 1];
  });
}

/** Zoom around a point (0..1 of the picture); a factor below 1 goes nearer. */
export function zoomed(window: TensorWindow, factor: number, x = 0.5, y = 0.5): TensorWindow {
  return {
    ...window,
    rows: scaled(window.rows, factor, y, window.shape[window.down] ?? 1),
    columns: scaled(window.columns, factor, x, window.shape[window.across] ?? 1),
  };
}

/** Move by shares of the visible part. */
export function panned(window: TensorWindow, x: number, y: number): TensorWindow {
  return {
    ...window,
    rows: moved(window.rows, y, window.shape[window.down] ?? 1),
    columns: moved(window.columns, x, window.shape[window.across] ?? 1),
  };
}

/** Positions in the tensor of the cell under a point (0..1 of the picture). */
export function positionAt(window: TensorWindow, x: number, y: number): number[] {
  const pick = (span: Span, share: number) => {
    const step = stepOf(span);
    const cells = Math.ceil((span.stop - span.start) / step);
    const cell = Math.min(Math.max(Math.floor(share * cells), 0), cells - 1);
    return span.start + cell * step;
  };
  return window.shape.map((_, axis) => {
    if (axis === window.down) return pick(window.rows, y);
    if (axis === window.across) return pick(window.columns, x);
    return window.at[axis] ?? 0;
  });
}

/** Cells shown around a place that is gone to. */
const NEAR = 32;

/** A window around a place in the tensor, in which each cell is one value. */
export function around(window: TensorWindow, place: readonly number[]): TensorWindow {
  const near = (axis: number): Span => {
    const size = axis < 0 ? 1 : (window.shape[axis] ?? 1);
    const length = Math.min(NEAR, size);
    return clamped((place[axis] ?? 0) - Math.floor(length / 2), length, size);
  };
  return { ...window, rows: near(window.down), columns: near(window.across) };
}

/** The fewest cells along an axis that zooming goes down to. */
const NEAREST = 4;

function scaled(span: Span, factor: number, share: number, size: number): Span {
  const length = span.stop - span.start;
  const wanted = Math.min(size, Math.max(Math.min(NEAREST, size), Math.round(length * factor)));
  const fixed = span.start + length * share;
  return clamped(Math.round(fixed - wanted * share), wanted, size);
}

function moved(span: Span, share: number, size: number): Span {
  const length = span.stop - span.start;
  return clamped(span.start + Math.round(share * length), length, size);
}

function clamped(start: number, length: number, size: number): Span {
  const first = Math.min(Math.max(start, 0), Math.max(size - length, 0));
  return { start: first, stop: first + length };
}
