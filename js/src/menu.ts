/** A button that unfolds a panel; Escape, a click elsewhere and leaving it fold it again. */
import { element } from "./dom";

export class Menu {
  readonly root: HTMLDetailsElement;
  readonly #summary: HTMLElement;
  readonly #panel = element("div", { class: "ckpt-menu-panel" });

  constructor(label: string, title: string) {
    this.#summary = element("summary", { title }, label);
    this.root = element("details", { class: "ckpt-menu" }, this.#summary, this.#panel);
    this.root.addEventListener("focusout", (event) => {
      const next = (event as FocusEvent).relatedTarget;
      // Focus that goes nowhere is a click on the panel's own ground.
      if (next instanceof Node && !this.root.contains(next)) this.root.open = false;
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.root.open) return;
      this.close();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  set label(text: string) {
    if (this.#summary.textContent !== text) this.#summary.textContent = text;
  }

  fill(...children: Node[]): void {
    this.#panel.replaceChildren(...children);
  }

  /** Fold and give the focus back to the button. */
  close(): void {
    this.root.open = false;
    this.#summary.focus();
  }
}
