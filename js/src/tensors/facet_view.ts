/** The picture of all axes: a heat map of the plane with lines between its facets and labels beside them. */
import { button, element, select } from "../page/dom";
import { formatCount } from "../page/format";
import { type FacetPlane, indicesAt, type Level, levelsOf, outward, placeOf, turned } from "./facet_plane";
import { type HeatMapOptions, heatMapView, pointIn } from "./heat_map_view";
import { type TensorCells, textAt } from "./tensor_values";
import { positionAt, type Span, stepOf, type TensorWindow } from "./tensor_window";

/** Pixels beside and above the picture for labels. */
const LEFT = 46;
const TOP = 18;

/** Pixels of the picture's height and of a cell at most; of a facet from which lines are drawn. */
const MOST_HEIGHT = 300;
const MOST_CELL = 28;
const LEAST_FACET = 5;

export interface FacetOptions extends Omit<HeatMapOptions, "describe"> {
  /** What was clicked: indices in the tensor, and the text about it. */
  onPin(indices: readonly number[], text: string): void;
  readonly pinned: readonly number[] | null;
}

/** Elements that show the cells of a part of the plane; `window` is of the plane's rows and columns. */
export function facetView(
  cells: TensorCells,
  plane: FacetPlane,
  window: TensorWindow,
  options: FacetOptions,
): HTMLElement[] {
  const { order } = cells;
  const describe = (point: readonly [number, number]) => facetText(cells, plane, window, ...point);
  const [box, legend] = heatMapView(cells, window, { ...options, describe }) as [HTMLElement, HTMLElement];
  const heat = box.querySelector("canvas") as HTMLCanvasElement;
  const lines = element("canvas", { class: "ckpt-facet-lines", "aria-hidden": "true" });
  box.classList.add("ckpt-facets");
  box.append(lines);
  let from = { x: 0, y: 0 };
  heat.addEventListener("pointerdown", ({ clientX, clientY }) => {
    from = { x: clientX, y: clientY };
  });
  heat.addEventListener("click", (event) => {
    if (Math.abs(event.clientX - from.x) + Math.abs(event.clientY - from.y) > 4) return;
    const [row = 0, column = 0] = positionAt(window, ...pointIn(heat, event));
    options.onPin(indicesAt(plane, order, row, column), describe(pointIn(heat, event)));
    draw();
  });
  const draw = () => {
    sizeTo(heat, box.clientWidth);
    drawLines(lines, heat, plane, order, window, options.pinned);
  };
  requestAnimationFrame(draw);
  if (typeof ResizeObserver !== "undefined") new ResizeObserver(draw).observe(box);
  return [box, legend];
}

/** Indices and value of the cell at a point. */
export function facetText(
  cells: TensorCells,
  plane: FacetPlane,
  window: TensorWindow,
  x: number,
  y: number,
): string {
  const [row = 0, column = 0] = positionAt(window, x, y);
  const width = Math.ceil((window.columns.stop - window.columns.start) / stepOf(window.columns));
  const flat =
    ((row - window.rows.start) / stepOf(window.rows)) * width +
    (column - window.columns.start) / stepOf(window.columns);
  const [low, high] = [textAt(cells.low, flat), textAt(cells.high, flat)];
  const last = [
    Math.min(row + stepOf(window.rows), window.rows.stop) - 1,
    Math.min(column + stepOf(window.columns), window.columns.stop) - 1,
  ] as const;
  const first = indicesAt(plane, cells.order, row, column);
  const end = indicesAt(plane, cells.order, ...last);
  const places = first.map((index, axis) => (end[axis] === index ? `${index}` : `${index}…${end[axis]}`));
  return `[${places.join(", ")}] = ${low === high ? low : `${low} to ${high}`}`;
}

/** Give the cells the same width and height where that leaves them large enough, and the picture its room. */
function sizeTo(heat: HTMLCanvasElement, room: number): void {
  // A canvas has a pixel a cell; halves of cells are two across.
  const [columns, rows] = [Math.max(Number(heat.dataset.columns) || heat.width, 1), Math.max(heat.height, 1)];
  const width = Math.max(room - LEFT - 2, 60);
  const [wide, high] = [Math.min(width / columns, MOST_CELL), Math.min(MOST_HEIGHT / rows, MOST_CELL)];
  const square = Math.min(wide, high);
  const [across, down] = square >= 2 || Math.max(wide, high) < 2 * square ? [square, square] : [wide, high];
  heat.style.width = `${Math.max(columns * across, 40)}px`;
  heat.style.height = `${Math.max(rows * down, 24)}px`;
}

function drawLines(
  canvas: HTMLCanvasElement,
  heat: HTMLCanvasElement,
  plane: FacetPlane,
  order: readonly number[],
  window: TensorWindow,
  pinned: readonly number[] | null,
): void {
  const ratio = globalThis.devicePixelRatio || 1;
  const [width, height] = [heat.offsetWidth, heat.offsetHeight];
  canvas.style.width = `${width + LEFT}px`;
  canvas.style.height = `${height + TOP}px`;
  canvas.width = Math.round((width + LEFT) * ratio);
  canvas.height = Math.round((height + TOP) * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(canvas);
  context.scale(ratio, ratio);
  context.font = `11px ${style.fontFamily}`;
  const sides = [
    { axes: plane.down, span: window.rows, length: height, start: TOP },
    { axes: plane.across, span: window.columns, length: width, start: LEFT },
  ] as const;
  sides.forEach(({ axes, span, length, start }, side) => {
    const scale = length / Math.max(span.stop - span.start, 1);
    const levels = levelsOf(plane, axes);
    context.fillStyle = style.getPropertyValue("--ckpt-facet-line") || "gray";
    levels.forEach((level, depth) => {
      if (level.each === 1 || level.each * scale < LEAST_FACET) return;
      const thick = depth === 0 && levels.length > 2 ? 3 : 1.5;
      for (const edge of edges(level, span)) {
        const at = start + (edge - span.start) * scale - thick / 2;
        if (side === 0) context.fillRect(LEFT, at, width, thick);
        else context.fillRect(at, TOP, thick, height);
      }
    });
    context.fillStyle = style.color;
    for (const [at, text] of labels(levels, span, scale, side === 0 ? 13 : 26, plane, order)) {
      context.textAlign = side === 0 ? "right" : "center";
      context.textBaseline = side === 0 ? "middle" : "alphabetic";
      if (side === 0) context.fillText(text, LEFT - 5, start + at);
      else context.fillText(text, start + at, TOP - 5);
    }
  });
  if (pinned) {
    const [row, column] = placeOf(plane, order, pinned);
    const [down, across] = [window.rows, window.columns];
    if (row < down.start || row >= down.stop || column < across.start || column >= across.stop) return;
    const [cellHeight, cellWidth] = [
      height / (down.stop - down.start),
      width / (across.stop - across.start),
    ] as const;
    context.strokeStyle = style.getPropertyValue("--ckpt-accent") || "blue";
    context.lineWidth = 2;
    context.strokeRect(
      LEFT + (column - across.start) * cellWidth - 1,
      TOP + (row - down.start) * cellHeight - 1,
      Math.max(cellWidth, 4) + 2,
      Math.max(cellHeight, 4) + 2,
    );
  }
}

/** Places inside a span at which a new position of a level begins. */
function* edges({ each }: Level, { start, stop }: Span): Generator<number> {
  for (let edge = (Math.floor(start / each) + 1) * each; edge < stop; edge += each) yield edge;
}

/** Pixels from the start of a side, and the index to write there: of the innermost axis whose indices have room. */
function labels(
  levels: readonly Level[],
  span: Span,
  scale: number,
  room: number,
  plane: FacetPlane,
  order: readonly number[],
): Array<readonly [at: number, text: string]> {
  const level = labelledLevel(levels, scale, room);
  if (!level) return [];
  const { axis, size, each } = level;
  const skip = Math.max(1, Math.ceil(room / (each * scale)));
  const found: Array<readonly [number, string]> = [];
  for (let block = Math.floor(span.start / each); block * each < span.stop; block++) {
    if (block % skip !== 0) continue;
    const from = Math.max(block * each, span.start);
    const to = Math.min((block + 1) * each, span.stop);
    const index = block % size;
    const text = String(axis === plane.sorted ? (order[index] ?? index) : index);
    found.push([((from + to) / 2 - span.start) * scale, text]);
  }
  return found;
}

function labelledLevel(levels: readonly Level[], scale: number, room: number): Level | undefined {
  const fitting = levels.filter((level) => level.each * scale >= room && level.size > 1);
  return fitting[0] ?? levels.find((level) => level.size > 1) ?? levels[0];
}

/** What lays the axes down and across, and puts one of them in the order of its norms. */
export function facetControls(plane: FacetPlane, onChange: (plane: FacetPlane) => void): HTMLElement[] {
  const side = (title: string, axes: readonly number[], other: string) =>
    element(
      "span",
      { class: "ckpt-facet-side", role: "group", "aria-label": title },
      `${title} `,
      ...axes.flatMap((axis, place) => {
        const name = `axis ${axis} (${formatCount(plane.shape[axis] ?? 1)})`;
        const move = button(name, () => onChange(turned(plane, axis)), {
          title: `Lay ${name} ${other}`,
          disabled: axes.length < 2,
        });
        const out = button("‹", () => onChange(outward(plane, axis)), {
          class: "ckpt-facet-out",
          title: `${name} one place further out`,
          "aria-label": `${name} one place further out`,
        });
        return place === 0 ? [move] : [out, move];
      }),
    );
  const orders = [
    ["", "as stored"],
    ...plane.shape.map(
      (size, axis) => [String(axis), `axis ${axis} (${formatCount(size)}) by norm`] as const,
    ),
  ] as const;
  const sort = select("Order", orders, plane.sorted === null ? "" : String(plane.sorted), (text) =>
    onChange({ ...plane, sorted: text === "" ? null : Number(text) }),
  );
  const sides =
    plane.shape.length > 2 ? [side("down", plane.down, "across"), side("across", plane.across, "down")] : [];
  return [...sides, element("label", {}, "order ", sort)];
}
