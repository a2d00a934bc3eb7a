"""A view that its cell has replaced by running again is closed; one that is still seen, or held, is not."""

import gc
import warnings
import weakref

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import ckpt_magics
from ckpt_magics.notebook.magics import unload_ipython_extension
from ckpt_magics.notebook.magics.shown_views import ShownViews, shown_views
from tests.descriptors import needs_descriptors


class FakeView:
    """A view that a cell displays by noting it, as the formatter does."""

    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1

    def continue_from(self, former):
        self.former = former


@pytest.fixture
def views(notebook):
    """What follows the cells of the notebook, where ``show()`` displays a view and returns it."""
    views = shown_views(notebook)
    made = []

    def show(view=None):
        made.append(FakeView() if view is None else view)
        views.add(made[-1])

    notebook.user_ns["show"] = show
    notebook.user_ns["View"] = FakeView
    return made


def run(notebook, code, cell):
    return notebook.run_cell(code, cell_id=cell)


def closed(views):
    return [view.closed for view in views]


def test_the_views_of_a_cell_that_ran_again_are_closed_once(notebook, views):
    run(notebook, "show(); show()", "a")
    run(notebook, "show()", "b")
    assert closed(views) == [0, 0, 0]
    run(notebook, "show()", "a")
    assert closed(views) == [1, 1, 0, 0]
    run(notebook, "1", "a")
    run(notebook, "1", "a")
    assert closed(views) == [1, 1, 0, 1]


def test_a_view_goes_on_where_the_former_one_of_its_cell_was(notebook, views):
    for cell in ("a", "b", "a"):
        run(notebook, "show()", cell)
    assert views[2].former is views[0]
    assert not hasattr(views[1], "former")


def test_cells_without_an_id_are_all_others(notebook, views):
    for _ in range(3):
        run(notebook, "show()", None)
    assert closed(views) == [0, 0, 0]


def test_a_cell_that_fails_has_lost_its_views_all_the_same(notebook, views):
    run(notebook, "show()", "a")
    assert run(notebook, "show(); 1/0", "a").error_in_exec is not None
    assert closed(views) == [1, 0]
    run(notebook, "this is no Python", "a")
    assert closed(views) == [1, 1]


def test_a_view_of_a_variable_is_displayed_again_and_again(notebook, views):
    run(notebook, "held = View()", "a")
    for _ in range(3):
        run(notebook, "show(held)", "b")
    run(notebook, "1", "b")
    assert closed(views) == [0, 0, 0]
    # Another one takes its name in the cell that shows it.
    run(notebook, "held = View(); show(held)", "c")
    run(notebook, "held = View(); show(held)", "c")
    assert closed(views[-2:]) == [1, 0]


def test_a_view_that_another_cell_shows_too_stays(notebook, views):
    run(notebook, "show()", "a")
    views.append(views[0])
    notebook.user_ns["_hidden"] = views[0]
    run(notebook, "show(_hidden)", "b")
    run(notebook, "1", "a")
    assert views[0].closed == 0
    run(notebook, "1", "b")
    assert views[0].closed == 1


def test_what_a_cell_runs_belongs_to_it(notebook, views):
    run(notebook, "get_ipython().run_cell('show()'); show()", "a")
    run(notebook, "1", "a")
    assert closed(views) == [1, 1]


def test_nothing_is_kept_alive_or_left_behind(notebook, views):
    run(notebook, "show()", "a")
    gone = weakref.ref(views.pop())
    gc.collect()
    assert gone() is None
    unload_ipython_extension(notebook)
    assert shown_views(notebook) is None
    for event in ("pre_run_cell", "post_run_cell"):
        owners = [getattr(each, "__self__", None) for each in notebook.events.callbacks[event]]
        assert not any(isinstance(owner, ShownViews) for owner in owners)


SETUP = """
import gc, os
import ipywidgets
%load_ext ckpt_magics
def descriptors():
    return len(os.listdir("/proc/self/fd"))
def open_here():
    paths = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    targets = [os.readlink(path) for path in paths if os.path.islink(path)]
    return [target for target in targets if target.startswith(os.getcwd())]
"""


class Kernel:
    """Cells of a notebook in a kernel, with the ids that a front end sends."""

    def __init__(self, client):
        self._client = client

    def run(self, code, cell=None):
        """Run a cell; returns its text output, and fails with its error."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        client = self._client.kc
        message = client.session.msg("execute_request", {**content, "stop_on_error": True})
        message["metadata"] = {} if cell is None else {"cellId": cell}
        client.shell_channel.send(message)
        text = ""
        while True:
            answer = self._next(message["header"]["msg_id"])
            if answer["msg_type"] == "stream":
                text += answer["content"]["text"] if answer["content"]["name"] == "stdout" else ""
            assert answer["msg_type"] != "error", answer["content"]
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return text.strip()

    def _next(self, request):
        from jupyter_core.utils import run_sync

        while True:
            answer = run_sync(self._client.kc.get_iopub_msg)(timeout=60)
            if answer["parent_header"].get("msg_id") == request:
                return answer


@pytest.fixture
def kernel(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about event loops, from the client's own libraries
        notebook = nbformat.v4.new_notebook()
        client = NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}})
        with client.setup_kernel():
            cells = Kernel(client)
            cells.run(SETUP)
            yield cells


@needs_descriptors
def test_descriptors_and_widgets_of_a_kernel_do_not_grow(kernel, tmp_path):
    tensors = {"a": np.zeros((4, 4), np.float32), "b": np.zeros(3, np.float32)}
    ckpt_magics.save_checkpoint(tmp_path / "m", tensors, num_shards=8, durable=False)
    kernel.run("%ckpt_show m")
    kernel.run("%ckpt_diff m m")
    before = kernel.run("gc.collect(); print(descriptors())")
    for _ in range(20):
        kernel.run("%ckpt_show m", "show")
        kernel.run("kept = %ckpt_diff m m\nkept", "diff")
    kernel.run("views = []\nfor _ in range(20):\n    views.append(get_ipython().run_line_magic('ckpt_show', 'm'))")
    kernel.run("%graph m")
    assert kernel.run("print(descriptors())") == before
    # One view per cell is left of those that were replaced, and the one that a variable has answers still.
    kernel.run("views = [*filter(lambda one: one.comm is not None, views)]; assert len(views) == 20")
    kernel.run("assert kept.comm is not None")
    gone = "[one for one in gc.get_objects() if type(one).__name__ == 'VariablesView' and one.comm is not None]"
    # One without an id, the last of cell "show", and those in the list.
    assert kernel.run(f"gc.collect(); print(len({gone}))") == "22"


@needs_descriptors
def test_checkpoints_that_a_kernel_has_shown_free_their_disk(kernel):
    kernel.run(
        "import numpy as np, ckpt_magics\n"
        "shown = []\n"
        "for step in range(6):\n"
        "    tensors = {'a': np.full(1000, step)}\n"
        "    ckpt_magics.save_checkpoint('m', tensors, global_step=step, max_to_keep=2, durable=False)\n"
        "    shown.append(get_ipython().run_line_magic('ckpt_show', f'm-{step}'))\n"
    )
    assert kernel.run("print(open_here())") == "[]"
