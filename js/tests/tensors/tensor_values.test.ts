import { expect, test } from "vitest";
import { decodeValues, textAt } from "../../src/tensors/tensor_values";

/** A reply with one buffer of numbers. */
function reply(kind: string, format: string, array: ArrayBufferView<ArrayBuffer>, length: number) {
  const buffer = new DataView(array.buffer, array.byteOffset, array.byteLength);
  return { content: { shape: [length], kind, format }, buffers: [buffer] };
}

test("integers keep all their digits", () => {
  const big = decodeValues(
    reply("integer", "i64", BigInt64Array.of(123456789012345n, -9223372036854775808n, -5n), 3),
  );
  expect([0, 1, 2].map((position) => textAt(big, position))).toEqual([
    "123456789012345",
    "−9223372036854775808",
    "−5",
  ]);
  expect([...Array.from(big.numbers)].slice(2)).toEqual([-5]);
  const unsigned = decodeValues(reply("integer", "u64", BigUint64Array.of(2n ** 64n - 1n), 1));
  expect(textAt(unsigned, 0)).toBe("18446744073709551615");
  expect(textAt(decodeValues(reply("integer", "i32", Int32Array.of(-2147483648), 1)), 0)).toBe("−2147483648");
});

test("Booleans are words", () => {
  const values = decodeValues(reply("boolean", "u8", Uint8Array.of(1, 0), 2));
  expect([textAt(values, 0), textAt(values, 1)]).toEqual(["True", "False"]);
});

test("measurements are rounded, strings are not touched", () => {
  expect(textAt(decodeValues(reply("number", "f64", Float64Array.of(1 / 3), 1)), 0)).toBe("0.333333");
  const texts = decodeValues({ content: { shape: [], texts: ["hello"] }, buffers: [] });
  expect(textAt(texts, 0)).toBe("hello");
  const noted = decodeValues({
    content: { shape: [], texts: ["\\xff"], sizes: [1], utf8: [false] },
    buffers: [],
  });
  expect(noted.note).toBe("1 B, bytes that are no UTF-8");
});
