/** A histogram in the head of a column of numbers: dragging over it narrows the table to that range. */
import { element } from "../page/dom";
import { formatCount, formatNumber } from "../page/format";
import { drawBars } from "./histogram";

const BARS = 24;

/** Where the bars of a histogram begin and end: evenly, or in steps that grow where numbers spread far. */
export interface Steps {
  readonly counts: readonly number[];
  /** The number at a share (0..1) of the width. */
  at(share: number): number;
  /** The share at which a number lies. */
  shareOf(value: number): number;
}

/** Sort numbers into bars; null where they are fewer than two different ones. */
export function stepsOf(values: Iterable<number>): Steps | null {
  const finite = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  const low = finite[0] ?? 0;
  const high = finite[finite.length - 1] ?? 0;
  if (!(high > low)) return null;
  const sizes = finite.map(Math.abs).filter((size) => size > 0);
  const middle = sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 1;
  // Evenly, unless most would be in one bar: then as a logarithm far from zero, as the numbers near it.
  const spread = Math.max(-low, high) / middle > 50;
  const bend = spread ? (value: number) => Math.asinh(value / middle) : (value: number) => value;
  const straighten = spread ? (bent: number) => Math.sinh(bent) * middle : (bent: number) => bent;
  const [from, to] = [bend(low), bend(high)];
  const shareOf = (value: number) => (bend(value) - from) / (to - from);
  const at = (share: number) =>
    share <= 0 ? low : share >= 1 ? high : straighten(from + share * (to - from));
  const counts = new Array<number>(BARS).fill(0);
  for (const value of finite) {
    const bar = Math.min(Math.floor(shareOf(value) * BARS), BARS - 1);
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return { counts, at, shareOf };
}

/**
 * The histogram as an element.
 *
 * @param chosen The range in force, if there is one.
 * @param choose Called with a range when the user has dragged one, with null when a click lifts it.
 */
export function rangeBars(
  title: string,
  steps: Steps,
  chosen: readonly [least: number | null, greatest: number | null] | null,
  choose: (range: readonly [number, number] | null) => void,
): HTMLElement {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const mark = element("span", { class: "ckpt-range-chosen" });
  const root = element(
    "div",
    {
      class: "ckpt-range-bars",
      role: "img",
      "aria-label": `${title} from ${formatNumber(steps.at(0))} to ${formatNumber(steps.at(1))}`,
      title: `${formatNumber(steps.at(0))} … ${formatNumber(steps.at(1))}: drag over a range, click to lift it`,
    },
    mark,
    canvas,
  );
  const show = (from: number, to: number) => {
    mark.style.left = `${100 * Math.max(from, 0)}%`;
    mark.style.right = `${100 * (1 - Math.min(to, 1))}%`;
    mark.hidden = from > to;
  };
  const [least, greatest] = chosen ?? [null, null];
  if (chosen)
    show(least === null ? 0 : steps.shareOf(least), greatest === null ? 1 : steps.shareOf(greatest));
  else show(1, 0);
  requestAnimationFrame(() => drawBars(canvas, steps.counts, true));
  const shareAt = (event: PointerEvent) => {
    const box = root.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / Math.max(box.width, 1), 0), 1);
  };
  root.addEventListener("pointermove", (event) => {
    const bar = Math.min(Math.floor(shareAt(event) * BARS), BARS - 1);
    const ends = [steps.at(bar / BARS), steps.at((bar + 1) / BARS)].map(formatNumber).join(" … ");
    root.title = `${ends}: ${formatCount(steps.counts[bar] ?? 0)}; drag over a range`;
  });
  root.addEventListener("pointerdown", (down) => {
    root.setPointerCapture(down.pointerId);
    const from = shareAt(down);
    const ends = (event: PointerEvent) =>
      [Math.min(from, shareAt(event)), Math.max(from, shareAt(event))] as const;
    const onMove = (event: PointerEvent) => show(...ends(event));
    root.addEventListener("pointermove", onMove);
    root.addEventListener(
      "pointerup",
      (up) => {
        root.removeEventListener("pointermove", onMove);
        const [start, stop] = ends(up);
        choose(stop - start > 0.02 ? [steps.at(start), steps.at(stop)] : null);
      },
      { once: true },
    );
    down.preventDefault();
  });
  return root;
}
