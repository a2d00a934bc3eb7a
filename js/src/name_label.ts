/** A variable's name in a narrow place: the scope gives way first, for the end of a name is what tells rows apart. */
import { element } from "./dom";
import { visibleName } from "./format";

/** An empty label; `fillNameLabel` sets and changes its name. */
export function nameLabel(): HTMLElement {
  return element(
    "span",
    { class: "ckpt-name" },
    element("span", { class: "ckpt-name-scope" }),
    element("span", { class: "ckpt-name-leaf" }),
  );
}

export function fillNameLabel(label: Element, name: string): void {
  splitName(visibleName(name)).forEach((text, place) => {
    const part = label.children[place];
    if (part && part.textContent !== text) part.textContent = text;
  });
}

/** "a/b/kernel/Adam" → "a/b/", "kernel/Adam": a slot says little without the name of its variable. */
export function splitName(name: string): readonly [scope: string, leaf: string] {
  const last = name.lastIndexOf("/");
  const cut = last > 0 ? name.lastIndexOf("/", last - 1) : last;
  return [name.slice(0, cut + 1), name.slice(cut + 1)];
}
