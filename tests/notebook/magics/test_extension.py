"""Loading registers, unloading takes away, and both can be repeated."""

from ckpt_magics.files.jobs.saving import SavedCheckpoint
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.notebook.magics import load_ipython_extension, unload_ipython_extension
from ckpt_magics.notebook.magics.extension import MAGICS

NAMES = {"ckpt_save", "ckpt_restore", "ckpt_show", "ckpt_diff"}


def state(shell):
    return (
        NAMES & set(shell.magics_manager.magics["line"]),
        len(shell.Completer.custom_matchers),
        len(shell.configurables),
        {
            mimetype: SavedCheckpoint in shell.display_formatter.formatters[mimetype]
            for mimetype in ("text/html", "text/plain")
        },
    )


def test_loads_unloads_and_loads_again(shell):
    unload_ipython_extension(shell)
    bare = state(shell)
    assert bare[0] == set()
    load_ipython_extension(shell)
    loaded = state(shell)
    assert loaded == (NAMES, bare[1] + 1, bare[2] + len(MAGICS), {"text/html": True, "text/plain": True})
    load_ipython_extension(shell)
    assert state(shell) == loaded
    unload_ipython_extension(shell)
    assert state(shell) == bare
    load_ipython_extension(shell)
    assert state(shell) == loaded
    unload_ipython_extension(shell)


def test_unloading_gives_the_default_graph_back(notebook):
    before = get_default_graph()
    notebook.run_cell("%%graph net\ntf.get_variable('weight', [2])").raise_error()
    assert get_default_graph() is not before
    unload_ipython_extension(notebook)
    assert get_default_graph() is before
