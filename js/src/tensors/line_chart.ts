/** A tensor of one dimension as a line, or as the band between the least and the greatest value of each place. */
import { element } from "../page/dom";
import { formatNumber } from "../page/format";
import { INFINITY_COLOR, NAN_COLOR } from "./color_scale";

export interface Band {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/** Least and greatest finite value; values that are all the same get room around them. */
export function bandRange({ low, high }: Band): readonly [low: number, high: number] {
  const bottom = finite(low).reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const top = finite(high).reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  if (top > bottom) return [bottom, top];
  const middle = top === bottom ? top : 0;
  const room = Math.abs(middle) / 2 || 1;
  return [middle - room, middle + room];
}

/** The values beside the line, greatest above. */
export function lineAxis(band: Band): HTMLElement {
  const [low, high] = bandRange(band);
  const labels = [high, (low + high) / 2, low].map((value) => element("span", {}, formatNumber(value)));
  return element("div", { class: "ckpt-line-axis", "aria-hidden": "true" }, ...labels);
}

/** Draw places left to right over the whole canvas; NaN and infinities are bars in colours of their own. */
export function drawBand(canvas: HTMLCanvasElement, band: Band): void {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round((canvas.clientWidth || 300) * ratio);
  canvas.height = Math.round((canvas.clientHeight || 120) * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  const { low, high } = band;
  const [bottom, top] = bandRange(band);
  const count = Math.max(low.length, 1);
  const margin = 4 * ratio;
  const x = (place: number) => ((place + 0.5) * canvas.width) / count;
  const y = (value: number) =>
    canvas.height - margin - ((value - bottom) / (top - bottom)) * (canvas.height - 2 * margin);
  context.strokeStyle = getComputedStyle(canvas).color;
  context.fillStyle = context.strokeStyle;
  if (bottom < 0 && top > 0) {
    context.globalAlpha = 0.35;
    context.fillRect(0, y(0), canvas.width, ratio);
    context.globalAlpha = 1;
  }
  context.lineWidth = 1.5 * ratio;
  context.beginPath();
  let drawing = false;
  for (let place = 0; place < low.length; place++) {
    const [from, to] = [low[place] as number, high[place] as number];
    const isDrawn = Number.isFinite(from) && Number.isFinite(to);
    if (isDrawn && drawing) context.lineTo(x(place), y(to));
    else if (isDrawn) context.moveTo(x(place), y(to));
    if (isDrawn) context.lineTo(x(place), y(from));
    drawing = isDrawn;
  }
  context.stroke();
  const width = Math.max(canvas.width / count, 3 * ratio);
  for (let place = 0; place < low.length; place++) {
    const [from, to] = [low[place] as number, high[place] as number];
    if (Number.isFinite(from) && Number.isFinite(to)) continue;
    context.fillStyle = `rgb(${(Number.isNaN(from) ? NAN_COLOR : INFINITY_COLOR).join(" ")})`;
    context.fillRect(x(place) - width / 2, 0, width, canvas.height);
  }
}

function finite(values: ArrayLike<number>): number[] {
  return Array.from(values).filter(Number.isFinite);
}
