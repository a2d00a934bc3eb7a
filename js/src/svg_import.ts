/**
 * Take a picture that Graphviz drew into the page, element by element, through an allow-list.
 *
 * The labels come from files. Graphviz escapes them, and what it lets through anyway (links, style sheets, scripts,
 * images) is not on the list.
 */
const SVG = "http://www.w3.org/2000/svg";

const ELEMENTS = new Set([
  "g",
  "title",
  "path",
  "polygon",
  "polyline",
  "ellipse",
  "circle",
  "rect",
  "line",
  "text",
  "tspan",
]);

const ATTRIBUTES = new Set([
  "class",
  "transform",
  "d",
  "points",
  "x",
  "y",
  "x1",
  "y1",
  "x2",
  "y2",
  "cx",
  "cy",
  "r",
  "rx",
  "ry",
  "width",
  "height",
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "text-anchor",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "text-decoration",
]);

export interface Picture {
  /** The drawing; not yet in the page. */
  readonly content: SVGGElement;
  /** Size of the drawing, in the units of its coordinates. */
  readonly width: number;
  readonly height: number;
}

/** Parse and copy; throws an Error for text that is no SVG. */
export function importSvg(text: string): Picture {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const box = (parsed.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  if (parsed.localName !== "svg" || box.length !== 4 || box.some((side) => !Number.isFinite(side)))
    throw new Error("the layout is no SVG picture");
  const content = document.createElementNS(SVG, "g");
  copyChildren(parsed, content);
  const [left = 0, top = 0, width = 0, height = 0] = box;
  content.setAttribute("transform", `translate(${-left} ${-top})`);
  return { content, width, height };
}

/** An SVG element with attributes. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>> = {},
): SVGElementTagNameMap[K] {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

function copyChildren(from: Element, to: SVGElement): void {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.append(child.textContent ?? "");
    else if (child instanceof Element) copyElement(child, to);
  }
}

function copyElement(from: Element, to: SVGElement): void {
  // Graphviz wraps what has a tooltip into a link without a target: its children count, the link does not.
  if (from.localName === "a") {
    copyChildren(from, to);
    return;
  }
  if (!ELEMENTS.has(from.localName)) return;
  const copy = document.createElementNS(SVG, from.localName) as SVGElement;
  for (const { name, value } of from.attributes) {
    if (ATTRIBUTES.has(name) && !/url\(|javascript:/i.test(value)) copy.setAttribute(name, value);
  }
  copyChildren(from, copy);
  to.append(copy);
}
