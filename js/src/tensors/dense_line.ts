/** All that is known of a tensor in one line: `float32(200, 300) ≈0.0014 ±1 [≥−4.2, ≤4.3] nan:201`. */
import { formatCount } from "../page/format";
import { extremeText, type Statistics } from "./statistics";

/** Three digits are enough to tell tensors apart. */
function short(value: number): string {
  return String(Number(value.toPrecision(3))).replace(/-/g, "−");
}

export function denseLine(dtype: string, shape: readonly number[], known: Statistics | undefined): string {
  const what = shape.length > 0 ? `${dtype}(${shape.join(", ")})` : dtype;
  if (!known || known.error !== null) return what;
  const { min, max, mean, std, extremes, zeros, nans, infs } = known;
  const elements = shape.reduce((product, size) => product * size, 1);
  const counts: Array<[string, number]> = [
    ["zero", dtype === "bool" ? 0 : zeros],
    ["nan", nans],
    ["inf", infs],
  ];
  const odd = counts.filter(([, count]) => count > 0).map(([name, count]) => `${name}:${formatCount(count)}`);
  const parts = [what];
  if (dtype === "bool") parts.push(`true:${formatCount(elements - zeros)} false:${formatCount(zeros)}`);
  else if (dtype === "string") return zeros > 0 ? `${what} empty:${formatCount(zeros)}` : what;
  else if (min !== null && max !== null) {
    if (elements === 1) return [what, extremeText(known, "min")].join(" ");
    if (mean !== null && std !== null && Number.isFinite(std)) parts.push(`≈${short(mean)} ±${short(std)}`);
    const [low, high] = extremes
      ? [extremeText(known, "min"), extremeText(known, "max")]
      : [short(min), short(max)];
    const size = dtype.startsWith("complex") ? "|·| " : "";
    parts.push(`${size}[≥${low}, ≤${high}]`);
  }
  return [...parts, ...odd].join(" ");
}
