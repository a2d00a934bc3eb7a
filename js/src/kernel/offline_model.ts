/** Stands in for a widget's model on a page without a kernel: what was saved of the view answers. */
import type { AnyModel } from "@anywidget/types";

export interface Message {
  readonly id: string;
  readonly kind: string;
  readonly [name: string]: unknown;
}

export interface Answer {
  readonly content?: Readonly<Record<string, unknown>>;
  readonly buffers?: readonly DataView[];
}

/** What answers in the kernel's place; null where only a kernel could. */
export type Answers = (message: Message, model: OfflineModel) => Answer | null;

const REFUSAL = "What is saved here cannot answer that: run the cell again, with a kernel.";

type Listener = (...parts: unknown[]) => void;

export class OfflineModel {
  readonly #state: Record<string, unknown>;
  readonly #answers: Answers;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(state: Readonly<Record<string, unknown>>, answers: Answers) {
    this.#state = { ...state };
    this.#answers = answers;
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

  send(message: Partial<Message>): void {
    if (message.kind === undefined || message.id === undefined) return;
    // Answers come later, as a kernel's would.
    queueMicrotask(() => this.#answer(message as Message));
  }

  /** Send an event, as a kernel does while it works. */
  emit(event: string, content: Readonly<Record<string, unknown>>, buffers: readonly DataView[] = []): void {
    this.#fire("msg:custom", { ...content, event }, buffers);
  }

  #answer(message: Message): void {
    const { id } = message;
    const answer = this.#answers(message, this);
    if (answer) this.#fire("msg:custom", { ...answer.content, id, ok: true }, answer.buffers ?? []);
    else
      this.#fire("msg:custom", { id, ok: false, error: { type: "UnavailableError", message: REFUSAL } }, []);
  }

  #fire(event: string, ...parts: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...parts);
  }
}

/** The model as views expect it. */
export function offlineModel(state: Readonly<Record<string, unknown>>, answers: Answers): AnyModel {
  return new OfflineModel(state, answers) as unknown as AnyModel;
}
