/** A slider over the positions of an axis. */
import { element } from "../page/dom";

/** A labelled slider over the positions of one axis, which shows its value. */
export function slider(
  label: string,
  size: number,
  value: number,
  onInput: (position: number) => void,
): HTMLElement {
  const output = element("output", {}, String(value));
  const input = element("input", {
    type: "range",
    min: 0,
    max: Math.max(size - 1, 0),
    value,
    "aria-label": `Position on ${label}`,
    oninput: () => {
      output.value = input.value;
      onInput(Number(input.value));
    },
  });
  return element("label", { class: "ckpt-slider" }, label, input, output);
}
