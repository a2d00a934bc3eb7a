/** Everything that is known about the selected node, with links to its neighbours and to its saved value. */
import { button, element } from "./dom";
import { visibleName } from "./format";
import type { NodeDetails } from "./graph_model";

export interface NodePanelOptions {
  onJump(name: string): void;
  onTrace(name: string, direction: "inputs" | "outputs"): void;
  onPathFrom(name: string): void;
  onAside(name: string): void;
  onClose(): void;
}

export class NodePanel {
  readonly root = element("section", { class: "ckpt-tensor ckpt-node", "aria-label": "Node" });
  readonly #options: NodePanelOptions;

  constructor(options: NodePanelOptions) {
    this.#options = options;
    this.root.hidden = true;
  }

  hide(): void {
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  /** Show the details; `value` is the pane of the variable's saved value, if there is one. */
  show(details: NodeDetails, value: HTMLElement | null): void {
    const name = visibleName(details.name);
    const { onTrace, onPathFrom, onAside, onClose } = this.#options;
    const head = element(
      "header",
      {},
      element("h3", { title: name }, name),
      button("✕", onClose, { class: "ckpt-close", title: "Close (Esc)", "aria-label": "Close" }),
      element("p", {}, visibleName(details.title)),
    );
    const tools = element(
      "div",
      { class: "ckpt-controls", role: "toolbar", "aria-label": "Node" },
      button("Trace inputs", () => onTrace(details.name, "inputs")),
      button("Trace outputs", () => onTrace(details.name, "outputs")),
      button("Path from here…", () => onPathFrom(details.name)),
      button("Aside / back", () => onAside(details.name), {
        title: "Pull aside from the main graph, or put back",
      }),
    );
    const sections = details.sections.map(({ title, facts }) => {
      const listed = element("dl", {});
      for (const { label, text, link } of facts) {
        const shown = visibleName(text);
        const value =
          link === null ? shown : button(shown, () => this.#options.onJump(link), { class: "ckpt-link" });
        listed.append(element("dt", {}, visibleName(label)), element("dd", {}, value));
      }
      return element(
        "details",
        { open: facts.length < 30 },
        element("summary", {}, visibleName(title)),
        listed,
      );
    });
    this.root.replaceChildren(head, tools, ...(value ? [value] : []), ...sections);
    this.root.hidden = false;
  }
}
