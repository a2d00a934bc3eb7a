/** What the kernel computed about the values of each row: kept as it arrives, asked for only where somebody looks. */

import { type Channel, isAbort } from "../kernel/messages";
import { formatExact, formatNumber } from "../page/format";

/** Counts and moments of one tensor; the numbers are null where the dtype has none (strings) or nothing is finite. */
export interface Statistics {
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  /** Least and greatest value of integers and Booleans in full. */
  readonly extremes: readonly [least: string, greatest: string] | null;
  readonly zeros: number;
  readonly nans: number;
  readonly infs: number;
  /** Counts of the finite values in equal steps from `min` to `max`. */
  readonly bins: readonly number[];
  /** Why there are no statistics: the tensor could not be read. */
  readonly error: string | null;
}

/** What of the statistics is a number in a column of its own. */
export type StatisticKey = "min" | "max" | "mean" | "std" | "zeros" | "nans" | "infs";

/** A JSON number, or the name of one that JSON has not. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (value === "nan") return Number.NaN;
  if (value === "inf") return Number.POSITIVE_INFINITY;
  if (value === "-inf") return Number.NEGATIVE_INFINITY;
  return null;
}

/** Text of the least or greatest value. */
export function extremeText(statistics: Statistics, key: "min" | "max"): string {
  const text = statistics.extremes?.[key === "min" ? 0 : 1];
  const number = statistics[key];
  return text === undefined ? (number === null ? "" : formatNumber(number)) : formatExact(text);
}

function extremesOf(value: unknown): readonly [string, string] | null {
  return Array.isArray(value) && value.length === 2 ? [String(value[0]), String(value[1])] : null;
}

export function decodeStatistics(content: Record<string, unknown>): Statistics {
  return {
    min: numberOf(content.min),
    max: numberOf(content.max),
    mean: numberOf(content.mean),
    std: numberOf(content.std),
    extremes: extremesOf(content.extremes),
    zeros: numberOf(content.zeros) ?? 0,
    nans: numberOf(content.nans) ?? 0,
    infs: numberOf(content.infs) ?? 0,
    bins: Array.isArray(content.bins) ? content.bins.map(Number) : [],
    error: typeof content.error === "string" ? content.error : null,
  };
}

/** Rows asked for in one request while scrolling; more would hold up the rows scrolled to next. */
const PAGE = 64;

export class StatisticsStore {
  readonly #channel: Channel;
  readonly #known = new Map<number, Statistics>();
  readonly #onChange: () => void;
  readonly #stop: () => void;
  #visible: AbortController | null = null;

  constructor(channel: Channel, onChange: () => void) {
    this.#channel = channel;
    this.#onChange = onChange;
    this.#stop = channel.on("statistics", (content) => {
      if (typeof content.row !== "number") return;
      this.#known.set(content.row, decodeStatistics(content));
      this.#onChange();
    });
  }

  get(row: number): Statistics | undefined {
    return this.#known.get(row);
  }

  readonly hasNan = (row: number): boolean => (this.#known.get(row)?.nans ?? 0) > 0;

  /** Ask for the rows on screen; what was asked for before and is no longer on screen is given up. */
  wantVisible(rows: readonly number[]): void {
    this.#visible?.abort();
    const missing = rows.filter((row) => !this.#known.has(row)).slice(0, PAGE);
    if (missing.length === 0) return;
    this.#visible = new AbortController();
    this.#request(missing, { signal: this.#visible.signal }).catch(() => {
      // A row that is not there stays empty; asking again by scrolling is the retry.
    });
  }

  /** Ask for all these rows; rejects with an AbortError when `signal` says so. */
  async compute(
    rows: readonly number[],
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<void> {
    const missing = rows.filter((row) => !this.#known.has(row));
    if (missing.length > 0) await this.#request(missing, { signal, onProgress });
  }

  close(): void {
    this.#visible?.abort();
    this.#stop();
  }

  async #request(
    rows: readonly number[],
    options: { signal: AbortSignal; onProgress?: (share: number) => void },
  ): Promise<void> {
    try {
      await this.#channel.request("statistics", { rows }, options);
    } catch (error) {
      if (!isAbort(error)) throw error;
      if (options.onProgress) throw error;
    }
  }
}
