/**
 * A scrolling list of any length in which only the visible rows exist.
 *
 * A pool of row elements is moved and refilled while scrolling. Browsers limit the height of an element, so above
 * MAX_HEIGHT the scroll bar is scaled: one pixel of it then stands for several of the list.
 */
import { element } from "../page/dom";

/** Pixels; every current browser lays out elements of this height exactly. */
const MAX_HEIGHT = 8_000_000;

/** Rows kept above and below the visible ones, so that a small scroll shows no gap. */
const MARGIN = 4;

export interface VirtualRowsOptions {
  /** Height of a row in pixels. */
  readonly rowHeight: number;
  /** Height in pixels of what sticks to the top of the scroller, over the rows. */
  headHeight?(): number;
  /** Make an empty row; it is filled and moved many times. */
  create(): HTMLElement;
  /** Show the item at `position` in a row of the pool. */
  fill(row: HTMLElement, position: number): void;
  /** Called after the visible range changed; `end` is exclusive. */
  onRange?(start: number, end: number): void;
}

export class VirtualRows {
  /** The scrolling element; its size is the caller's business. */
  readonly scroller: HTMLElement;
  readonly #options: VirtualRowsOptions;
  readonly #canvas = element("div", { class: "ckpt-canvas", role: "rowgroup" });
  readonly #pool: HTMLElement[] = [];
  readonly #observer: ResizeObserver | null;
  #length = 0;
  #frame = 0;

  constructor(scroller: HTMLElement, options: VirtualRowsOptions) {
    this.scroller = scroller;
    this.#options = options;
    scroller.append(this.#canvas);
    scroller.addEventListener("scroll", () => this.#schedule(), { passive: true });
    this.#observer =
      typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => this.#schedule());
    this.#observer?.observe(scroller);
  }

  /** Show a list of this length, from the top unless `keepPosition`. */
  setLength(length: number, keepPosition = false): void {
    this.#length = length;
    this.#canvas.style.height = `${Math.min(this.#fullHeight, MAX_HEIGHT)}px`;
    if (!keepPosition) this.scroller.scrollTop = 0;
    this.refresh();
  }

  /** Scroll as little as needed to make the item at `position` visible. */
  reveal(position: number): void {
    const { rowHeight } = this.#options;
    const top = position * rowHeight;
    const view = this.#viewHeight;
    const current = this.#virtualTop;
    if (top < current) this.#scrollToVirtual(top);
    else if (top + rowHeight > current + view) this.#scrollToVirtual(top + rowHeight - view);
    this.refresh();
  }

  /** Number of whole rows that fit. */
  get pageSize(): number {
    return Math.max(1, Math.floor(this.#viewHeight / this.#options.rowHeight));
  }

  /** The pool's element that shows the item at `position`, if it is near the visible range. */
  rowAt(position: number): HTMLElement | undefined {
    return this.#pool.find((row) => row.dataset.position === String(position));
  }

  /** Fill the visible rows anew. */
  refresh(): void {
    const { rowHeight, create, fill, onRange } = this.#options;
    const virtualTop = this.#virtualTop;
    const start = Math.max(0, Math.floor(virtualTop / rowHeight) - MARGIN);
    const visible = Math.ceil(this.#viewHeight / rowHeight) + 1;
    const end = Math.min(this.#length, start + visible + 2 * MARGIN);
    while (this.#pool.length < end - start) this.#pool.push(this.#canvas.appendChild(create()));
    while (this.#pool.length > end - start) this.#pool.pop()?.remove();
    const shift = this.scroller.scrollTop - virtualTop;
    this.#pool.forEach((row, place) => {
      const position = start + place;
      row.dataset.position = String(position);
      row.style.transform = `translateY(${shift + position * rowHeight}px)`;
      fill(row, position);
    });
    const first = Math.floor(virtualTop / rowHeight);
    onRange?.(Math.min(first, end), Math.min(first + visible, end));
  }

  close(): void {
    this.#observer?.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  get #fullHeight(): number {
    return this.#length * this.#options.rowHeight;
  }

  get #viewHeight(): number {
    const head = this.#options.headHeight?.() ?? 0;
    return Math.max(this.scroller.clientHeight - head, 0) || 10 * this.#options.rowHeight;
  }

  /** How far the list is scrolled, in unscaled pixels. */
  get #virtualTop(): number {
    return this.scroller.scrollTop * this.#scale;
  }

  /** Pixels of the list per pixel of the scroll bar. */
  get #scale(): number {
    if (this.#fullHeight <= MAX_HEIGHT) return 1;
    return (this.#fullHeight - this.#viewHeight) / (MAX_HEIGHT - this.#viewHeight);
  }

  #scrollToVirtual(top: number): void {
    this.scroller.scrollTop = top / this.#scale;
  }

  #schedule(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.refresh());
  }
}
