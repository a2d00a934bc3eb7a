/**
 * Requests to the kernel and what comes back.
 *
 * A widget's traits carry only small state; everything else travels as custom messages with a request id, so that
 * replies can be large, binary, partial, late or cancelled. The kernel's half is ckpt_magics/notebook/widgets/conversation.py.
 */
import type { AnyModel } from "@anywidget/types";

/** What the kernel answers to one request: its JSON part and its binary buffers. */
export interface Reply {
  readonly content: Record<string, unknown>;
  readonly buffers: readonly DataView[];
}

/** The kernel refused a request or failed at it; `kind` is the Python error class. */
export class KernelError extends Error {
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.name = "KernelError";
    this.kind = kind;
  }
}

/** The kernel that the view came from is gone, or another one is in its place. */
export class DisconnectedError extends Error {
  constructor() {
    super("The kernel was restarted or shut down, and this view went with it: run the cell again.");
    this.name = "DisconnectedError";
  }
}

export interface RequestOptions {
  /** Aborting sends a cancellation to the kernel and rejects the promise with an AbortError. */
  readonly signal?: AbortSignal;
  /** Called with 0..1 while the kernel works. */
  readonly onProgress?: (share: number) => void;
}

interface Pending {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  onProgress: ((share: number) => void) | undefined;
}

type EventHandler = (content: Record<string, unknown>, buffers: readonly DataView[]) => void;

/** What a widget's model fires when its connection to the kernel breaks, after which no answer comes. */
const CONNECTION_EVENT = "comm_live_update";

/** One conversation with the kernel's half of a widget. */
export class Channel {
  readonly #model: AnyModel;
  readonly #pending = new Map<string, Pending>();
  readonly #handlers = new Map<string, Set<EventHandler>>();
  /** Several views of one model share its messages: the prefix keeps their request ids apart. */
  readonly #prefix = Math.random().toString(36).slice(2, 10);
  #count = 0;

  constructor(model: AnyModel) {
    this.#model = model;
    model.on("msg:custom", this.#receive);
    model.on(CONNECTION_EVENT, this.#disconnect);
  }

  /** Ask the kernel; resolves with its reply, rejects with a KernelError or an AbortError. */
  request(kind: string, payload: Record<string, unknown> = {}, options: RequestOptions = {}): Promise<Reply> {
    const id = `${this.#prefix}.${this.#count++}`;
    const { signal, onProgress } = options;
    return new Promise<Reply>((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortError());
        return;
      }
      const abort = () => {
        this.#pending.delete(id);
        this.#send({ cancel: id });
        reject(abortError());
      };
      signal?.addEventListener("abort", abort, { once: true });
      const settle = () => signal?.removeEventListener("abort", abort);
      this.#pending.set(id, {
        resolve: (reply) => {
          settle();
          resolve(reply);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        onProgress,
      });
      if (!this.#send({ ...payload, id, kind })) this.#disconnect();
    });
  }

  /** False when there is no kernel to send to, which a model says by an exception. */
  #send(message: Record<string, unknown>): boolean {
    try {
      this.#model.send(message);
    } catch {
      return false;
    }
    return true;
  }

  /** Call `handler` for each event of this name; the returned function stops that. */
  on(event: string, handler: EventHandler): () => void {
    const handlers = this.#handlers.get(event) ?? new Set<EventHandler>();
    this.#handlers.set(event, handlers.add(handler));
    return () => {
      handlers.delete(handler);
    };
  }

  /** Stop listening and reject whatever is still open. */
  close(): void {
    this.#model.off("msg:custom", this.#receive);
    this.#model.off(CONNECTION_EVENT, this.#disconnect);
    this.#rejectAll(abortError());
    this.#handlers.clear();
  }

  #rejectAll(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  readonly #disconnect = (): void => this.#rejectAll(new DisconnectedError());

  readonly #receive = (message: unknown, buffers: readonly DataView[] = []): void => {
    if (!isRecord(message)) return;
    if (typeof message.event === "string") {
      for (const handler of this.#handlers.get(message.event) ?? []) handler(message, buffers);
      return;
    }
    const id = typeof message.id === "string" ? message.id : "";
    const pending = this.#pending.get(id);
    if (!pending) return;
    if (typeof message.progress === "number") {
      pending.onProgress?.(message.progress);
      return;
    }
    this.#pending.delete(id);
    if (message.ok === true) pending.resolve({ content: message, buffers });
    else pending.reject(kernelError(message.error));
  };
}

/** Set a trait here and in the kernel; without a kernel the page goes on alone. */
export function setTrait(model: AnyModel, name: string, value: unknown): void {
  model.set(name, value);
  try {
    model.save_changes();
  } catch {
    // What needs the kernel asks it by a request, which says what has happened.
  }
}

/** True for the rejection of a request that its own caller gave up. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function abortError(): Error {
  const error = new Error("the request was cancelled");
  error.name = "AbortError";
  return error;
}

function kernelError(error: unknown): KernelError {
  if (isRecord(error)) return new KernelError(String(error.type ?? "Error"), String(error.message ?? ""));
  return new KernelError("Error", "the kernel sent a reply that is not understood");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
