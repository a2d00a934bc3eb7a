import { expect, test } from "vitest";
import { formatBytes, formatNumber, formatShape, formatShare, visibleName } from "../../src/page/format";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.50 KiB"],
  [2 ** 30, "1.00 GiB"],
])("%d bytes", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0, "0"],
  [-3, "−3"],
  [0.1, "0.1"],
  [1 / 3, "0.333333"],
  [1.5e-7, "1.5e−7"],
  [123456789.5, "1.235e+8"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "−∞"],
])("the number %d", (value, text) => expect(formatNumber(value)).toBe(text));

test("shapes and shares", () => {
  expect(formatShape([])).toBe("[]");
  expect(formatShape([2, 3])).toBe("[2, 3]");
  expect([formatShare(0), formatShare(0.0001), formatShare(0.5)]).toEqual(["0.0 %", "<0.1 %", "50 %"]);
});

test("a name can neither move the line nor hide", () => {
  expect(visibleName("a\n\u001b[2J\u202eb")).toBe("a\\x0a\\x1b[2J\\u202eb");
  expect(visibleName("größe/步<b>")).toBe("größe/步<b>");
});
