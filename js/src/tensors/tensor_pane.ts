/** One tensor's values, as what they are: a scalar, a line, a picture of all axes, strings; and as a table. */

import type { Channel } from "../kernel/messages";
import { button, element, select } from "../page/dom";
import { formatBytes, formatCount, formatNumber, visibleName } from "../page/format";
import { oneStop } from "../page/one_stop";
import { errorLine } from "../page/view_root";
import { slider } from "./axis_slider";
import { denseLine } from "./dense_line";
import { type FacetPlane, facetsOf, placeOf, planeShape } from "./facet_plane";
import { facetControls, facetView } from "./facet_view";
import { explorer, type HeatMapOptions, lineText, type Point, specialsNote } from "./heat_map_view";
import { histogramFigure } from "./histogram";
import { drawBand, lineAxis } from "./line_chart";
import { extremeText, type Statistics } from "./statistics";
import { decodeCells, decodeValues, type TensorCells, type TensorValues, textAt } from "./tensor_values";
import { regionOf, stepOf, type TensorWindow, wholeWindow, withAxes, withPosition } from "./tensor_window";
import { tableWindow, valuesTable } from "./values_table";

/** What the pane says about the tensor before any value has come. */
export interface TensorHeading {
  readonly row: number;
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

type Mode = "picture" | "table";

const MODE_LABELS: Readonly<Record<Mode, string>> = {
  picture: "Picture",
  table: "Table",
};

const COMPLEX_PARTS = [
  ["abs", "magnitude"],
  ["phase", "phase"],
  ["real", "real part"],
  ["imag", "imaginary part"],
] as const;

export class TensorPane {
  readonly root = element("section", { class: "ckpt-tensor", "aria-label": "Tensor" });
  readonly #channel: Channel;
  readonly #onClose: () => void;
  readonly #body = element("div", { class: "ckpt-tensor-body" });
  readonly #facts = element("div", { class: "ckpt-facts" });
  readonly #summary = element("p", { class: "ckpt-dense" });
  readonly #readout = element("output", { class: "ckpt-readout" });
  #heading: TensorHeading | null = null;
  #window: TensorWindow = wholeWindow([]);
  /** How the axes make a picture, and the part of it that is seen: rows and columns of the plane. */
  #plane: FacetPlane = facetsOf([]);
  #view: TensorWindow = wholeWindow([]);
  #pinned: { readonly indices: readonly number[]; readonly text: string } | null = null;
  #mode: Mode = "picture";
  #part = "abs";
  #request: AbortController | null = null;
  #statistics: Statistics | undefined;

  constructor(channel: Channel, onClose: () => void) {
    this.#channel = channel;
    this.#onClose = onClose;
    this.root.hidden = true;
  }

  /** The row of the index that is shown, or -1. */
  get row(): number {
    return this.#heading?.row ?? -1;
  }

  show(heading: TensorHeading): void {
    this.#heading = heading;
    this.#window = wholeWindow(heading.shape);
    this.#plane = facetsOf(heading.shape);
    this.#view = wholeWindow(planeShape(this.#plane));
    this.#pinned = null;
    this.#mode = this.#modes()[0] ?? "table";
    this.root.hidden = false;
    this.#statistics = undefined;
    this.#facts.replaceChildren();
    this.#render();
  }

  hide(): void {
    this.#request?.abort();
    this.#heading = null;
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  /** Paint the pictures in the colours that hold now. */
  repaint(): void {
    if (!this.#heading) return;
    this.#facts.replaceChildren();
    this.showStatistics(this.#statistics);
    void this.#fetch();
  }

  /** Fill in what the statistics say, once they are there. */
  showStatistics(statistics: Statistics | undefined): void {
    if (statistics && statistics === this.#statistics && this.#facts.hasChildNodes()) return;
    this.#statistics = statistics;
    this.#facts.replaceChildren();
    this.#summarize();
    if (!statistics) return;
    if (statistics.error !== null) return;
    const { min, max, mean, std, zeros, nans, infs, bins } = statistics;
    const elements = this.#heading?.shape.reduce((product, size) => product * size, 1) ?? 0;
    const facts =
      this.#heading?.dtype === "bool"
        ? [
            ["elements", formatCount(elements)],
            ["True", formatCount(elements - zeros)],
            ["False", formatCount(zeros)],
          ]
        : [
            ["elements", formatCount(elements)],
            ["zeros", min === null && nans + infs === 0 ? "" : formatCount(zeros)],
            ["min", extremeText(statistics, "min")],
            ["max", extremeText(statistics, "max")],
            ["mean", mean === null ? "" : formatNumber(mean)],
            ["std", std === null ? "" : formatNumber(std)],
            ["NaN", nans > 0 ? formatCount(nans) : ""],
            ["Inf", infs > 0 ? formatCount(infs) : ""],
          ];
    const list = element("dl", {});
    for (const [label = "", text = ""] of facts)
      if (text !== "") list.append(element("dt", {}, label), element("dd", {}, text));
    this.#facts.append(list);
    if (bins.length > 0 && min !== null && max !== null) this.#facts.append(histogramFigure(bins, min, max));
  }

  /** What is known of it, in one line. */
  #summarize(): void {
    const { dtype = "", shape = [], bytes = -1 } = this.#heading ?? {};
    const size = formatBytes(bytes);
    this.#summary.textContent = `${denseLine(dtype, shape, this.#statistics)}${size && ` · ${size}`}`;
  }

  #render(): void {
    const heading = this.#heading;
    if (!heading) return;
    const name = visibleName(heading.name);
    this.#summarize();
    const close = button("✕", this.#onClose, {
      class: "ckpt-close",
      title: "Close (Esc)",
      "aria-label": "Close",
    });
    const head = element("header", {}, element("h3", { title: name }, name), this.#summary, close);
    const main = element(
      "div",
      { class: "ckpt-tensor-main" },
      this.#controls(heading),
      this.#body,
      this.#readout,
    );
    this.root.replaceChildren(head, element("div", { class: "ckpt-tensor-parts" }, main, this.#facts));
    this.#readout.value = "";
    void this.#fetch();
  }

  /** The ways to show this tensor, best first; one of them needs no choice. */
  #modes(): Mode[] {
    const { shape = [], dtype = "" } = this.#heading ?? {};
    if (dtype === "string" || dtype === "variant" || shape.length === 0) return ["table"];
    return ["picture", "table"];
  }

  #controls(heading: TensorHeading): HTMLElement {
    const bar = element("div", {
      class: "ckpt-controls",
      role: "toolbar",
      "aria-label": "How to show the values",
    });
    oneStop(bar);
    const modes = this.#modes();
    if (modes.length > 1)
      for (const mode of modes)
        bar.append(
          button(MODE_LABELS[mode], () => this.#change({ mode }), {
            "aria-pressed": String(mode === this.#mode),
          }),
        );
    if (heading.dtype.startsWith("complex"))
      bar.append(
        select("Part of the complex numbers", COMPLEX_PARTS, this.#part, (part) => this.#change({ part })),
      );
    if (this.#hasFacets) bar.append(...facetControls(this.#plane, (plane) => this.#arrange(plane)));
    else if (heading.shape.length > 2) bar.append(...this.#axisControls());
    return bar;
  }

  /** Whether all axes are in the picture. */
  get #hasFacets(): boolean {
    const { shape = [] } = this.#heading ?? {};
    return this.#mode === "picture" && shape.length > 1 && !shape.includes(0);
  }

  #arrange(plane: FacetPlane): void {
    this.#plane = plane;
    this.#view = wholeWindow(planeShape(plane));
    this.#render();
  }

  #axisControls(): HTMLElement[] {
    const { shape, down, across, at } = this.#window;
    const axes = shape.map((size, axis) => [String(axis), `axis ${axis} (${formatCount(size)})`] as const);
    // Choosing the axis that is already shown the other way swaps the two.
    const rows = select("Axis shown down", axes, String(down), (text) => {
      const axis = Number(text);
      this.#change({ window: withAxes(this.#window, axis, axis === across ? down : across) });
    });
    const columns = select("Axis shown across", axes, String(across), (text) => {
      const axis = Number(text);
      this.#change({ window: withAxes(this.#window, axis === down ? across : down, axis) });
    });
    const sliders = shape.flatMap((size, axis) => {
      if (axis === down || axis === across) return [];
      return slider(`axis ${axis}`, size, at[axis] ?? 0, (position) => {
        this.#window = withPosition(this.#window, axis, position);
        void this.#fetch();
      });
    });
    return [element("label", {}, "down ", rows), element("label", {}, "across ", columns), ...sliders];
  }

  #change(change: { mode?: Mode; part?: string; window?: TensorWindow }): void {
    this.#mode = change.mode ?? this.#mode;
    this.#part = change.part ?? this.#part;
    this.#window = change.window ?? this.#window;
    this.#render();
  }

  /** What is asked of the kernel for what is shown. */
  #question(heading: TensorHeading): readonly [kind: string, payload: Record<string, unknown>] {
    const { row } = heading;
    const part = this.#part;
    const { down, across, sorted } = this.#plane;
    if (this.#mode === "table" || heading.shape.includes(0) || heading.shape.length === 0)
      return ["values", { row, part, region: regionOf(tableWindow(this.#window)) }];
    const [rows, columns = [0, 1, 1]] = regionOf(this.#hasFacets ? this.#view : this.#window);
    return ["cells", { row, part, down, across, sorted, rows, columns }];
  }

  async #fetch(): Promise<void> {
    const heading = this.#heading;
    if (!heading) return;
    this.#request?.abort();
    this.#request = new AbortController();
    const [kind, payload] = this.#question(heading);
    this.root.setAttribute("aria-busy", "true");
    try {
      const signal = this.#request.signal;
      const reply = await this.#channel.request(kind, payload, { signal });
      this.#body.replaceChildren(
        ...(kind === "values" ? this.#draw(heading, decodeValues(reply)) : this.#picture(decodeCells(reply))),
      );
    } catch (error) {
      const line = errorLine(error);
      if (!line) return;
      this.#body.replaceChildren(line);
    }
    this.root.removeAttribute("aria-busy");
  }

  #draw(heading: TensorHeading, values: TensorValues): HTMLElement[] {
    const { shape } = heading;
    if (shape.length === 0)
      return [
        element("p", { class: "ckpt-scalar" }, textAt(values, 0)),
        ...(values.note ? [element("p", { class: "ckpt-note" }, values.note)] : []),
      ];
    if (shape.includes(0)) return [element("p", { class: "ckpt-note" }, "No elements.")];
    return [valuesTable(values, this.#window)];
  }

  #picture(cells: TensorCells): HTMLElement[] {
    const plane = this.#plane;
    const options = {
      onReadout: (text: string) => {
        this.#readout.value = text || (this.#pinned ? `⌖ ${this.#pinned.text}` : "");
      },
      onMove: (move: (window: TensorWindow) => TensorWindow) => this.#move(move),
    };
    if (!this.#hasFacets)
      return [
        ...this.#line(cells, options),
        ...specialsNote(cells, options.onMove, (indices) => indices),
        ...this.#stepNote(this.#window),
      ];
    const pinned = () => this.#pinned?.indices ?? null;
    const picture = facetView(cells, plane, this.#view, {
      ...options,
      get pinned() {
        return pinned();
      },
      onPin: (indices, text) => {
        const again = this.#pinned?.text === text;
        this.#pinned = again ? null : { indices, text };
        this.#readout.value = again ? "" : `⌖ ${text}`;
      },
    });
    const notes = specialsNote(cells, options.onMove, (indices) => placeOf(plane, cells.order, indices));
    return [...picture, ...notes, ...this.#stepNote(this.#view)];
  }

  /** Look elsewhere, and leave the focus in the picture if it was there. */
  #move(move: (window: TensorWindow) => TensorWindow): void {
    const focused = (this.root.getRootNode() as Document | ShadowRoot).activeElement;
    const held = focused?.matches(PICTURES) ?? false;
    if (this.#hasFacets) this.#view = move(this.#view);
    else this.#window = move(this.#window);
    void this.#fetch().then(() => {
      if (held) this.#body.querySelector<HTMLElement>(PICTURES)?.focus();
    });
  }

  #line(cells: TensorCells, options: Omit<HeatMapOptions, "describe">): HTMLElement[] {
    const band = { low: cells.low.numbers, high: cells.high.numbers };
    const label = "Values in order; arrow keys move, + and − zoom, 0 shows everything";
    const canvas = element("canvas", { class: "ckpt-line", role: "img", tabindex: 0, "aria-label": label });
    requestAnimationFrame(() => drawBand(canvas, band));
    const describe = ([x]: Point) => lineText(cells, this.#window, x);
    const tools = explorer(canvas, { ...options, describe });
    return [element("div", { class: "ckpt-line-box" }, lineAxis(band), canvas, tools)];
  }

  /** Says what a cell stands for where it is more than one value. */
  #stepNote({ rows, columns, across }: TensorWindow): HTMLElement[] {
    const [down, right] = [stepOf(rows), stepOf(columns)];
    if (Math.max(down, right) === 1) return [];
    const text =
      across < 0
        ? `Each place stands for ${down} values: the line goes from their least to their greatest.`
        : `Each cell stands for ${down} × ${right} values: its left half is their least, its right half their greatest.`;
    return [element("p", { class: "ckpt-note" }, text)];
  }
}

/** What can be looked around in. */
const PICTURES = ".ckpt-heat, .ckpt-line";
