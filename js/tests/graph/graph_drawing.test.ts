// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { arrow, curve, drawLegend, drawScene, placeStrip } from "../../src/graph/graph_drawing";
import { MARGIN } from "../../src/graph/graph_layout";
import { paintRules } from "../../src/graph/graph_paints";
import { htmlPage, standaloneSvg, svgText } from "../../src/graph/picture_export";
import { svgElement } from "../../src/graph/svg";
import { boxOf, sceneOf } from "./graph_scene";

const HOSTILE = '<img src=x onerror="alert(1)">';
const BOX = { x: 20, y: 20, width: 240, height: 30 };
const ROUTE = {
  points: [
    [50, 50],
    [50, 60],
    [50, 70],
    [50, 80],
  ],
  tip: [50, 86],
  label: [60, 65],
} as const;

function layoutOf(nodes: number) {
  return {
    width: 200,
    height: 100,
    nodes: Array.from({ length: nodes }, (_, place) => ({ ...BOX, y: 20 + 66 * place })),
    clusters: [],
    routes: [ROUTE],
  };
}

describe("drawScene", () => {
  it("draws every box and edge, names as text", () => {
    const drawing = drawScene(sceneOf([HOSTILE, "b"], [[0, 1]]), layoutOf(2));
    expect(drawing.boxes.size).toBe(2);
    expect(drawing.edges).toHaveLength(1);
    expect(drawing.content.querySelector("img")).toBeNull();
    expect(drawing.content.querySelector(".ckpt-box text")?.textContent).toBe(HOSTILE);
  });

  it("puts what is aside in rows below the picture", () => {
    const aside = Array.from({ length: 12 }, (_, place) => boxOf(`aside ${place}`, 100 + place));
    const strip = placeStrip(sceneOf(["a"], [], { aside }), layoutOf(1));
    expect(strip.boxes).toHaveLength(12);
    expect(strip.boxes[0]?.x).toBe(MARGIN);
    expect(strip.boxes[0]?.y).toBeGreaterThan(100);
    expect(new Set(strip.boxes.map((box) => box.y)).size).toBe(2);
    expect(Math.max(...strip.boxes.map((box) => box.x + box.width))).toBeLessThan(strip.width);
  });
});

it("ends a line where its arrow begins", () => {
  expect(curve(ROUTE)).toBe("M50,50C50,60 50,70 50,80");
  expect(arrow(ROUTE, 1)).toBe("M50,86L47.3,80L52.7,80Z");
  const blunt = { points: ROUTE.points, tip: [50, 80], label: null } as const;
  expect(arrow(blunt, 1)).toBe("M50,80L47.3,74L52.7,74Z");
});

it("breaks the legend into rows", () => {
  const entries = Array.from({ length: 8 }, (_, place) => ({
    paint: "op",
    label: `a word ${place}`,
    paths: [],
  }));
  expect(drawLegend(entries, true, 300).height).toBeGreaterThan(drawLegend(entries, true, 3000).height);
});

it("takes colours for style rules only where they are colours", () => {
  const rules = paintRules({
    light: { op: ["#aabbcc", "#000000", "#111111", "#222222"], "x}{": ["#aabbcc"], bad: ["url(//x)"] },
  });
  expect(rules).toBe(
    '.ckpt-view[data-theme="light"] [data-paint="op"]{--fill:#aabbcc;--stroke:#000000;--ink:#111111;--ink-2:#222222}',
  );
});

describe("exports", () => {
  const scene = sceneOf([HOSTILE, "b"], [[0, 1]], { notes: [HOSTILE] });
  const drawing = drawScene(scene, layoutOf(2));
  const place = svgElement("svg");
  place.append(drawing.content);
  document.body.append(place);
  const svg = standaloneSvg(drawing, scene, place, HOSTILE);

  it("carry no classes, roles or handlers, and have a legend", () => {
    const parsed = new DOMParser().parseFromString(svgText(svg), "image/svg+xml");
    const names = [...parsed.querySelectorAll("*")].flatMap((node) =>
      [...node.attributes].map(({ name }) => name),
    );
    expect(names.filter((name) => /^(class|id|on|data-|tabindex)/.test(name))).toEqual([]);
    expect(parsed.documentElement.textContent).toContain(HOSTILE);
    expect(parsed.querySelectorAll("img, script")).toHaveLength(0);
    expect(place.querySelector(".ckpt-legend-row")).toBeNull();
  });

  it("make a page in which names are text", () => {
    const page = new DOMParser().parseFromString(htmlPage(svg, HOSTILE, scene), "text/html");
    expect(page.querySelectorAll("img, script, [onerror]")).toHaveLength(0);
    expect(page.querySelector("h1")?.textContent).toBe(HOSTILE);
    expect(page.querySelectorAll("tr")).toHaveLength(2);
  });
});
