"""Take the README's pictures of the views in JupyterLab, light and dark: ``python -m docs.make_pictures`` runs it."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

import ckpt_magics
from tests.browser.chromium import launch
from tests.browser.jupyter import JupyterServer, Notebook, wait_until_ready, write_notebook

PICTURES = Path(__file__).parent / "pictures"
MODEL = Path(__file__).parents[1] / "examples" / "models" / "conv_net" / "model.ckpt-2"

VARIABLES = """\
%load_ext ckpt_magics
view = %ckpt_show model.ckpt-2
view.filter(groups=["weights"])
view.select("conv2/kernel")
view.active_row = view.row_of("conv2/kernel")
view
"""
GRAPH = """\
%load_ext ckpt_magics
net = %graph model.ckpt-2 --depth 0 --direction LR
view = net.view()
view.open("conv2")
view.select("conv2/kernel")
view
"""
DIFFERENCES = """\
%load_ext ckpt_magics
view = %ckpt_diff model.ckpt-2 model.ckpt-3
view.active_row = view.row_of("fc/kernel")
view
"""


def main() -> None:
    """Make all of them."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        prepare(Path(folder))
        browser = launch(playwright)
        server = JupyterServer("lab", Path(folder))
        try:
            for theme in ("light", "dark"):
                page = open_lab(browser, server, theme)
                for name, cell, ready in (
                    ("variables", VARIABLES, variables_ready),
                    ("graph", GRAPH, graph_ready),
                    ("differences", DIFFERENCES, variables_ready),
                ):
                    take(page, server, cell, ready, PICTURES / f"{name}_{theme}.png")
                page.context.close()
        finally:
            server.close()
            browser.close()


def prepare(folder: Path) -> None:
    """Put the model there, and what might have become of it a step later."""
    for path in MODEL.parent.glob(f"{MODEL.name}.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    random = np.random.default_rng(seed=3)
    with ckpt_magics.load_checkpoint(MODEL) as reader:
        later = {
            name: value * np.asarray(1 + 0.1 * random.normal(size=value.shape), value.dtype)
            if name.startswith("fc/") or name == "conv2/kernel"
            else value
            for name, value in reader.items()
        }
    later["global_step"] = np.int32(3)
    ckpt_magics.save_checkpoint(folder / "model.ckpt-3", later, write_state=False, write_meta_graph=False)


def open_lab(browser: Browser, server: JupyterServer, theme: str) -> Page:
    """Open JupyterLab in a theme, with room for the notebook alone."""
    context = browser.new_context(viewport={"width": 1330, "height": 1000}, device_scale_factor=1.25)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server.base}/lab?reset")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate(
        """async theme => {
            const { commands, restored } = window.jupyterapp;
            await restored;
            await commands.execute("apputils:change-theme", { theme });
            await commands.execute("application:toggle-left-area");
        }""",
        f"JupyterLab {theme.title()}",
    )
    return page


def take(page: Page, server: JupyterServer, cell: str, ready: Callable[[Locator], None], to: Path) -> None:
    """Run a cell in a notebook and take a picture of the view that it shows."""
    path = server.folder / f"{to.stem}.ipynb"
    write_notebook(path, [cell])
    arguments = {"path": path.name, "factory": "Notebook"}
    page.evaluate("args => window.jupyterapp.commands.execute('docmanager:open', args)", arguments)
    wait_until_ready(page)
    notebook = Notebook(page, path)
    notebook.run()
    view = notebook.panel.locator(".ckpt-view").last
    expect(view).to_be_visible()
    ready(view)
    page.mouse.move(0, 0)
    view.screenshot(path=to, animations="disabled")


def variables_ready(view: Locator) -> None:
    """Wait until values and statistics are there."""
    expect(view.locator(".ckpt-tensor canvas").first).to_be_visible()
    expect(view.locator(".ckpt-tensor")).to_contain_text("mean")
    expect(view.get_by_role("progressbar")).to_have_count(0)


def graph_ready(view: Locator) -> None:
    """Wait until the picture and the panel are there."""
    expect(view.locator(".ckpt-node .ckpt-facts")).to_contain_text("mean")
    expect(view.locator(".ckpt-graph-body[aria-busy]")).to_have_count(0)
    view.page.wait_for_function("() => document.getAnimations().length === 0")


if __name__ == "__main__":
    main()
