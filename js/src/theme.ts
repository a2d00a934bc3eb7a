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

/** Perceived brightness below one half; `color` is what getComputedStyle gives: rgb() or rgba(). */
export function isDark(color: string): boolean {
  const [red = 255, green = 255, blue = 255] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/** Background colour of the nearest ancestor that paints one; crosses shadow roots. */
function backgroundBehind(root: HTMLElement): string {
  let node: Node | null = root.parentNode;
  while (node) {
    if (node instanceof ShadowRoot) node = node.host;
    if (node instanceof HTMLElement) {
      const color = getComputedStyle(node).backgroundColor;
      const alpha = color.match(/^rgba\(.*,\s*([\d.]+)\)$/)?.[1];
      if (color && color !== "transparent" && (alpha === undefined || Number(alpha) > 0.5)) return color;
    }
    node = node.parentNode;
  }
  return "rgb(255, 255, 255)";
}
