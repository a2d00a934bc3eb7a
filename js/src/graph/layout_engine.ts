/**
 * Layout by Graphviz in a worker that all graph views of a page share.
 *
 * The engine is 800 KB: it reaches a page once, as a buffer from the kernel, and lives on `globalThis`. A layout that
 * takes too long is ended by killing the worker; the next one starts a new worker from the same bytes.
 */
import type { LayoutReply, LayoutRequest } from "./graphviz_worker";

/** Milliseconds until a layout is given up. */
const TIME_OUT = 5_000;

/** A layout took too long, or the page cannot run the engine. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

interface Job {
  resolve(json: string): void;
  reject(error: Error): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class LayoutEngine {
  readonly #url: string;
  readonly #timeOut: number;
  readonly #jobs = new Map<number, Job>();
  #worker: Worker | null = null;
  #count = 0;

  constructor(script: Uint8Array<ArrayBuffer>, timeOut = TIME_OUT) {
    this.#url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    this.#timeOut = timeOut;
  }

  /** Positions, as Graphviz's json0, for a graph in DOT; rejects with a LayoutError. */
  layout(dot: string): Promise<string> {
    const request: LayoutRequest = { id: this.#count++, dot };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#restart(`no layout after ${this.#timeOut / 1000} s`),
        this.#timeOut,
      );
      this.#jobs.set(request.id, { resolve, reject, timer });
      try {
        this.#start().postMessage(request);
      } catch (error) {
        this.#restart(error instanceof Error ? error.message : String(error));
      }
    });
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#url);
    worker.onmessage = (event: MessageEvent<LayoutReply>) => this.#finish(event.data);
    worker.onerror = (event) => this.#restart(event.message || "the layout worker failed");
    this.#worker = worker;
    return worker;
  }

  #finish(reply: LayoutReply): void {
    const job = this.#jobs.get(reply.id);
    if (!job) return;
    this.#jobs.delete(reply.id);
    clearTimeout(job.timer);
    if (reply.json !== undefined) job.resolve(reply.json);
    else job.reject(new LayoutError(reply.error ?? "the layout failed"));
  }

  /** End the worker and everything it was asked for. */
  #restart(reason: string): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const job of this.#jobs.values()) {
      clearTimeout(job.timer);
      job.reject(new LayoutError(reason));
    }
    this.#jobs.clear();
  }
}

/** Bundles of one page share this key, also when they are copies of one another. */
const SHARED = Symbol.for("ckpt_magics.layout_engine");

/** The page's engine; `fetchScript` is called by the first view only. */
export function sharedEngine(fetchScript: () => Promise<Uint8Array<ArrayBuffer>>): Promise<LayoutEngine> {
  const page = globalThis as { [SHARED]?: Promise<LayoutEngine> };
  page[SHARED] ??= fetchScript()
    .then((script) => new LayoutEngine(script))
    .catch((error: unknown) => {
      // The next view may ask again: the kernel may have been busy or restarted.
      delete page[SHARED];
      throw error;
    });
  return page[SHARED];
}
