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
    const onPress = (event: Event) => {
      if (!event.composedPath().includes(this.root))
        setTimeout(() => {
          this.root.open = false;
        });
    };
    this.root.addEventListener("toggle", () => {
      if (this.root.open) document.addEventListener("pointerdown", onPress);
      else document.removeEventListener("pointerdown", onPress);
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.root.open) return;
      this.close();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Fold when the focus has gone to something else; it goes to the body when a choice is drawn anew. */
  #foldIfLeft(): void {
    const focused = (this.root.getRootNode() as Document | ShadowRoot).activeElement;
    if (focused && focused !== document.body && !this.root.contains(focused)) this.root.open = false;
  }

  set label(text: string) {
    if (this.#summary.textContent !== text) this.#summary.textContent = text;
  }

  /** Fill anew; what had the focus has it again if it comes back with the same `data-key`. */
  fill(...children: Node[]): void {
    const focused = (this.root.getRootNode() as Document | ShadowRoot).activeElement;
    const key =
      focused instanceof HTMLElement && this.#panel.contains(focused) ? focused.dataset.key : undefined;
    this.#panel.replaceChildren(...children);
    const same = [...this.#panel.querySelectorAll<HTMLElement>("[data-key]")];
    if (key !== undefined) same.find((node) => node.dataset.key === key)?.focus();
  }

  /** Fold and give the focus back to the button. */
  close(): void {
    this.root.open = false;
    this.#summary.focus();
  }
}
