/**
 * The graph view: a MetaGraph that opens scope by scope, with search, traces, details and saved values.
 *
 * The kernel's half is ckpt_magics/widgets/graph_view.py: it cuts the graph to what is visible and describes that in
 * DOT. Layout, drawing and moving about happen here.
 */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { bytesOf } from "./buffers";
import { element } from "./dom";
import { formatCount, visibleName } from "./format";
import { GraphControls } from "./graph_controls";
import { decodeDetails, decodeNames, decodeView, type GraphState, type GraphView } from "./graph_model";
import { GraphPicture } from "./graph_picture";
import { LayoutError, sharedEngine } from "./layout";
import { Channel } from "./messages";
import { NodePanel } from "./node_panel";
import { download, standaloneSvg, toPng } from "./picture_export";
import { decodeStatistics } from "./statistics";
import { TensorPane } from "./tensor_pane";
import { ViewHistory } from "./view_history";
import { errorLine, openViewRoot, titleBar } from "./view_root";

/** The synced traits, as in GraphView in Python. */
interface GraphModel {
  view_state: GraphState;
  /** Full name of the selected node, or "". */
  selected: string;
}

export type ExportFormat = "svg" | "png" | "dot" | "html";

class GraphApp {
  readonly root: HTMLElement;
  readonly #model: AnyModel<GraphModel>;
  readonly #channel: Channel;
  readonly #picture: GraphPicture;
  readonly #controls: GraphControls;
  readonly #panel: NodePanel;
  readonly #value: TensorPane;
  readonly #history: ViewHistory<GraphState>;
  readonly #message = element("div", { class: "ckpt-foot", role: "status", "aria-live": "polite" });
  readonly #offStatistics: () => void;
  #view: GraphView | null = null;
  /** The state that is drawn or being drawn; an answer for an older one is dropped. */
  #drawing = 0;
  /** What stays in place in the next drawing. */
  #anchor: string | null = null;
  /** Start of a path whose end is the next node chosen. */
  #pathFrom: string | null = null;

  constructor(model: AnyModel<GraphModel>, channel: Channel) {
    this.#model = model;
    this.#channel = channel;
    this.#history = new ViewHistory(model.get("view_state"));
    this.#picture = new GraphPicture({
      onSelect: (node) => void this.#choose(node.name),
      onOpen: (name) => this.#open(name),
      onClose: (name) => this.#close(name),
    });
    this.#controls = new GraphControls({
      search: async (text, mode, signal) => channel.request("search", { text, mode }, { signal }),
      onJump: (name) => void this.#jump(name),
      onChange: (part) => this.#change(part),
      onHistory: (step) => this.#travel(step),
      onFit: () => this.#picture.viewport.fit(),
      onZoom: (factor) => this.#picture.viewport.zoom(factor),
      onExport: (format) => void this.#export(format),
    });
    this.#value = new TensorPane(channel, () => this.#value.hide());
    this.#panel = new NodePanel({
      onJump: (name) => void this.#jump(name),
      onTrace: (name, direction) => void this.#trace("trace", { name, direction }),
      onPathFrom: (name) => this.#startPath(name),
      onAside: (name) => this.#toggleAside(name),
      onClose: () => this.#select(""),
    });
    this.#offStatistics = channel.on("statistics", (content) => {
      if (content.row === this.#value.row) this.#value.showStatistics(decodeStatistics(content));
    });
    const body = element("div", { class: "ckpt-split" }, this.#picture.viewport.root, this.#panel.root);
    this.root = element("div", { class: "ckpt-graph-body" }, this.#controls.root, body, this.#message);
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    model.on("change:view_state", this.#onState);
    model.on("change:selected", this.#onSelected);
  }

  close(): void {
    this.#model.off("change:view_state", this.#onState);
    this.#model.off("change:selected", this.#onSelected);
    this.#offStatistics();
    this.#picture.viewport.close();
  }

  /** Ask for the view of the present state, lay it out and draw it. */
  async draw(): Promise<void> {
    const turn = ++this.#drawing;
    const state = this.#model.get("view_state");
    this.root.setAttribute("aria-busy", "true");
    try {
      const view = decodeView(await this.#channel.request("view", { ...state }));
      const svg = await this.#layout(view.dot);
      if (turn !== this.#drawing) return;
      this.#view = view;
      this.#picture.show(view, svg, this.#anchor);
      this.#controls.show(state, view, this.#history);
      const selected = this.#model.get("selected");
      if (selected && this.#picture.has(selected)) this.#picture.select(selected, this.#anchor === null);
      this.#say(`${formatCount(view.nodes.length)} nodes shown. ${view.notes.join(" ")}`);
    } catch (error) {
      const line = errorLine(error);
      if (line && turn === this.#drawing) this.#message.replaceChildren(line);
    } finally {
      if (turn === this.#drawing) this.root.removeAttribute("aria-busy");
      this.#anchor = null;
    }
  }

  /** SVG by the worker of this page; where that fails or takes too long, by the kernel. */
  async #layout(dot: string): Promise<string> {
    try {
      const engine = await sharedEngine(async () => {
        const reply = await this.#channel.request("engine");
        return bytesOf(reply.buffers[0] as DataView);
      });
      return await engine.layout(dot);
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      const reply = await this.#channel.request("layout", { ...this.#model.get("view_state") });
      return String(reply.content.svg);
    }
  }

  readonly #onState = (): void => {
    const state = this.#model.get("view_state");
    if (JSON.stringify(state) !== JSON.stringify(this.#history.current)) this.#history.push(state);
    void this.draw();
  };

  readonly #onSelected = (): void => {
    const name = this.#model.get("selected");
    this.#picture.select(name);
    if (name) void this.#showDetails(name);
    else {
      this.#value.hide();
      this.#panel.hide();
    }
  };

  #change(part: Partial<GraphState>): void {
    this.#model.set("view_state", { ...this.#model.get("view_state"), ...part });
    this.#model.save_changes();
  }

  #select(name: string): void {
    this.#model.set("selected", name);
    this.#model.save_changes();
  }

  async #choose(name: string): Promise<void> {
    if (this.#pathFrom !== null && this.#pathFrom !== name) {
      const from = this.#pathFrom;
      this.#pathFrom = null;
      await this.#trace("path", { from, to: name });
    }
    this.#select(name);
  }

  #open(name: string): void {
    this.#anchor = name;
    this.#change({ open: [...new Set([...(this.#view?.open ?? []), name])] });
  }

  /** Close a scope and what is open inside it. */
  #close(name: string): void {
    this.#anchor = name;
    const open = this.#view?.open ?? [];
    this.#change({ open: open.filter((scope) => scope !== name && !scope.startsWith(`${name}/`)) });
  }

  /** Open every scope around a node, then select it. */
  async #jump(name: string): Promise<void> {
    this.#select(name);
    if (this.#picture.has(name)) {
      this.#picture.select(name, true);
      return;
    }
    try {
      const scopes = decodeNames(await this.#channel.request("scopes", { name }));
      this.#change({ open: [...new Set([...(this.#view?.open ?? []), ...scopes])] });
    } catch (error) {
      this.#fail(error);
    }
  }

  #travel(step: -1 | 1): void {
    this.#change({ ...this.#history.move(step) });
  }

  async #showDetails(name: string): Promise<void> {
    try {
      const details = decodeDetails(await this.#channel.request("node", { name }));
      if (this.#model.get("selected") !== name) return;
      this.#panel.show(details, details.variable ? this.#value.root : null);
      if (!details.variable) this.#value.hide();
      else {
        this.#value.show(details.variable);
        await this.#channel.request("statistics", { rows: [details.variable.row] });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #trace(kind: "trace" | "path", payload: Record<string, unknown>): Promise<void> {
    try {
      const reply = await this.#channel.request(kind, { ...payload, state: this.#model.get("view_state") });
      const names = decodeNames(reply);
      this.#picture.highlight(new Set(names));
      this.#say(String(reply.content.text ?? `${formatCount(names.length)} nodes marked. Esc ends that.`));
    } catch (error) {
      this.#fail(error);
    }
  }

  #startPath(name: string): void {
    this.#pathFrom = name;
    this.#say(`Choose the node where the path from ${visibleName(name)} ends.`);
  }

  #toggleAside(name: string): void {
    const { aside } = this.#model.get("view_state");
    const pulled = aside[name] ?? this.#view?.nodes.find((node) => node.name === name)?.kind === "aside";
    this.#change({ aside: { ...aside, [name]: !pulled } });
  }

  async #export(format: ExportFormat): Promise<void> {
    try {
      if (format === "dot") {
        download(this.#view?.dot ?? "", "text/vnd.graphviz", "graph.dot");
        return;
      }
      if (format === "html") {
        const reply = await this.#channel.request("html", { ...this.#model.get("view_state") });
        download(String(reply.content.html), "text/html", "graph.html");
        return;
      }
      const { content, width, height } = this.#picture.viewport.drawing;
      const svg = standaloneSvg(
        content,
        width,
        height,
        getComputedStyle(this.root.parentElement ?? this.root).backgroundColor,
      );
      if (format === "svg") download(svg, "image/svg+xml", "graph.svg");
      else download(await toPng(svg, width, height), "image/png", "graph.png");
    } catch (error) {
      this.#fail(error);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === "/" && !typing) this.#controls.focusSearch();
    else if (event.key === "Escape") {
      this.#pathFrom = null;
      this.#picture.highlight(new Set());
      this.#select("");
    } else return;
    event.preventDefault();
  }

  #say(text: string): void {
    this.#message.textContent = visibleName(text);
  }

  #fail(error: unknown): void {
    const line = errorLine(error);
    if (line) this.#message.replaceChildren(line);
  }
}

function render({ model, el }: RenderProps<GraphModel>): () => void {
  const view = openViewRoot("ckpt-graph", el);
  const channel = new Channel(model as AnyModel);
  const app = new GraphApp(model, channel);
  channel
    .request("open")
    .then(({ content }) => {
      view.root.append(titleBar(content.title, content.note), app.root);
      return app.draw();
    })
    .catch((error: unknown) => {
      const line = errorLine(error);
      if (line) view.root.append(line);
    });
  return () => {
    app.close();
    channel.close();
    view.close();
  };
}

export default { render };
