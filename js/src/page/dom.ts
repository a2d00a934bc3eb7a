/** Build elements without markup: whatever a file says enters the page as text or as an attribute's value. */

type Attribute = string | number | boolean | ((event: Event) => void);
export type Child = Node | string | null;

/**
 * An element with attributes and children. A function is a listener for the event named after `on`; true is an empty
 * attribute, false none.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** A push button; `pressed` makes it a toggle. */
export function button(
  label: string,
  onclick: () => void,
  attributes: Readonly<Record<string, Attribute>> = {},
): HTMLButtonElement {
  return element("button", { type: "button", ...attributes, onclick }, label);
}

/** A drop-down list of values and their labels. */
export function select(
  label: string,
  options: ReadonlyArray<readonly [value: string, label: string]>,
  value: string,
  onchange: (value: string) => void,
): HTMLSelectElement {
  const node = element(
    "select",
    { "aria-label": label, title: label, onchange: () => onchange(node.value) },
    ...options.map(([key, text]) => element("option", { value: key }, text)),
  );
  node.value = value;
  return node;
}

let ids = 0;

/** An id that no other element of the page has; ARIA needs ids, and one page holds many views. */
export function uniqueId(stem: string): string {
  return `ckpt-${stem}-${Math.random().toString(36).slice(2, 8)}-${ids++}`;
}
