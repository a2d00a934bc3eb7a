/** Numbers to colours for heat maps: diverging around zero for signed data, one hue otherwise. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** Blue – white – red, readable with the common colour-vision deficiencies; ends are equally dark. */
const DIVERGING: readonly Rgb[] = [
  [33, 79, 148],
  [94, 148, 200],
  [176, 208, 230],
  [247, 247, 247],
  [244, 191, 163],
  [219, 116, 93],
  [160, 30, 46],
];

/** Dark violet to light yellow, brightness rising evenly. */
const SEQUENTIAL: readonly Rgb[] = [
  [43, 16, 84],
  [65, 62, 133],
  [48, 103, 141],
  [33, 144, 140],
  [63, 187, 117],
  [159, 217, 56],
  [250, 231, 85],
];

/** Colours outside both scales, so that they cannot be taken for values. */
export const NAN_COLOR: Rgb = [255, 0, 255];
export const INFINITY_COLOR: Rgb = [255, 160, 0];

export interface ColorScale {
  readonly low: number;
  readonly high: number;
  readonly diverging: boolean;
}

/** The scale for these values: symmetric around zero when both signs occur; NaN and infinities do not count. */
export function scaleFor(values: ArrayLike<number>): ColorScale {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let position = 0; position < values.length; position++) {
    const value = values[position] as number;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, high: 1, diverging: false };
  if (low < 0 && high > 0) {
    const reach = Math.max(-low, high);
    return { low: -reach, high: reach, diverging: true };
  }
  return { low, high, diverging: false };
}

export function colorOf(value: number, scale: ColorScale): Rgb {
  if (Number.isNaN(value)) return NAN_COLOR;
  if (!Number.isFinite(value)) return INFINITY_COLOR;
  const stops = scale.diverging ? DIVERGING : SEQUENTIAL;
  const range = scale.high - scale.low;
  const share = range > 0 ? Math.min(Math.max((value - scale.low) / range, 0), 1) : 0.5;
  const position = share * (stops.length - 1);
  const below = Math.min(Math.floor(position), stops.length - 2);
  const from = stops[below] as Rgb;
  const to = stops[below + 1] as Rgb;
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (position - below));
  return [mix(0), mix(1), mix(2)];
}
