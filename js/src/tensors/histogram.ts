/** Histograms: small ones in the rows and headers of the table, a large one beside a tensor's values. */
import { element } from "../page/dom";
import { formatCount, formatNumber } from "../page/format";

/** Heights of the bars, 0..1; counts of one stay visible on both scales. */
export function barHeights(bins: readonly number[], logarithmic: boolean): number[] {
  const scaled = bins.map((count) => (logarithmic ? Math.log1p(count) : count));
  const most = Math.max(...scaled, 0);
  return scaled.map((value) => (most > 0 && value > 0 ? Math.max(value / most, 0.02) : 0));
}

/** Draw bars over the whole canvas, in its CSS colour; sharp on dense screens. */
export function drawBars(canvas: HTMLCanvasElement, bins: readonly number[], logarithmic = false): void {
  const ratio = globalThis.devicePixelRatio || 1;
  const width = Math.round((canvas.clientWidth || 96) * ratio);
  const height = Math.round((canvas.clientHeight || 18) * ratio);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context || bins.length === 0) return;
  context.fillStyle = getComputedStyle(canvas).color;
  barHeights(bins, logarithmic).forEach((share, bin) => {
    const left = Math.round((bin * width) / bins.length);
    const right = Math.round(((bin + 1) * width) / bins.length);
    const bar = share === 0 ? 0 : Math.max(Math.round(share * height), 1);
    context.fillRect(left, height - bar, Math.max(right - left - (right - left > 3 ? 1 : 0), 1), bar);
  });
}

/** The histogram of one tensor with its range, a logarithm toggle and the count under the pointer. */
export function histogramFigure(bins: readonly number[], low: number, high: number): HTMLElement {
  const canvas = element("canvas", { class: "ckpt-histogram", role: "img", tabindex: 0 });
  const readout = element("output", { class: "ckpt-readout", "aria-live": "polite" });
  const toggle = element("input", { type: "checkbox", onchange: () => draw() });
  const step = (high - low) / Math.max(bins.length, 1);
  const describe = (bin: number) =>
    `${formatNumber(low + bin * step)} to ${formatNumber(low + (bin + 1) * step)}: ${formatCount(bins[bin] ?? 0)}`;
  const draw = () => drawBars(canvas, bins, toggle.checked);
  canvas.setAttribute(
    "aria-label",
    `Histogram from ${formatNumber(low)} to ${formatNumber(high)}; fullest: ${describe(bins.indexOf(Math.max(...bins)))}`,
  );
  canvas.addEventListener("pointermove", (event) => {
    const bin = Math.floor((event.offsetX / Math.max(canvas.clientWidth, 1)) * bins.length);
    readout.value = bins[bin] === undefined ? "" : describe(bin);
  });
  canvas.addEventListener("pointerleave", () => {
    readout.value = "";
  });
  requestAnimationFrame(draw);
  return element(
    "figure",
    { class: "ckpt-figure" },
    canvas,
    element(
      "figcaption",
      {},
      element("span", {}, formatNumber(low)),
      readout,
      element("label", {}, toggle, " log"),
      element("span", {}, formatNumber(high)),
    ),
  );
}

/** One bar of a header histogram: what it stands for and how many rows it holds. */
export interface Bar {
  readonly label: string;
  readonly count: number;
  readonly chosen: boolean;
  choose(): void;
}

/** Bars that are buttons: a click narrows the table to what the bar stands for, a second click lifts that. */
export function barButtons(name: string, bars: readonly Bar[]): HTMLElement {
  const heights = barHeights(
    bars.map((bar) => bar.count),
    true,
  );
  const group = element("div", { class: "ckpt-bars", role: "group", "aria-label": `Filter by ${name}` });
  bars.forEach((bar, position) => {
    const title = `${bar.label}: ${formatCount(bar.count)}`;
    const node = element("button", {
      type: "button",
      class: "ckpt-bin",
      title,
      "aria-label": `${name} ${title}`,
      "aria-pressed": String(bar.chosen),
      onclick: (event) => {
        event.stopPropagation();
        bar.choose();
      },
    });
    node.style.setProperty("--height", String(heights[position] ?? 0));
    group.append(node);
  });
  return group;
}
