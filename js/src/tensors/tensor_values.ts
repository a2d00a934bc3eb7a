/** A piece of a tensor as it came from the kernel. */
import { assert } from "../kernel/assert";
import { bytesOf, isFormat, type NumberArray, numbersOf } from "../kernel/buffers";
import type { Reply } from "../kernel/messages";
import { formatBytes, formatExact, formatNumber, visibleName } from "../page/format";

export interface TensorValues {
  /** Length of every axis of the piece; C order. */
  readonly shape: readonly number[];
  /** What the numbers are: True and False, integers to be shown with all their digits, or measurements. */
  readonly kind: ValueKind;
  /** The numbers as a picture takes them; empty for strings. */
  readonly numbers: ArrayLike<number>;
  /** The numbers as they came. */
  readonly exact: ArrayLike<number | bigint>;
  /** Text of each element of strings. */
  readonly texts: readonly string[] | null;
  /** What each string is, where there is one only: its length and encoding. */
  readonly note: string;
}

/** How many values of a kind a picture has, and the indices of the first. */
export interface Special {
  readonly kind: string;
  readonly count: number;
  readonly first: readonly number[];
}

/** Cells of a picture: the least value of each, and the greatest, which is the same where a cell is one value. */
export interface TensorCells {
  readonly low: TensorValues;
  readonly high: TensorValues;
  readonly specials: readonly Special[];
  /** Positions of the axis that is sorted, in its order; empty where none is. */
  readonly order: readonly number[];
}

export type ValueKind = "boolean" | "integer" | "number";

/** Decode the reply to a "values" request; throws an Error when its parts do not fit. */
export function decodeValues(reply: Reply): TensorValues {
  const { shape, texts } = reply.content;
  assert(Array.isArray(shape), "values come with their shape");
  const dims = shape.map(Number);
  const count = dims.reduce((product, size) => product * size, 1);
  const strings = Array.isArray(texts) ? texts.map(String) : null;
  const buffer = reply.buffers[0];
  if (!buffer) {
    assert(strings?.length === count, "values are numbers or texts");
    const note = count === 1 ? stringNote(reply.content) : "";
    return { shape: dims, kind: "number", numbers: [], exact: [], texts: strings, note };
  }
  return numbersIn(reply.content, buffer, dims);
}

/** Decode the reply to a "cells" request; throws an Error when its parts do not fit. */
export function decodeCells(reply: Reply): TensorCells {
  const { shape, specials, order } = reply.content;
  assert(Array.isArray(shape), "cells come with their shape");
  const [least, greatest] = reply.buffers;
  assert(least, "cells are numbers");
  const low = numbersIn(reply.content, least, shape.map(Number));
  const high = greatest ? numbersIn(reply.content, greatest, low.shape) : low;
  return {
    low,
    high,
    specials: Array.isArray(specials) ? (specials as Special[]) : [],
    order: Array.isArray(order) ? order.map(Number) : [],
  };
}

function numbersIn(
  { format, kind }: Reply["content"],
  buffer: DataView,
  shape: readonly number[],
): TensorValues {
  const count = shape.reduce((product, size) => product * size, 1);
  assert(typeof format === "string" && isFormat(format), `values in an unknown format: ${String(format)}`);
  const exact = numbersOf(bytesOf(buffer), format);
  assert(exact.length === count, `${count} values were promised, ${exact.length} came`);
  const numbers = isBig(exact) ? Float64Array.from(exact, Number) : exact;
  return { shape, kind: kindOf(kind), numbers, exact, texts: null, note: "" };
}

function stringNote({ sizes, utf8 }: Reply["content"]): string {
  const size = Array.isArray(sizes) ? Number(sizes[0]) : 0;
  const encoding = Array.isArray(utf8) && utf8[0] === true ? "UTF-8" : "bytes that are no UTF-8";
  return `${formatBytes(size)}, ${encoding}`;
}

/** Text of the element at a flat position. */
export function textAt(values: TensorValues, position: number): string {
  const text = values.texts?.[position];
  if (text !== undefined) return visibleName(text);
  const value = values.exact[position];
  if (value === undefined) return "";
  if (values.kind === "boolean") return value ? "True" : "False";
  return values.kind === "integer" ? formatExact(String(value)) : formatNumber(Number(value));
}

function kindOf(kind: unknown): ValueKind {
  return kind === "boolean" || kind === "integer" ? kind : "number";
}

function isBig(numbers: NumberArray): numbers is BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> {
  return numbers instanceof BigInt64Array || numbers instanceof BigUint64Array;
}
