/**
 * The graph view: a graph that opens scope by scope, with search, traces, details and saved values.
 *
 * The kernel's half is ckpt_magics/notebook/widgets/graph/graph_view.py: it cuts the graph to what is visible. Layout, drawing and
 * moving about happen here.
 */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { type Channel, isAbort, type Reply, setTrait } from "../kernel/messages";
import { element } from "../page/dom";
import { visibleName } from "../page/format";
import { Notice } from "../page/notice";
import { ViewHistory } from "../page/view_history";
import { mountView } from "../page/view_mount";
import { titleBar } from "../page/view_root";
import { decodeStatistics } from "../tensors/statistics";
import { TensorPane } from "../tensors/tensor_pane";
import { type ExportFormat, GraphControls } from "./graph_controls";
import { GraphFinder } from "./graph_finder";
import type { Layout } from "./graph_layout";
import { GraphLegend } from "./graph_legend";
import {
  decodeDetails,
  decodeFacts,
  decodeScene,
  type GraphFacts,
  type GraphScene,
  type GraphState,
  type Trace,
} from "./graph_model";
import { paintStyle } from "./graph_paints";
import { GraphPicture } from "./graph_picture";
import { NodePanel } from "./node_panel";
import { PaintedTable } from "./painted_table";
import { download, htmlPage, standaloneSvg, svgText, toPng } from "./picture_export";
import { SceneLayouts } from "./scene_layouts";

/** The synced traits, as in GraphView in Python. */
interface GraphModel {
  view_state: GraphState;
  /** Full name of the selected node, or "". */
  selected: string;
}

class GraphApp {
  readonly root: HTMLElement;
  readonly #title: string;
  readonly #model: AnyModel<GraphModel>;
  readonly #channel: Channel;
  readonly #layouts: SceneLayouts;
  readonly #picture: GraphPicture;
  readonly #finder: GraphFinder;
  readonly #controls: GraphControls;
  readonly #legend = new GraphLegend();
  readonly #panel: NodePanel;
  readonly #value: TensorPane;
  readonly #history: ViewHistory<GraphState>;
  readonly #notice = new Notice();
  readonly #status = element("div", { class: "ckpt-foot", role: "status", "aria-live": "polite" });
  readonly #painted: PaintedTable;
  readonly #offEvents: ReadonlyArray<() => void>;
  #scene: GraphScene | null = null;
  /** Counts drawings: an answer that comes after a newer question is dropped. */
  #turn = 0;
  /** What stays in place in the next drawing. */
  #anchor: string | null = null;
  #isTraced = false;
  /** Start of a path whose end is the next node chosen. */
  #pathFrom = "";

  constructor(model: AnyModel<GraphModel>, channel: Channel, facts: GraphFacts, title: string) {
    this.#model = model;
    this.#channel = channel;
    this.#title = title;
    this.#layouts = new SceneLayouts(channel);
    this.#history = new ViewHistory(this.#state);
    this.#picture = new GraphPicture({
      onSelect: (name) => this.#choose(name),
      onOpen: (name) => void this.#step("open_scope", name),
      onClose: (name) => void this.#step("close_scope", name),
      onPutBack: (group) => this.#change({ groups: [...this.#state.groups, group] }),
    });
    this.#finder = new GraphFinder({
      modes: facts.modes,
      search: async (text, mode, signal) =>
        channel.request("search", { text, mode, state: this.#state }, { signal }),
      onJump: (name) => void this.#jump(name),
      onMark: (boxes) => this.#picture.markHits(boxes),
    });
    this.#controls = new GraphControls(facts, this.#finder, {
      onChange: (part) => void this.#changeAfterWork(part),
      onHistory: (step) => this.#travel(step),
      onClose: (name) => void this.#step("close_scope", name),
      onExport: (format) => void this.#export(format),
    });
    this.#value = new TensorPane(channel, () => this.#value.hide());
    this.#panel = new NodePanel({
      onJump: (name) => void this.#jump(name),
      onTrace: (name, kind) => this.#trace(name, kind),
      onAside: (name, aside) => this.#change({ aside: { ...this.#state.aside, [name]: aside } }),
      onClose: () => this.#select(""),
      onOpenAll: (name) => void this.#step("open_all", name),
    });
    this.#painted = new PaintedTable({
      load: () => channel.request("painted"),
      onJump: (name) => void this.#jump(name),
    });
    this.#painted.offer(facts.painted);
    this.#offEvents = [
      channel.on("statistics", (content, buffers) => {
        const known = decodeStatistics(content, buffers).get(this.#value.row);
        if (known) this.#value.showStatistics(known);
      }),
      channel.on("painted", (content) => {
        this.#controls.offerColors(content.colors as string[]);
        this.#painted.offer(String(content.painted));
        void this.draw();
      }),
    ];
    this.#picture.viewport.root.append(this.#notice.root);
    const body = element("div", { class: "ckpt-split" }, this.#picture.viewport.root, this.#panel.root);
    this.root = element(
      "div",
      { class: "ckpt-graph-body" },
      paintStyle(facts.paints),
      this.#controls.root,
      body,
      element(
        "div",
        { class: "ckpt-graph-below" },
        element("div", {}, this.#legend.root, this.#painted.root, this.#status),
        this.#picture.viewport.map,
      ),
    );
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    model.on("change:view_state", this.#onState);
    model.on("change:selected", this.#onSelected);
    void this.#showDetails(model.get("selected"));
  }

  close(): void {
    this.#model.off("change:view_state", this.#onState);
    this.#model.off("change:selected", this.#onSelected);
    for (const off of this.#offEvents) off();
    this.#picture.viewport.close();
  }

  /** Paint the canvases again in the colours that hold now. */
  repaint(): void {
    this.#picture.viewport.repaint();
    this.#value.repaint();
  }

  /** Ask for the view of the present state, lay it out and draw it. */
  async draw(first?: Promise<Reply>): Promise<void> {
    const turn = ++this.#turn;
    const state = this.#state;
    this.root.setAttribute("aria-busy", "true");
    try {
      const scene = decodeScene(await (first ?? this.#channel.request("view", { state })));
      const layout = await this.#layouts.layout(scene, state);
      if (turn === this.#turn) this.#show(state, scene, layout);
    } catch (error) {
      if (turn === this.#turn) this.#notice.fail(error);
    } finally {
      if (turn === this.#turn) this.root.removeAttribute("aria-busy");
    }
  }

  #show(state: GraphState, scene: GraphScene, layout: Layout): void {
    this.#scene = scene;
    this.#picture.show(scene, layout, this.#anchor);
    this.#anchor = null;
    this.#controls.show(state, scene, this.#history);
    this.#legend.show(scene);
    void this.#finder.markAgain();
    const selected = this.#model.get("selected");
    if (selected) this.#picture.select(selected, true);
    this.#panel.setAside(this.#isAside(selected));
    if (scene.traced) this.#notice.say(`${scene.traced.text} (Esc ends the trace)`);
    else if (this.#isTraced) this.#notice.close();
    this.#isTraced = scene.traced !== null;
    const boxes = scene.nodes.length + scene.aside.length;
    this.#status.textContent = [`${boxes} boxes`, `${scene.edges.length} edges`, ...scene.notes].join(
      "  ·  ",
    );
  }

  get #state(): GraphState {
    return this.#model.get("view_state");
  }

  readonly #onState = (): void => {
    const state = this.#state;
    if (JSON.stringify(state) !== JSON.stringify(this.#history.current)) this.#history.push(state);
    void this.draw();
  };

  readonly #onSelected = (): void => {
    const name = this.#model.get("selected");
    this.#picture.select(name, true);
    void this.#showDetails(name);
  };

  #change(part: Partial<GraphState>): void {
    setTrait(this.#model, "view_state", { ...this.#state, ...part });
  }

  /** Some colours have to be computed first, which can take as long as reading two checkpoints. */
  async #changeAfterWork(part: Partial<GraphState>): Promise<void> {
    if (part.color === "difference") {
      const controller = new AbortController();
      const onProgress = this.#notice.showProgress("Comparing the checkpoints", () => controller.abort());
      try {
        await this.#channel.request("difference", {}, { signal: controller.signal, onProgress });
        this.#notice.close();
      } catch (error) {
        this.#notice.close();
        if (this.#scene) this.#controls.show(this.#state, this.#scene, this.#history);
        if (!isAbort(error)) this.#notice.fail(error);
        return;
      }
    }
    this.#change(part);
  }

  #select(name: string): void {
    setTrait(this.#model, "selected", name);
  }

  #choose(name: string): void {
    const from = this.#pathFrom;
    if (from && name && name !== from) {
      this.#pathFrom = "";
      this.#change({ trace: { kind: "path", name: from, to: name } });
    }
    this.#select(name);
  }

  /** A step that the kernel takes, since it knows what lies in what: the new state comes back as the trait. */
  async #step(kind: "open_scope" | "open_all" | "close_scope", name: string): Promise<void> {
    this.#anchor = name;
    try {
      // With the state, of which the kernel may not have heard yet: a busy one gets changes of traits late.
      await this.#channel.request(kind, { name, state: this.#state });
    } catch (error) {
      this.#anchor = null;
      this.#notice.fail(error);
    }
  }

  /** Open every scope around a node, and select it. */
  async #jump(name: string): Promise<void> {
    try {
      await this.#channel.request("reveal", { name, state: this.#state });
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  #travel(step: -1 | 1): void {
    const state = this.#history.move(step);
    this.#change({ ...state });
  }

  async #showDetails(name: string): Promise<void> {
    if (!name) {
      this.#value.hide();
      this.#panel.hide();
      return;
    }
    try {
      const details = decodeDetails(await this.#channel.request("node", { name }));
      if (this.#model.get("selected") !== name) return;
      this.#panel.show(details, this.#isAside(name), details.variable ? this.#value.root : null);
      if (!details.variable) this.#value.hide();
      else {
        this.#value.show(details.variable);
        await this.#channel.request("statistics", { rows: [details.variable.row] });
      }
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  #isAside(name: string): boolean {
    return this.#scene?.aside.some((node) => node.name === name) ?? false;
  }

  #trace(name: string, kind: Trace["kind"]): void {
    if (kind !== "path") this.#change({ trace: { kind, name, to: "" } });
    else {
      this.#pathFrom = name;
      this.#notice.say(`Choose the node where the path from ${visibleName(name)} ends.`);
    }
  }

  async #export(format: ExportFormat): Promise<void> {
    const scene = this.#scene;
    if (!scene) return;
    try {
      if (format === "dot") {
        const reply = await this.#channel.request("dot", { state: this.#state });
        download(String(reply.content.complete), "text/vnd.graphviz", "graph.dot");
        return;
      }
      const title = visibleName(this.#title);
      const svg = this.#picture.export((drawing) =>
        standaloneSvg(drawing, scene, this.#picture.viewport.svg, title),
      );
      if (format === "svg") download(svgText(svg), "image/svg+xml", "graph.svg");
      else if (format === "html") download(htmlPage(svg, title, scene), "text/html", "graph.html");
      else download(await toPng(svg), "image/png", "graph.png");
    } catch (error) {
      this.#notice.fail(error);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !typing) this.#finder.focus();
    else if (event.key === "n" && !typing) this.#finder.step(1);
    else if (event.key === "p" && !typing) this.#finder.step(-1);
    else if (event.key === "[" && !typing) this.#travel(-1);
    else if (event.key === "]" && !typing) this.#travel(1);
    else if (event.key === "Escape") this.#escape();
    else return;
    event.preventDefault();
  }

  /** End one thing at a time: a path half chosen, a trace, the selection. */
  #escape(): void {
    this.#notice.close();
    if (this.#pathFrom) this.#pathFrom = "";
    else if (this.#state.trace) this.#change({ trace: null });
    else this.#select("");
    this.#picture.focus();
  }
}

async function open(root: HTMLElement, model: AnyModel<GraphModel>, channel: Channel): Promise<GraphApp> {
  // Asked for together: on a distant server every question costs the way there and back.
  const opening = channel.request("open");
  const first = channel.request("view", { state: model.get("view_state") });
  first.catch(() => {});
  const reply = await opening;
  const title = String(reply.content.title ?? "");
  const app = new GraphApp(model, channel, decodeFacts(reply), title);
  root.append(titleBar(title, reply.content.note), app.root);
  void app.draw(first);
  return app;
}

function render({ model, el }: RenderProps<GraphModel>): () => void {
  return mountView("ckpt-graph", model, el, open);
}

export default { render };
