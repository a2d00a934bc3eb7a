/**
 * The script that anywidget copies into every widget, and from there into saved notebooks: small, because all it does
 * is ask the kernel for the bundle with the view, which a page needs once.
 *
 * The kernel's half is ckpt_magics/notebook/widgets/bundles.py.
 */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { Channel } from "./messages";

interface Bundle {
  readonly view: { render(props: RenderProps): unknown };
  readonly style: string;
}

/** Bundles on this page by the key of their content. */
const PAGE = globalThis as { ckptMagicsBundles?: Map<string, Promise<Bundle>> };

function bundleOf(model: AnyModel): Promise<Bundle> {
  PAGE.ckptMagicsBundles ??= new Map();
  const bundles = PAGE.ckptMagicsBundles;
  const key = String(model.get("bundle_key"));
  const known = bundles.get(key);
  if (known) return known;
  const loading = load(model);
  bundles.set(key, loading);
  // The next view may have a kernel that answers.
  loading.catch(() => bundles.delete(key));
  return loading;
}

async function load(model: AnyModel): Promise<Bundle> {
  const channel = new Channel(model);
  try {
    const { buffers } = await channel.request("bundle");
    const [script, style] = buffers.map((buffer) => new TextDecoder().decode(buffer));
    const url = URL.createObjectURL(new Blob([script ?? ""], { type: "text/javascript" }));
    const module = await import(url);
    URL.revokeObjectURL(url);
    return { view: module.default, style: style ?? "" };
  } finally {
    channel.close();
  }
}

/** Put the style sheet where `el` sees it, once per document or shadow root. */
function addStyle(el: HTMLElement, key: string, style: string): void {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.head;
  const present = [...place.querySelectorAll("style")].some((node) => node.dataset.ckptBundle === key);
  if (present) return;
  const node = document.createElement("style");
  node.dataset.ckptBundle = key;
  node.textContent = style;
  place.append(node);
}

async function render(props: RenderProps): Promise<unknown> {
  const { view, style } = await bundleOf(props.model);
  addStyle(props.el, String(props.model.get("bundle_key")), style);
  return view.render(props);
}

export default { render };
