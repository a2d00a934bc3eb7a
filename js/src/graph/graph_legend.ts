/** What the colours and shapes of the picture mean, below it. */
import { element } from "../page/dom";
import type { GraphScene } from "./graph_model";
import { svgElement } from "./svg";

export class GraphLegend {
  readonly root = element("ul", { class: "ckpt-graph-legend", "aria-label": "Legend" });

  show(scene: GraphScene): void {
    const entries = scene.legend.map(({ paint, label, paths }) =>
      entry(
        label,
        paint,
        "ckpt-box",
        paths.map((d) => svgElement("path", { d })),
      ),
    );
    if (scene.edges.some(({ control }) => control)) {
      const line = svgElement("path", { class: "ckpt-line-of", d: "M0,8h26", "stroke-dasharray": "4 3" });
      entries.push(entry("control edge", "edge", "ckpt-edge", [line]));
    }
    this.root.replaceChildren(...entries);
  }
}

function entry(label: string, paint: string, kind: string, shapes: readonly SVGElement[]): HTMLElement {
  const swatch = svgElement(
    "svg",
    { width: 28, height: 17, viewBox: "-1 0 28 17", "aria-hidden": "true" },
    svgElement("g", { class: kind, "data-paint": paint }, ...shapes),
  );
  return element("li", {}, swatch, label);
}
