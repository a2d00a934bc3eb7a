/** A tensor of one dimension as a line. */
import { scaleFor } from "./color_scale";

/** Draw values left to right over the whole canvas; NaN and infinities leave a gap, zero a thin line. */
export function drawLine(canvas: HTMLCanvasElement, numbers: ArrayLike<number>): void {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round((canvas.clientWidth || 300) * ratio);
  canvas.height = Math.round((canvas.clientHeight || 120) * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  const { low, high } = scaleFor(numbers);
  const range = high - low || 1;
  const margin = 4 * ratio;
  const x = (position: number) =>
    margin + (position * (canvas.width - 2 * margin)) / Math.max(numbers.length - 1, 1);
  const y = (value: number) =>
    canvas.height - margin - ((value - low) / range) * (canvas.height - 2 * margin);
  context.strokeStyle = getComputedStyle(canvas).color;
  if (low < 0 && high > 0) {
    context.globalAlpha = 0.35;
    context.beginPath();
    context.moveTo(0, y(0));
    context.lineTo(canvas.width, y(0));
    context.stroke();
    context.globalAlpha = 1;
  }
  context.lineWidth = 1.5 * ratio;
  context.beginPath();
  let drawing = false;
  for (let position = 0; position < numbers.length; position++) {
    const value = numbers[position] as number;
    if (!Number.isFinite(value)) {
      drawing = false;
      continue;
    }
    if (drawing) context.lineTo(x(position), y(value));
    else context.moveTo(x(position), y(value));
    drawing = true;
  }
  context.stroke();
}
