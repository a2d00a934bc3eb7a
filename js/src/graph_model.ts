/** What the kernel says about the graph view: the shapes of its replies, checked at the border. */
import { assert } from "./assert";
import type { Reply } from "./messages";
import type { TensorHeading } from "./tensor_pane";

/** What is shown and how; the synced `view_state` trait. */
export interface GraphState {
  /** Scopes that are open. */
  readonly open: readonly string[];
  /** Op types that are left out. */
  readonly hide: readonly string[];
  /** Nodes pulled aside (true) or put back (false) by the user. */
  readonly aside: Readonly<Record<string, boolean>>;
  readonly direction: "TB" | "BT" | "LR" | "RL";
  readonly color: string;
}

/** One box of the picture: an op, a collapsed scope, a folded series. */
export interface GraphNode {
  /** Name of the node in the DOT text, which is the title of its SVG group. */
  readonly key: string;
  readonly name: string;
  readonly label: string;
  readonly kind: string;
  /** Ops inside. */
  readonly ops: number;
  /** Can be opened. */
  readonly openable: boolean;
}

/** An open scope: a frame around its nodes. */
export interface GraphCluster {
  readonly key: string;
  readonly name: string;
}

export interface GraphView {
  readonly dot: string;
  readonly nodes: readonly GraphNode[];
  readonly clusters: readonly GraphCluster[];
  /** What is not seen and why, as sentences. */
  readonly notes: readonly string[];
  /** Op types in the whole graph, most frequent first. */
  readonly ops: ReadonlyArray<readonly [op: string, count: number]>;
  /** Ways to colour the nodes. */
  readonly colors: readonly string[];
  /** The scopes that are open now; the kernel may have left out some that would not fit. */
  readonly open: readonly string[];
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
  readonly sections: readonly FactSection[];
  /** The saved tensor of a variable, as a row of the linked checkpoint; null where there is none. */
  readonly variable: TensorHeading | null;
}

export interface Hit {
  readonly name: string;
  readonly op: string;
}

export function decodeView(reply: Reply): GraphView {
  const { dot, nodes, clusters, notes, ops, colors, open } = reply.content;
  assert(typeof dot === "string" && Array.isArray(nodes) && Array.isArray(clusters), "a view has a picture");
  return {
    dot,
    nodes: nodes.map(record).map((node) => ({
      key: String(node.key),
      name: String(node.name),
      label: String(node.label),
      kind: String(node.kind),
      ops: Number(node.ops),
      openable: node.openable === true,
    })),
    clusters: clusters
      .map(record)
      .map((cluster) => ({ key: String(cluster.key), name: String(cluster.name) })),
    notes: list(notes).map(String),
    ops: list(ops).map((pair) => [String(list(pair)[0]), Number(list(pair)[1])] as const),
    colors: list(colors).map(String),
    open: list(open).map(String),
  };
}

export function decodeDetails(reply: Reply): NodeDetails {
  const { name, title, sections, variable } = reply.content;
  return {
    name: String(name),
    title: String(title),
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

export function decodeHits(reply: Reply): Hit[] {
  return list(reply.content.hits)
    .map(record)
    .map((hit) => ({ name: String(hit.name), op: String(hit.op) }));
}

/** Names of a reply's list, as of the nodes on a path. */
export function decodeNames(reply: Reply): string[] {
  return list(reply.content.names).map(String);
}

function record(value: unknown): Record<string, unknown> {
  assert(typeof value === "object" && value !== null, "a reply's items are records");
  return value as Record<string, unknown>;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
