/** A group of buttons that is one stop of the Tab key; the arrows go from one to the next inside. */

const STOPS = "button:not(:disabled), summary";

export function oneStop(root: HTMLElement): void {
  const items = () =>
    [...root.querySelectorAll<HTMLElement>(STOPS)].filter((item) => item.closest("[hidden]") === null);
  const settle = (wanted?: HTMLElement) => {
    const all = items();
    const current = wanted ?? all.find((item) => item.getAttribute("tabindex") === "0") ?? all[0];
    for (const item of all) {
      const index = item === current ? "0" : "-1";
      if (item.getAttribute("tabindex") !== index) item.setAttribute("tabindex", index);
    }
  };
  root.addEventListener("focusin", (event) => {
    const target = event.target as HTMLElement;
    if (items().includes(target)) settle(target);
  });
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = items();
    const at = all.indexOf(event.target as HTMLElement);
    if (step === undefined || at < 0) return;
    all[(at + step + all.length) % all.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  settle();
  // What is drawn anew begins as stops of its own.
  new MutationObserver(() => settle()).observe(root, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["disabled", "hidden"],
  });
}
