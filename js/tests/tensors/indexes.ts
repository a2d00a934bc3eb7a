/** Small indexes for tests. */
import { deflateSync } from "node:zlib";
import type { Reply } from "../../src/kernel/messages";
import { decodeIndex, type VariableIndex } from "../../src/tensors/variable_index";

export interface Row {
  readonly name: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly itemsize?: number;
  readonly group?: string;
}

const DTYPES = ["float32", "int64", "bfloat16"];
const GROUPS = ["weights", "optimizer slot", "moving average", "step", "object graph"];

/** What the kernel would send for these rows. */
export function indexReply(rows: readonly Row[]): Reply {
  const names = rows.map((row) => new TextEncoder().encode(row.name));
  const shapes = rows.map((row) => row.shape ?? []);
  const elements = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  const columns = [
    Uint32Array.from(names, (name) => name.length),
    Uint8Array.from(names.flatMap((name) => [...name])),
    Uint8Array.from(rows, (row) => DTYPES.indexOf(row.dtype ?? "float32")),
    Uint8Array.from(shapes, (shape) => shape.length),
    Float64Array.from(shapes.flat()),
    Float64Array.from(elements),
    Float64Array.from(rows, (row, position) => (elements[position] ?? 0) * (row.itemsize ?? 4)),
    new Int32Array(rows.length),
    Float64Array.from(rows, (_, position) => position * 4),
    new Uint32Array(rows.length),
    Uint8Array.from(rows, (row) => GROUPS.indexOf(row.group ?? "weights")),
  ];
  const buffers = columns.map((column) => {
    const packed = Uint8Array.from(
      deflateSync(new Uint8Array(column.buffer, column.byteOffset, column.byteLength)),
    );
    return new DataView(packed.buffer);
  });
  return { content: { ok: true, rows: rows.length, dtypes: DTYPES, groups: GROUPS }, buffers };
}

export function indexOf(rows: readonly Row[]): Promise<VariableIndex> {
  return decodeIndex(indexReply(rows));
}
