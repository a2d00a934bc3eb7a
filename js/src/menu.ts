/** A button that unfolds a panel; Escape, a click elsewhere and leaving it fold it again. */
import { element } from "./dom";

export class Menu {
  readonly root: HTMLDetailsElement;
  readonly #summary: HTMLElement;
  /** Takes the focus when its ground is pressed, which would else go to whatever is around the view. */
  readonly #panel = element("div", { class: "ckpt-menu-panel", tabindex: -1 });

  constructor(label: string, title: string) {
    this.#summary = element("summary", { title }, label);
    this.root = element("details", { class: "ckpt-menu" }, this.#summary, this.#panel);
    // Once the press that moves the focus is over: what is pressed must not vanish under it.
    this.root.addEventListener("focusout", () => setTimeout(() => this.#foldIfLeft()));
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.root.open) return;
      this.close();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #foldIfLeft(): void {
    const page = this.root.getRootNode() as Document | ShadowRoot;
    if (page.activeElement && !this.root.contains(page.activeElement)) this.root.open = false;
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
