"""There is always a layout, and nothing of ours goes on computing after its time."""

import os
import select
import subprocess
import sys

import pytest

from ckpt_magics.errors import InternalError
from ckpt_magics.notebook.pictures.choices import DIRECTIONS
from ckpt_magics.notebook.pictures.drawing import engines
from ckpt_magics.notebook.pictures.drawing.dot import DotOptions
from ckpt_magics.notebook.pictures.drawing.engines import Engine, find_engines, lay_out, run_engine
from ckpt_magics.notebook.pictures.drawing.layout import read_layout
from ckpt_magics.notebook.pictures.drawing.plain_layout import ENGINE
from ckpt_magics.notebook.pictures.model.hierarchy import build_hierarchy
from ckpt_magics.notebook.pictures.views.compose import compose_view
from ckpt_magics.notebook.pictures.views.view import ViewOptions
from tests.notebook.pictures.graphs import graph_of, training_graph


def view_of(graph, **options):
    return compose_view(build_hierarchy(graph), ViewOptions(**options), {})


PAIR = view_of(graph_of(("s/a", "Relu", []), ("b", "Relu", ["s/a"])))


def script(tmp_path, code):
    """An engine made of Python code."""
    path = tmp_path / "engine"
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)
    return Engine("script", str(path))


def assert_complete(layout, view):
    assert set(layout.nodes) == {node.id for node in view.nodes}
    assert set(layout.clusters) == {cluster.id for cluster in view.clusters}
    assert set(layout.routes) == set(range(len(view.edges)))
    for node in view.nodes:
        box = layout.nodes[node.id]
        assert box.width / 2 - 1 <= box.x <= layout.width - box.width / 2 + 1
        assert box.height / 2 - 1 <= box.y <= layout.height - box.height / 2 + 1
        if node.cluster is not None:
            frame = layout.clusters[node.cluster]
            assert abs(box.x - frame.x) <= (frame.width - box.width) / 2 + 1
            assert abs(box.y - frame.y) <= (frame.height - box.height) / 2 + 1


@pytest.mark.dot
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_engine_lays_out_the_same_view(direction):
    view = view_of(training_graph(2, 2, ops=2), direction=direction)
    found = find_engines()
    assert found
    for engine in found:
        layout, notes = lay_out(view, DotOptions(), engines=[engine])
        assert layout.engine == engine.name
        assert notes == []
        assert_complete(layout, view)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_without_an_engine_there_is_our_own_layout(direction):
    view = view_of(training_graph(2, 2, ops=2), direction=direction)
    layout, notes = lay_out(view, DotOptions(), engines=[])
    assert layout.engine == ENGINE
    assert "pip install graphviz-pure" in notes[0]
    assert_complete(layout, view)


def test_own_layout_of_a_cycle_ends_and_overlaps_nothing():
    view = view_of(graph_of(("a", "A", ["c", "a"]), ("b", "B", ["a"]), ("c", "C", ["b", "a"])))
    layout, _ = lay_out(view, DotOptions(), engines=[])
    assert len({box.y for box in layout.nodes.values()}) == 3


def test_slow_engine_is_stopped_with_its_children(tmp_path):
    """The child ignores its input and holds a pipe open; neither it nor its parent may outlive the call."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    child = f"import time; pipe = open({str(pipe)!r}, 'w'); pipe.write('child'); pipe.flush(); time.sleep(600)"
    engine = script(tmp_path, f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}]).wait()")
    layout, notes = lay_out(PAIR, DotOptions(), engines=[engine], time_limit=4)
    assert layout.engine == ENGINE
    assert sum("was stopped" in note for note in notes) == 2
    received = b""
    while select.select([reader], [], [], 30)[0]:
        piece = os.read(reader, 100)
        if not piece:
            break
        received += piece
    else:
        pytest.fail("a child of the engine is still there")
    os.close(reader)
    assert received.startswith(b"child")


@pytest.mark.parametrize(
    "code",
    ["raise SystemExit(3)", "print('hello')", "print('{}')", 'print(\'{"bb": "0,0,nan,1"}\')', "print('[' * 10**5)"],
)
def test_failing_engine_leaves_our_own_layout(tmp_path, code):
    layout, notes = lay_out(PAIR, DotOptions(), engines=[script(tmp_path, code)])
    assert layout.engine == ENGINE
    assert all("failed" in note for note in notes)


def test_missing_program_leaves_our_own_layout(tmp_path):
    layout, notes = lay_out(PAIR, DotOptions(), engines=[Engine("gone", str(tmp_path / "gone"))])
    assert layout.engine == ENGINE
    assert "gone failed" in notes[0]


def test_engine_runs_in_an_empty_directory(tmp_path):
    engine = script(tmp_path, "import os\nprint(os.listdir('.'), os.getcwd())")
    listing, _, directory = run_engine(engine, "", 20).decode().partition(" ")
    assert listing == "[]"
    assert not os.path.exists(directory.strip())


def test_interrupt_kills_the_engine(tmp_path, monkeypatch):
    started = []
    real = subprocess.Popen.communicate

    def interrupted(process, *arguments, **options):
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_engine(script(tmp_path, "import time\ntime.sleep(600)"), "", 60)
    monkeypatch.setattr(subprocess.Popen, "communicate", real)
    assert started[0].returncode is not None


def test_foreign_json_is_an_error():
    with pytest.raises(InternalError, match="no layout of this graph"):
        read_layout(b'{"bb": "0,0,1,1", "objects": []}', PAIR, "x")


def test_wheel_is_found_beside_the_interpreter(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert [engine.name for engine in engines.find_engines()] == ["graphviz-pure"]
