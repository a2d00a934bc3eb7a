/** A line under the tool bar: what an action did, the code that was copied, work in progress with a way to stop it. */
import { button, element } from "./dom";
import { visibleName } from "./format";
import { errorLine } from "./view_root";

export class Notice {
  readonly root = element("div", { class: "ckpt-notice", role: "status", "aria-live": "polite" });

  constructor() {
    this.root.hidden = true;
  }

  say(text: string): void {
    this.#show(element("span", {}, visibleName(text)));
  }

  /** Show why something failed; nothing for what the user gave up. */
  fail(error: unknown): void {
    const line = errorLine(error);
    if (line) this.#show(line);
  }

  /** Show code with what became of it. */
  showCode(text: string, code: string): void {
    this.#show(element("span", {}, text), element("pre", { class: "ckpt-code", tabindex: 0 }, code));
  }

  /** Show a bar that the returned function moves. */
  showProgress(label: string, onStop: () => void): (share: number) => void {
    const bar = element("progress", { max: 1, value: 0, "aria-label": label });
    const share = element("span", { class: "ckpt-note" }, "0 %");
    this.root.replaceChildren(element("span", {}, label), bar, share, button("Stop", onStop));
    this.root.hidden = false;
    return (value) => {
      bar.value = value;
      share.textContent = `${Math.floor(value * 100)} %`;
    };
  }

  close(): void {
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  #show(...nodes: HTMLElement[]): void {
    const close = button("✕", () => this.close(), {
      class: "ckpt-close",
      "aria-label": "Close this message",
    });
    this.root.replaceChildren(...nodes, close);
    this.root.hidden = false;
  }
}
