/** The histograms in the table's header: how the rows spread over dtypes, ranks, sizes, groups and numbers. */

import { formatBytes } from "../page/format";
import { type FilterState, type Known, type SortColumn, statisticOf } from "./filter";
import { type Bar, barButtons } from "./histogram";
import { rangeBars, stepsOf } from "./range_bars";
import type { VariableIndex } from "./variable_index";

/** Bars for one column over all rows of the index, or null for columns that have none. */
export function headerBars(
  index: VariableIndex,
  column: SortColumn,
  filter: FilterState,
  statistics: Known,
  change: (part: Partial<FilterState>) => void,
): HTMLElement | null {
  switch (column) {
    case "elements":
      return numberBars("elements", index.elements, filter, change);
    case "dtype":
      return listBars("dtype", countCodes(index.dtype, index.dtypes), filter.dtypes, (dtypes) =>
        change({ dtypes }),
      );
    case "group":
      return listBars(
        index.groupTitle.toLowerCase(),
        countCodes(index.group, index.groups),
        filter.groups,
        (groups) => change({ groups }),
      );
    case "shape":
      return listBars("rank", countRanks(index), filter.ranks, (ranks) => change({ ranks }));
    case "bytes":
      return sizeBars(index, filter, change);
    default: {
      const key = statisticOf(column);
      const rows = key
        ? Array.from({ length: index.rows }, (_, row) => statistics(row)?.[key] ?? Number.NaN)
        : [];
      return key ? numberBars(key, rows, filter, change) : null;
    }
  }
}

/** A histogram to drag a range over. */
function numberBars(
  column: string,
  values: Iterable<number>,
  filter: FilterState,
  change: (part: Partial<FilterState>) => void,
): HTMLElement | null {
  const steps = stepsOf(values);
  if (!steps) return null;
  const others = filter.ranges.filter(([other]) => other !== column);
  const range = filter.ranges.find(([other]) => other === column);
  return rangeBars(column, steps, range ? [range[1], range[2]] : null, (wanted) => {
    if (wanted ?? range) change({ ranges: wanted ? [...others, [column, ...wanted]] : others });
  });
}

type Counts<T> = ReadonlyArray<readonly [value: T, count: number]>;

/** One bar a value; choosing adds it to the list, choosing it again takes it out. */
function listBars<T extends string | number>(
  name: string,
  counts: Counts<T>,
  chosen: readonly T[],
  change: (values: T[]) => void,
): HTMLElement | null {
  if (counts.length < 2) return null;
  const bars = counts.map(([value, count]): Bar => {
    const on = chosen.includes(value);
    const others = chosen.filter((other) => other !== value);
    return { label: `${value}`, count, chosen: on, choose: () => change(on ? others : [...others, value]) };
  });
  return barButtons(name, bars);
}

function countCodes(codes: Uint8Array, names: readonly string[]): Counts<string> {
  const counts = new Uint32Array(256);
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return names.map((name, code) => [name, counts[code] ?? 0] as const).filter(([, count]) => count > 0);
}

function countRanks(index: VariableIndex): Counts<number> {
  const counts = new Map<number, number>();
  for (const rank of index.rank) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
}

/** Sizes spread over many powers of ten, so each bar is a power of four. */
function sizeBars(
  index: VariableIndex,
  filter: FilterState,
  change: (part: Partial<FilterState>) => void,
): HTMLElement | null {
  const counts = new Map<number, number>();
  for (const bytes of index.bytes) {
    const power = bytes > 0 ? Math.floor(Math.log2(bytes) / 2) : -1;
    counts.set(power, (counts.get(power) ?? 0) + 1);
  }
  if (counts.size < 2) return null;
  const bars = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([power, count]): Bar => {
      const low = power < 0 ? 0 : 4 ** power;
      const high = 4 ** (power + 1) - 1;
      const chosen = filter.min_bytes === low && filter.max_bytes === high;
      const range = chosen ? { min_bytes: null, max_bytes: null } : { min_bytes: low, max_bytes: high };
      return {
        label: `${formatBytes(low)} to ${formatBytes(high)}`,
        count,
        chosen,
        choose: () => change(range),
      };
    });
  return barButtons("size", bars);
}
