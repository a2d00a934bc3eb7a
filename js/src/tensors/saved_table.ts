/** A table's model on a page without a kernel; the other half is ckpt_magics/notebook/widgets/tensors/saved_table.py. */
import type { AnyModel } from "@anywidget/types";
import { base64Bytes } from "../kernel/buffers";
import { offlineModel } from "../kernel/offline_model";

export interface SavedTable {
  readonly opening: Readonly<Record<string, unknown>>;
  readonly index: Readonly<Record<string, unknown>>;
  /** Base64 of the index' buffers. */
  readonly buffers: readonly string[];
  /** What "statistics" events would bring, for the rows that are known. */
  readonly statistics: ReadonlyArray<Readonly<Record<string, unknown>> & { readonly row: number }>;
  readonly state: Readonly<Record<string, unknown>>;
}

export function savedTableModel(data: SavedTable): AnyModel {
  return offlineModel(data.state, ({ kind, rows }, model) => {
    if (kind === "open") return { content: data.opening };
    if (kind === "index")
      return {
        content: data.index,
        buffers: data.buffers.map((text) => new DataView(base64Bytes(text).buffer)),
      };
    if (kind !== "statistics") return null;
    const wanted = new Set(rows as readonly number[]);
    for (const known of data.statistics) if (wanted.has(known.row)) model.emit("statistics", known);
    return {};
  });
}
