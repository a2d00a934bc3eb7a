/** The model of the view of bytes on a page without a kernel; the other half is widgets/bytes/saved_bytes.py. */
import type { AnyModel } from "@anywidget/types";
import { base64Bytes } from "../kernel/buffers";
import { offlineModel } from "../kernel/offline_model";

export interface SavedBytes {
  readonly opening: Readonly<Record<string, unknown>>;
  /** What is inside of a range, or of a file, by its path. */
  readonly ranges: Readonly<Record<string, { readonly total: number; readonly rows: readonly unknown[] }>>;
  /** Base64 of the first bytes of each file. */
  readonly starts: readonly string[];
  readonly state: Readonly<Record<string, unknown>>;
}

export function savedBytesModel(data: SavedBytes): AnyModel {
  return offlineModel(data.state, (message) => {
    if (message.kind === "open") return { content: data.opening };
    if (message.kind === "ranges") {
      const level = data.ranges[(message.path as number[]).join(".")];
      const start = Number(message.start);
      if (!level || start >= Math.max(level.rows.length, 1)) return null;
      return {
        content: { total: level.rows.length, rows: level.rows.slice(start, start + Number(message.count)) },
      };
    }
    if (message.kind !== "bytes") return null;
    const start = base64Bytes(data.starts[Number(message.file)] ?? "");
    const offset = Number(message.offset);
    if (offset >= start.length) return null;
    return { buffers: [new DataView(start.slice(offset, offset + Number(message.size)).buffer)] };
  });
}
