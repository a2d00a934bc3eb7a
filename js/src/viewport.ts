/** Which part of a drawing is seen: pan and zoom as one transform, with a small map of the whole. */
import { element } from "./dom";
import { svgElement } from "./svg_import";

/** Screen pixels per drawing unit. */
const LEAST = 0.02;
const MOST = 8;

/** A drawing that fits is not blown up beyond this. */
const FIT_MOST = 1.6;

/** Pixels of drag below which a press is a click. */
const CLICK_SLOP = 4;

const MAP_WIDTH = 140;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Scale and place of the drawing in the window. */
export interface Transform {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The transform that shows all of `drawing` in the middle of a window. */
export function fitTransform(
  drawing: Pick<Box, "width" | "height">,
  window: Pick<Box, "width" | "height">,
): Transform {
  const margin = 12;
  const scale = Math.min(
    (window.width - 2 * margin) / Math.max(drawing.width, 1),
    (window.height - 2 * margin) / Math.max(drawing.height, 1),
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

export class Viewport {
  /** Takes the focus, so that keys and wheel work in it and nowhere else. */
  readonly root: HTMLElement;
  readonly svg: SVGSVGElement;
  readonly #layer = svgElement("g", { class: "ckpt-layer" });
  readonly #map = element("canvas", { class: "ckpt-minimap", "aria-hidden": "true" });
  readonly #observer: ResizeObserver | null;
  #transform: Transform = { scale: 1, x: 0, y: 0 };
  #drawing = { width: 1, height: 1 };
  #boxes: readonly Box[] = [];
  /** Until the user moves the drawing, it is fitted again when the window changes. */
  #moved = false;
  #dragged = false;

  constructor(label: string) {
    this.svg = svgElement("svg", { class: "ckpt-picture", role: "application", "aria-label": label });
    this.svg.append(this.#layer);
    this.root = element("div", { class: "ckpt-viewport" }, this.svg, this.#map);
    this.#listen();
    this.#observer =
      typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => this.#onResize());
    this.#observer?.observe(this.root);
  }

  close(): void {
    this.#observer?.disconnect();
  }

  /** True when the press that just ended was a drag and no click. */
  get dragged(): boolean {
    return this.#dragged;
  }

  /** Show a drawing; `anchor` holds what should stay where it was: its box before and after. */
  show(
    content: SVGGElement,
    width: number,
    height: number,
    anchor?: { readonly from: Box; readonly to: Box },
  ): void {
    this.#layer.replaceChildren(content);
    this.#drawing = { width, height };
    if (!anchor || !this.#moved) {
      this.fit();
      return;
    }
    const { scale, x, y } = this.#transform;
    this.#apply({
      scale,
      x: x + (anchor.from.x - anchor.to.x) * scale,
      y: y + (anchor.from.y - anchor.to.y) * scale,
    });
  }

  /** What is shown: the content and its size. */
  get drawing(): { readonly content: SVGGElement; readonly width: number; readonly height: number } {
    return { content: this.#layer.firstElementChild as SVGGElement, ...this.#drawing };
  }

  /** Boxes of the nodes for the small map, in drawing units. */
  setBoxes(boxes: readonly Box[]): void {
    this.#boxes = boxes;
    this.#drawMap();
  }

  fit(): void {
    this.#moved = false;
    this.#apply(fitTransform(this.#drawing, this.#window));
  }

  zoom(factor: number): void {
    const { width, height } = this.#window;
    this.#move(zoomAt(this.#transform, factor, width / 2, height / 2));
  }

  pan(x: number, y: number): void {
    this.#move({ ...this.#transform, x: this.#transform.x + x, y: this.#transform.y + y });
  }

  /** Bring a box to the middle, near enough to read. */
  center(box: Box): void {
    const { width, height } = this.#window;
    const scale = Math.max(this.#transform.scale, 0.7);
    this.#move({
      scale,
      x: width / 2 - (box.x + box.width / 2) * scale,
      y: height / 2 - (box.y + box.height / 2) * scale,
    });
  }

  get #window(): { readonly width: number; readonly height: number } {
    return { width: this.root.clientWidth || 640, height: this.root.clientHeight || 400 };
  }

  #move(transform: Transform): void {
    this.#moved = true;
    this.#apply(transform);
  }

  #apply(transform: Transform): void {
    this.#transform = transform;
    this.#layer.setAttribute(
      "transform",
      `translate(${transform.x} ${transform.y}) scale(${transform.scale})`,
    );
    // Labels too small to read only cost time to paint.
    this.root.classList.toggle("far", transform.scale < 0.35);
    this.#drawMap();
  }

  #onResize(): void {
    if (this.#moved) this.#drawMap();
    else this.fit();
  }

  #listen(): void {
    const onWheel = (event: WheelEvent) => {
      const root = this.root.getRootNode() as Document | ShadowRoot;
      if (!event.ctrlKey && !this.root.contains(root.activeElement)) return;
      event.preventDefault();
      const { left, top } = this.root.getBoundingClientRect();
      this.#move(
        zoomAt(this.#transform, Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top),
      );
    };
    this.root.addEventListener("wheel", onWheel, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => this.#startDrag(event));
    this.#map.addEventListener("pointerdown", (event) => {
      const scale = MAP_WIDTH / this.#drawing.width;
      this.center({ x: event.offsetX / scale, y: event.offsetY / scale, width: 0, height: 0 });
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
    this.svg.addEventListener("pointermove", onMove);
    const onEnd = () => this.svg.removeEventListener("pointermove", onMove);
    this.svg.addEventListener("pointerup", onEnd, { once: true });
    this.svg.addEventListener("pointercancel", onEnd, { once: true });
  }

  #drawMap(): void {
    const { width, height } = this.#window;
    const { scale, x, y } = this.#transform;
    const inside = this.#drawing.width * scale <= width + 1 && this.#drawing.height * scale <= height + 1;
    this.#map.hidden = inside || this.#boxes.length === 0;
    if (this.#map.hidden) return;
    const ratio = MAP_WIDTH / this.#drawing.width;
    this.#map.width = MAP_WIDTH;
    this.#map.height = Math.min(Math.max(this.#drawing.height * ratio, 20), 160);
    const context = this.#map.getContext("2d");
    if (!context) return;
    context.fillStyle = getComputedStyle(this.#map).color;
    for (const box of this.#boxes)
      context.fillRect(
        box.x * ratio,
        box.y * ratio,
        Math.max(box.width * ratio, 1),
        Math.max(box.height * ratio, 1),
      );
    context.strokeStyle = getComputedStyle(this.#map).outlineColor;
    context.lineWidth = 1.5;
    context.strokeRect(
      (-x / scale) * ratio,
      (-y / scale) * ratio,
      (width / scale) * ratio,
      (height / scale) * ratio,
    );
  }
}
