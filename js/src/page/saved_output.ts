/**
 * What is saved of a view stands in an output of its own, which is hidden while the view itself is on the page.
 *
 * Outputs come and go in any order: who comes later finds the other by the view's key. The kernel's half is
 * ckpt_magics/notebook/widgets/saved_output.py.
 */

/** How many live views of each key are on this page. */
const PAGE = globalThis as { ckptMagicsLive?: Map<string, number> };

/** The elements that hold what is saved of a view. */
export function savedPlaces(key: string): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-ckpt-saved]")].filter(
    (place) => place.dataset.ckptSaved === key,
  );
}

export function isLive(key: string): boolean {
  return (PAGE.ckptMagicsLive?.get(key) ?? 0) > 0;
}

/** Say that a view is there; the returned function says that it is gone. */
export function announceLive(key: string): () => void {
  if (!key) return () => {};
  PAGE.ckptMagicsLive ??= new Map();
  const live = PAGE.ckptMagicsLive;
  const count = (step: number) => {
    live.set(key, (live.get(key) ?? 0) + step);
    for (const place of savedPlaces(key)) showSaved(place, !isLive(key));
  };
  count(1);
  return () => count(-1);
}

/** Fired at what is saved of a view when it is hidden. */
export const HIDDEN_EVENT = "ckpt-hidden";

/** Show or hide what is saved, in JupyterLab with the room that its output takes. */
export function showSaved(place: HTMLElement, shown: boolean): void {
  const output = place.closest<HTMLElement>(".jp-OutputArea-child") ?? place;
  output.style.display = shown ? "" : "none";
  if (!shown) place.dispatchEvent(new CustomEvent(HIDDEN_EVENT));
}

/** What JupyterLab says in place of a widget while it waits for its kernel, and once it has given up. */
const WAITING = /^Loading widget/;
const FAILURE = /^Error displaying widget/;

/**
 * Hide such words below what is saved, for as long as they are all that is there.
 *
 * @param isOpen Whether what is saved is shown already; before that, a widget may still come.
 * @param onFailure Called when the widget will not come.
 * @returns Looks again, after `isOpen` has changed.
 */
export function hideFailures(place: HTMLElement, isOpen: () => boolean, onFailure: () => void): () => void {
  const area = place.closest(".jp-OutputArea");
  const own = place.closest(".jp-OutputArea-child");
  if (!area || !own) return () => {};
  const update = () => {
    const outputs = [...area.children].filter((node) => node instanceof HTMLElement);
    for (const output of outputs.slice(outputs.indexOf(own as HTMLElement) + 1)) {
      const text = output.querySelector(".jp-OutputArea-output")?.textContent ?? "";
      if (FAILURE.test(text)) onFailure();
      if (FAILURE.test(text) || (isOpen() && WAITING.test(text))) hide(output);
      else if (output.dataset.ckptHidden) unhide(output);
    }
  };
  new MutationObserver(update).observe(area, { childList: true, subtree: true, characterData: true });
  update();
  return update;
}

function hide(output: HTMLElement): void {
  output.dataset.ckptHidden = "true";
  output.style.display = "none";
}

function unhide(output: HTMLElement): void {
  delete output.dataset.ckptHidden;
  output.style.display = "";
}
