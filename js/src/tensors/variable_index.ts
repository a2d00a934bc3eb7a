/**
 * The metadata of every variable, as columns: it arrives once, compressed, and stays in the browser, so that search,
 * sort and totals work while the kernel is busy.
 *
 * Buffers in order, each a zlib stream: name lengths u32 (bytes), names UTF-8, dtype code u8, rank u8, dims f64 (all
 * rows' dims one after the other), elements f64, bytes f64, shard i32 (-1: more than one), offset f64 (-1: none),
 * slices u32, group code u8; then the columns that the reply names under `extras`: numbers f64 (NaN: none), or texts as
 * lengths u32 (bytes) and UTF-8. The kernel's half is ckpt_magics/notebook/widgets/tensors/variable_index.py.
 */
import { assert } from "../kernel/assert";
import { bytesOf, inflate, numbersOf } from "../kernel/buffers";
import type { Reply } from "../kernel/messages";

const BUFFERS = 11;

/** A column that only some indexes have; it holds numbers or texts. */
export type Extra = { readonly key: string; readonly title: string } & (
  | { readonly numbers: Float64Array; readonly texts: null }
  | { readonly numbers: null; readonly texts: readonly string[] }
);

export interface VariableIndex {
  readonly rows: number;
  readonly names: readonly string[];
  readonly dtypes: readonly string[];
  readonly groups: readonly string[];
  readonly dtype: Uint8Array;
  readonly rank: Uint8Array;
  /** Where each row's dims start in `dims`; one more entry than rows. */
  readonly dimStart: Uint32Array;
  readonly dims: Float64Array;
  readonly elements: Float64Array;
  readonly bytes: Float64Array;
  readonly shard: Int32Array;
  readonly offset: Float64Array;
  readonly slices: Uint32Array;
  readonly group: Uint8Array;
  /** What the groups are, as a title. */
  readonly groupTitle: string;
  readonly extras: readonly Extra[];
}

/** Decode the reply to an "index" request; throws an Error when its parts do not fit each other. */
export async function decodeIndex(reply: Reply): Promise<VariableIndex> {
  const found = reply.buffers.length;
  assert(found >= BUFFERS, `an index has at least ${BUFFERS} buffers, got ${found}`);
  const parts = await Promise.all(reply.buffers.map((buffer) => inflate(bytesOf(buffer))));
  const part = (position: number) => parts[position] as Uint8Array<ArrayBuffer>;
  const rank = numbersOf(part(3), "u8");
  const index: VariableIndex = {
    rows: rank.length,
    names: splitNames(part(1), numbersOf(part(0), "u32")),
    dtypes: strings(reply.content.dtypes),
    groups: strings(reply.content.groups),
    dtype: numbersOf(part(2), "u8"),
    rank,
    dimStart: runningSum(rank),
    dims: numbersOf(part(4), "f64"),
    elements: numbersOf(part(5), "f64"),
    bytes: numbersOf(part(6), "f64"),
    shard: numbersOf(part(7), "i32"),
    offset: numbersOf(part(8), "f64"),
    slices: numbersOf(part(9), "u32"),
    group: numbersOf(part(10), "u8"),
    groupTitle: typeof reply.content.group_title === "string" ? reply.content.group_title : "Group",
    extras: decodeExtras(reply.content.extras, parts.slice(BUFFERS)),
  };
  const { names, dtype, elements, bytes, shard, offset, slices, group } = index;
  for (const column of [names, dtype, elements, bytes, shard, offset, slices, group])
    assert(column.length === index.rows, "the columns of an index are of one length");
  for (const { numbers, texts } of index.extras)
    assert(
      (numbers ?? texts).length === index.rows,
      "the extra columns of an index are as long as the others",
    );
  assert(index.dims.length === (index.dimStart[index.rows] ?? 0), "the dims of an index fit its ranks");
  return index;
}

function decodeExtras(described: unknown, parts: Uint8Array<ArrayBuffer>[]): Extra[] {
  if (described === undefined) return [];
  assert(Array.isArray(described), "extra columns come as a list");
  const next = () => {
    const part = parts.shift();
    assert(part, "every extra column has its buffers");
    return part;
  };
  return described.map(({ key, title, kind }): Extra => {
    const label = { key: String(key), title: String(title) };
    if (kind === "numbers") return { ...label, numbers: numbersOf(next(), "f64"), texts: null };
    const lengths = numbersOf(next(), "u32");
    return { ...label, numbers: null, texts: splitNames(next(), lengths) };
  });
}

/** Shape of one row, as numbers. */
export function shapeOf(index: VariableIndex, row: number): number[] {
  return Array.from(index.dims.subarray(index.dimStart[row], index.dimStart[row + 1]));
}

export function dtypeOf(index: VariableIndex, row: number): string {
  return index.dtypes[index.dtype[row] ?? -1] ?? "?";
}

export function groupOf(index: VariableIndex, row: number): string {
  return index.groups[index.group[row] ?? -1] ?? "?";
}

function splitNames(blob: Uint8Array, lengths: Uint32Array): string[] {
  const decoder = new TextDecoder();
  const names: string[] = [];
  let start = 0;
  for (const length of lengths) {
    names.push(decoder.decode(blob.subarray(start, start + length)));
    start += length;
  }
  assert(start === blob.length, "the name lengths of an index add up to the names");
  return names;
}

function runningSum(counts: Uint8Array): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  counts.forEach((count, row) => {
    starts[row + 1] = (starts[row] ?? 0) + count;
  });
  return starts;
}

function strings(value: unknown): string[] {
  assert(Array.isArray(value), "an index names its dtypes and groups");
  return value.map(String);
}
