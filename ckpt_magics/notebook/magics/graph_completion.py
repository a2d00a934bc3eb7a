"""Tab completion of %graph and %%graph: files, graphs of the notebook, scopes inside of a graph, and choices."""

from __future__ import annotations

from collections.abc import Iterable

from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.errors import CheckpointError
from ckpt_magics.notebook.commands.line_layout import LineLayout
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.notebook.magics.active_graph import active_graph
from ckpt_magics.notebook.magics.namespace import user_values
from ckpt_magics.notebook.magics.path_completion import complete_path
from ckpt_magics.notebook.pictures.choices import DIRECTIONS, GROUPS, PALETTE_NAMES

__all__ = ["complete_graph_line"]

_GRAPH_FILES = (".meta", ".pb", ".pbtxt", ".index")


def complete_graph_line(shell: InteractiveShell, layout: LineLayout, word: str) -> list[str]:
    """Return the words that may stand at the end of a line, without the quotes that they need.

    Args:
        shell: The notebook.
        layout: The words before.
        word: What is typed of this one.
    """
    option = layout.pending.option_strings[-1] if layout.pending is not None else ""
    choices = {"--direction": DIRECTIONS, "--palette": PALETTE_NAMES}
    if option in choices:
        return [choice for choice in choices[option] if choice.startswith(word)]
    source = layout.positional[0] if layout.positional else None
    if option in {"--open", "--show", "--hide"}:
        groups = [] if option == "--open" else [group for group in GROUPS if group.startswith(word)]
        return groups + _scopes(_node_names(shell, source), word)
    if option == "--tags":
        return [tag for tag in _tags(source) if tag.startswith(word)]
    if option == "--output":
        return complete_path(word, ())
    if option or layout.closed or source is not None:
        return []
    return [*(name for name in _graph_names(shell) if name.startswith(word)), *complete_path(word, _GRAPH_FILES)]


def _graph_names(shell: InteractiveShell) -> list[str]:
    from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph

    return [name for name, value in user_values(shell).items() if isinstance(value, NotebookGraph)]


def _node_names(shell: InteractiveShell, source: str | None) -> Iterable[str]:
    from ckpt_magics.graphs.meta_graph.graph_sources import find_graph
    from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph

    graph = active_graph(shell) if source is None else shell.user_ns.get(source)
    try:
        if isinstance(graph, NotebookGraph):
            meta_graph = graph.contents.source.meta_graph
        else:
            meta_graph = None if source is None else find_graph(expanded(source)).meta_graph
    except CheckpointError:
        return ()
    return () if meta_graph is None else (node.name for node in meta_graph.graph_def.node)


def _scopes(names: Iterable[str], word: str) -> list[str]:
    """Scopes that begin with what is typed, down to one level below it."""
    level = word.count("/") + 1
    scopes = dict.fromkeys("/".join(name.split("/")[:level]) for name in names if name.count("/") >= level)
    return [scope for scope in scopes if scope.startswith(word)]


def _tags(source: str | None) -> list[str]:
    from ckpt_magics.graphs.meta_graph.saved_model import read_saved_model, tag_sets

    if source is None:
        return []
    try:
        return list(dict.fromkeys(tag for tags in tag_sets(read_saved_model(expanded(source))) for tag in tags))
    except CheckpointError:
        return []
