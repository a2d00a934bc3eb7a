"""A graph of the notebook is taken apart once, and laid out when somebody asks for a picture of it, once."""

import os
from pathlib import Path

import pytest
from IPython.utils.capture import capture_output

from ckpt_magics.notebook.pictures.drawing.engines import find_engines

CELL = "x = tf.placeholder(tf.float32, [None, 2])\nw = tf.get_variable('w', [2, 3])\ny = tf.matmul(x, w)"


class CountedEngine:
    """A ``dot`` that comes first in the PATH, notes each run and leaves the layout to the real one."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "runs"
        self._log.touch()
        program = folder / "dot"
        program.write_text(f'#!/bin/sh\necho run >> "{self._log}"\nexec "{find_engines()[-1].executable}" "$@"\n')
        program.chmod(0o755)

    @property
    def runs(self) -> int:
        return len(self._log.read_text().splitlines())


@pytest.fixture
def engine(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("engine")
    counted = CountedEngine(folder)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return counted


@pytest.fixture
def page(notebook):
    """The notebook as a front end with widgets has it."""
    notebook.kernel = object()
    yield notebook
    del notebook.kernel
    notebook.run_line_magic("graph", "--off")


def displayed(shell, code):
    with capture_output() as captured:
        assert shell.run_cell(code).error_in_exec is None
    return [output.data for output in captured.outputs]


def test_an_interactive_graph_is_laid_out_by_no_engine_here(page, engine):
    facts, view = displayed(page, f"%%graph net\n{CELL}")
    assert "Graph net" in facts["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in view
    assert "<svg" in view["text/html"]
    assert engine.runs == 0


def test_every_form_of_a_picture_comes_from_one_layout(page, engine, tmp_path):
    page.run_cell_magic("graph", "net", CELL)
    picture = page.user_ns["net"].picture
    assert "MatMul" in picture.dot
    assert "Placeholder" in str(page.user_ns["net"])
    assert engine.runs == 0
    assert "<svg" in picture.html
    assert picture.engine == "Graphviz"
    picture.save(tmp_path / "net.svg")
    displayed(page, "net.picture")
    assert engine.runs == 1


def test_a_static_graph_is_laid_out_once_however_often_it_is_shown(page, engine):
    (shown,) = displayed(page, f"%%graph net --static\n{CELL}")
    assert "<svg" in shown["text/html"]
    assert displayed(page, "%graph net --static") == [shown]
    assert engine.runs == 1


def test_text_needs_no_layout(notebook, engine):
    notebook.run_cell_magic("graph", "net --text", CELL)
    notebook.run_line_magic("graph", "net -o net.txt")
    assert engine.runs == 0


def test_a_terminal_gets_text_for_which_nothing_is_laid_out(notebook, engine, monkeypatch):
    monkeypatch.setattr(notebook.display_formatter, "active_types", ["text/plain"])
    with capture_output() as captured:
        notebook.run_cell(f"%%graph net\n{CELL}")
    assert [set(output.data) for output in captured.outputs] == [{"text/plain"}]
    assert engine.runs == 0


def test_pictures_and_views_share_the_graph_that_was_taken_apart(page, engine):
    net = page.run_cell_magic("graph", "net", CELL)
    model = net.picture.model
    assert page.run_line_magic("graph", "net --depth 0").picture.model is model
    view = net.view()
    assert view.picture().hierarchy is model.hierarchy
    view.close()
    assert engine.runs == 0


def test_nodes_that_are_added_are_in_the_next_picture(page):
    net = page.run_cell_magic("graph", "net", CELL)
    before = net.picture
    with net.graph.as_default():
        page.run_cell("z = tf.identity(y, name='added')")
    assert "added" not in {node.name for node in before.view.nodes}
    assert "added" in {node.name for node in net.picture.view.nodes}
