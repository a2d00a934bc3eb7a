import { expect, test } from "vitest";
import { isDark, parseColor } from "../../src/page/theme";

test.each([
  ["rgb(255, 255, 255)", false],
  ["rgb(17, 17, 17)", true],
  ["rgba(0, 0, 0, 0.9)", true],
  ["rgb(250 250 250 / 0.9)", false],
  ["color(srgb 0.98 0.98 0.98)", false],
  ["color(srgb 0.07 0.07 0.08 / 0.8)", true],
  ["color(display-p3 0.05 0.05 0.05)", true],
  ["color(srgb 1e-7 0 0)", true],
  ["oklch(0.98 0.01 250)", false],
  ["oklch(20% 0 none)", true],
  ["oklab(0.2 0 0)", true],
  ["lab(95 0 0)", false],
  ["lch(12 3 200)", true],
  ["something(else)", false],
])("%s is dark: %s", (color, dark) => {
  expect(isDark(color)).toBe(dark);
});

test.each([
  ["transparent", 0],
  ["rgba(0, 0, 0, 0)", 0],
  ["rgba(9, 9, 9, 0.25)", 0.25],
  ["rgb(9, 9, 9)", 1],
  ["color(srgb 0 0 0 / 0.3)", 0.3],
  ["oklch(0.5 0 0 / 40%)", 0.4],
])("%s covers %d", (color, alpha) => {
  expect(parseColor(color).alpha).toBeCloseTo(alpha);
});
