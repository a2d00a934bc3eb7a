import { expect, it } from "vitest";
import { placeLabels } from "../../src/graph/edge_labels";
import { hasDetails, readableSize, shortened } from "../../src/graph/lettering";

const letters = (text: string) => text.length;

it("cuts the middle out of what is too wide, and says nothing rather than three letters", () => {
  expect(shortened("gradients/kernel", 20, letters)).toBe("gradients/kernel");
  expect(shortened("gradients/kernel", 9, letters)).toBe("grad…rnel");
  expect(shortened("gradients/kernel", 4, letters)).toBe("");
});

it("shows no text below 11 pixels", () => {
  for (const scale of [0.1, 0.8, 1, 3])
    expect(readableSize(11, scale) * scale).toBeGreaterThanOrEqual(11 - 1e-9);
  expect([hasDetails(1), hasDetails(0.5)]).toEqual([true, false]);
});

it("puts texts of edges beside their lines, over no box and over none other", () => {
  const down = (x: number) => ({
    points: [
      [x, 0],
      [x, 30],
      [x, 60],
      [x, 100],
    ] as const,
    tip: [x, 106] as const,
    label: null,
  });
  const wanted = [100, 104, 108].map((x) => ({ route: down(x), width: 60, height: 12 }));
  const places = placeLabels(wanted, [{ x: 100, y: 0, width: 200, height: 40 }], false);
  const boxes = places.map((place) => place && { left: place[0] - 30, top: place[1] - 6 });
  for (const [number, one] of boxes.entries()) {
    expect(one).not.toBeNull();
    for (const other of boxes.slice(number + 1))
      expect(
        Math.abs((one?.left ?? 0) - (other?.left ?? 0)) >= 60 ||
          Math.abs((one?.top ?? 0) - (other?.top ?? 0)) >= 12,
      ).toBe(true);
  }
  expect(placeLabels(wanted, [{ x: 0, y: 0, width: 400, height: 200 }], false)).toEqual([null, null, null]);
});
