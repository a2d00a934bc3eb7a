/** The numbers that the user gave, as a table below the picture; a name leads to its node. */
import type { Reply } from "../kernel/messages";
import { button, element } from "../page/dom";
import { formatCount, visibleName } from "../page/format";
import { decodePainted, type PaintedRow } from "./graph_model";

export interface PaintedTableOptions {
  load(): Promise<Reply>;
  onJump(name: string): void;
}

const HEADS = ["Name", "Numbers", "Sum", "Min", "Max"];

export class PaintedTable {
  readonly root = element("details", { class: "ckpt-painted" });
  readonly #options: PaintedTableOptions;
  readonly #summary = element("summary", {});
  readonly #body = element("div", { class: "ckpt-painted-rows", tabindex: 0, role: "region" });

  constructor(options: PaintedTableOptions) {
    this.#options = options;
    this.root.append(this.#summary, this.#body);
    this.root.hidden = true;
    this.root.addEventListener("toggle", () => void this.#load());
  }

  /** Offer the table of these numbers; "" of none. What was loaded before is old. */
  offer(title: string): void {
    this.root.hidden = title === "";
    this.#summary.textContent = `${visibleName(title)} as a table`;
    this.#body.setAttribute("aria-label", visibleName(title));
    void this.#load();
  }

  async #load(): Promise<void> {
    if (!this.root.open || this.root.hidden) return;
    const { rows, total, note } = decodePainted(await this.#options.load());
    const left = total - rows.length;
    const more = left > 0 ? [`${formatCount(left)} more have smaller sums`] : [];
    const notes = [note, ...more].filter(Boolean).join("  ·  ");
    const head = element("tr", {}, ...HEADS.map((text) => element("th", { scope: "col" }, text)));
    this.#body.replaceChildren(
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows.map(this.#row))),
      ...(notes ? [element("p", {}, notes)] : []),
    );
  }

  readonly #row = ({ name, what, count, texts }: PaintedRow): HTMLElement => {
    const shown = visibleName(name);
    const jump = () => this.#options.onJump(name);
    const link = button(what ? `${shown}/` : shown, jump, { class: "ckpt-link", title: shown });
    const numbers = [formatCount(count), ...texts].map((text) => element("td", {}, text));
    return element("tr", { class: what }, element("th", { scope: "row" }, link), ...numbers);
  };
}
