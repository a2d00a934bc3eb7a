/** Build SVG without markup: whatever a file says enters the picture as text or as an attribute's value. */

/** An SVG element with attributes and children. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: Array<Node | string>
): SVGElementTagNameMap[K] {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** A number as a coordinate: at most two decimals, which is finer than a screen. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}
