/// <reference lib="webworker" />
/** Graphviz, compiled to WebAssembly, in a thread of its own: a layout can be slow, and only a thread can be killed. */
import { Graphviz } from "@hpcc-js/wasm-graphviz";

export interface LayoutRequest {
  readonly id: number;
  readonly dot: string;
}

export interface LayoutReply {
  readonly id: number;
  readonly svg?: string;
  readonly error?: string;
}

const engine = Graphviz.load();

self.onmessage = async (event: MessageEvent<LayoutRequest>) => {
  const { id, dot } = event.data;
  let reply: LayoutReply;
  try {
    reply = { id, svg: (await engine).dot(dot) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
