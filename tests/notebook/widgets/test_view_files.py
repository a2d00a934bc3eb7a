"""Views hold no files: neither while they are idle, nor once they are closed or dropped; and they mix no versions."""

import gc
import threading

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.widgets.graph.graph_view import GraphView
from ckpt_magics.notebook.widgets.linked_view import LinkedView
from ckpt_magics.notebook.widgets.tensors.difference_view import DifferenceView
from tests.descriptors import needs_descriptors, open_files
from tests.notebook.widgets.conftest import Page

NAMES = ("a", "words")


def save(directory, fill, **options):
    tensors = {"a": np.full((300, 4), fill, np.float32), "words": np.array([b"x", b"y"], object)}
    return ckpt_magics.save_checkpoint(directory / "m", tensors, durable=False, **options)


def saved_graph(directory):
    """Save a session's variables with their graph beside them."""
    from ckpt_magics import compat

    graph = compat.v1.Graph()
    with graph.as_default():
        compat.v1.get_variable("a", initializer=np.ones((3, 2), np.float32))
        session = compat.v1.Session(graph=graph)
        session.run(compat.v1.global_variables_initializer())
        return compat.v1.train.Saver().save(session, str(directory / "m"))


def difference(prefix):
    sides = [load_checkpoint(prefix).on_demand().named_tensors for _ in range(2)]
    return DifferenceView(*sides, ("before", "after"))


def show_reader(prefix):
    return load_checkpoint(prefix).show()


def look(page, row=0):
    """Ask all that a page asks about a tensor."""
    page.ask("open")
    page.ask("index")
    page.ask("statistics", rows=[0, 1])
    page.ask("values", row=row, region=[[0, 300, 7], [0, 4, 1]])


@needs_descriptors
@pytest.mark.parametrize("show", [ckpt_magics.show_checkpoint, difference, show_reader])
def test_an_idle_view_has_no_file_open(tmp_path, show):
    prefix = save(tmp_path, 1, num_shards=4)
    view = show(prefix)
    assert open_files(tmp_path) == []
    page = Page(view)
    look(page)
    assert open_files(tmp_path) == []
    view.close()
    assert page.refusal("values", row=0, region=[[0, 1, 1], [0, 1, 1]])["type"] == "FailedPreconditionError"
    assert open_files(tmp_path) == []


@needs_descriptors
def test_a_graph_beside_its_table_has_no_file_open(tmp_path):
    view = ckpt_magics.show_checkpoint(saved_graph(tmp_path), graph=True)
    assert isinstance(view, LinkedView)
    assert open_files(tmp_path) == []
    pages = [Page(part) for part in (view.graph, view.table)]
    for page in pages:
        page.ask("open")
        page.ask("statistics", rows=[0])
    pages[0].ask("node", name="a")
    view.graph.select("a")
    assert open_files(tmp_path) == []
    view.close()
    for page in pages:
        assert "closed" in page.refusal("open")["message"]


@needs_descriptors
def test_a_comparing_graph_has_no_file_open(tmp_path):
    prefix = saved_graph(tmp_path)
    graph = ckpt_magics.show_checkpoint(prefix, graph=True).graph._model.graph_def
    with load_checkpoint(prefix) as reader, load_checkpoint(prefix) as other:
        view = GraphView(graph, reader=reader, compare=other)
    Page(view).ask("difference")
    assert open_files(tmp_path) == []


@needs_descriptors
@pytest.mark.parametrize("show", [ckpt_magics.show_checkpoint, difference])
def test_views_that_are_kept_leave_deleted_files_their_end(tmp_path, show):
    kept = []
    for step in range(4):
        kept.append(show(save(tmp_path, step, global_step=step, max_to_keep=1)))
        look(Page(kept[-1]))
    assert open_files(tmp_path) == []
    assert len(list(tmp_path.glob("m-*.index"))) == 1
    refusal = Page(kept[0]).refusal("values", row=0, region=[[0, 1, 1], [0, 1, 1]])
    assert refusal["type"].endswith("Error")
    assert "m-0" in refusal["message"]
    # What stands in the table is known without the files.
    assert Page(kept[0]).ask("open")[0]["total"] == 2


@needs_descriptors
def test_a_view_that_is_dropped_leaves_nothing(tmp_path):
    gc.collect()
    ckpt_magics.show_checkpoint(save(tmp_path, 1))
    assert open_files(tmp_path) == []


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("show", [ckpt_magics.show_checkpoint, difference])
def test_a_view_of_a_replaced_checkpoint_says_so(tmp_path, version, show):
    prefix = save(tmp_path, 1, write_version=version)
    page = Page(show(prefix))
    for row in (1, 0):
        page.ask("values", row=row, region=[[0, 1, 1], [0, 4, 1]][: 2 - row])
    save(tmp_path, 2, write_version=version)
    for row, region in ((0, [[0, 3, 1], [0, 4, 1]]), (0, [[0, 300, 7], [0, 1, 1]])):
        refusal = page.refusal("values", row=row, region=region)
        assert refusal["type"] == "FailedPreconditionError"
        assert "replaced meanwhile: run the cell again" in refusal["message"]
    page.ask("statistics", rows=[0])
    assert "replaced meanwhile: run the cell again" in page.statistics()[0]["error"]
    # A view that is made now shows what is there now.
    content, buffers = Page(ckpt_magics.show_checkpoint(prefix)).ask("values", row=0, region=[[0, 3, 1], [0, 4, 1]])
    assert content["shape"] == [3, 4]
    assert np.frombuffer(buffers[0], "<f4").tolist() == [2] * 12


def test_a_view_outlives_the_reader_that_made_it(tmp_path):
    prefix = save(tmp_path, 3)
    with load_checkpoint(prefix) as reader:
        view = reader.show()
        assert view.reader is reader
    look(Page(view))
    del reader
    gc.collect()
    assert view.reader.prefix == prefix
    assert view.reader["a"][0, 0] == 3


def test_a_closed_view_gives_up_what_it_works_on_and_keeps_no_values(tmp_path):
    view = ckpt_magics.show_checkpoint(save(tmp_path, 1))
    page = Page(view)
    page.ask("values", row=0, region=[[0, 1, 1], [0, 1, 1]])
    before = set(threading.enumerate())
    view._conversation._turn.acquire()
    waiting = page.start("statistics", rows=[0, 1])
    view.close()
    view.close()
    view._conversation._turn.release()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    refusal = page.refusal("statistics", rows=[0])
    assert refusal["message"] == "this view was closed. Run the cell again."
    assert page.events("statistics") == []
    assert waiting not in view._conversation._running
    assert view._answers._windows._kept is None
