/**
 * Binary buffers of a message as typed arrays.
 *
 * A buffer is a window into the whole websocket frame: its offset and length always count, and its offset need not
 * be a multiple of the item size, so the bytes are copied before they are viewed.
 */

/** Constructors of the number formats that the kernel sends, all little-endian. */
const FORMATS = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
} as const;

export type Format = keyof typeof FORMATS;
export type NumberArray = InstanceType<(typeof FORMATS)[Format]>;

export function isFormat(text: string): text is Format {
  return text in FORMATS;
}

export function bytesOf(view: DataView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}

/** View whole items of `bytes` as numbers; throws a RangeError when the length does not fit. */
export function numbersOf<F extends Format>(
  bytes: Uint8Array<ArrayBuffer>,
  format: F,
): InstanceType<(typeof FORMATS)[F]> {
  const size = FORMATS[format].BYTES_PER_ELEMENT;
  if (bytes.byteLength % size !== 0)
    throw new RangeError(`${bytes.byteLength} bytes are no whole number of ${format} items`);
  const whole = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const array = new FORMATS[format](whole.buffer, whole.byteOffset, whole.byteLength / size);
  return array as InstanceType<(typeof FORMATS)[F]>;
}

/** Undo zlib compression (RFC 1950, which the Compression Streams standard calls "deflate"). */
export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function base64Bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
