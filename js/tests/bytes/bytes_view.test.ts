// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import bytesView from "../../src/bytes/bytes_view";
import { offlineModel } from "../../src/kernel/offline_model";

const ROWS = 401;

vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    disconnect() {}
  },
);

let close = () => {};
afterEach(() => close());

/** The list of a file with so many ranges, of which the last is looked at. */
async function openList(): Promise<HTMLElement> {
  const opening = { title: "", note: "", lines: [], files: [{ name: "m.index", size: ROWS, ranges: ROWS }] };
  const model = offlineModel({ selected: [0, ROWS - 1] }, ({ kind, start, count }) => {
    if (kind === "open") return { content: opening };
    if (kind === "bytes") return { buffers: [new DataView(new ArrayBuffer(1))] };
    const places = Array.from({ length: Math.min(Number(count), ROWS - Number(start)) }, (_, at) => at);
    const rows = places.map((at) => [Number(start) + at, 1, "entry", "", false, false]);
    return { content: { total: ROWS, rows } };
  });
  const el = document.createElement("div");
  document.body.append(el);
  close = bytesView.render({ model, el } as never);
  await vi.waitFor(() => expect(rowOf(el, ROWS)).toContain("entry"));
  return el.querySelector(".ckpt-ranges") as HTMLElement;
}

function rowOf(el: HTMLElement, position: number): string | null | undefined {
  return el.querySelector(`[data-position="${position}"]`)?.textContent;
}

function press(list: HTMLElement, key: string): void {
  list.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

test("what was folded and is unfolded again comes anew, wherever one looks", async () => {
  const list = await openList();
  // The last range, the file around it, and the file folded; then all of it again, from the middle on.
  press(list, "ArrowLeft");
  press(list, "ArrowLeft");
  await vi.waitFor(() => expect(list.querySelectorAll(".ckpt-range")).toHaveLength(1));
  press(list, "ArrowRight");
  await vi.waitFor(() => expect(rowOf(list, 1)).toContain("entry"));
  list.scrollTop = 24 * 300;
  list.dispatchEvent(new Event("scroll"));
  await vi.waitFor(() => expect(rowOf(list, 301)).toContain("entry"));
});

test("the left arrow folds what is open, then leads out, and unfolds nothing", async () => {
  const list = await openList();
  press(list, "ArrowLeft");
  press(list, "ArrowLeft");
  await vi.waitFor(() => expect(list.querySelectorAll(".ckpt-range")).toHaveLength(1));
  press(list, "ArrowLeft");
  await new Promise((done) => setTimeout(done, 50));
  expect(list.querySelectorAll(".ckpt-range")).toHaveLength(1);
});
