"""One Jupyter server and one browser per run; a notebook per test."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import launch
from tests.browser.jupyter import Complaints, JupyterServer, Notebook, open_in_lab, wait_until_ready, write_notebook

OpenNotebook = Callable[..., Notebook]

# A machine that others keep busy takes its time; what fails, fails either way.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of the run."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A running JupyterLab."""
    server = JupyterServer("lab", tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A running Notebook 7."""
    server = JupyterServer("notebook", tmp_path_factory.mktemp("notebook"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def lab_page(browser: Browser, lab: JupyterServer) -> Page:
    """A page with JupyterLab, which takes seconds to load and so is shared; tests open notebooks in it."""
    page = _new_page(browser)
    page.goto(f"{lab.base}/lab?reset")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate("() => window.jupyterapp.restored")
    return page


@pytest.fixture(scope="session")
def lab_complaints(lab_page: Page) -> Complaints:
    return Complaints(lab_page)


@pytest.fixture
def in_lab(lab_page: Page, lab: JupyterServer, lab_complaints: Complaints) -> Iterator[OpenNotebook]:
    """Open a notebook with these cells in JupyterLab, and run them."""
    lab_complaints.found.clear()
    numbers = itertools.count()
    opened = []

    def open_notebook(*cells: str) -> Notebook:
        path = _fresh_path(lab.folder, numbers)
        write_notebook(path, cells)
        notebook = open_in_lab(lab_page, path)
        opened.append(path)
        notebook.run()
        return notebook

    yield open_notebook
    for path in opened:
        lab_page.evaluate(_CLOSE, path.name)
    assert lab_complaints.found == []


@pytest.fixture(scope="session")
def shared_path(lab: JupyterServer) -> Path:
    """The notebook that tests share which need nothing but one cell: starting a kernel takes longer than they do."""
    path = lab.folder / "shared.ipynb"
    write_notebook(path, [""])
    return path


@pytest.fixture
def in_shared(lab_page: Page, shared_path: Path, lab_complaints: Complaints) -> Iterator[Callable[[str], Notebook]]:
    """Run this code in the only cell of the shared notebook, whose earlier output is gone."""
    lab_complaints.found.clear()

    def run(code: str) -> Notebook:
        notebook = open_in_lab(lab_page, shared_path)
        # When this has run, so has whatever the test before left running, and what it shows is there to be cleared.
        # The extension forgets what the cell has shown, which else the next view would go on from.
        notebook.execute("%reset -f\n%load_ext ckpt_magics\n%unload_ext ckpt_magics")
        notebook.command("notebook:clear-all-cell-outputs")
        expect(notebook.panel.locator(".ckpt-view")).to_have_count(0)
        lab_page.evaluate(_WRITE, code)
        notebook.run()
        return notebook

    yield run
    assert lab_complaints.found == []


@pytest.fixture
def in_classic(browser: Browser, classic: JupyterServer) -> Iterator[OpenNotebook]:
    """Open a notebook with these cells in Notebook 7, and run them."""
    page = _new_page(browser)
    complaints = Complaints(page)
    numbers = itertools.count()

    def open_notebook(*cells: str) -> Notebook:
        path = _fresh_path(classic.folder, numbers)
        write_notebook(path, cells)
        page.goto(f"{classic.base}/notebooks/{path.name}")
        wait_until_ready(page)
        notebook = Notebook(page, path)
        notebook.run()
        return notebook

    yield open_notebook
    page.context.close()
    assert complaints.found == []


# The notebook goes with its kernel: the machine has little memory to spare for idle ones.
_CLOSE = """async name => {
    for (const widget of [...window.jupyterapp.shell.widgets("main")]) {
        if (widget.context?.path !== name) continue;
        await widget.sessionContext.shutdown();
        widget.context.model.dirty = false;
        widget.close();
    }
}"""


# A test may have added cells, which are not to run again.
_WRITE = """code => {
    const { sharedModel } = window.jupyterapp.shell.currentWidget.content.model;
    sharedModel.deleteCellRange(1, sharedModel.cells.length);
    sharedModel.cells[0].setSource(code);
}"""


def _new_page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 950}).new_page()
    page.set_default_timeout(20_000)
    return page


def _fresh_path(folder: Path, numbers: Iterator[int]) -> Path:
    return next(path for number in numbers if not (path := folder / f"notebook-{number}.ipynb").exists())
