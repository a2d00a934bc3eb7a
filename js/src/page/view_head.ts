/** What stands below a view's title: sentences, and the checkpoint's files behind a disclosure. */
import { element } from "./dom";
import { formatBytes, visibleName } from "./format";

/** Elements for the lines (texts) and files ([name, what it holds, bytes or null]) of an "open" reply. */
export function headDetails(lines: unknown, files: unknown): HTMLElement[] {
  const nodes: HTMLElement[] = [];
  const rows = list(files).filter(Array.isArray);
  if (rows.length > 0) {
    const label = rows.length === 1 ? "1 file" : `${rows.length} files`;
    const body = element("table", {}, ...rows.map(fileRow));
    nodes.push(element("details", { class: "ckpt-files" }, element("summary", {}, label), body));
  }
  for (const line of list(lines))
    nodes.push(element("p", { class: "ckpt-head-line" }, visibleName(String(line))));
  return nodes;
}

function fileRow([name, holds, bytes]: unknown[]): HTMLElement {
  const size = typeof bytes === "number" ? formatBytes(bytes) : "missing";
  return element(
    "tr",
    {},
    element("td", { class: "ckpt-file" }, visibleName(String(name))),
    element("td", {}, visibleName(String(holds))),
    element("td", { class: "number" }, size),
  );
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
