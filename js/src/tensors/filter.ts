/**
 * Which rows of the index are shown, and in which order.
 *
 * The same rules in Python are ckpt_magics/notebook/frames/filtering.py, so that `view.filtered` in the kernel names the rows
 * that are on the screen.
 */
import { type Lookup, parseQuery, type Query, STATISTIC_COLUMNS } from "./query";
import type { StatisticKey, Statistics } from "./statistics";
import { dtypeOf, groupOf, type VariableIndex } from "./variable_index";

export type TextMode = "text" | "glob" | "regex";

/** The synced `filter_state` trait; null and empty lists mean "no restriction". */
export interface FilterState {
  readonly text: string;
  readonly mode: TextMode;
  readonly scope: string;
  readonly dtypes: readonly string[];
  readonly ranks: readonly number[];
  readonly groups: readonly string[];
  readonly min_bytes: number | null;
  readonly max_bytes: number | null;
  readonly has_nan: boolean;
  /** Conditions on columns. */
  readonly query: string;
  /** Columns that are to lie in a range; null is no end. */
  readonly ranges: readonly Range[];
}

export type Range = readonly [column: string, least: number | null, greatest: number | null];

export const NO_FILTER: FilterState = {
  text: "",
  mode: "text",
  scope: "",
  dtypes: [],
  ranks: [],
  groups: [],
  min_bytes: null,
  max_bytes: null,
  has_nan: false,
  query: "",
  ranges: [],
};

export type SortColumn =
  | "name"
  | "dtype"
  | "shape"
  | "elements"
  | "bytes"
  | "group"
  | "offset"
  /** A column that only this index has, by its key. */
  | `extra.${string}`
  /** What was computed of the values. */
  | `statistic.${StatisticKey}`;

export interface SortState {
  readonly column: SortColumn;
  readonly descending: boolean;
}

/**
 * A test of names for the search text: substring without regard to case, a pattern as a restore takes it, or regular
 * expression anywhere in the name. Throws a SyntaxError for a regular expression that does not parse.
 *
 * `names` are all that there are: one of them is no pattern, and a text that is none of them may be a scope.
 */
export function nameTest(
  text: string,
  mode: TextMode,
  names: readonly string[] = [],
): (name: string) => boolean {
  if (text === "") return () => true;
  if (mode === "text") {
    const wanted = text.toLowerCase();
    return (name) => name.toLowerCase().includes(wanted);
  }
  if (mode === "glob") return patternTest(text, names);
  const pattern = new RegExp(text, "u");
  return (name) => pattern.test(name);
}

/** A name, a scope, a glob of whole names, or `re:` and a regular expression of whole names, in this order. */
function patternTest(text: string, names: readonly string[]): (name: string) => boolean {
  const expression = text.startsWith("re:") ? new RegExp(`^(?:${text.slice(3)})$`, "su") : null;
  if (names.includes(text)) return (name) => name === text;
  if (expression) return (name) => expression.test(name);
  const scope = `${text.replace(/\/+$/, "")}/`;
  if (names.some((name) => name.startsWith(scope))) return (name) => name.startsWith(scope);
  const glob = new RegExp(`^${globSource(text.endsWith("/") ? `${text}*` : text)}$`, "su");
  return (name) => glob.test(name);
}

/** A glob as regular expression source: `*` any run, `?` one character, `[abc]`, `[!abc]`; the rest is literal. */
export function globSource(glob: string): string {
  let source = "";
  for (let position = 0; position < glob.length; position++) {
    const character = glob.charAt(position);
    const close = character === "[" ? glob.indexOf("]", position + 2) : -1;
    if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else if (close > 0) {
      const negated = glob.charAt(position + 1) === "!";
      const set = glob.slice(position + (negated ? 2 : 1), close).replace(/[\\\]^[]/g, "\\$&");
      source += `[${negated ? "^" : ""}${set}]`;
      position = close;
    } else source += character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  return source;
}

/** True when `name` is the scope itself or lies inside it. */
export function inScope(name: string, scope: string): boolean {
  return scope === "" || name === scope || name.startsWith(`${scope}/`);
}

/** What statistics say of a row, if they are known. */
export type Known = (row: number) => Statistics | undefined;

const NOTHING_KNOWN: Known = () => undefined;

/** What a row has in a column of a query. */
export function lookUp(index: VariableIndex, row: number, known: Statistics | undefined): Lookup {
  return (column) => {
    switch (column) {
      case "dtype":
        return dtypeOf(index, row);
      case "group":
        return groupOf(index, row);
      case "bytes":
        return (index.bytes[row] ?? -1) < 0 ? null : (index.bytes[row] ?? null);
      case "elements":
      case "rank":
        return index[column][row] ?? null;
      default:
        return known?.error === null ? known[column as StatisticKey] : null;
    }
  };
}

/** Whether a filter can be answered only when the statistics of every row are known. */
export function asksStatistics(filter: FilterState): boolean {
  const columns = [...queryOrNothing(filter.query).columns, ...filter.ranges.map(([column]) => column)];
  return (
    filter.has_nan || columns.some((column) => (STATISTIC_COLUMNS as readonly string[]).includes(column))
  );
}

/** What is no query keeps everything: the line that it was written into says so. */
function queryOrNothing(text: string): Query {
  try {
    return parseQuery(text);
  } catch {
    return parseQuery("");
  }
}

/** Rows that pass the filter, in index order. */
export function filterRows(
  index: VariableIndex,
  filter: FilterState,
  statistics: Known = NOTHING_KNOWN,
): Uint32Array {
  const query = queryOrNothing(filter.query);
  const asks = query.columns.size + filter.ranges.length > 0;
  const matches = nameTest(filter.text, filter.mode, index.names);
  const dtypes = codes(index.dtypes, filter.dtypes);
  const groups = codes(index.groups, filter.groups);
  const ranks = filter.ranks.length > 0 ? new Set(filter.ranks) : null;
  const least = filter.min_bytes ?? Number.NEGATIVE_INFINITY;
  const most = filter.max_bytes ?? Number.POSITIVE_INFINITY;
  const kept = new Uint32Array(index.rows);
  let count = 0;
  for (let row = 0; row < index.rows; row++) {
    const bytes = index.bytes[row] ?? 0;
    if (bytes < least || bytes > most) continue;
    if (dtypes && !dtypes.has(index.dtype[row] ?? -1)) continue;
    if (groups && !groups.has(index.group[row] ?? -1)) continue;
    if (ranks && !ranks.has(index.rank[row] ?? -1)) continue;
    const name = index.names[row] ?? "";
    if (!inScope(name, filter.scope) || !matches(name)) continue;
    if (filter.has_nan && !statistics(row)?.nans) continue;
    if (asks) {
      const lookup = lookUp(index, row, statistics(row));
      if (!query.test(lookup) || !filter.ranges.every((range) => liesIn(range, lookup))) continue;
    }
    kept[count++] = row;
  }
  return kept.slice(0, count);
}

function liesIn([column, least, greatest]: Range, lookup: Lookup): boolean {
  const value = lookup(column);
  if (typeof value !== "number") return false;
  return value >= (least ?? Number.NEGATIVE_INFINITY) && value <= (greatest ?? Number.POSITIVE_INFINITY);
}

/** The statistic that a column shows, if it shows one. */
export function statisticOf(column: SortColumn): StatisticKey | null {
  return column.startsWith("statistic.") ? (column.slice("statistic.".length) as StatisticKey) : null;
}

/**
 * The same rows in the order wanted; equal values keep the order of the index.
 *
 * @param statistics What is known of a row's values; rows of which it is not come last.
 */
export function sortRows(
  index: VariableIndex,
  rows: Uint32Array,
  sort: SortState,
  statistics: Known = NOTHING_KNOWN,
): Uint32Array {
  const sorted = rows.slice();
  const sign = sort.descending ? -1 : 1;
  const statistic = statisticOf(sort.column);
  const key = statistic
    ? Float64Array.from({ length: index.rows }, (_, row) => statistics(row)?.[statistic] ?? Number.NaN)
    : sortKey(index, sort.column);
  if (key) sorted.sort((a, b) => compareNumbers(key[a] ?? 0, key[b] ?? 0, sign) || a - b);
  else if (sort.column === "shape") sorted.sort((a, b) => sign * compareShapes(index, a, b) || a - b);
  else if (sort.descending) sorted.reverse();
  return sorted;
}

/** Rows without a number come last, whichever way the others go. */
function compareNumbers(a: number, b: number, sign: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  // Infinities are equal to themselves, which their difference does not say.
  return a === b ? 0 : sign * (a < b ? -1 : 1);
}

/** The numbers a column sorts by; null for names, whose order is that of the index, and for shapes. */
function sortKey(index: VariableIndex, column: SortColumn): ArrayLike<number> | null {
  switch (column) {
    case "name":
    case "shape":
      return null;
    case "dtype":
      return Uint8Array.from(index.dtype, alphabetical(index.dtypes));
    case "group":
      return index.group;
    case "elements":
    case "bytes":
    case "offset":
      return index[column];
    default: {
      const extra = index.extras.find(({ key }) => `extra.${key}` === column);
      return extra ? (extra.numbers ?? places(extra.texts)) : null;
    }
  }
}

/** Row → position of its text in alphabetical order; NaN where there is none, which comes last. */
function places(texts: readonly string[]): number[] {
  const order = new Map([...new Set(texts)].sort().map((text, place) => [text, place]));
  return texts.map((text) => (text === "" ? Number.NaN : (order.get(text) ?? Number.NaN)));
}

/** Code → position of its name in alphabetical order. */
function alphabetical(names: readonly string[]): (code: number) => number {
  const order = [...names].sort();
  return (code) => order.indexOf(names[code] ?? "");
}

function compareShapes(index: VariableIndex, a: number, b: number): number {
  const byRank = (index.rank[a] ?? 0) - (index.rank[b] ?? 0);
  if (byRank !== 0) return byRank;
  const startA = index.dimStart[a] ?? 0;
  const startB = index.dimStart[b] ?? 0;
  for (let axis = 0; axis < (index.rank[a] ?? 0); axis++) {
    const difference = (index.dims[startA + axis] ?? 0) - (index.dims[startB + axis] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function codes(names: readonly string[], wanted: readonly string[]): Set<number> | null {
  if (wanted.length === 0) return null;
  return new Set(wanted.map((name) => names.indexOf(name)));
}
