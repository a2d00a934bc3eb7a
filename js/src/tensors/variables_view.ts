/**
 * The variables view: every tensor of a checkpoint as a table with search, filters, totals, statistics and values.
 *
 * The kernel's half is ckpt_magics/notebook/widgets/tensors/variables_view.py. The metadata of all rows comes once and stays in the
 * browser; statistics and values are asked for when somebody looks at them.
 */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { type Channel, setTrait } from "../kernel/messages";
import { button, element } from "../page/dom";
import { formatBytes, formatCount, formatShare, visibleName } from "../page/format";
import { Menu } from "../page/menu";
import { Notice } from "../page/notice";
import { oneStop } from "../page/one_stop";
import { headDetails } from "../page/view_head";
import { mountView } from "../page/view_mount";
import { titleBar } from "../page/view_root";
import { badgesIn } from "./columns";
import {
  asksStatistics,
  type FilterState,
  filterRows,
  NO_FILTER,
  type SortState,
  sortRows,
  statisticOf,
} from "./filter";
import { FilterBar } from "./filter_bar";
import { headerBars } from "./header_bars";
import { ScopeTree, scopeBadges, scopeTotals } from "./scope_tree";
import { Selection } from "./selection";
import { type Statistics, StatisticsStore } from "./statistics";
import { ROW_HEIGHT, Table } from "./table";
import { TensorPane } from "./tensor_pane";
import { decodeIndex, dtypeOf, shapeOf, type VariableIndex } from "./variable_index";

/** Rows that code is copied for when none is selected. */
const MOST_COPIED = 20;

/** The synced traits, as in VariablesView in Python. */
interface VariablesModel {
  filter_state: FilterState;
  sort: readonly [column: SortState["column"], descending: boolean];
  selected_rows: number[];
  /** Row whose values are shown, or -1. */
  active_row: number;
}

class VariablesApp {
  readonly #model: AnyModel<VariablesModel>;
  readonly #channel: Channel;
  readonly #index: VariableIndex;
  readonly #selection = new Selection();
  readonly #statistics: StatisticsStore;
  readonly #table: Table;
  readonly #tree: ScopeTree;
  readonly #filterBar: FilterBar;
  readonly #pane: TensorPane;
  readonly #notice = new Notice();
  readonly #columnsMenu = new Menu("Columns", "Choose the columns that are shown");
  readonly #restoreButton: HTMLButtonElement;
  readonly #status = element("span", { class: "ckpt-status", role: "status", "aria-live": "polite" });
  readonly root: HTMLElement;
  #order: Uint32Array = new Uint32Array();
  #frame = 0;

  constructor(model: AnyModel<VariablesModel>, channel: Channel, index: VariableIndex, canRestore: boolean) {
    this.#model = model;
    this.#channel = channel;
    this.#index = index;
    this.#statistics = new StatisticsStore(channel, () => this.#scheduleRefresh());
    this.#table = new Table({
      index,
      selection: this.#selection,
      statistics: this.#known,
      onSort: (sort) => this.#set("sort", [sort.column, sort.descending]),
      onSelect: () => this.#set("selected_rows", this.#selection.toArray()),
      onActivate: (row) => this.#set("active_row", row),
      onVisible: (rows) => this.#wantVisible(rows),
      headerBars: (column) =>
        headerBars(index, column, this.#filter, this.#knownOfAll, (part) => this.#changeFilter(part)),
      onColumns: () => this.#fillColumns(),
    });
    this.#tree = new ScopeTree({ onChoose: (scope) => this.#changeFilter({ scope }) });
    this.#filterBar = new FilterBar({ onChange: (part) => this.#changeFilter(part) });
    this.#pane = new TensorPane(channel, () => this.#set("active_row", -1));
    this.#restoreButton = button("Restore", () => void this.#restore(), {
      title: "Bring the selected variables into the notebook",
    });
    this.#restoreButton.hidden = !canRestore;
    this.root = this.#layOut();
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    model.on("change:filter_state", this.#onFilter);
    model.on("change:sort", this.#onFilter);
    model.on("change:selected_rows", this.#onSelected);
    model.on("change:active_row", this.#onActive);
    this.#tree.show(scopeTotals(index, index.names.keys()), this.#filter.scope);
    this.#selection.replace(model.get("selected_rows"));
    this.#fillColumns();
    this.#onFilter();
    this.#onActive();
  }

  close(): void {
    this.#model.off("change:filter_state", this.#onFilter);
    this.#model.off("change:sort", this.#onFilter);
    this.#model.off("change:selected_rows", this.#onSelected);
    this.#model.off("change:active_row", this.#onActive);
    cancelAnimationFrame(this.#frame);
    this.#statistics.close();
    this.#table.close();
  }

  /** Paint the canvases again in the colours that hold now. */
  repaint(): void {
    this.#table.repaint();
    this.#pane.repaint();
  }

  #layOut(): HTMLElement {
    const tools = element(
      "div",
      { class: "ckpt-tools", role: "toolbar", "aria-label": "Actions" },
      button("Statistics", () => void this.#computeAll(), {
        title: "Compute the statistics of every row shown, also of those not on the screen",
      }),
      button("Copy as code", () => void this.#copyCode(), {
        title: "Python that reads the selected variables, or those shown",
      }),
      this.#columnsMenu.root,
      this.#restoreButton,
    );
    oneStop(tools);
    const split = element("div", { class: "ckpt-split" }, this.#tree.root, this.#table.frame);
    // A checkpoint of ten variables needs no room for a hundred.
    const head = 2.5;
    split.style.setProperty("--rows-height", `${(Math.max(this.#index.rows, 5) + head) * ROW_HEIGHT}px`);
    return element(
      "div",
      { class: "ckpt-variables-body" },
      element("div", { class: "ckpt-bar" }, this.#filterBar.root, tools),
      this.#notice.root,
      split,
      this.#pane.root,
      element("div", { class: "ckpt-foot" }, this.#status),
    );
  }

  get #filter(): FilterState {
    return { ...NO_FILTER, ...this.#model.get("filter_state") };
  }

  #set<K extends keyof VariablesModel>(name: K, value: VariablesModel[K]): void {
    setTrait(this.#model, name, value);
  }

  #changeFilter(part: Partial<FilterState>): void {
    this.#set("filter_state", { ...this.#filter, ...part });
  }

  readonly #onFilter = (): void => {
    this.#arrange();
    const [column] = this.#model.get("sort");
    // To order or to compare all rows needs the statistics of all, also of those that were never on the screen.
    const asks = statisticOf(column) !== null || asksStatistics(this.#filter);
    if (asks && this.#statistics.size < this.#index.rows)
      void this.#computeAll(everyRow(this.#index)).then(() => this.#arrange());
  };

  #arrange(): void {
    const filter = this.#filter;
    const [column, descending] = this.#model.get("sort");
    const sort = { column, descending };
    const rows = filterRows(this.#index, filter, this.#known);
    this.#order = sortRows(this.#index, rows, sort, this.#known);
    this.#filterBar.show(filter);
    this.#tree.choose(filter.scope);
    this.#table.show(this.#order, sort);
    this.#showStatus();
  }

  readonly #known = (row: number): Statistics | undefined => this.#statistics.get(row);

  /** A histogram over some rows only would mislead. */
  readonly #knownOfAll = (row: number): Statistics | undefined =>
    this.#statistics.size === this.#index.rows ? this.#statistics.get(row) : undefined;

  #fillColumns(): void {
    const labels = this.#table.columns.map(([title, shown]) => {
      const box = element("input", {
        type: "checkbox",
        "data-key": title,
        onchange: () => this.#table.choose(title, box.checked),
      });
      box.checked = shown;
      return element("label", {}, box, ` ${title}`);
    });
    this.#columnsMenu.fill(element("div", { class: "ckpt-column-list" }, ...labels));
  }

  readonly #onSelected = (): void => {
    this.#selection.replace(this.#model.get("selected_rows"));
    this.#table.refresh();
    this.#showStatus();
  };

  readonly #onActive = (): void => {
    const row = this.#model.get("active_row");
    if (row < 0 || row >= this.#index.rows) {
      this.#pane.hide();
      return;
    }
    if (row === this.#pane.row) return;
    this.#pane.show({
      row,
      name: this.#index.names[row] ?? "",
      dtype: dtypeOf(this.#index, row),
      shape: shapeOf(this.#index, row),
      bytes: this.#index.bytes[row] ?? 0,
    });
    this.#pane.showStatistics(this.#statistics.get(row));
    if (!this.#statistics.get(row)) this.#statistics.wantVisible([row]);
    this.#table.reveal(row);
  };

  #showStatus(): void {
    const index = this.#index;
    const all = formatCount(index.rows);
    const shown = this.#order.length === index.rows ? all : `${formatCount(this.#order.length)} of ${all}`;
    const parts = [`${shown} variables: ${describeTotals(index, this.#order)}`];
    const selected = this.#selection.toArray();
    if (selected.length > 0)
      parts.push(`${formatCount(selected.length)} selected: ${describeTotals(index, selected)}`);
    this.#status.textContent = parts.join("  ·  ");
    this.#restoreButton.disabled = selected.length === 0;
  }

  #scheduleRefresh(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#tree.showBadges(scopeBadges(this.#index, (row) => badgesIn(this.#index, row, this.#known(row))));
      this.#table.refreshStatistics();
      if (this.#statistics.size === this.#index.rows) this.#table.refreshHeader();
      if (this.#pane.row >= 0) this.#pane.showStatistics(this.#statistics.get(this.#pane.row));
    });
  }

  #wantVisible(rows: readonly number[]): void {
    const active = this.#pane.row;
    this.#statistics.wantVisible(active >= 0 ? [active, ...rows] : rows);
  }

  /** Statistics of every row shown, with progress and a button to stop; resolves to whether it was finished. */
  async #computeAll(rows: readonly number[] = Array.from(this.#order)): Promise<boolean> {
    const controller = new AbortController();
    const onProgress = this.#notice.showProgress("Computing statistics", () => controller.abort());
    try {
      await this.#statistics.compute(rows, controller.signal, onProgress);
      this.#notice.close();
      return true;
    } catch (error) {
      this.#notice.close();
      this.#notice.fail(error);
      return false;
    }
  }

  /** What is selected, else the first of what is shown. */
  #rowsToCopy(): number[] {
    return this.#selection.size > 0
      ? this.#selection.toArray()
      : Array.from(this.#order.subarray(0, MOST_COPIED));
  }

  async #copyCode(): Promise<void> {
    try {
      const reply = await this.#channel.request("code", { rows: this.#rowsToCopy() });
      const code = String(reply.content.text);
      const copied = await navigator.clipboard?.writeText(code).then(
        () => true,
        () => false,
      );
      this.#notice.showCode(copied ? "Copied:" : "Copy this:", code);
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  async #restore(): Promise<void> {
    try {
      const reply = await this.#channel.request("restore", { rows: this.#selection.toArray() });
      this.#notice.say(String(reply.content.text));
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (event.key === "/" && !typing) this.#filterBar.focus();
    else if (event.key === "Escape" && this.#pane.row >= 0) {
      this.#set("active_row", -1);
      this.#table.root.focus();
    } else return;
    event.preventDefault();
  }
}

function everyRow(index: VariableIndex): number[] {
  return Array.from({ length: index.rows }, (_, row) => row);
}

/** Elements, bytes and share of the file of some rows. */
function describeTotals(index: VariableIndex, rows: Iterable<number>): string {
  let [elements, bytes, whole] = [0, 0, 0];
  for (const row of rows) {
    elements += index.elements[row] ?? 0;
    bytes += Math.max(index.bytes[row] ?? 0, 0);
  }
  for (const size of index.bytes) whole += Math.max(size, 0);
  const share = whole > 0 && bytes < whole ? ` (${formatShare(bytes / whole)} of all)` : "";
  return `${formatCount(elements)} elements, ${formatBytes(bytes)}${share}`;
}

/** What is on the page until the whole index is there: the first rows, without tools. */
function firstRows(rows: unknown): HTMLElement {
  const body = element("tbody", {});
  for (const row of Array.isArray(rows) ? rows : []) {
    if (!Array.isArray(row)) continue;
    const [name, dtype, shape, , bytes] = row;
    const cells = [visibleName(String(name)), String(dtype), String(shape), formatBytes(Number(bytes))];
    body.append(element("tr", {}, ...cells.map((text) => element("td", {}, text))));
  }
  return element("div", { class: "ckpt-first", "aria-busy": "true" }, element("table", {}, body));
}

async function open(
  root: HTMLElement,
  model: AnyModel<VariablesModel>,
  channel: Channel,
): Promise<VariablesApp> {
  const start = await channel.request("open");
  const { title, note, lines, files, first } = start.content;
  const head = titleBar(title, note, ...headDetails(lines, files));
  const waiting = firstRows(first);
  root.replaceChildren(head, waiting);
  const index = await decodeIndex(await channel.request("index"));
  const app = new VariablesApp(model, channel, index, start.content.can_restore === true);
  waiting.replaceWith(app.root);
  return app;
}

function render({ model, el }: RenderProps<VariablesModel>): () => void {
  return mountView("ckpt-variables", model, el, open);
}

export default { render };
