import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LayoutReply, LayoutRequest } from "../../src/graph/graphviz_worker";
import { LayoutEngine, LayoutError, sharedEngine } from "../../src/graph/layout_engine";

/** Answers "ok…", fails at "bad…", and is silent otherwise. */
class FakeWorker {
  static started = 0;
  static ended = 0;
  onmessage: ((event: { data: LayoutReply }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;

  constructor() {
    FakeWorker.started++;
  }

  postMessage({ id, dot }: LayoutRequest): void {
    queueMicrotask(() => {
      if (dot.startsWith("ok")) this.onmessage?.({ data: { id, json: `json of ${dot}` } });
      if (dot.startsWith("bad")) this.onmessage?.({ data: { id, error: "syntax" } });
    });
  }

  terminate(): void {
    FakeWorker.ended++;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Worker", FakeWorker);
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:engine");
  [FakeWorker.started, FakeWorker.ended] = [0, 0];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("LayoutEngine", () => {
  const engine = () => new LayoutEngine(new Uint8Array(new ArrayBuffer(0)), 5_000);

  it("keeps one worker for all layouts", async () => {
    const shared = engine();
    await expect(Promise.all([shared.layout("ok 1"), shared.layout("ok 2")])).resolves.toEqual([
      "json of ok 1",
      "json of ok 2",
    ]);
    expect(FakeWorker.started).toBe(1);
  });

  it("passes on what the engine says is wrong", async () => {
    await expect(engine().layout("bad")).rejects.toThrow(LayoutError);
  });

  it("kills a worker that takes too long, and starts another", async () => {
    const shared = engine();
    const late = expect(shared.layout("silent")).rejects.toThrow("no layout after 5 s");
    await vi.advanceTimersByTimeAsync(5_000);
    await late;
    expect(FakeWorker.ended).toBe(1);
    await expect(shared.layout("ok")).resolves.toBe("json of ok");
    expect(FakeWorker.started).toBe(2);
  });
});

it("fetches the engine once per page, and again only after a failure", async () => {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for("ckpt_magics.layout_engine")];
  const fail = vi.fn().mockRejectedValue(new Error("the kernel is gone"));
  await expect(sharedEngine(fail)).rejects.toThrow("gone");
  const script = vi.fn().mockResolvedValue(new Uint8Array(new ArrayBuffer(0)));
  const [first, second] = await Promise.all([sharedEngine(script), sharedEngine(script)]);
  expect(first).toBe(second);
  expect(script).toHaveBeenCalledTimes(1);
});
