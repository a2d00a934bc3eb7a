/** What is seen, as a file: SVG, PNG, DOT text, or one HTML page that needs nothing else. */

/** Style properties that the page gives the drawing and that a file must carry itself. */
const STYLES = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
];

/** A copy of the drawing at its own size, with its styles in its attributes and the page's background. */
export function standaloneSvg(
  drawing: SVGGElement,
  width: number,
  height: number,
  background: string,
): string {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  back.setAttribute("width", "100%");
  back.setAttribute("height", "100%");
  back.setAttribute("fill", background);
  const copy = drawing.cloneNode(true) as SVGGElement;
  copyStyles(drawing, copy);
  for (const mark of copy.querySelectorAll(".ckpt-badge")) mark.remove();
  svg.append(back, copy);
  return new XMLSerializer().serializeToString(svg);
}

/** The SVG as a PNG at twice its size; rejects when the browser cannot paint it. */
export async function toPng(svg: string, width: number, height: number): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
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

/** Hand a file to the user's browser. */
export function download(content: string | Blob, type: string, filename: string): void {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.click();
  URL.revokeObjectURL(url);
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
