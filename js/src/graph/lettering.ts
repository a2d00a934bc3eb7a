/** Texts of the picture that can be read at every zoom: measured with the font that is used, shortened in the middle. */

export const NAME_SIZE = 13;
export const DETAIL_SIZE = 11;
export const EDGE_SIZE = 11;
export const FRAME_SIZE = 11;

/** No text is smaller than this on the screen, in pixels. */
const LEAST = 11;
/** Below this scale second lines and the texts of edges would not fit any more. */
const DETAILED = 0.8;
const FONT = "Helvetica, Arial, sans-serif";
const SAMPLE = 100;
const ELLIPSIS = "…";
/** A name of fewer letters says nothing. */
const FEWEST = 4;

export type Measure = (text: string, size: number, bold?: boolean) => number;

let context: CanvasRenderingContext2D | null | undefined;
const widths = new Map<string, number>();

/** Width of a text in the font that the browser takes for the picture. */
export const textWidth: Measure = (text, size, bold = false) => {
  const key = `${bold ? "b" : ""}${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    // Asked for once; a page without a canvas has none later either.
    if (context === undefined) context = document.createElement("canvas").getContext("2d");
    if (context) context.font = `${bold ? "700 " : ""}${SAMPLE}px ${FONT}`;
    width = (context?.measureText(text).width ?? text.length * SAMPLE * 0.55) / SAMPLE;
    if (widths.size > 20_000) widths.clear();
    widths.set(key, width);
  }
  return width * size;
};

/** The text, with its middle cut out as far as it is too wide: names differ at their ends. "" where nothing is left. */
export function shortened(text: string, room: number, width: (text: string) => number): string {
  if (width(text) <= room) return text;
  let [low, high] = [0, text.length - 1];
  while (low < high) {
    const kept = Math.ceil((low + high) / 2);
    if (width(cut(text, kept)) <= room) low = kept;
    else high = kept - 1;
  }
  return low < FEWEST ? "" : cut(text, low);
}

function cut(text: string, kept: number): string {
  const tail = Math.floor(kept / 2);
  return `${text.slice(0, kept - tail)}${ELLIPSIS}${text.slice(text.length - tail)}`;
}

/** Size of a text, in the drawing's units, that is at least readable at this scale. */
export function readableSize(size: number, scale: number): number {
  return Math.max(size, LEAST / scale);
}

export function hasDetails(scale: number): boolean {
  return scale >= DETAILED;
}

/** A text of the picture with the room that it has; `line` is its place, 0 for a name that stands alone. */
export interface Lettered {
  readonly text: string;
  readonly element: SVGTextElement;
  readonly size: number;
  readonly bold: boolean;
  /** Widest and highest that it may be, in the drawing's units. */
  readonly width: number;
  readonly height: number;
  /** Whether it goes first when the picture gets small. */
  readonly isDetail: boolean;
}

/** Write the texts as they can be read at this scale. */
export function letter(texts: Iterable<Lettered>, scale: number): void {
  for (const { text, element, size, bold, width, height, isDetail } of texts) {
    const readable = readableSize(size, scale);
    const seen = readable <= height && (!isDetail || hasDetails(scale));
    const shown = seen ? shortened(text, width, (part) => textWidth(part, readable, bold)) : "";
    if (element.textContent !== shown) element.textContent = shown;
    element.setAttribute("font-size", String(Math.round(readable * 100) / 100));
  }
}
