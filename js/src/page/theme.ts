/**
 * Light or dark, as the page around the view is, now and after it changes.
 *
 * Hosts say it in different ways (JupyterLab an attribute of body, VS Code and marimo a class, Colab an attribute of
 * html); what none of them can hide is the colour that is painted behind the view, so that is what is measured.
 */

/** Fired at the root of a view after it turned light or dark: canvases keep the colours they were painted with. */
export const THEME_EVENT = "ckpt-theme";

/** Keep `data-theme` of `root` at "light" or "dark"; the returned function stops that. */
export function followTheme(root: HTMLElement): () => void {
  const update = () => {
    const theme = isDark(backgroundBehind(root)) ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    root.dispatchEvent(new CustomEvent(THEME_EVENT));
  };
  // The host's style sheet may be applied after the attribute changes.
  const later = () => requestAnimationFrame(() => requestAnimationFrame(update));
  const observer = new MutationObserver(later);
  const options = {
    attributes: true,
    attributeFilter: ["class", "style", "theme", "data-jp-theme-light", "data-theme"],
  };
  observer.observe(document.documentElement, options);
  observer.observe(document.body, options);
  const preference = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
  preference?.addEventListener("change", later);
  update();
  later();
  return () => {
    observer.disconnect();
    preference?.removeEventListener("change", later);
  };
}

/** Perceived brightness below one half; `color` is what getComputedStyle gives. */
export function isDark(color: string): boolean {
  return parseColor(color).brightness < 0.5;
}

/** Notations whose first number is the lightness, with its value for white. */
const WHITE: Readonly<Record<string, number>> = { oklch: 1, oklab: 1, lch: 100, lab: 100 };

interface Brightness {
  /** 0 (black) to 1 (white). */
  readonly brightness: number;
  /** 0 (transparent) to 1. */
  readonly alpha: number;
}

/**
 * Browsers give a colour in the notation it was written in, but for names, hex and hsl: rgb(1, 2, 3), rgba(1, 2, 3, 0.5),
 * color(srgb 0.1 0.2 0.3 / 0.5), oklch(0.7 0.1 200). What is not understood is white.
 */
export function parseColor(color: string): Brightness {
  const [, notation = "", inside = ""] = color.match(/^([a-z]+)\((.*)\)$/) ?? [];
  const [colors = "", slashed] = inside.split("/");
  const numbers = [...colors.matchAll(/(-?[\d.]+(?:e-?\d+)?)(%?)/g)].map(
    ([, digits, percent]) => Number(digits) * (percent ? (WHITE[notation] ?? 1) / 100 : 1),
  );
  // A name of a colour space may hold digits, as display-p3 does.
  const [red, green = 0, blue = 0, fourth] = notation === "color" ? numbers.slice(-3) : numbers;
  const alpha = color === "transparent" ? 0 : slashed === undefined ? (fourth ?? 1) : numberOf(slashed);
  if (red === undefined) return { brightness: 1, alpha };
  const white = WHITE[notation];
  if (white !== undefined) return { brightness: red / white, alpha };
  return {
    brightness: (0.299 * red + 0.587 * green + 0.114 * blue) / (notation === "color" ? 1 : 255),
    alpha,
  };
}

function numberOf(text: string): number {
  return Number.parseFloat(text) / (text.includes("%") ? 100 : 1);
}

/** Background colour of the nearest ancestor that paints one; crosses shadow roots. */
function backgroundBehind(root: HTMLElement): string {
  let node: Node | null = root.parentNode;
  while (node) {
    if (node instanceof ShadowRoot) node = node.host;
    if (node instanceof HTMLElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (color && parseColor(color).alpha > 0.5) return color;
    }
    node = node.parentNode;
  }
  return "rgb(255, 255, 255)";
}
