/** The life of a view on a page: opened when the widget is displayed, closed when its output goes. */
import type { AnyModel } from "@anywidget/types";
import { Channel } from "../kernel/messages";
import { announceLive } from "./saved_output";
import { THEME_EVENT } from "./theme";
import { errorLine, openViewRoot } from "./view_root";

/** What a view offers to the page around it. */
export interface View {
  /** Draw canvases again: the theme's colours have changed. */
  repaint(): void;
  close(): void;
}

/**
 * Put a view into `el`; the returned function takes it out again.
 *
 * `open` talks to the kernel and fills the root; if it fails the reason stands there. A view that is taken out while
 * it still opens is closed as soon as it has.
 */
export function mountView<Model extends object>(
  kind: string,
  model: AnyModel<Model>,
  el: HTMLElement,
  open: (root: HTMLElement, model: AnyModel<Model>, channel: Channel) => Promise<View>,
): () => void {
  const { root, close } = openViewRoot(kind, el);
  const channel = new Channel(model as AnyModel);
  let view: View | null = null;
  let closed = false;
  let endLive = () => {};
  root.addEventListener(THEME_EVENT, () => view?.repaint());
  open(root, model, channel)
    .then((opened) => {
      view = opened;
      if (closed) view.close();
      else endLive = announceLive(String((model as AnyModel).get("view_key") ?? ""));
    })
    .catch((error: unknown) => {
      const line = errorLine(error);
      if (line) root.append(line);
    });
  return () => {
    closed = true;
    endLive();
    view?.close();
    channel.close();
    close();
  };
}
