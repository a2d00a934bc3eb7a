/** Everything that is known about the selected node, with links to its neighbours and to its saved value. */
import { button, element } from "../page/dom";
import { visibleName } from "../page/format";
import type { Fact, FactSection, NodeDetails, Trace } from "./graph_model";

export interface NodePanelOptions {
  onJump(name: string): void;
  onTrace(name: string, kind: Trace["kind"]): void;
  onAside(name: string, aside: boolean): void;
  onClose(): void;
  onOpenAll(name: string): void;
}

/** Sections longer than this are folded at first. */
const LONG = 24;

const PULL = "Pull aside";
const PUT_BACK = "Put back";

export class NodePanel {
  readonly root = element("section", { class: "ckpt-node", "aria-label": "Node" });
  readonly #options: NodePanelOptions;
  readonly #aside = button("", () => {});
  /** Titles of sections that the user folded or unfolded, less their counts. */
  readonly #folds = new Map<string, boolean>();

  constructor(options: NodePanelOptions) {
    this.#options = options;
    this.root.hidden = true;
  }

  hide(): void {
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  /** Show the details; `value` is the pane of the variable's saved value, if there is one. */
  show(details: NodeDetails, isAside: boolean, value: HTMLElement | null): void {
    const { name } = details;
    const { onTrace, onAside, onClose, onOpenAll } = this.#options;
    const shown = visibleName(name);
    const [scope, leaf] = split(shown);
    const head = element(
      "header",
      {},
      element("h3", { title: shown }, element("span", { class: "ckpt-note" }, scope), leaf),
      button("✕", onClose, { class: "ckpt-close", title: "Close (Esc)", "aria-label": "Close" }),
      element("p", {}, visibleName(details.title)),
    );
    const tools = element(
      "div",
      { class: "ckpt-controls", role: "toolbar", "aria-label": "Node" },
      button("Trace inputs", () => onTrace(name, "inputs"), { title: "Mark all that leads here" }),
      button("Trace outputs", () => onTrace(name, "outputs"), { title: "Mark all that depends on this" }),
      button("Path to…", () => onTrace(name, "path"), { title: "Then choose where the path ends" }),
      this.#aside,
      details.isScope
        ? button("Open all", () => onOpenAll(name), {
            title: "Open everything in it, as far as a picture holds it",
          })
        : null,
    );
    this.#aside.onclick = () => onAside(name, this.#aside.textContent === PULL);
    this.setAside(isAside);
    const [first, ...rest] = details.sections.map((section) => this.#section(section));
    this.root.replaceChildren(head, tools, ...(first ? [first] : []), ...(value ? [value] : []), ...rest);
    this.root.hidden = false;
    this.root.scrollTop = 0;
  }

  /** Whether the node stands aside, which its last button changes. */
  setAside(isAside: boolean): void {
    this.#aside.textContent = isAside ? PUT_BACK : PULL;
  }

  #section({ title, facts }: FactSection): HTMLElement {
    const list = element("dl", {});
    for (const fact of facts) list.append(element("dt", {}, visibleName(fact.label)), this.#value(fact));
    const key = title.replace(/ \(.*/, "");
    const open = this.#folds.get(key) ?? facts.length <= LONG;
    const section = element("details", { open }, element("summary", {}, visibleName(title)), list);
    section.addEventListener("toggle", () => this.#folds.set(key, section.open));
    return section;
  }

  #value({ text, link }: Fact): HTMLElement {
    const shown = visibleName(text);
    if (link === null) return element("dd", {}, shown);
    const jump = () => this.#options.onJump(link);
    return element("dd", {}, button(shown, jump, { class: "ckpt-link", title: visibleName(link) }));
  }
}

/** "a/b/c" → "a/b/", "c". */
function split(name: string): readonly [scope: string, leaf: string] {
  const cut = name.lastIndexOf("/", name.length - 2) + 1;
  return [name.slice(0, cut), name.slice(cut)];
}
