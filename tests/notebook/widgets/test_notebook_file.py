"""What is left of the views in a notebook that ran without a browser, and in a page made from it."""

import warnings

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter


def executed(cells, *, store_state):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about event loops, from the client's own libraries
        NotebookClient(notebook, store_widget_state=store_state).execute()
    return notebook


@pytest.fixture
def cells(prefix):
    return [
        "%load_ext ckpt_magics",
        *[f"%ckpt_show {prefix}"] * 3,
        f"%ckpt_diff {prefix} {prefix}",
        "%ckpt_show --static " + prefix,
    ]


def test_a_saved_notebook_stays_small_with_the_state_of_its_widgets(cells):
    notebook = executed(cells, store_state=True)
    assert len(notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]) >= 4
    assert len(nbformat.writes(notebook)) < 200_000


def test_a_page_made_from_it_shows_the_variables_without_scripts(cells):
    notebook = executed(cells, store_state=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        page, _ = HTMLExporter().from_notebook_node(notebook)
    body = page.partition("<body")[2]
    assert body.count("dense/kernel") >= 4
    assert "application/vnd.jupyter.widget-view" not in body
    assert "<img src=x" not in body


def test_static_output_has_no_widget(prefix):
    notebook = executed(["%load_ext ckpt_magics", f"%ckpt_show {prefix} --static"], store_state=True)
    assert "application/vnd.jupyter.widget-view+json" not in notebook.cells[1].outputs[-1]["data"]
    assert "widgets" not in notebook.metadata
