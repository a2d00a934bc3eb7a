/** The outermost element of a view: theme, and the wall that keeps its keys from the notebook around it. */

import { isAbort } from "../kernel/messages";
import { element } from "./dom";
import { visibleName } from "./format";
import { followTheme } from "./theme";

export interface ViewRoot {
  readonly root: HTMLElement;
  close(): void;
}

export function openViewRoot(kind: string, el: HTMLElement): ViewRoot {
  // Lumino's attribute keeps JupyterLab's shortcuts away from keys pressed inside.
  const root = element("div", { class: `ckpt-view ${kind}`, "data-lm-suppress-shortcuts": "true" });
  for (const type of ["keydown", "keypress", "keyup", "contextmenu"])
    root.addEventListener(type, (event) => event.stopPropagation());
  el.append(root);
  const stopTheme = followTheme(root);
  return {
    root,
    close() {
      stopTheme();
      root.remove();
    },
  };
}

/** Title and note of a view, and what else belongs beside them. */
export function titleBar(title: unknown, note: unknown, ...beside: HTMLElement[]): HTMLElement {
  const heading = element("h2", {}, visibleName(String(title ?? "")));
  // A header element would be the banner of the whole page.
  return element(
    "div",
    { class: "ckpt-title-bar" },
    heading,
    element("p", {}, visibleName(String(note ?? ""))),
    ...beside,
  );
}

/** A failure as a line that screen readers announce; null for a request that was given up on purpose. */
export function errorLine(error: unknown): HTMLElement | null {
  if (isAbort(error)) return null;
  const message = error instanceof Error ? error.message : String(error);
  const text = message.split("\n").map(visibleName).join("\n");
  return element("p", { class: "ckpt-error", role: "alert" }, text);
}
