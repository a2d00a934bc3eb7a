/**
 * The view of bytes: each file as a tree of ranges that make up all of it, and the bytes of the one that is looked at.
 *
 * The kernel's half is ckpt_magics/notebook/widgets/bytes/bytes_view.py. Ranges are asked for when they come into sight.
 */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { type Channel, setTrait } from "../kernel/messages";
import { element } from "../page/dom";
import { formatBytes, formatCount, visibleName } from "../page/format";
import { Notice } from "../page/notice";
import { headDetails } from "../page/view_head";
import { mountView } from "../page/view_mount";
import { titleBar } from "../page/view_root";
import { VirtualRows } from "../tensors/virtual_rows";
import { HexPane } from "./hex_pane";
import { decodeRow, RangeNode, type RangeRow } from "./range_tree";

const ROW_HEIGHT = 24;
/** Ranges that are asked for at a time. */
const PAGE = 200;

interface BytesModel {
  /** Number of the file, then the position on each level. */
  selected: number[];
}

class BytesApp {
  readonly #model: AnyModel<BytesModel>;
  readonly #channel: Channel;
  readonly #tree = new RangeNode([]);
  readonly #rows: VirtualRows;
  readonly #scroller: HTMLElement;
  readonly #hex: HexPane;
  readonly #notice = new Notice();
  readonly root: HTMLElement;

  constructor(model: AnyModel<BytesModel>, channel: Channel, files: readonly unknown[]) {
    this.#model = model;
    this.#channel = channel;
    this.#hex = new HexPane(channel);
    this.#tree.total = files.length;
    files.forEach((file, index) => {
      const { name, size } = file as { name: string; size: number };
      const says = formatBytes(size);
      this.#tree.rows.set(index, {
        offset: 0,
        size,
        what: String(name),
        says,
        wrong: false,
        hasInside: true,
      });
    });
    this.#scroller = element("div", {
      class: "ckpt-ranges",
      role: "treegrid",
      tabindex: 0,
      "aria-label": "Ranges of bytes",
      onkeydown: (event) => this.#onKey(event as KeyboardEvent),
      onclick: (event) => this.#onClick(event),
    });
    this.#rows = new VirtualRows(this.#scroller, {
      rowHeight: ROW_HEIGHT,
      create: () => element("div", { class: "ckpt-range", role: "row" }),
      fill: (row, position) => this.#fill(row, position),
    });
    const search = element("input", { type: "search", placeholder: "Tensor", "aria-label": "Find a tensor" });
    search.addEventListener("change", () => void this.#find(search.value));
    this.root = element(
      "div",
      {},
      element("div", { class: "ckpt-bar" }, element("div", { class: "ckpt-filter" }, search)),
      this.#notice.root,
      element(
        "div",
        { class: "ckpt-split" },
        element("div", { class: "ckpt-ranges-box" }, heading(), this.#scroller),
        this.#hex.root,
      ),
    );
    model.on("change:selected", this.#onSelected);
  }

  async start(): Promise<void> {
    await Promise.all([...this.#tree.rows.keys()].slice(0, 4).map((file) => this.#open([file])));
    this.#rows.setLength(this.#tree.height);
    if (this.#model.get("selected").length === 0 && this.#tree.total > 0) this.#set([0]);
    else await this.#reveal();
  }

  repaint(): void {}

  close(): void {
    this.#model.off("change:selected", this.#onSelected);
    this.#hex.close();
    this.#rows.close();
  }

  get #selected(): readonly number[] {
    return this.#model.get("selected");
  }

  #set(path: readonly number[]): void {
    setTrait(this.#model, "selected", [...path]);
  }

  readonly #onSelected = (): void => void this.#reveal();

  /** Unfold the way to what is selected, and show its bytes. */
  async #reveal(): Promise<void> {
    const path = this.#selected;
    if (path.length === 0) return;
    try {
      for (let depth = 1; depth < path.length; depth++) await this.#open(path.slice(0, depth));
      const { node, index } = this.#around(path);
      if (!node.rows.has(index)) await this.#load(node, index);
      const row = node.rows.get(index);
      this.#rows.setLength(this.#tree.height, true);
      this.#rows.reveal(this.#tree.rowOf(path));
      if (row) this.#showBytes(path, row);
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  #showBytes(path: readonly number[], row: RangeRow): void {
    const file = path[0] ?? 0;
    const fileSize = this.#tree.rows.get(file)?.size ?? 0;
    const title = path.length === 1 ? row.what : `${row.what}${row.says ? `: ${row.says}` : ""}`;
    this.#hex.show({ file, fileSize, offset: row.offset, size: row.size, title: visibleName(title) });
  }

  #around(path: readonly number[]): { node: RangeNode; index: number } {
    let node = this.#tree;
    for (const step of path.slice(0, -1)) node = node.opened.get(step) ?? node;
    return { node, index: path.at(-1) ?? 0 };
  }

  async #open(path: readonly number[]): Promise<void> {
    const { node, index } = this.#around(path);
    if (node.opened.has(index)) return;
    const opened = new RangeNode(path);
    await this.#load(opened, 0);
    node.opened.set(index, opened);
  }

  /** Ask for the page of ranges that one is on. */
  async #load(node: RangeNode, index: number): Promise<void> {
    const start = pageOf(index);
    const reply = await this.#channel.request("ranges", { path: node.path, start, count: PAGE });
    node.total = Number(reply.content.total);
    const rows = Array.isArray(reply.content.rows) ? reply.content.rows : [];
    rows.forEach((row, at) => {
      node.rows.set(start + at, decodeRow(row));
    });
  }

  async #loadSeen(node: RangeNode, index: number): Promise<void> {
    const page = pageOf(index);
    if (node.asked.has(page)) return;
    node.asked.add(page);
    try {
      await this.#load(node, index);
      this.#rows.refresh();
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  async #toggle(path: readonly number[]): Promise<void> {
    const { node, index } = this.#around(path);
    if (node.opened.has(index)) node.opened.delete(index);
    else {
      try {
        await this.#open(path);
      } catch (error) {
        this.#notice.fail(error);
      }
    }
    this.#rows.setLength(this.#tree.height, true);
  }

  async #find(name: string): Promise<void> {
    if (!name) return;
    try {
      const reply = await this.#channel.request("tensor", { name });
      const [first] = reply.content.paths as number[][];
      this.#notice.close();
      if (first) this.#set(first);
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  #fill(element_: HTMLElement, position: number): void {
    const { node, index } = this.#tree.at(position);
    const row = node.rows.get(index);
    if (!row) {
      element_.replaceChildren("…");
      void this.#loadSeen(node, index);
      return;
    }
    const path = [...node.path, index];
    const isOpen = node.opened.has(index);
    const isSelected = path.join() === this.#selected.join();
    element_.style.setProperty("--level", String(path.length - 1));
    element_.setAttribute("aria-level", String(path.length));
    element_.setAttribute("aria-selected", String(isSelected));
    element_.classList.toggle("wrong", row.wrong);
    if (row.hasInside) element_.setAttribute("aria-expanded", String(isOpen));
    else element_.removeAttribute("aria-expanded");
    const mark = row.hasInside ? (isOpen ? "▾" : "▸") : "";
    element_.replaceChildren(
      cell("ckpt-range-mark", mark),
      cell("ckpt-range-what", row.what),
      cell("ckpt-range-says", path.length === 1 ? "" : row.says),
      cell("number", path.length === 1 ? "" : formatCount(row.offset)),
      cell("number", path.length === 1 ? formatBytes(row.size) : formatCount(row.size)),
    );
    element_.title = visibleName(`${row.what} ${row.says}`);
  }

  #pathAt(target: EventTarget | null): readonly number[] | null {
    const row = target instanceof Element ? target.closest<HTMLElement>(".ckpt-range") : null;
    if (!row) return null;
    const { node, index } = this.#tree.at(Number(row.dataset.position));
    return [...node.path, index];
  }

  #onClick(event: Event): void {
    const path = this.#pathAt(event.target);
    if (!path) return;
    this.#set(path);
    const onMark = (event.target as Element).closest(".ckpt-range-mark") !== null;
    if (onMark || (event as MouseEvent).detail === 2) void this.#toggle(path);
  }

  #onKey(event: KeyboardEvent): void {
    const path = this.#selected;
    const row = this.#tree.rowOf(path);
    const { node, index } = this.#around(path);
    const isOpen = node.opened.has(index);
    if (event.key === "ArrowDown") this.#go(row + 1);
    else if (event.key === "ArrowUp") this.#go(row - 1);
    else if (event.key === "PageDown") this.#go(row + this.#rows.pageSize);
    else if (event.key === "PageUp") this.#go(row - this.#rows.pageSize);
    else if (event.key === "ArrowLeft" && !isOpen && path.length > 1) this.#set(path.slice(0, -1));
    else if (event.key === "Enter" || event.key === (isOpen ? "ArrowLeft" : "ArrowRight")) {
      if (node.rows.get(index)?.hasInside) void this.#toggle(path);
    } else return;
    event.preventDefault();
  }

  #go(row: number): void {
    const { node, index } = this.#tree.at(Math.max(0, Math.min(row, this.#tree.height - 1)));
    this.#set([...node.path, index]);
  }
}

/** The first range of the page that one is on. */
function pageOf(index: number): number {
  return Math.floor(index / PAGE) * PAGE;
}

/** What the columns are; the rows say it by themselves to who does not see them. */
function heading(): HTMLElement {
  const names = ["", "What", "Says", "Offset", "Bytes"];
  const cells = names.map((name, at) => element("span", { class: at > 2 ? "number" : "" }, name));
  return element("div", { class: "ckpt-ranges-head", "aria-hidden": "true" }, ...cells);
}

function cell(kind: string, text: string): HTMLElement {
  return element("span", { class: kind, role: "gridcell" }, visibleName(text));
}

async function open(root: HTMLElement, model: AnyModel<BytesModel>, channel: Channel): Promise<BytesApp> {
  const { title, note, lines, files } = (await channel.request("open")).content;
  const app = new BytesApp(model, channel, Array.isArray(files) ? files : []);
  root.replaceChildren(titleBar(title, note, ...headDetails(lines, [])), app.root);
  await app.start();
  return app;
}

function render({ model, el }: RenderProps<BytesModel>): () => void {
  return mountView("ckpt-bytes", model, el, open);
}

export default { render };
