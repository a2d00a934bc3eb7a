"""The variables view in JupyterLab: what a user does with it, and what Python knows of it afterwards."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import checkpoints
from tests.browser.checkpoints import HOSTILE
from tests.browser.jupyter import Notebook


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The checkpoints of the run."""
    folder = tmp_path_factory.mktemp("checkpoints")
    checkpoints.write(folder / "model.ckpt", checkpoints.model())
    checkpoints.write(folder / "later.ckpt", checkpoints.later(checkpoints.model()))
    checkpoints.write(folder / "scalars.ckpt", checkpoints.scalars())
    return folder


class Shown:
    """A view in a notebook."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.root = notebook.panel.locator(".ckpt-view")
        self.grid = self.root.get_by_role("grid")
        self.status = self.root.locator(".ckpt-status")
        self.pane = self.root.locator(".ckpt-tensor")
        expect(self.rows.first).to_be_visible(timeout=30_000)

    @property
    def rows(self) -> Locator:
        return self.grid.locator(".ckpt-row")

    def row(self, name: str) -> Locator:
        return self.rows.filter(has=self.root.page.get_by_role("gridcell", name=name, exact=True))

    def search(self, text: str, mode: str = "text") -> None:
        self.root.get_by_label("How to search").select_option(mode)
        self.root.get_by_label("Search all names").fill(text)

    def open(self, name: str) -> Locator:
        """Find a tensor and open its values."""
        self.search(name)
        self.row(name).click()
        expect(self.pane).to_be_visible()
        return self.pane

    def names(self) -> list[str]:
        return self.rows.locator(".ckpt-cell.name").evaluate_all("cells => cells.map(cell => cell.textContent)")

    def value(self, expression: str):
        return self.notebook.value(expression)

    def expect(self, expression: str, expected: object) -> None:
        """Wait until an expression has this value in the kernel, whose threads answer in no particular order."""
        self.notebook.expect(expression, expected)


@pytest.fixture
def view(in_shared, folder) -> Shown:
    return Shown(in_shared(f"%load_ext ckpt_magics\nview = %ckpt_show {folder}/model.ckpt\nview"))


def test_search_narrows_all_rows_and_python_sees_the_same(view):
    view.search("QUERY/KERNEL")
    expect(view.status).to_contain_text("16 of 106 variables")
    view.expect("list(view.filtered.name)", view.names())
    view.search("encoder/*_1/*/bias", "glob")
    expect(view.status).to_contain_text("4 of 106 variables")
    view.search("block_[23]/key/kernel$", "regex")
    expect(view.status).to_contain_text("2 of 106 variables")
    view.expect("view.filter_state['mode']", "regex")
    view.search("(", "regex")
    expect(view.root.get_by_role("alert")).to_be_visible()
    view.expect("view.filter_state['text']", "block_[23]/key/kernel$")


def test_python_filters_and_selects_what_is_seen(view):
    view.notebook.execute("view.filter('head', dtypes=['bfloat16', 'complex64']); view.select('head/phase')")
    expect(view.status).to_contain_text("2 of 106 variables")
    expect(view.row("head/phase")).to_have_attribute("aria-selected", "true")
    view.root.get_by_role("button", name="Lift bfloat16").click()
    expect(view.status).to_contain_text("1 of 106 variables")
    view.expect("view.filter_state['dtypes']", ["complex64"])


def test_titles_sort_both_ways(view):
    title = view.root.get_by_role("button", name="Sort by bytes")
    title.click()
    title.click()
    expect(view.rows.first.locator(".ckpt-cell.name")).to_have_text("embedding/table")
    expect(view.root.get_by_role("columnheader", name="Bytes")).to_have_attribute("aria-sort", "descending")
    view.expect("view.sort", ["bytes", True])


def test_bars_in_the_head_filter(view):
    view.root.get_by_role("button", name=re.compile("^dtype string")).click()
    expect(view.status).to_contain_text("1 of 106 variables")
    view.root.get_by_role("button", name=re.compile("^dtype string")).click()
    view.root.get_by_role("button", name=re.compile("^rank 4")).click()
    expect(view.status).to_contain_text("2 of 106 variables")
    view.root.get_by_role("button", name=re.compile("^group optimizer slot")).click()
    expect(view.status).to_contain_text("0 of 106 variables")
    expect(view.grid).to_contain_text("No variable passes the filter.")
    view.root.get_by_role("button", name="Clear all").click()
    view.root.get_by_role("button", name=re.compile("^size")).last.click()
    view.expect("list(view.filtered.name)", ["embedding/table"])


def test_the_scope_tree_has_totals_and_narrows(view):
    tree = view.root.get_by_role("tree")
    tree.locator("[data-scope=encoder] .ckpt-twisty").click()
    scope = tree.locator('[data-scope="encoder/block_3"]')
    expect(scope).to_have_attribute("title", re.compile(r"12 variables, 4,160 elements, 16\.3 KiB"))
    scope.click()
    expect(view.status).to_contain_text("12 of 106 variables: 4,160 elements, 16.3 KiB (2.6 % of all)")
    scope.press("ArrowUp")
    view.root.page.keyboard.press("Enter")
    view.expect("view.filter_state['scope']", "encoder/block_2")


def test_statistics_of_the_visible_rows_come_by_themselves(view):
    row = view.row("bn/moving_variance")
    expect(row.locator(".min")).to_have_text("\N{MINUS SIGN}1")
    expect(row.locator(".nans")).to_have_text("1")
    expect(row.locator(".infs")).to_have_text("1")


def test_has_nan_reads_everything_and_filters(view):
    view.root.get_by_label("has NaN").check()
    expect(view.status).to_contain_text("1 of 106 variables")
    view.expect("list(view.filtered.name)", ["bn/moving_variance"])
    expect(view.row("bn/moving_variance").locator(".badges")).to_contain_text("NaN 1")
    expect(view.root.locator("[data-scope=bn]")).to_have_attribute("title", re.compile(r"1 \S NaN"))
    view.root.get_by_label("has NaN").uncheck()
    query = view.root.get_by_label("Conditions on columns")
    query.fill("std > 1e3 or nans > 0 and rank = 1")
    query.press("Enter")
    view.expect("list(view.filtered.name)", ["bn/moving_variance"])


def test_work_over_all_rows_can_be_stopped(view):
    # What reads the small tensors holds the statistics up until the test lets go.
    view.notebook.execute(
        "import threading\ngo = threading.Event()\nread = view._answers.tensors.read_many\n"
        "def slow(names):\n    go.wait(30)\n    return read(names)\n"
        "view._answers.tensors.read_many = slow"
    )
    view.root.get_by_role("button", name="Statistics", exact=True).click()
    expect(view.root.get_by_role("progressbar")).to_be_visible()
    view.root.get_by_role("button", name="Stop").click()
    expect(view.root.get_by_role("progressbar")).to_be_hidden()
    view.notebook.execute("go.set()")
    view.search("words")
    expect(view.status).to_contain_text("1 of 106 variables")


def test_clicks_select_as_in_a_file_manager(view):
    view.search("block_0")
    rows = view.rows
    rows.nth(1).click()
    rows.nth(4).click(modifiers=["Shift"])
    rows.nth(2).click(modifiers=["Control"])
    expect(view.status).to_contain_text("3 selected")
    shown = view.names()
    view.expect("list(view.selected.name)", [shown[1], shown[3], shown[4]])


def test_a_vector_is_a_line_and_a_table(view):
    pane = view.open("stem/conv/bias")
    line = pane.get_by_role("img", name="Values in order")
    expect(line).to_be_visible()
    line.hover(position={"x": 3, "y": 20})
    expect(pane.locator(".ckpt-readout").first).to_have_text("[0] = 0")
    pane.get_by_role("button", name="Zoom in").click()
    line.hover(position={"x": 3, "y": 20})
    expect(pane.locator(".ckpt-readout").first).to_have_text(re.compile(r"\[10\] = 0\.9954"))
    pane.get_by_role("button", name="Table").click()
    # The table goes on from where the line was looked at.
    expect(pane.get_by_role("row").nth(2)).to_contain_text("0.965735")


def test_a_matrix_is_a_heat_map_that_zooms(view):
    pane = view.open("embedding/table")
    heat = pane.locator(".ckpt-heat")
    expect(pane).to_contain_text("Each cell stands for 8 \N{MULTIPLICATION SIGN} 1 values")
    expect(pane.locator(".ckpt-legend")).not_to_contain_text("NaN")
    for _ in range(4):
        pane.get_by_role("button", name="Zoom in").click()
    expect(pane).not_to_contain_text("Each cell stands for")
    heat.hover(position={"x": 2, "y": 2})
    readout = pane.locator(".ckpt-readout").first
    expect(readout).to_have_text(re.compile(r"\[\d+, \d+\] = "))
    row, column, shown = re.match(r"\[(\d+), (\d+)\] = (.*)", readout.inner_text()).groups()
    assert int(row) > 900  # the middle of 2000 rows, near
    expected = view.value(f"float(view.reader['embedding/table'][{row}, {column}])")
    assert float(shown.replace("\N{MINUS SIGN}", "-")) == pytest.approx(expected, rel=1e-5)


def test_more_dimensions_have_sliders_and_a_choice_of_axes(view):
    pane = view.open("head/cube")
    pane.get_by_role("button", name="Table").click()
    cells = pane.locator(".ckpt-values td")
    expect(cells.last).to_have_text("19")
    pane.get_by_label("Position on axis 0").fill("1")
    expect(cells.last).to_have_text("79")
    pane.get_by_label("Axis shown down").select_option("1")
    expect(cells.last).to_have_text("104")


def test_a_bank_of_filters_is_one_picture_that_is_laid_and_sorted_otherwise(view):
    pane = view.open("stem/conv/kernel")
    heat, readout = pane.locator(".ckpt-heat"), pane.locator(".ckpt-readout").first
    heat.hover(position={"x": 2, "y": 2})
    expect(readout).to_have_text(re.compile(r"^\[0, 0, 0, 0\] = "))
    heat.click(position={"x": 2, "y": 2})
    pane.get_by_role("heading").hover()
    expect(readout).to_have_text(re.compile(r"\[0, 0, 0, 0\] = "))
    pane.get_by_label("Order").select_option("3")
    largest = view.value("int((view.reader['stem/conv/kernel'].reshape(-1, 8) ** 2).sum(axis=0).argmax())")
    expect(pane).not_to_have_attribute("aria-busy", "true")
    heat.hover(position={"x": 2, "y": 2})
    expect(readout).to_have_text(re.compile(rf"^\[0, 0, 0, {largest}\] = "))
    first_axis = re.compile(r"^axis 0 \(\d+\)$")
    pane.get_by_role("group", name="down").get_by_role("button", name=first_axis).click()
    expect(pane.get_by_role("group", name="across").get_by_role("button", name=first_axis)).to_be_visible()


def test_scalars_strings_and_complex_numbers_show_as_what_they_are(view):
    expect(view.open("global_step").locator(".ckpt-scalar")).to_have_text("1234")
    expect(view.open("embedding/words").locator(".ckpt-values")).to_contain_text("<b>of</b>")
    expect(view.pane.locator(".ckpt-values")).to_contain_text("\\xff")
    pane = view.open("head/phase")
    pane.get_by_label("Part of the complex numbers").select_option("imag")
    pane.get_by_role("button", name="Table").click()
    expect(pane.locator(".ckpt-values td").last).to_have_text("1")


def test_scalars_keep_their_digits_and_booleans_are_words(in_shared, folder):
    view = Shown(in_shared(f"%load_ext ckpt_magics\n%ckpt_show {folder}/scalars.ckpt"))
    for name, text in {"note": "hello", "count": "123456789012345", "done": "True"}.items():
        expect(view.open(name).locator(".ckpt-scalar")).to_have_text(text)
    view.search("")
    expect(view.row("count").locator(".min")).to_have_text("123456789012345")
    expect(view.row("done").locator(".max")).to_have_text("True")


def test_after_a_restart_of_the_kernel_a_click_says_what_to_do(in_lab, folder):
    view = Shown(in_lab(f"%load_ext ckpt_magics\n%ckpt_show {folder}/model.ckpt"))
    view.root.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    view.open("head/logits")
    expect(view.pane.get_by_role("alert")).to_contain_text("run the cell again")
    view.search("block_3")
    expect(view.status).to_contain_text("12 of 106 variables")


def test_the_histogram_has_a_logarithmic_scale(view):
    pane = view.open("embedding/table")
    histogram = pane.locator(".ckpt-histogram")
    expect(histogram).to_be_visible()
    linear = histogram.evaluate("canvas => canvas.toDataURL()")
    pane.get_by_label("log").check()
    assert histogram.evaluate("canvas => canvas.toDataURL()") != linear


def test_copied_code_runs(view):
    view.open("global_step")
    view.root.get_by_role("button", name="Copy as code").click()
    code = view.root.locator(".ckpt-code").inner_text()
    view.notebook.execute(code)
    view.expect("int(value)", 1234)


def test_restore_brings_the_selection_into_the_notebook(view):
    restore = view.root.get_by_role("button", name="Restore")
    expect(restore).to_be_disabled()
    view.open("stem/conv/bias")
    restore.click()
    expect(view.root.locator(".ckpt-notice")).to_contain_text("1 restored")
    view.expect("list(stem['conv']['bias'].shape)", [40])


def test_restore_takes_what_was_clicked_also_before_the_kernel_heard_of_it(view, folder):
    """A second change of a trait waits until the kernel has taken the first; a request does not wait."""
    gate = folder / "taken"
    view.notebook.execute(f"""
import os, time
def wait(_change):
    while not os.path.exists({str(gate)!r}): time.sleep(0.05)
head = None
view.observe(wait, "filter_state")""")
    view.open("head/phase")
    view.root.get_by_role("button", name="Restore").click()
    gate.touch()
    expect(view.root.locator(".ckpt-notice")).to_contain_text("1 restored")
    view.expect("head is not None", True)


def test_keys_do_everything_and_none_reaches_the_notebook(view):
    keyboard = view.root.page.keyboard
    view.grid.focus()
    keyboard.press("End")
    keyboard.press("Enter")
    expect(view.pane).to_contain_text("stem/conv/kernel")
    view.expect("list(view.selected.name)", ["stem/conv/kernel"])
    keyboard.press("Escape")
    expect(view.pane).to_be_hidden()
    for key in ("Home", "Shift+ArrowDown", "PageDown", "Space", "d", "d", "a", "b", "x"):
        keyboard.press(key)
    expect(view.status).to_contain_text("3 selected")
    keyboard.press("/")
    keyboard.type("words")
    expect(view.status).to_contain_text("1 of 106 variables")
    expect(view.notebook.panel.locator(".jp-Cell")).to_have_count(1)


def test_names_from_the_file_are_text(view):
    row = view.rows.first
    expect(row).to_contain_text(f"{HOSTILE}/evil\\x0aname")
    row.click()
    expect(view.pane).to_contain_text(HOSTILE)
    assert view.root.page.evaluate("window.hacked") is None


def test_the_table_answers_while_a_cell_runs(view, folder):
    view.notebook.start(f"import os, time\nwhile not os.path.exists({str(folder / 'go')!r}): time.sleep(0.05)")
    try:
        view.search("block_7")
        expect(view.status).to_contain_text("12 of 106 variables")
        view.root.get_by_role("button", name="Sort by bytes").click()
        expect(view.rows.first).to_contain_text("key/bias")
        assert view.notebook.is_busy()
    finally:
        # Or the next test would wait for the cell for ever.
        (folder / "go").touch()
    view.expect("len(view.filtered)", 12)


def test_the_theme_is_followed_while_it_changes(view):
    expect(view.root).to_have_attribute("data-theme", "light")
    view.notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    expect(view.root).to_have_attribute("data-theme", "dark")
    view.notebook.command("apputils:change-theme", theme="JupyterLab Light")
    expect(view.root).to_have_attribute("data-theme", "light")


def test_two_views_load_their_script_once(in_lab, folder):
    show = f"%ckpt_show {folder}/model.ckpt"
    notebook = in_lab("%load_ext ckpt_magics", show, show)
    expect(notebook.panel.locator(".ckpt-row").first).to_be_visible()
    expect(notebook.panel.locator(".ckpt-grid")).to_have_count(2)
    assert notebook.page.evaluate("document.querySelectorAll('style[data-ckpt-bundle^=variables]').length") == 1


def test_differences_are_a_table_with_pictures(in_shared, folder):
    view = Shown(in_shared(f"%load_ext ckpt_magics\nview = %ckpt_diff {folder}/model.ckpt {folder}/later.ckpt\nview"))
    expect(view.root).to_contain_text("1 added, 1 removed, 1 reshaped, 12 changed, 92 same")
    expect(view.status).to_contain_text("15 of 107 variables")
    view.root.get_by_role("button", name=re.compile("^status added")).click()
    expect(view.status).to_contain_text("14 of 107 variables")
    view.search("block_0/key/kernel")
    view.row("encoder/block_0/key/kernel").click()
    view.pane.get_by_role("button", name="Table").click()
    expect(view.pane.locator(".ckpt-values td").last).to_have_text("1")


def test_a_restore_shows_what_became_of_every_variable(in_shared, folder):
    view = Shown(in_shared(f"%load_ext ckpt_magics\nglobal_step = 3\n%ckpt_restore {folder}/model.ckpt global_step"))
    expect(view.root).to_contain_text("1 restored, 0 left alone, 105 unused")
    view.search("global")
    expect(view.row("global_step")).to_contain_text("restored, replaced")


def test_a_hundred_thousand_rows_scroll_and_filter(in_shared, folder):
    checkpoints.many(folder / "many.ckpt", 100_000)
    view = Shown(in_shared(f"%load_ext ckpt_magics\nview = %ckpt_show {folder}/many.ckpt\nview"))
    expect(view.status).to_contain_text("100,000 variables")
    view.grid.focus()
    view.root.page.keyboard.press("End")
    expect(view.rows.last).to_contain_text("stack_099/layer_99/part_9")
    assert view.rows.count() < 60
    view.search("stack_042/layer_4?/*_7/*", "glob")
    expect(view.status).to_contain_text("0 of 100,000 variables")
    view.search("*/stack_042/layer_4?/*_7/*", "glob")
    expect(view.status).to_contain_text("10 of 100,000 variables")


def test_notebook_7_shows_the_view_and_sends_clicks_back(in_classic, folder):
    notebook = in_classic(f"%load_ext ckpt_magics\nview = %ckpt_show {folder}/model.ckpt\nview")
    view = Shown(notebook)
    view.open("stem/conv/bias")
    view.expect("list(view.selected.name)", ["stem/conv/bias"])
    view.notebook.execute("view.filter('head')")
    expect(view.status).to_contain_text("3 of 106 variables")
