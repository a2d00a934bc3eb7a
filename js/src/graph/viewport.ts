/** Which part of a drawing is seen: pan and zoom as one transform, with a small map of the whole. */
import { button, element } from "../page/dom";
import type { Box } from "./graph_layout";
import { svgElement } from "./svg";

/** Screen pixels per drawing unit. */
const LEAST = 0.05;
const MOST = 6;

/** A drawing that fits is not blown up beyond this. */
const FIT_MOST = 1.25;

/** Everything can still be read. */
const READABLE = 0.85;

/** Below this a picture shows where things are, but not what they are. */
const SURVEY = 0.45;

/** Pixels of drag below which a press is a click. */
const CLICK_SLOP = 4;

/** Share by which the scale changes before texts are written anew. */
const LETTER_STEP = 0.03;

/** Bounds of the window's height when the first drawing comes, in pixels. */
const LOWEST = 300;
const HIGHEST = 660;

const FIT_MARGIN = 10;
const MAP_WIDTH = 180;
const MAP_HEIGHT = 56;

type Size = Pick<Box, "width" | "height">;

/** Scale and place of the drawing in the window. */
export interface Transform {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The transform that shows all of `drawing` in the middle of a window. */
export function fitTransform(drawing: Size, window: Size): Transform {
  const scale = Math.min(
    (window.width - 2 * FIT_MARGIN) / Math.max(drawing.width, 1),
    (window.height - 2 * FIT_MARGIN) / Math.max(drawing.height, 1),
    FIT_MOST,
  );
  const bounded = Math.max(scale, LEAST);
  return {
    scale: bounded,
    x: (window.width - drawing.width * bounded) / 2,
    y: (window.height - drawing.height * bounded) / 2,
  };
}

/** Zoom by a factor so that the point (x, y) of the window stays where it is. */
export function zoomAt(transform: Transform, factor: number, x: number, y: number): Transform {
  const scale = Math.min(Math.max(transform.scale * factor, LEAST), MOST);
  const ratio = scale / transform.scale;
  return { scale, x: x - (x - transform.x) * ratio, y: y - (y - transform.y) * ratio };
}

/** The transform of a drawing that is seen for the first time: all of it, or its beginning where that could not be read. */
export function firstTransform(drawing: Size, window: Size): Transform {
  const fitting = fitTransform(drawing, window);
  if (fitting.scale >= SURVEY) return fitting;
  const place = (size: number, room: number) =>
    size * READABLE <= room ? (room - size * READABLE) / 2 : FIT_MARGIN;
  return {
    scale: READABLE,
    x: place(drawing.width, window.width),
    y: place(drawing.height, window.height),
  };
}

/**
 * The transform after what was at `from` is drawn at `to`: its middle stays on its place of the screen, then moves no
 * further than needed for all of it to be seen; what is too large for the window is made smaller. A drawing that can be
 * read as a whole is seen as a whole.
 */
export function keepInPlace(
  transform: Transform,
  from: Box,
  to: Box,
  drawing: Size,
  window: Size,
): Transform {
  const { scale, x, y } = transform;
  const place = {
    x: x + (from.x + from.width / 2) * scale,
    y: y + (from.y + from.height / 2) * scale,
  };
  const all = fitTransform(drawing, window).scale;
  const legible = Math.min(Math.max(scale, READABLE), Math.max(fitTransform(to, window).scale, SURVEY));
  const next = all >= READABLE ? all : legible;
  const moved = {
    scale: next,
    x: place.x - (to.x + to.width / 2) * next,
    y: place.y - (to.y + to.height / 2) * next,
  };
  const whole = { x: 0, y: 0, ...drawing };
  const seen = (size: number, room: number) => size * next <= room - 2 * FIT_MARGIN;
  const wide = seen(drawing.width, window.width) ? whole : to;
  const high = seen(drawing.height, window.height) ? whole : to;
  return {
    scale: next,
    x: moved.x + shiftInside(moved.x + wide.x * next, wide.width * next, window.width),
    y: moved.y + shiftInside(moved.y + high.y * next, high.height * next, window.height),
  };
}

/** How far a stretch has to move to lie within [margin, room - margin]. */
function shiftInside(start: number, length: number, room: number): number {
  if (start < FIT_MARGIN) return FIT_MARGIN - start;
  return Math.min(0, room - FIT_MARGIN - (start + length));
}

export interface ViewportOptions {
  /** The window has changed around a drawing that stays where it is. */
  onNarrowed(): void;
  /** The drawing is seen at another scale. */
  onScale(scale: number): void;
}

function sameSize(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}

function sameBox(one: Box, other: Box): boolean {
  return one.x === other.x && one.y === other.y && sameSize(one, other);
}

export class Viewport {
  readonly root: HTMLElement;
  readonly svg: SVGSVGElement;
  readonly #layer = svgElement("g", { class: "ckpt-layer" });
  /** Stands beside the picture, not over its boxes: the view finds a place for it. */
  readonly map = element("canvas", {
    class: "ckpt-minimap",
    "aria-hidden": "true",
    title: "Map: drag to move",
  });
  readonly #observer: ResizeObserver | null;
  readonly #options: ViewportOptions;
  #transform: Transform = { scale: 1, x: 0, y: 0 };
  #drawing = { width: 1, height: 1 };
  #boxes: readonly Box[] = [];
  /** Boxes that stand out in the map. */
  #marked: readonly Box[] = [];
  /** Until the user moves the drawing, it is fitted again when the window changes. */
  #moved = false;
  #dragged = false;
  /** Scale that the texts were written for. */
  #lettered = 1;

  constructor(label: string, options: ViewportOptions) {
    this.#options = options;
    this.svg = svgElement("svg", {
      class: "ckpt-picture",
      role: "group",
      "aria-label": label,
      // A press on the ground takes the focus, so that keys and wheel work from then on.
      tabindex: -1,
    });
    this.svg.append(this.#layer);
    const tool = (sign: string, title: string, act: () => void) =>
      button(sign, act, { title, "aria-label": title });
    const tools = element(
      "div",
      { class: "ckpt-zoom-tools", role: "toolbar", "aria-label": "Zoom" },
      tool("+", "Zoom in (Z)", () => this.zoom(1.25)),
      tool("−", "Zoom out (Shift Z)", () => this.zoom(0.8)),
      tool("⤢", "Fit to window (0)", () => this.fit()),
    );
    this.root = element("div", { class: "ckpt-viewport" }, this.svg, tools);
    this.#listen();
    this.#observer =
      typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => this.#onResize());
    this.#observer?.observe(this.root);
  }

  close(): void {
    this.#observer?.disconnect();
  }

  get transform(): Transform {
    return this.#transform;
  }

  /** True when the press that just ended was a drag and no click. */
  get dragged(): boolean {
    return this.#dragged;
  }

  /** Show a drawing; `anchor` is what should stay where it was: its box before and after. */
  show(content: SVGGElement, size: Size, boxes: readonly Box[], anchor?: { from: Box; to: Box }): void {
    this.#layer.replaceChildren(content);
    this.#boxes = boxes;
    this.#marked = [];
    // A new drawing has its texts as they are read at full size.
    this.#lettered = 1;
    const former = this.#drawing;
    this.#drawing = { width: size.width, height: size.height };
    if (!anchor) {
      this.#adaptHeight();
      this.#start();
    } else if (sameSize(former, size) && sameBox(anchor.from, anchor.to)) this.#apply(this.#transform);
    else this.#move(keepInPlace(this.#transform, anchor.from, anchor.to, this.#drawing, this.#window));
  }

  /** Show all of the drawing, however small. */
  fit(): void {
    this.#move(fitTransform(this.#drawing, this.#window));
    this.#moved = false;
  }

  /** As high as the first drawing needs within bounds: little white around a small one, room for a large one. */
  #adaptHeight(): void {
    const frame = this.root.parentElement;
    if (frame && !frame.style.height && getComputedStyle(frame).flexDirection === "row")
      frame.style.height = `${Math.min(Math.max(this.#drawing.height + 4 * FIT_MARGIN, LOWEST), HIGHEST)}px`;
  }

  #start(): void {
    this.#moved = false;
    this.#apply(firstTransform(this.#drawing, this.#window));
  }

  zoom(factor: number): void {
    const { width, height } = this.#window;
    this.#move(zoomAt(this.#transform, factor, width / 2, height / 2));
  }

  /** Bring a box into sight: no further than needed, but near enough to read. */
  reveal(box: Box): void {
    const { width, height } = this.#window;
    const { scale, x, y } = this.#transform;
    if (scale < 0.5) {
      this.center(box);
      return;
    }
    const right = shiftInside(x + box.x * scale, box.width * scale, width);
    const down = shiftInside(y + box.y * scale, box.height * scale, height);
    if (right !== 0 || down !== 0) this.#move({ scale, x: x + right, y: y + down });
  }

  /** From now on the drawing stays where it is when the window changes. */
  hold(): void {
    this.#moved = true;
  }

  /** Bring the middle of a box to the middle of the window. */
  center(box: Box): void {
    const { width, height } = this.#window;
    const room = Math.min(width / Math.max(box.width, 1), height / Math.max(box.height, 1));
    const scale = Math.max(Math.min(Math.max(this.#transform.scale, READABLE), room), LEAST);
    this.#move({
      scale,
      x: width / 2 - (box.x + box.width / 2) * scale,
      y: height / 2 - (box.y + box.height / 2) * scale,
    });
  }

  /** Let these boxes stand out in the map. */
  mark(boxes: readonly Box[]): void {
    this.#marked = boxes;
    this.#drawMap();
  }

  /** Paint the map again in the colours that hold now. */
  repaint(): void {
    this.#drawMap();
  }

  get #window(): Size {
    return { width: this.root.clientWidth || 640, height: this.root.clientHeight || 400 };
  }

  #move(transform: Transform): void {
    this.#moved = true;
    this.#apply(transform);
  }

  #apply(transform: Transform): void {
    this.#transform = transform;
    const { x, y, scale } = transform;
    this.#layer.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
    if (Math.abs(scale / this.#lettered - 1) > LETTER_STEP) {
      this.#lettered = scale;
      this.#options.onScale(scale);
    }
    this.#drawMap();
  }

  #onResize(): void {
    if (!this.#moved) this.#start();
    else {
      this.#drawMap();
      this.#options.onNarrowed();
    }
  }

  #listen(): void {
    const onWheel = (event: WheelEvent) => {
      const page = this.root.getRootNode() as Document | ShadowRoot;
      if (!event.ctrlKey && !this.root.contains(page.activeElement)) return;
      event.preventDefault();
      event.stopPropagation();
      const { left, top } = this.root.getBoundingClientRect();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      // A pinch on a touchpad comes as small steps with Ctrl.
      const speed = (event.ctrlKey ? 0.01 : 0.0025) * lines;
      const factor = Math.exp(-Math.max(Math.min(event.deltaY * speed, 0.5), -0.5));
      this.#move(zoomAt(this.#transform, factor, event.clientX - left, event.clientY - top));
    };
    this.root.addEventListener("wheel", onWheel, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => this.#startDrag(event));
    const onMap = (event: PointerEvent) => {
      const ratio = this.#mapRatio;
      this.center({ x: event.offsetX / ratio, y: event.offsetY / ratio, width: 0, height: 0 });
    };
    this.map.addEventListener("pointerdown", (event) => {
      this.map.setPointerCapture(event.pointerId);
      onMap(event);
    });
    this.map.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) onMap(event);
    });
  }

  #startDrag(down: PointerEvent): void {
    if (down.button !== 0) return;
    const start = this.#transform;
    this.#dragged = false;
    const onMove = (event: PointerEvent) => {
      const x = event.clientX - down.clientX;
      const y = event.clientY - down.clientY;
      if (!this.#dragged && Math.hypot(x, y) < CLICK_SLOP) return;
      if (!this.#dragged) this.svg.setPointerCapture(down.pointerId);
      this.#dragged = true;
      this.#move({ ...start, x: start.x + x, y: start.y + y });
    };
    const stop = new AbortController();
    this.svg.addEventListener("pointermove", onMove, { signal: stop.signal });
    for (const end of ["pointerup", "pointercancel"])
      this.svg.addEventListener(end, () => stop.abort(), { signal: stop.signal });
  }

  get #mapRatio(): number {
    return Math.min(MAP_WIDTH / this.#drawing.width, MAP_HEIGHT / this.#drawing.height);
  }

  #drawMap(): void {
    const { width, height } = this.#window;
    const { scale, x, y } = this.#transform;
    const size = this.#drawing;
    const inside =
      x >= -1 && y >= -1 && x + size.width * scale <= width + 1 && y + size.height * scale <= height + 1;
    this.map.hidden = inside || this.#boxes.length === 0;
    if (this.map.hidden) return;
    const ratio = this.#mapRatio;
    const sharp = Math.max(globalThis.devicePixelRatio ?? 1, 1);
    const [mapWidth, mapHeight] = [size.width * ratio, size.height * ratio];
    this.map.style.width = `${mapWidth}px`;
    this.map.style.height = `${mapHeight}px`;
    this.map.width = Math.max(mapWidth * sharp, 1);
    this.map.height = Math.max(mapHeight * sharp, 1);
    const context = this.map.getContext("2d");
    if (!context) return;
    context.scale(sharp, sharp);
    const colors = getComputedStyle(this.map);
    context.fillStyle = colors.color;
    const paint = ({ x, y, width, height }: Box, least: number) =>
      context.fillRect(x * ratio, y * ratio, Math.max(width * ratio, least), Math.max(height * ratio, least));
    for (const box of this.#boxes) paint(box, 1.5);
    context.fillStyle = colors.caretColor;
    for (const box of this.#marked) paint(box, 3);
    context.strokeStyle = colors.outlineColor;
    context.lineWidth = 1.5;
    context.strokeRect(
      (-x / scale) * ratio,
      (-y / scale) * ratio,
      (width / scale) * ratio,
      (height / scale) * ratio,
    );
  }
}
