/** Stands in for a widget's model on a page without a kernel: its answers were put into the page when it was written. */
import type { AnyModel } from "@anywidget/types";

export interface OfflineData {
  readonly opening: Record<string, unknown>;
  readonly index: Record<string, unknown>;
  /** Base64 of the index' buffers. */
  readonly buffers: readonly string[];
  /** What "statistics" events would bring, for the rows that are known. */
  readonly statistics: ReadonlyArray<Record<string, unknown> & { readonly row: number }>;
  readonly state: Record<string, unknown>;
}

type Listener = (...parts: unknown[]) => void;
type Message = { id: string; kind?: string; rows?: readonly number[] };

export class OfflineModel {
  readonly #data: OfflineData;
  readonly #state: Record<string, unknown>;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(data: OfflineData) {
    this.#data = data;
    this.#state = { ...data.state };
  }

  get(name: string): unknown {
    return this.#state[name];
  }

  set(name: string, value: unknown): void {
    this.#state[name] = value;
    this.#fire(`change:${name}`);
  }

  save_changes(): void {}

  on(event: string, listener: Listener): void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  off(event?: string | null, listener?: Listener | null): void {
    if (event && listener) this.#listeners.get(event)?.delete(listener);
  }

  send(message: Message): void {
    if (message.kind === undefined) return;
    // Answers come later, as a kernel's would.
    queueMicrotask(() => this.#answer(message));
  }

  #answer({ id, kind, rows }: Message): void {
    const { opening, index, buffers, statistics } = this.#data;
    if (kind === "open") this.#reply({ id, ok: true, ...opening });
    else if (kind === "index") this.#reply({ id, ok: true, ...index }, buffers.map(fromBase64));
    else if (kind === "statistics") {
      const wanted = new Set(rows);
      for (const known of statistics)
        if (wanted.has(known.row)) this.#reply({ event: "statistics", ...known });
      this.#reply({ id, ok: true });
    } else {
      const message = "This page has no kernel behind it. Open the checkpoint in a notebook for that.";
      this.#reply({ id, ok: false, error: { type: "UnimplementedError", message } });
    }
  }

  #reply(content: Record<string, unknown>, buffers: readonly DataView[] = []): void {
    this.#fire("msg:custom", content, buffers);
  }

  #fire(event: string, ...parts: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...parts);
  }
}

/** The model as views expect it. */
export function offlineModel(data: OfflineData): AnyModel {
  return new OfflineModel(data) as unknown as AnyModel;
}

function fromBase64(text: string): DataView {
  return new DataView(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}
