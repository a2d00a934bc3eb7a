/** What is seen, as a file: SVG, PNG, or one HTML page that needs nothing else. */
import { type Drawing, drawLegend } from "./graph_drawing";
import { MARGIN } from "./graph_layout";
import type { GraphScene } from "./graph_model";
import { coordinate, svgElement } from "./svg";

/** Style properties that the page gives the drawing and that a file must carry itself. */
const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linejoin",
  "opacity",
  "paint-order",
  "font-size",
  "font-weight",
  "text-anchor",
];

const LEGEND_WIDTH = 560;
const FONT = "Helvetica, Arial, sans-serif";

/**
 * The whole drawing at its own size, with its legend, its styles in its attributes and the page's background.
 *
 * `place` is where the drawing's style rules hold: the legend is put there to be measured.
 */
export function standaloneSvg(
  drawing: Drawing,
  scene: GraphScene,
  place: SVGElement,
  title: string,
): SVGSVGElement {
  const hasControl = scene.edges.some(({ control }) => control);
  const width = Math.max(drawing.width, LEGEND_WIDTH + 2 * MARGIN);
  const legend = drawLegend(scene.legend, hasControl, width - 2 * MARGIN);
  const height = drawing.height + legend.height + MARGIN;
  legend.content.setAttribute("transform", `translate(${MARGIN} ${coordinate(drawing.height)})`);
  place.append(legend.content);
  const parts = [drawing.content, legend.content].map(styledCopy);
  legend.content.remove();
  return svgElement(
    "svg",
    {
      viewBox: `0 0 ${coordinate(width)} ${coordinate(height)}`,
      width: Math.ceil(width),
      height: Math.ceil(height),
      role: "img",
      "aria-label": title,
      "font-family": FONT,
    },
    svgElement("rect", { width: "100%", height: "100%", fill: backgroundOf(place) }),
    ...parts,
  );
}

export function svgText(svg: SVGSVGElement): string {
  return new XMLSerializer().serializeToString(svg);
}

/** The picture as a PNG at twice its size; rejects when the browser cannot paint it. */
export async function toPng(svg: SVGSVGElement): Promise<Blob> {
  const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value];
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  // Browsers refuse canvases past 16,384 pixels a side.
  const ratio = Math.min(2, 16_000 / Math.max(width, height));
  canvas.width = Math.max(Math.round(width * ratio), 1);
  canvas.height = Math.max(Math.round(height * ratio), 1);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large for a PNG"))));
  });
}

/** A page with the picture, what it leaves out and a table of its boxes; nothing in it runs or loads. */
export function htmlPage(svg: SVGSVGElement, title: string, scene: GraphScene): string {
  const page = document.implementation.createHTMLDocument(title);
  const add = (parent: Element, tag: string, text = "") => {
    const node = page.createElement(tag);
    node.textContent = text;
    parent.append(node);
    return node;
  };
  page.documentElement.lang = "en";
  const charset = page.createElement("meta");
  charset.setAttribute("charset", "utf-8");
  page.head.prepend(charset);
  add(
    page.head,
    "style",
    "body{font:14px sans-serif;margin:20px}td,th{text-align:left;padding:1px 14px 1px 0}",
  );
  add(page.body, "h1", title).setAttribute("style", "font-size:18px");
  page.body.append(page.importNode(svg, true));
  for (const note of scene.notes) add(page.body, "p", note);
  const details = add(page.body, "details");
  const boxes = [...scene.nodes, ...scene.aside];
  add(details, "summary", `${boxes.length} boxes as a table`);
  const table = add(details, "table");
  for (const { name, kind, lines } of boxes) {
    const row = add(table, "tr");
    for (const cell of [name, kind, lines[1] ?? ""]) add(row, "td", cell);
  }
  return `<!DOCTYPE html>\n${page.documentElement.outerHTML}`;
}

/** Hand a file to the user's browser. */
export function download(content: string | Blob, type: string, filename: string): void {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.click();
  // The browser has the file only once the click has been worked off.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function styledCopy(drawing: SVGElement): SVGElement {
  const copy = drawing.cloneNode(true) as SVGElement;
  copyStyles(drawing, copy);
  for (const extra of copy.querySelectorAll(".ckpt-badge, .ckpt-reach")) extra.remove();
  for (const node of copy.querySelectorAll("*"))
    for (const { name } of [...node.attributes])
      if (/^(class|role|tabindex|data-|aria-)/.test(name)) node.removeAttribute(name);
  copy.removeAttribute("class");
  return copy;
}

function copyStyles(from: Element, to: Element): void {
  const computed = getComputedStyle(from);
  for (const name of STYLES) {
    const value = computed.getPropertyValue(name);
    if (value) to.setAttribute(name, value);
  }
  Array.from(from.children).forEach((child, position) => {
    const copy = to.children[position];
    if (copy) copyStyles(child, copy);
  });
}

/** The colour behind the picture. */
function backgroundOf(element: Element): string {
  for (let node: Element | null = element; node; node = node.parentElement) {
    const color = getComputedStyle(node).backgroundColor;
    if (color && color !== "transparent" && !/, 0\)$/.test(color)) return color;
  }
  return "#ffffff";
}
