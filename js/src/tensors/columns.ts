/** The columns of the table: titles, widths, what they sort by and what their cells say. */

import { formatBytes, formatCount, formatNumber, formatShape, visibleName } from "../page/format";
import { type Badge, badgesOf } from "./badges";
import type { SortColumn } from "./filter";
import { extremeText, type StatisticKey, type Statistics } from "./statistics";
import { dtypeOf, type Extra, groupOf, shapeOf, type VariableIndex } from "./variable_index";

/** Pixels; names take more where there is room. */
export const NAME_WIDTH = 240;

/** What a cell holds besides text. */
export type CellKind = "text" | "name" | "distribution" | "badges";

export interface Column {
  readonly title: string;
  readonly sort: SortColumn | null;
  readonly kind: CellKind;
  readonly class: string;
  /** Pixels; the name's is only where it starts, for the user can change it. */
  readonly width: number;
  text(row: number, statistics: Statistics | undefined): string;
  /** Whether the column says something of a row; one that says nothing of any hides itself. Without: always. */
  readonly says?: (row: number, statistics: Statistics) => boolean;
}

/** Counts of what is rare. */
const COUNTS: ReadonlySet<StatisticKey> = new Set(["zeros", "nans", "infs", "dead"]);

/** Columns for an index, in the order shown. */
export function columnsOf(index: VariableIndex): Column[] {
  const metadata = (
    title: string,
    sort: SortColumn,
    width: number,
    text: (row: number) => string,
    style = "",
  ): Column => ({ title, sort, kind: "text", class: style, width, text });
  const number = (title: string, sort: SortColumn, width: number, text: (row: number) => string) =>
    metadata(title, sort, width, text, "number");
  const name: Column = {
    title: "Name",
    sort: "name",
    kind: "name",
    class: "name",
    width: NAME_WIDTH,
    text: (row) => index.names[row] ?? "",
  };
  const grouped = index.groupTitle !== "Group";
  const group = metadata(index.groupTitle, "group", grouped ? 132 : 112, (row) => groupOf(index, row));
  const sizes = [
    metadata("Dtype", "dtype", 86, (row) => dtypeOf(index, row)),
    metadata("Shape", "shape", 104, (row) => formatShape(shapeOf(index, row))),
    number("Elements", "elements", 84, (row) => formatCount(index.elements[row] ?? 0)),
    number("Bytes", "bytes", 80, (row) => formatBytes(index.bytes[row] ?? 0)),
  ];
  const values: Column = {
    title: "Values",
    sort: null,
    kind: "distribution",
    class: "distribution",
    width: 112,
    text: (_, statistics) => statistics?.error ?? "",
  };
  const moments = [
    statistic("Min", "min", 98),
    statistic("Max", "max", 98),
    statistic("Mean", "mean", 110),
    statistic("Std", "std", 98),
    statistic("Zeros", "zeros", 76),
    statistic("NaN", "nans", 66),
    statistic("Inf", "infs", 66),
    statistic("Dead rows", "dead", 90),
  ];
  const badges: Column = {
    title: "Badges",
    sort: null,
    kind: "badges",
    class: "badges",
    width: 132,
    says: (row, statistics) => badgesIn(index, row, statistics).length > 0,
    text: (row, statistics) =>
      badgesIn(index, row, statistics)
        .map(({ text }) => text)
        .join(", "),
  };
  // What only this view has is what it is opened for, unless it says nothing about any row.
  const extras = index.extras.filter(({ texts }) => texts?.some((text) => text !== "") ?? true);
  if (index.extras.length > 0 || grouped)
    return [name, group, ...extras.map(extraColumn), ...sizes, values, badges, ...moments];
  return [name, ...sizes, values, badges, group, ...moments];
}

/** The badges of a row, as far as its values are known. */
export function badgesIn(index: VariableIndex, row: number, statistics: Statistics | undefined): Badge[] {
  return statistics ? badgesOf(statistics, index.elements[row] ?? 0, dtypeOf(index, row)) : [];
}

function statistic(title: string, key: StatisticKey, width: number): Column {
  return {
    title,
    sort: `statistic.${key}`,
    kind: "text",
    class: `number statistic ${key}`,
    width,
    ...(COUNTS.has(key) ? { says: (_, statistics) => (statistics[key] ?? 0) !== 0 } : {}),
    text: (_, statistics) => {
      if (statistics?.error !== null) return "";
      if (key === "min" || key === "max") return extremeText(statistics, key);
      const value = statistics[key];
      return value === null ? "" : formatNumber(value);
    },
  };
}

function extraColumn(extra: Extra): Column {
  const { title, key, numbers, texts } = extra;
  const base = {
    title,
    sort: `extra.${key}`,
    kind: "text",
    width: numbers ? numbersWidth(title) : 150,
  } as const;
  if (!numbers) return { ...base, class: "", text: (row) => visibleName(texts[row] ?? "") };
  const text = (row: number) => {
    const value = numbers[row] ?? Number.NaN;
    return Number.isNaN(value) ? "" : formatNumber(value);
  };
  return { ...base, class: "number", text };
}

/** Room for six digits with sign and exponent, and for the title. */
function numbersWidth(title: string): number {
  return Math.max(98, 9 * title.length + 16);
}
