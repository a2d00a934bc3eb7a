/** A variable's name in a narrow place: the scope gives way first, for the end of a name is what tells rows apart. */
import { element } from "../page/dom";
import { visibleName } from "../page/format";

/** An empty label; `fillNameLabel` sets and changes its name. */
export function nameLabel(): HTMLElement {
  return element(
    "span",
    { class: "ckpt-name" },
    element("span", { class: "ckpt-name-scope" }),
    element("span", { class: "ckpt-name-leaf" }),
    element("span", { class: "ckpt-name-tail" }),
  );
}

export function fillNameLabel(label: Element, name: string): void {
  splitName(visibleName(name)).forEach((text, place) => {
    const part = label.children[place];
    if (part && part.textContent !== text) part.textContent = text;
  });
}

/** What every value of an object-based checkpoint is called at its end, and so tells nothing apart. */
const TAIL = "/.ATTRIBUTES/VARIABLE_VALUE";
/** Between the variable and its slot, in the same checkpoints. */
const SLOT = "/.OPTIMIZER_SLOT/";

/** "a/b/kernel/Adam" → "a/b/", "kernel/Adam", "": a slot says little without the name of its variable. */
export function splitName(name: string): readonly [scope: string, leaf: string, tail: string] {
  const tail = name.endsWith(TAIL) ? TAIL : "";
  const short = name.slice(0, name.length - tail.length);
  const slot = short.indexOf(SLOT);
  const last = short.lastIndexOf("/", slot < 0 ? short.length : slot);
  const cut = last > 0 ? short.lastIndexOf("/", last - 1) : last;
  return [short.slice(0, cut + 1), short.slice(cut + 1), tail];
}
