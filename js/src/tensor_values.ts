/** A piece of a tensor as it came from the kernel. */
import { assert } from "./assert";
import { bytesOf, isFormat, numbersOf } from "./buffers";
import { formatNumber, visibleName } from "./format";
import type { Reply } from "./messages";

export interface TensorValues {
  /** Length of every axis of the piece; C order. */
  readonly shape: readonly number[];
  /** The numbers; empty for strings. */
  readonly numbers: ArrayLike<number>;
  /** Text of each element where a JavaScript number would not be exact, and for strings. */
  readonly texts: readonly string[] | null;
}

/** Decode the reply to a "values" request; throws an Error when its parts do not fit. */
export function decodeValues(reply: Reply): TensorValues {
  const { shape, format, texts } = reply.content;
  assert(Array.isArray(shape), "values come with their shape");
  const dims = shape.map(Number);
  const count = dims.reduce((product, size) => product * size, 1);
  const strings = Array.isArray(texts) ? texts.map(String) : null;
  const buffer = reply.buffers[0];
  if (!buffer) {
    assert(strings?.length === count, "values are numbers or texts");
    return { shape: dims, numbers: [], texts: strings };
  }
  assert(typeof format === "string" && isFormat(format), `values in an unknown format: ${String(format)}`);
  const numbers = numbersOf(bytesOf(buffer), format);
  assert(numbers.length === count, `${count} values were promised, ${numbers.length} came`);
  return { shape: dims, numbers, texts: strings };
}

/** Text of the element at a flat position. */
export function textAt(values: TensorValues, position: number): string {
  const text = values.texts?.[position];
  if (text !== undefined) return visibleName(text);
  const number = values.numbers[position];
  return number === undefined ? "" : formatNumber(number);
}
