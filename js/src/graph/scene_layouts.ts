/** Lays scenes out: by the page's engine, by the engine with less to ask of it, by the kernel; keeps the latest. */
import { bytesOf } from "../kernel/buffers";
import type { Channel } from "../kernel/messages";
import { type Layout, readGraphviz, readKernelLayout } from "./graph_layout";
import type { GraphScene, GraphState } from "./graph_model";
import { LayoutError, sharedEngine } from "./layout_engine";

const KEPT = 24;

export class SceneLayouts {
  readonly #channel: Channel;
  readonly #known = new Map<string, Layout>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  async layout(scene: GraphScene, state: GraphState): Promise<Layout> {
    if (scene.layout) return scene.layout;
    const known = this.#known.get(scene.dot);
    if (known) return known;
    const layout = await this.#compute(scene, state);
    this.#known.set(scene.dot, layout);
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value ?? "");
    return layout;
  }

  async #compute(scene: GraphScene, state: GraphState): Promise<Layout> {
    // Graphviz would put boxes without edges into one row; the kernel packs them.
    if (scene.edges.length > 0) {
      const layout = await this.#byEngine(scene, state);
      if (layout) return layout;
    }
    return readKernelLayout((await this.#channel.request("layout", { state })).content);
  }

  /** The engine's layout; null where it cannot run, or finds none in time. */
  async #byEngine(scene: GraphScene, state: GraphState): Promise<Layout | null> {
    const run = async (dot: string) => {
      const engine = await sharedEngine(async () => {
        const reply = await this.#channel.request("engine");
        return bytesOf(reply.buffers[0] as DataView);
      });
      return readGraphviz(await engine.layout(dot), scene);
    };
    try {
      return await run(scene.dot);
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
    }
    try {
      const reply = await this.#channel.request("dot", { state });
      return await run(String(reply.content.dot));
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      return null;
    }
  }
}
