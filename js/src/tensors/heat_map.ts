/** Numbers as coloured cells on a canvas. */

import { element } from "../page/dom";
import { formatNumber } from "../page/format";
import { type ColorScale, colorOf, INFINITY_COLOR, NAN_COLOR, scaleFor } from "./color_scale";

/**
 * Paint `numbers` (row by row, `columns` wide), one pixel a cell; CSS enlarges the canvas without smoothing. Empty cells
 * let the page show through.
 */
export function paintCells(
  canvas: HTMLCanvasElement,
  numbers: ArrayLike<number>,
  columns: number,
  scale: ColorScale = scaleFor(numbers),
  isEmpty: (cell: number) => boolean = () => false,
): void {
  const rows = Math.ceil(numbers.length / Math.max(columns, 1));
  canvas.width = Math.max(columns, 1);
  canvas.height = Math.max(rows, 1);
  const context = canvas.getContext("2d");
  if (!context || numbers.length === 0) return;
  const image = context.createImageData(columns, rows);
  for (let cell = 0; cell < numbers.length; cell++) {
    if (isEmpty(cell)) continue;
    const [red, green, blue] = colorOf(numbers[cell] as number, scale);
    image.data.set([red, green, blue, 255], cell * 4);
  }
  context.putImageData(image, 0, 0);
}

/** Pixels of the page that a NaN or an infinity takes at least, and the size that pictures have at least. */
const MARK = 3;
const LEAST_WIDTH = 300;
const LEAST_HEIGHT = 240;

/** Let NaN and infinities grow over their neighbours where cells are too small to be seen. */
export function markSpecials(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { width, height } = canvas;
  const reach = (cells: number, pixels: number) => Math.max(Math.ceil(((MARK * cells) / pixels - 1) / 2), 0);
  const [right, down] = [reach(width, LEAST_WIDTH), reach(height, LEAST_HEIGHT)];
  if (right + down === 0) return;
  const image = context.getImageData(0, 0, width, height).data;
  // NaN last, on top: it says more than an infinity.
  for (const color of [INFINITY_COLOR, NAN_COLOR]) {
    context.fillStyle = `rgb(${color.join(" ")})`;
    for (let cell = 0; cell < width * height; cell++)
      if (color.every((part, channel) => image[4 * cell + channel] === part))
        context.fillRect(
          (cell % width) - right,
          Math.floor(cell / width) - down,
          2 * right + 1,
          2 * down + 1,
        );
  }
}

/** The colours and what they mean. */
export function colorLegend(scale: ColorScale, hasSpecials = false): HTMLElement {
  const canvas = element("canvas", { class: "ckpt-legend-bar", "aria-hidden": "true" });
  const steps = 128;
  const range = scale.high - scale.low;
  const ramp = Float64Array.from({ length: steps }, (_, step) => scale.low + (range * step) / (steps - 1));
  paintCells(canvas, ramp, steps, scale);
  const middle = scale.diverging ? element("span", {}, "0") : null;
  return element(
    "div",
    { class: "ckpt-legend" },
    element("span", {}, formatNumber(scale.low)),
    element("div", { class: "ckpt-legend-ramp" }, canvas, middle),
    element("span", {}, formatNumber(scale.high)),
    hasSpecials ? element("span", { class: "ckpt-swatch nan" }, "NaN") : null,
    hasSpecials ? element("span", { class: "ckpt-swatch inf" }, "±Inf") : null,
  );
}
