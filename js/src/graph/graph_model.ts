/** What the kernel says about the graph view: the shapes of its replies, checked at the border. */
import { assert } from "../kernel/assert";
import type { Reply } from "../kernel/messages";
import type { TensorHeading } from "../tensors/tensor_pane";
import { type Layout, readKernelLayout } from "./graph_layout";

export type Direction = "TB" | "BT" | "LR" | "RL";

/** What is marked: all that leads to a node, all that it leads to, or a way to another. */
export interface Trace {
  readonly kind: "inputs" | "outputs" | "path";
  readonly name: string;
  readonly to: string;
}

/** What is shown and how; the synced `view_state` trait. */
export interface GraphState {
  /** Scopes that are open. */
  readonly open: readonly string[];
  /** Nodes pulled aside (true) or put back (false) by the user. */
  readonly aside: Readonly<Record<string, boolean>>;
  /** Aside groups that are in the picture. */
  readonly groups: readonly string[];
  /** Ops that are left out. */
  readonly hide: readonly string[];
  readonly direction: Direction;
  readonly color: string;
  readonly trace: Trace | null;
}

/** Drawing of something: paths in the colours of a named paint. */
interface Drawn {
  readonly paint: string;
  readonly paths: readonly string[];
}

/** One box of the picture: an op, a collapsed scope, a folded series, several of something. */
export interface GraphNode extends Drawn {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  /** Ops inside; 0 for several boxes drawn as one. */
  readonly ops: number;
  /** Aside group that the box stands for, or "". */
  readonly group: string;
  /** Stands for several boxes, so there is no node of its name. */
  readonly bundle: boolean;
  readonly openable: boolean;
  /** A click opens it; else only its + does. */
  readonly opens: boolean;
  readonly lines: readonly string[];
  readonly bold: boolean;
  readonly hint: string;
  readonly width: number;
  readonly height: number;
  readonly textX: number;
  readonly textY: number;
}

export interface GraphEdge {
  readonly source: number;
  readonly target: number;
  readonly control: boolean;
  readonly width: number;
  readonly label: string;
  readonly hint: string;
}

/** An open scope: a frame around its nodes. */
export interface GraphCluster {
  readonly id: number;
  readonly name: string;
  readonly label: string;
  readonly parent: number | null;
}

export interface LegendEntry extends Drawn {
  readonly label: string;
}

/** What of a trace is in the picture. */
export interface Traced {
  readonly boxes: ReadonlySet<number>;
  /** "source>target" of the edges on it. */
  readonly edges: ReadonlySet<string>;
  readonly text: string;
}

export interface GraphScene {
  readonly nodes: readonly GraphNode[];
  readonly aside: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly clusters: readonly GraphCluster[];
  /** What is not seen and why, as sentences. */
  readonly notes: readonly string[];
  readonly direction: Direction;
  readonly legend: readonly LegendEntry[];
  /** The picture as DOT text, to be laid out. */
  readonly dot: string;
  /** Where everything goes, if that is known already. */
  readonly layout: Layout | null;
  readonly traced: Traced | null;
}

/** What does not change while the view lives. */
export interface GraphFacts {
  /** Ops with their counts, most frequent first. */
  readonly ops: ReadonlyArray<readonly [op: string, count: number]>;
  /** Aside groups with what they are called and how many ops they have. */
  readonly groups: ReadonlyArray<readonly [group: string, title: string, count: number]>;
  /** Ways to colour the nodes. */
  readonly colors: readonly string[];
  /** What the numbers are that the user gave, or "". */
  readonly painted: string;
  /** What can be searched. */
  readonly modes: readonly string[];
  readonly paints: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** One line of the node panel. */
export interface Fact {
  readonly label: string;
  readonly text: string;
  /** Full name of a node to jump to. */
  readonly link: string | null;
}

export interface FactSection {
  readonly title: string;
  readonly facts: readonly Fact[];
}

export interface NodeDetails {
  readonly name: string;
  readonly title: string;
  /** Whether things are in it that can be opened. */
  readonly isScope: boolean;
  readonly sections: readonly FactSection[];
  /** The saved tensor of a variable, as a row of the linked checkpoint; null where there is none. */
  readonly variable: TensorHeading | null;
}

export interface Hit {
  readonly name: string;
  readonly what: string;
}

export function edgeKey(source: number, target: number): string {
  return `${source}>${target}`;
}

export function decodeFacts(reply: Reply): GraphFacts {
  const { ops, groups, colors, painted, modes, paints } = reply.content;
  return {
    ops: list(ops).map((pair) => [String(list(pair)[0]), Number(list(pair)[1])] as const),
    groups: list(groups).map((each) => {
      const [group, title, count] = list(each);
      return [String(group), String(title), Number(count)] as const;
    }),
    colors: list(colors).map(String),
    painted: String(painted ?? ""),
    modes: list(modes).map(String),
    paints: record(paints) as GraphFacts["paints"],
  };
}

export function decodeScene(reply: Reply): GraphScene {
  const { nodes, aside, edges, clusters, notes, direction, legend, dot, layout, traced } = reply.content;
  assert(typeof dot === "string", "a view has a picture");
  return {
    nodes: list(nodes).map(decodeNode),
    aside: list(aside).map(decodeNode),
    edges: list(edges)
      .map(record)
      .map((edge) => ({
        source: Number(edge.source),
        target: Number(edge.target),
        control: edge.control === true,
        width: Number(edge.width),
        label: String(edge.label),
        hint: String(edge.hint),
      })),
    clusters: list(clusters)
      .map(record)
      .map((cluster) => ({
        id: Number(cluster.id),
        name: String(cluster.name),
        label: String(cluster.label),
        parent: typeof cluster.parent === "number" ? cluster.parent : null,
      })),
    notes: list(notes).map(String),
    direction: direction as Direction,
    legend: list(legend)
      .map(record)
      .map((entry) => ({ ...decodeDrawn(entry), label: String(entry.label) })),
    dot,
    layout: layout ? readKernelLayout(record(layout)) : null,
    traced: traced ? decodeTraced(record(traced)) : null,
  };
}

function decodeDrawn(content: Record<string, unknown>): Drawn {
  return { paint: String(content.paint), paths: list(content.paths).map(String) };
}

function decodeNode(value: unknown): GraphNode {
  const node = record(value);
  return {
    ...decodeDrawn(node),
    id: Number(node.id),
    name: String(node.name),
    kind: String(node.kind),
    ops: Number(node.ops),
    group: String(node.group),
    bundle: node.bundle === true,
    openable: node.openable === true,
    opens: node.opens === true,
    lines: list(node.lines).map(String),
    bold: node.bold === true,
    hint: String(node.hint),
    width: Number(node.width),
    height: Number(node.height),
    textX: Number(node.textX),
    textY: Number(node.textY),
  };
}

function decodeTraced(content: Record<string, unknown>): Traced {
  return {
    boxes: new Set(list(content.boxes).map(Number)),
    edges: new Set(
      list(content.edges)
        .map(list)
        .map(([source, target]) => edgeKey(Number(source), Number(target))),
    ),
    text: String(content.text),
  };
}

export function decodeDetails(reply: Reply): NodeDetails {
  const { name, title, scope, sections, variable } = reply.content;
  return {
    name: String(name),
    title: String(title),
    isScope: scope === true,
    sections: list(sections)
      .map(record)
      .map((section) => ({
        title: String(section.title),
        facts: list(section.facts)
          .map(record)
          .map((fact) => ({
            label: String(fact.label),
            text: String(fact.text),
            link: typeof fact.link === "string" ? fact.link : null,
          })),
      })),
    variable: variable ? decodeHeading(record(variable)) : null,
  };
}

function decodeHeading(content: Record<string, unknown>): TensorHeading {
  return {
    row: Number(content.row),
    name: String(content.name),
    dtype: String(content.dtype),
    shape: list(content.shape).map(Number),
    bytes: Number(content.bytes),
  };
}

/** What a search has found. */
export interface Found {
  /** The first of them. */
  readonly hits: readonly Hit[];
  readonly total: number;
  /** How many each box or frame of the picture shows, by its id. */
  readonly boxes: ReadonlyMap<number, number>;
}

export function decodeHits(reply: Reply): Found {
  const hits = list(reply.content.hits)
    .map(record)
    .map((hit) => ({ name: String(hit.name), what: String(hit.what) }));
  const boxes = list(reply.content.boxes)
    .map(list)
    .map(([id, count]) => [Number(id), Number(count)] as const);
  return { hits, total: Number(reply.content.total), boxes: new Map(boxes) };
}

/** Numbers of an op or scope. */
export interface PaintedRow {
  readonly name: string;
  readonly what: string;
  readonly count: number;
  /** Sum, least and most. */
  readonly texts: readonly string[];
}

export function decodePainted(reply: Reply): {
  readonly rows: readonly PaintedRow[];
  readonly total: number;
  readonly note: string;
} {
  const rows = list(reply.content.rows)
    .map(record)
    .map((row) => ({
      name: String(row.name),
      what: String(row.what),
      count: Number(row.count),
      texts: list(row.texts).map(String),
    }));
  return { rows, total: Number(reply.content.total), note: String(reply.content.note) };
}

function record(value: unknown): Record<string, unknown> {
  assert(typeof value === "object" && value !== null, "a reply's items are records");
  return value as Record<string, unknown>;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
