/**
 * A graph's model on a page without a kernel: views that were laid out beforehand, each with one scope open and those
 * around it. The other half is ckpt_magics/notebook/widgets/graph/saved_graph.py.
 */
import type { AnyModel } from "@anywidget/types";
import { type Answer, type Message, type OfflineModel, offlineModel } from "../kernel/offline_model";
import type { GraphState } from "./graph_model";

interface Level {
  /** The scope that this level opens, "" for the view as it was and for the closed one. */
  readonly scope: string;
  readonly open: readonly string[];
  readonly scene: Readonly<Record<string, unknown>>;
}

export interface SavedGraph {
  readonly opening: Readonly<Record<string, unknown>>;
  readonly levels: readonly Level[];
  /** What is said of the boxes, by name. */
  readonly details: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Names of nodes and scopes with their kinds, and the ops of those that have one. */
  readonly names: ReadonlyArray<readonly [name: string, kind: string, op?: string]>;
  readonly state: Readonly<Record<string, unknown>>;
}

/** Hits of a search that are listed. */
const MOST_HITS = 100;

/** What is saved can be searched so. */
const MODES = ["text", "op", "regex"];

export function savedGraphModel(data: SavedGraph): AnyModel {
  return offlineModel(data.state, (message, model) => answer(data, message, model));
}

function answer(data: SavedGraph, message: Message, model: OfflineModel): Answer | null {
  const name = String(message.name ?? "");
  switch (message.kind) {
    case "open":
      return { content: { ...data.opening, colors: [stateOf(data).color], modes: MODES } };
    case "view":
      return sceneOf(data, message.state as GraphState);
    case "node":
      return detailsOf(data, name);
    case "search":
      return { content: search(data, message) };
    case "open_scope":
      return step(data, model, levelInside(data, name));
    case "close_scope":
      return step(data, model, levelWithout(data, message.state as GraphState, name));
    case "reveal": {
      const level = data.levels.find((each) => drawn(each, name)) ?? levelAround(data, name);
      if (level) model.set("selected", name);
      return step(data, model, level);
    }
    default:
      return null;
  }
}

function stateOf(data: SavedGraph): GraphState {
  return data.state.view_state as GraphState;
}

function step(data: SavedGraph, model: OfflineModel, level: Level | undefined): Answer | null {
  if (!level) return null;
  model.set("view_state", { ...stateOf(data), open: level.open });
  return {};
}

function sceneOf(data: SavedGraph, state: GraphState): Answer | null {
  if (JSON.stringify({ ...state, open: [] }) !== JSON.stringify({ ...stateOf(data), open: [] })) return null;
  const number = data.levels.findIndex((level) => sameNames(level.open, state.open));
  const level = data.levels[number];
  return level ? { content: { ...level.scene, dot: String(number), traced: null } } : null;
}

function detailsOf(data: SavedGraph, name: string): Answer | null {
  const found = Object.hasOwn(data.details, name) ? data.details[name] : undefined;
  return found ? { content: found } : null;
}

function levelInside(data: SavedGraph, scope: string): Level | undefined {
  return data.levels.find((level) => level.scope === scope);
}

/** The level with what is left open when a scope closes; if that was not saved, the one around it. */
function levelWithout(data: SavedGraph, state: GraphState, scope: string): Level | undefined {
  const left = state.open.filter((name) => name !== scope && !name.startsWith(`${scope}/`));
  return data.levels.find((level) => sameNames(level.open, left)) ?? levelAround(data, scope);
}

/** The innermost level around a name; at last the closed one. */
function levelAround(data: SavedGraph, name: string): Level | undefined {
  for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
    const level = levelInside(data, name.slice(0, end));
    if (level) return level;
  }
  return data.levels.find((level) => level.open.length === 0) ?? data.levels[0];
}

function drawn(level: Level, name: string): boolean {
  const { nodes, aside } = level.scene as Record<string, ReadonlyArray<{ name: string }> | undefined>;
  return [...(nodes ?? []), ...(aside ?? [])].some((box) => box.name === name);
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(one);
  return names.size === new Set(other).size && other.every((name) => names.has(name));
}

function search(data: SavedGraph, message: Message): Record<string, unknown> {
  const found = findNames(data.names, String(message.text ?? ""), String(message.mode));
  const hits = found.slice(0, MOST_HITS).map(([name, kind, op]) => ({ name, what: op ?? kind }));
  return { hits, total: found.length, boxes: boxesOf(data, found, message.state as GraphState | undefined) };
}

/** How many of the names each box or frame of a level shows, by its id. */
function boxesOf(data: SavedGraph, found: SavedGraph["names"], state: GraphState | undefined): unknown {
  const level = state && data.levels.find(({ open }) => sameNames(open, state.open));
  if (!level) return [];
  const { nodes, aside, clusters } = level.scene as Record<string, ReadonlyArray<Shown> | undefined>;
  const shown = [...(clusters ?? []), ...(nodes ?? []), ...(aside ?? [])];
  const idOf = new Map(shown.map(({ name, id }) => [name, id]));
  const counts = new Map<number, number>();
  for (const [name] of found) {
    const id = innermost(name, idOf);
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts];
}

interface Shown {
  readonly id: number;
  readonly name: string;
}

/** The box of a name, or of the scope around it that is shown. */
function innermost(name: string, idOf: ReadonlyMap<string, number>): number | undefined {
  for (let scope = name; scope; scope = scope.slice(0, Math.max(scope.lastIndexOf("/"), 0))) {
    const id = idOf.get(scope);
    if (id !== undefined) return id;
  }
  return undefined;
}

/**
 * What a search finds, by name what is called so before what lies inside it.
 *
 * The rule is that of ckpt_magics/notebook/widgets/graph/graph_search.py; tests of both read the same cases.
 */
export function findNames(names: SavedGraph["names"], text: string, mode: string): SavedGraph["names"] {
  const wanted = text.toLowerCase();
  if (!text) return [];
  if (mode === "op") return names.filter(([, , op]) => op?.toLowerCase().includes(wanted));
  if (mode === "regex") {
    const pattern = expression(text);
    return pattern ? names.filter(([name]) => pattern.test(name)) : [];
  }
  const outside = (name: string) =>
    Number(
      !name
        .slice(name.lastIndexOf("/") + 1)
        .toLowerCase()
        .includes(wanted),
    );
  const order = (one: string, other: string) =>
    outside(one) - outside(other) || one.length - other.length || Number(one > other) - Number(one < other);
  return names
    .filter(([name]) => name.toLowerCase().includes(wanted))
    .sort(([one], [other]) => order(one, other));
}

function expression(text: string): RegExp | null {
  try {
    return new RegExp(text, "i");
  } catch {
    return null;
  }
}
