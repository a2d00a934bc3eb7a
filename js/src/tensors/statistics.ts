/**
 * What the kernel computed about the values of each row: kept as it arrives, asked for only where somebody looks.
 *
 * The kernel's half of the format is ckpt_magics/notebook/widgets/tensors/statistics_columns.py.
 */
import { assert } from "../kernel/assert";
import { bytesOf, numbersOf } from "../kernel/buffers";
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
  /** Rows that are all zero, along the first axis and along the last, where not everything is. */
  readonly dead: number;
  /** Counts of the finite values in equal steps from `min` to `max`. */
  readonly bins: readonly number[];
  /** Why there are no statistics: the tensor could not be read. */
  readonly error: string | null;
}

/** What of the statistics is a number in a column of its own. */
export type StatisticKey = "min" | "max" | "mean" | "std" | "zeros" | "nans" | "infs" | "dead";

/** Text of the least or greatest value. */
export function extremeText(statistics: Statistics, key: "min" | "max"): string {
  const text = statistics.extremes?.[key === "min" ? 0 : 1];
  const number = statistics[key];
  return text === undefined ? (number === null ? "" : formatNumber(number)) : formatExact(text);
}

/** Columns of numbers in a reply, in order, and bars of a histogram. */
const COLUMNS = 8;
const BINS = 32;

/** Row → what the kernel says of it; throws an Error when the parts of a message do not fit each other. */
export function decodeStatistics(
  content: Record<string, unknown>,
  buffers: readonly DataView[],
): Map<number, Statistics> {
  const { rows, extremes, errors } = content;
  assert(Array.isArray(rows) && buffers.length === 2, "statistics come with their rows");
  const columns = numbersOf(bytesOf(buffers[0] as DataView), "f64");
  const bins = numbersOf(bytesOf(buffers[1] as DataView), "u32");
  const count = rows.length;
  assert(columns.length === COLUMNS * count && bins.length === BINS * count, "each row has its statistics");
  const number = (column: number, place: number) => columns[column * count + place] ?? Number.NaN;
  const measure = (column: number, place: number) => {
    const value = number(column, place);
    return Number.isNaN(value) ? null : value;
  };
  const known = rows.map((row, place): [number, Statistics] => {
    const bars = Array.from(bins.subarray(BINS * place, BINS * (place + 1)));
    return [
      Number(row),
      {
        min: measure(0, place),
        max: measure(1, place),
        mean: measure(2, place),
        std: measure(3, place),
        extremes: ((extremes as Texts | undefined)?.[row] as [string, string] | undefined) ?? null,
        zeros: measure(4, place) ?? 0,
        nans: measure(5, place) ?? 0,
        infs: measure(6, place) ?? 0,
        dead: measure(7, place) ?? 0,
        bins: bars.some((bar) => bar > 0) ? bars : [],
        error: ((errors as Texts | undefined)?.[row] as string | undefined) ?? null,
      },
    ];
  });
  return new Map(known);
}

type Texts = Readonly<Record<string, unknown>>;

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
    this.#stop = channel.on("statistics", (content, buffers) => {
      for (const [row, statistics] of decodeStatistics(content, buffers)) this.#known.set(row, statistics);
      this.#onChange();
    });
  }

  get(row: number): Statistics | undefined {
    return this.#known.get(row);
  }

  /** Rows of which something is known. */
  get size(): number {
    return this.#known.size;
  }

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
