/** The picture's colours as a style sheet: the same as in a static picture, for light and dark pages. */
import { element } from "../page/dom";
import type { GraphFacts } from "./graph_model";

const COLOR = /^#[0-9a-f]{6}$/i;
const NAME = /^[a-z0-9]+$/i;

/** A style element that gives `data-paint` its variables; theme and paint are looked up by the cascade. */
export function paintStyle(paints: GraphFacts["paints"]): HTMLStyleElement {
  return element("style", {}, paintRules(paints));
}

export function paintRules(paints: GraphFacts["paints"]): string {
  const rules: string[] = [];
  for (const [theme, table] of Object.entries(paints))
    for (const [name, colors] of Object.entries(table)) {
      const [fill, stroke, ink, ink2] = colors;
      if (![theme, name].every((word) => NAME.test(word)) || !colors.every((color) => COLOR.test(color)))
        continue;
      rules.push(
        `.ckpt-view[data-theme="${theme}"] [data-paint="${name}"]` +
          `{--fill:${fill};--stroke:${stroke};--ink:${ink};--ink-2:${ink2}}`,
      );
    }
  return rules.join("\n");
}
