/** Convolution kernels as a mosaic of small pictures, one input channel at a time. */

import { element } from "../page/dom";
import { formatCount } from "../page/format";
import { scaleFor } from "./color_scale";
import { colorLegend, mosaicOf, paintCells } from "./heat_map";
import type { TensorValues } from "./tensor_values";
import type { AxisRange } from "./tensor_window";

/** Kernels up to this height and width are drawn as filters. */
const MAX_SIZE = 16;

/** Filters drawn at most; more would each be too small to see. */
const MAX_FILTERS = 144;

/** Position of the input channels in a kernel [height, width, in, out]. */
export const CHANNEL_AXIS = 2;

/** True for the shape of a 2-D convolution kernel [height, width, in, out]. */
export function looksLikeFilters(shape: readonly number[]): boolean {
  const [height = 0, width = 0, channels = 0, count = 0] = shape;
  if (shape.length !== 4 || Math.min(channels, count) < 1) return false;
  return Math.min(height, width) > 1 && Math.max(height, width) <= MAX_SIZE;
}

/** The request for the filters of one input channel. */
export function filtersRegion(shape: readonly number[], channel: number): AxisRange[] {
  const [height = 0, width = 0, , count = 0] = shape;
  return [
    [0, height, 1],
    [0, width, 1],
    [channel, channel + 1, 1],
    [0, Math.min(count, MAX_FILTERS), 1],
  ];
}

/** Elements that show the filters of one channel; `onChannel` is called when the user chooses another. */
export function filtersView(
  values: TensorValues,
  shape: readonly number[],
  channel: number,
  onChannel: (channel: number) => void,
): HTMLElement[] {
  const [height = 0, width = 0, channels = 1, all = 0] = shape;
  const count = Math.min(all, MAX_FILTERS);
  const scale = scaleFor(values.numbers);
  const { cells, columns, filled } = mosaicOf(values.numbers, [height, width, count]);
  const canvas = element("canvas", { class: "ckpt-mosaic", role: "img", "aria-label": `${count} filters` });
  paintCells(canvas, cells, columns, scale, (cell) => filled[cell] === 0);
  const shown = count < all ? `${formatCount(count)} of ${formatCount(all)}` : formatCount(count);
  const nodes: HTMLElement[] = [
    element("div", { class: "ckpt-heat-box" }, canvas),
    colorLegend(scale),
    element("p", { class: "ckpt-note" }, `${shown} filters of ${height} × ${width}`),
  ];
  if (channels > 1) nodes.push(slider("input channel", channels, channel, onChannel));
  return nodes;
}

/** A labelled slider over the positions of one axis, which shows its value. */
export function slider(
  label: string,
  size: number,
  value: number,
  onInput: (position: number) => void,
): HTMLElement {
  const output = element("output", {}, String(value));
  const input = element("input", {
    type: "range",
    min: 0,
    max: Math.max(size - 1, 0),
    value,
    "aria-label": `Position on ${label}`,
    oninput: () => {
      output.value = input.value;
      onInput(Number(input.value));
    },
  });
  return element("label", { class: "ckpt-slider" }, label, input, output);
}
