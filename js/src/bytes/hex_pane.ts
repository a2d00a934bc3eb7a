/** Bytes as hexadecimal numbers, with the text that they may be; those of a range, or from any place on. */
import { bytesOf } from "../kernel/buffers";
import type { Channel } from "../kernel/messages";
import { button, element } from "../page/dom";
import { formatCount } from "../page/format";
import { errorLine } from "../page/view_root";

/** Bytes that are shown at a time. */
const PAGE = 512;
/** Bytes of a line: the first that fits, else the last. */
const WIDTHS = [16, 8, 4] as const;
/** Letters of a line beside those of its bytes, of which each takes four. */
const FRAME = 11;

export interface HexRange {
  readonly file: number;
  readonly fileSize: number;
  readonly offset: number;
  readonly size: number;
  readonly title: string;
}

export class HexPane {
  readonly root = element("section", { class: "ckpt-hex", "aria-label": "Bytes" });
  readonly #channel: Channel;
  readonly #title = element("h3", {});
  readonly #says = element("p", { class: "ckpt-note" });
  readonly #bytes = element("pre", { class: "ckpt-hex-bytes", tabindex: 0, "aria-label": "Hexadecimal" });
  readonly #from = element("input", { type: "number", min: 0, step: 1, "aria-label": "First byte" });
  #range: HexRange | null = null;
  #request: AbortController | null = null;
  #shown: ((width: number) => Node[]) | null = null;
  readonly #resizes = new ResizeObserver(() => this.#lay());

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#from.addEventListener("change", () => this.#goTo(Number(this.#from.value)));
    const bar = element(
      "div",
      { class: "ckpt-controls", role: "toolbar", "aria-label": "Which bytes" },
      element("label", {}, "from byte ", this.#from),
      button("−", () => this.#step(-PAGE), { "aria-label": "Earlier bytes", title: "Earlier bytes" }),
      button("+", () => this.#step(PAGE), { "aria-label": "Later bytes", title: "Later bytes" }),
    );
    this.root.append(this.#title, this.#says, bar, this.#bytes);
    this.#resizes.observe(this.root);
  }

  show(range: HexRange): void {
    this.#range = range;
    this.#title.textContent = range.title;
    const last = range.offset + range.size - 1;
    this.#says.textContent = `bytes ${formatCount(range.offset)} to ${formatCount(last)}: ${formatCount(range.size)}`;
    this.#goTo(range.offset);
  }

  close(): void {
    this.#request?.abort();
    this.#resizes.disconnect();
  }

  /** Lay what is shown in lines that fit. */
  #lay(): void {
    if (!this.#shown) return;
    const probe = element("span", {}, "0".repeat(FRAME));
    this.#bytes.replaceChildren(probe);
    const letters = (this.#bytes.clientWidth / probe.getBoundingClientRect().width) * FRAME;
    const width = WIDTHS.find((bytes) => !(FRAME + 4 * bytes > letters)) ?? WIDTHS[2];
    this.#bytes.replaceChildren(...this.#shown(width));
  }

  #step(by: number): void {
    this.#goTo(Number(this.#from.value) + by);
  }

  #goTo(place: number): void {
    if (!this.#range) return;
    const offset = Math.max(0, Math.min(Math.floor(place) || 0, this.#range.fileSize - 1));
    this.#from.value = String(offset);
    void this.#fetch(this.#range, offset);
  }

  async #fetch(range: HexRange, offset: number): Promise<void> {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const wanted = { file: range.file, offset, size: PAGE };
      const reply = await this.#channel.request("bytes", wanted, { signal });
      const data = reply.buffers[0] ? bytesOf(reply.buffers[0]) : new Uint8Array();
      this.#shown = (width) => hexLines(data, width, offset, range.offset, range.offset + range.size);
      this.#lay();
    } catch (error) {
      this.#shown = null;
      const line = errorLine(error);
      if (line) this.#bytes.replaceChildren(line);
    }
  }
}

/** Lines of so many bytes; those that belong to the range stand out. */
function hexLines(data: Uint8Array, width: number, offset: number, start: number, end: number): Node[] {
  const nodes: Node[] = [];
  for (let at = 0; at < data.length; at += width) {
    const row = data.subarray(at, at + width);
    nodes.push(
      element("span", { class: "ckpt-hex-place" }, (offset + at).toString(16).padStart(8, "0")),
      document.createTextNode("  "),
    );
    nodes.push(...marked(row, offset + at, start, end));
    nodes.push(document.createTextNode(`${"   ".repeat(width - row.length)} ${textOf(row)}\n`));
  }
  return nodes;
}

function marked(row: Uint8Array, place: number, start: number, end: number): Node[] {
  const parts = [
    row.subarray(0, Math.max(start - place, 0)),
    row.subarray(Math.max(start - place, 0), Math.max(end - place, 0)),
    row.subarray(Math.max(end - place, 0)),
  ];
  return parts.map((part, which) =>
    element("span", { class: which === 1 ? "ckpt-hex-own" : "" }, hexOf(part)),
  );
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `${byte.toString(16).padStart(2, "0")} `).join("");
}

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join(
    "",
  );
}
