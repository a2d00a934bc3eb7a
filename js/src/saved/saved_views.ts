/**
 * The views on a page without a kernel: a notebook that was opened again, a page made from it, a file of its own.
 *
 * A notebook has this script once, and each view hands over its data by `ckptMagicsSaved.push`, before or after the
 * script has come.
 */
import type { AnyModel } from "@anywidget/types";
import bytesView from "../bytes/bytes_view";
import { type SavedBytes, savedBytesModel } from "../bytes/saved_bytes";
import graphView from "../graph/graph_view";
import { type SavedGraph, savedGraphModel } from "../graph/saved_graph";
import { base64Bytes, inflate } from "../kernel/buffers";
import { element } from "../page/dom";
import { HIDDEN_EVENT, hideFailures, isLive, savedPlaces, showSaved } from "../page/saved_output";
import { type SavedTable, savedTableModel } from "../tensors/saved_table";
import variablesView from "../tensors/variables_view";

interface SavedForm {
  readonly key: string;
  readonly kind: "variables" | "graph" | "bytes";
  /** JSON, compressed, in Base64. */
  readonly data: string;
}

interface Queue {
  push(form: SavedForm): void;
}

const PAGE = globalThis as { ckptMagicsSaved?: Queue | SavedForm[]; ckptMagicsStyle?: string };

/** Milliseconds in which a live view mostly comes, where one can come. */
const PATIENCE = 2500;

/** By its kind, how a view is made of what was saved. */
const VIEWS: Readonly<
  Record<SavedForm["kind"], { model(saved: unknown): AnyModel; render(props: never): () => void }>
> = {
  variables: { model: (saved) => savedTableModel(saved as SavedTable), render: variablesView.render },
  graph: { model: (saved) => savedGraphModel(saved as SavedGraph), render: graphView.render },
  bytes: { model: (saved) => savedBytesModel(saved as SavedBytes), render: bytesView.render },
};

async function modelOf({ kind, data }: SavedForm): Promise<AnyModel> {
  const text = new TextDecoder().decode(await inflate(base64Bytes(data)));
  return VIEWS[kind].model(JSON.parse(text));
}

/** Put the view in the place of what is plain, unless a live one has come; one that comes later takes it out again. */
async function mount(form: SavedForm, place: HTMLElement): Promise<void> {
  const model = await modelOf(form);
  if (isLive(form.key)) return;
  // Notebooks and the pages made from them have rules for all HTML in outputs, which end at a shadow root.
  const host = element("div", { "data-lm-suppress-shortcuts": "true" });
  const el = element("div");
  host.attachShadow({ mode: "open" }).append(element("style", {}, style), el);
  place.replaceChildren(host);
  const close = VIEWS[form.kind].render({ model, el } as never);
  const leave = () => {
    close();
    host.remove();
  };
  place.addEventListener(HIDDEN_EVENT, leave, { once: true });
}

/** Show what is saved in one place: at once on a page, in a notebook when no live view has come. */
function prepare(form: SavedForm, place: HTMLElement): void {
  const plain = place.firstElementChild as HTMLElement | null;
  let isOpen = false;
  const open = () => {
    if (isOpen || isLive(form.key)) return;
    isOpen = true;
    mount(form, place).catch(() => {
      if (plain) plain.style.display = "";
    });
  };
  if (!place.closest(".lm-Widget")) {
    open();
    return;
  }
  // What is plain would only flash before a live view.
  if (plain) plain.style.display = "none";
  const look = hideFailures(place, () => isOpen, open);
  setTimeout(() => {
    open();
    look();
  }, PATIENCE);
}

function push(form: SavedForm): void {
  for (const place of savedPlaces(form.key)) {
    if (place.dataset.ckptPrepared) continue;
    place.dataset.ckptPrepared = "true";
    if (isLive(form.key)) showSaved(place, false);
    prepare(form, place);
  }
}

// The script of another version may come later and bring its own.
const style = PAGE.ckptMagicsStyle ?? "";
const waiting = PAGE.ckptMagicsSaved;
PAGE.ckptMagicsSaved = { push };
if (Array.isArray(waiting)) for (const form of waiting) push(form);
