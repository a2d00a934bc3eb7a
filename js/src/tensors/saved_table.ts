/** A table's model on a page without a kernel; the other half is ckpt_magics/notebook/widgets/tensors/saved_table.py. */
import type { AnyModel } from "@anywidget/types";
import { base64Bytes } from "../kernel/buffers";
import { offlineModel } from "../kernel/offline_model";

export interface SavedTable {
  readonly opening: Readonly<Record<string, unknown>>;
  readonly index: Readonly<Record<string, unknown>>;
  /** Base64 of the index' buffers. */
  readonly buffers: readonly string[];
  /** What a "statistics" event would bring, for the rows that are known. */
  readonly statistics: Readonly<Record<string, unknown>>;
  readonly statistics_buffers: readonly string[];
  readonly state: Readonly<Record<string, unknown>>;
}

export function savedTableModel(data: SavedTable): AnyModel {
  return offlineModel(data.state, ({ kind }, model) => {
    if (kind === "open") return { content: data.opening };
    if (kind === "index") return { content: data.index, buffers: viewsOf(data.buffers) };
    if (kind !== "statistics") return null;
    model.emit("statistics", data.statistics, viewsOf(data.statistics_buffers));
    return {};
  });
}

function viewsOf(texts: readonly string[]): DataView[] {
  return texts.map((text) => new DataView(base64Bytes(text).buffer));
}
