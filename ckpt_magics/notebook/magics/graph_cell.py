"""What a ``%%graph`` cell gives: the graph that it built, or the one that it ends in."""

# ruff: noqa: ANN401 - values are the user's own, and TensorFlow is not imported here

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.storage.place import local_path
from ckpt_magics.graphs.graph.default import get_default_graph, own_default_graph, session_as_default
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.graph_objects import meta_graph_of, needs_signature
from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource
from ckpt_magics.graphs.programs.standing_in import is_stand_in
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.graphs.variables.initialization import global_variables, local_variables
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.notebook.magics.cell import imports_module, run_code, transformed
from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph
from ckpt_magics.notebook.reports.graph_contents import BUILT, open_graph

__all__ = ["CellResult", "run_graph_cell"]

MAX_INITIALIZED = 256 << 20
"""Bytes of variables that are given their first values unasked."""

_GRAPH_SUFFIXES = (".meta", ".pb", ".pbtxt")


class CellResult(NamedTuple):
    """What a cell leaves.

    Attributes:
        graph: The graph to show.
        value: The value of its last expression, if that is to be shown too; else None.
    """

    graph: NotebookGraph
    value: Any


def run_graph_cell(shell: InteractiveShell, cell: str, graph: NotebookGraph) -> CellResult:
    """Run a cell with a fresh default graph, of this package and, where it is used, of TensorFlow.

    Args:
        shell: The notebook; ``tf`` becomes `ckpt_magics.compat.v1` unless it has one.
        cell: The code.
        graph: Empty, to be built; what the result has if the cell does not end in another graph.

    Raises:
        Exception: What the cell raises.
        CheckpointError: The cell ends in the path of something that is no graph, or in a function without a signature.
    """
    code = transformed(shell, cell)
    tensorflow = _tensorflow(shell, code)
    shell.user_ns.setdefault("tf", import_module("ckpt_magics.compat.v1"))
    with ExitStack() as stack:
        stack.enter_context(own_default_graph(graph.graph))
        stack.enter_context(session_as_default(graph.session))
        theirs = None if tensorflow is None else stack.enter_context(_fresh_graph_of(tensorflow))
        value = run_code(shell, code)
        built = get_default_graph()  # another one after tf.reset_default_graph()
    their_nodes = theirs is not None and bool(theirs.get_operations())
    if isinstance(value, NotebookGraph):
        return CellResult(value, None)
    if isinstance(value, Graph) and value is not built:
        built, value = value, None
    ended_in = None if value is built else _graph_in(value, may_be_path=not len(built) and not their_nodes)
    if ended_in is not None:
        return CellResult(graph.holding(ended_in), None)
    if their_nodes and not len(built):
        return CellResult(graph.holding(replace(open_graph(theirs), kind="TensorFlow graph")), value)
    session, note = _session_with_values(shell, built, graph.session)
    source = GraphSource(graph.title, BUILT, None, None, note)
    return CellResult(graph.holding(source, built, session), None if value is built else value)


def _tensorflow(shell: InteractiveShell, code: str) -> ModuleType | None:
    """TensorFlow, if the notebook has it under some name or the cell imports it; not what stands in for it."""
    found = _imported(shell, code)
    return None if found is None or is_stand_in(found) else found


def _imported(shell: InteractiveShell, code: str) -> ModuleType | None:
    """What is called ``tensorflow``, if the notebook has it or the cell imports it."""
    modules = (value for value in list(shell.user_ns.values()) if isinstance(value, ModuleType))
    if any(module.__name__.partition(".")[0] == "tensorflow" for module in modules):
        return sys.modules.get("tensorflow")
    if not imports_module(code, "tensorflow"):
        return None
    try:
        return import_module("tensorflow")
    except ImportError:
        return None  # the cell's own import says so, in the line where it stands


@contextmanager
def _fresh_graph_of(tensorflow: Any) -> Iterator[Any]:
    graph = tensorflow.Graph()
    with graph.as_default():
        yield graph


def _graph_in(value: Any, *, may_be_path: bool) -> GraphSource | None:
    """The graph that a value is, or whose path it is; None if it is something else."""
    if may_be_path and isinstance(value, str | os.PathLike):
        try:
            path = local_path(value)
        except CheckpointError:
            # A text that begins as a URL does is a value of the cell like any other.
            return None
        return open_graph(path) if _looks_like_path(path) else None
    is_graph = meta_graph_of(value) is not None or (may_be_path and needs_signature(value))
    return open_graph(value) if is_graph else None


def _looks_like_path(text: str) -> bool:
    if "\0" in text or "\n" in text:
        return False
    return text.endswith(_GRAPH_SUFFIXES) or any(os.path.exists(text + end) for end in ("", ".meta", ".index"))


def _session_with_values(shell: InteractiveShell, graph: Graph, session: Session) -> tuple[Session, str]:
    """The session that has the graph's values after the cell, and what the user should know about it.

    That is one that the cell opened and left open, or the cell's default session. The latter gives the variables that
    have none their first values, unless the cell trained in a session that it closed: those are not what it made.
    """
    theirs = [
        value
        for value in list(shell.user_ns.values())
        if isinstance(value, Session) and value.graph is graph and value is not session
    ]
    still_open = [one for one in theirs if not one.closed]
    if still_open:
        return still_open[-1], ""
    session = session if session.graph is graph else Session(graph=graph)
    if theirs:
        return session, (
            "No values are kept, for the cell closed its session; one that stays open keeps them, as the cell's own "
            "does: tf.get_default_session()."
        )
    return session, _initialize(session)


def _initialize(session: Session) -> str:
    now = session.variable_values()
    with session.graph.as_default():
        # A collection may hold what an import could not make a variable of.
        variables: list[Any] = [*global_variables(), *local_variables()]
    missing = [one for one in variables if isinstance(one, Variable) and one.op.name not in now]
    if not missing:
        return ""
    size = sum((one.shape.num_elements() or 0) * one.dtype.itemsize for one in missing)
    if size > MAX_INITIALIZED:
        return f"Its variables take {size / 1e9:,.1f} GB and have no values yet; run their initializers to get some."
    try:
        with session.all_or_nothing():
            session.run([one.initializer for one in missing])
    except (CheckpointError, RuntimeError, TypeError, ValueError) as error:
        return f"Its variables have no values, for their initializers fail: {error}"
    return ""
