/// <reference lib="webworker" />
/** Graphviz, compiled to WebAssembly, in a thread of its own: a layout can be slow, and only a thread can be killed. */
import { Graphviz } from "@hpcc-js/wasm-graphviz";

export interface LayoutRequest {
  readonly id: number;
  readonly dot: string;
}

export interface LayoutReply {
  readonly id: number;
  /** Positions as Graphviz's JSON. */
  readonly json?: string;
  readonly error?: string;
}

/** Positions without drawing operations; the library's types have forgotten it. */
const FORMAT = "json0" as "json";

const engine = Graphviz.load();

self.onmessage = async (event: MessageEvent<LayoutRequest>) => {
  const { id, dot } = event.data;
  let reply: LayoutReply;
  try {
    reply = { id, json: (await engine).layout(dot, FORMAT, "dot") };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
