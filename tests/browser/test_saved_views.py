"""What is left of the views when a notebook is opened again without the kernel that made them, or as a page."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, expect

from tests.browser import checkpoints
from tests.browser.jupyter import JupyterServer, open_in_lab, write_notebook
from tests.truth import CORPUS

CONV = CORPUS / "tf1.15.5" / "graph_conv_adam" / "g" / "model.ckpt-2"
SAVED = "[data-ckpt-saved]"
LIVE = f".jp-OutputArea-child:not(:has({SAVED}))"


@pytest.fixture(scope="module")
def made(lab_page: Page, lab: JupyterServer, corpus: Path) -> Path:
    """A notebook with a table and a graph that was run and saved, and whose kernel was shut down, all by the mouse."""
    path = lab.folder / "saved.ipynb"
    checkpoints.write(lab.folder / "model.ckpt", checkpoints.model())
    write_notebook(path, ["%load_ext ckpt_magics\n%ckpt_show model.ckpt", f"%graph {CONV}.meta"])
    # A page that still loads may take a kernel that was just started for one that is gone: it asks for another then.
    panel = open_in_lab(lab_page, path).panel
    lab_page.get_by_role("menuitem", name="Run", exact=True).click()
    lab_page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(panel.locator(f"{LIVE} .ckpt-variables .ckpt-row").first).to_be_visible(timeout=60_000)
    expect(panel.locator(f"{LIVE} .ckpt-graph .ckpt-picture")).to_be_visible(timeout=60_000)
    # A live view is alone: what is saved of it takes no room.
    expect(panel.locator(SAVED).first).to_be_hidden(timeout=30_000)
    expect(panel.locator(SAVED).last).to_be_hidden(timeout=30_000)
    panel.get_by_role("button", name="Save and create checkpoint").click()
    lab_page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=30_000)
    lab_page.get_by_role("menuitem", name="Kernel", exact=True).click()
    lab_page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    expect(panel.locator(".jp-Toolbar-kernelName")).to_have_text("No Kernel", timeout=30_000)
    return path


@pytest.fixture
def reopened(browser: Browser, lab: JupyterServer, made: Path) -> Iterator[Page]:
    """That notebook in a page of its own."""
    page = browser.new_context(viewport={"width": 1400, "height": 950}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{lab.base}/lab/tree/{made.name}?reset")
    yield page
    page.context.close()


def expect_usable(page: Page) -> None:
    """Search and sort the table, open a scope of the graph and close it."""
    table = page.locator(f"{SAVED} .ckpt-variables")
    expect(table.locator(".ckpt-status")).to_contain_text("106 variables", timeout=60_000)
    table.get_by_label("Search all names").fill("query/kernel")
    expect(table.locator(".ckpt-status")).to_contain_text("16 of 106 variables")
    table.get_by_label("Search all names").fill("")
    table.get_by_role("button", name="Sort by bytes").click()
    table.get_by_role("button", name="Sort by bytes").click()
    expect(table.locator(".ckpt-row .ckpt-cell.name").first).to_have_text("embedding/table")
    table.locator(".ckpt-row").first.click()
    expect(table.locator(".ckpt-tensor").get_by_role("alert")).to_contain_text("run the cell again")
    graph = page.locator(f"{SAVED} .ckpt-graph")
    scope = graph.locator('.ckpt-picture [role="button"][aria-label^="conv2, "]')
    expect(scope).to_be_visible(timeout=30_000)
    scope.click()
    expect(scope).to_have_attribute("aria-expanded", "true")
    expect(graph.locator('.ckpt-picture [role="button"][aria-label^="conv2/Conv2D, "]')).to_be_visible()
    scope.locator(".ckpt-badge").click()
    expect(scope).to_have_attribute("aria-expanded", "false")


def test_a_notebook_opened_again_is_searched_sorted_and_unfolded(reopened: Page) -> None:
    expect_usable(reopened)
    for words in ("Error displaying widget", "Loading widget"):
        expect(reopened.get_by_text(words).filter(visible=True)).to_have_count(0)


def test_a_page_made_of_it_works_offline(browser: Browser, made: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text, _ = HTMLExporter().from_filename(str(made))
    (tmp_path / "page.html").write_text(text)
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    expect_usable(page)
    context.close()


def test_without_scripts_it_is_plain(browser: Browser, made: Path, tmp_path: Path) -> None:
    """As GitHub, mail readers and untrusted notebooks show it: the HTML of the outputs, no script."""
    notebook = nbformat.read(made, as_version=4)
    outputs = [output.data.get("text/html", "") for cell in notebook.cells for output in cell.outputs]
    (tmp_path / "page.html").write_text("".join("".join(output) for output in outputs))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    expect(page.get_by_text("bn/moving_variance")).to_be_visible()
    expect(page.locator("svg").first).to_be_visible()
    context.close()


def test_the_script_is_there_once_and_the_data_small(made: Path) -> None:
    notebook = nbformat.read(made, as_version=4)
    html = [output.data.get("text/html", "") for cell in notebook.cells for output in cell.outputs]
    assert sum("DecompressionStream" in text for text in html) == 1
    assert len(json.dumps(html)) < 250_000
