"""The graph that new operations go to, and the session that ``eval`` and ``run`` use: one stack of each per thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ckpt_magics.graphs.graph.entered import ENTERED, RunsGraphs
from ckpt_magics.graphs.graph.graph import Graph

__all__ = [
    "current_session",
    "get_default_graph",
    "own_default_graph",
    "reset_default_graph",
    "session_as_default",
    "set_default_graph",
    "use_resource_variables",
    "uses_resource_variables",
]


class _Process:
    """What holds for all threads."""

    resource_variables = False


_PROCESS = _Process()


def use_resource_variables(enabled: bool) -> None:
    """Settle which kind of variable is made, in all threads, where the maker does not say."""
    _PROCESS.resource_variables = enabled


def uses_resource_variables() -> bool:
    """Return whether variables are resources, not references, where their maker does not say."""
    return _PROCESS.resource_variables


def get_default_graph() -> Graph:
    """Return the graph that new operations go to: the innermost entered one, or the thread's own."""
    if ENTERED.graphs:
        innermost: Graph = ENTERED.graphs[-1]
        return innermost
    bottom: Graph | Callable[[], Graph] | None = ENTERED.bottom
    if not isinstance(bottom, Graph):
        bottom = ENTERED.bottom = Graph() if bottom is None else bottom()
    return bottom


def reset_default_graph() -> None:
    """Forget the thread's own default graph; the next operation starts a new one.

    Raises:
        AssertionError: A graph is entered with ``as_default``; leave it first.
    """
    if ENTERED.graphs:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the "
            "nesting and create a new graph."
        )
    ENTERED.bottom = None


def set_default_graph(graph: Graph | Callable[[], Graph] | None) -> Graph | Callable[[], Graph] | None:
    """Replace the thread's own default graph.

    Args:
        graph: The graph, or what makes it when it is first needed; None for a new one.

    Returns:
        What was there before, in the same forms.
    """
    before: Graph | Callable[[], Graph] | None = ENTERED.bottom
    ENTERED.bottom = graph
    return before


@contextmanager
def own_default_graph(graph: Graph) -> Iterator[None]:
    """Make ``graph`` the thread's own default graph inside the ``with`` block, as if no graph had been entered.

    Unlike within ``as_default``, code inside may call `reset_default_graph` and may leave graphs and sessions entered:
    afterwards everything is as it was.
    """
    graphs, sessions, bottom = ENTERED.graphs, ENTERED.sessions, ENTERED.bottom
    ENTERED.graphs, ENTERED.sessions, ENTERED.bottom = [], [], graph
    try:
        yield
    finally:
        ENTERED.graphs, ENTERED.sessions, ENTERED.bottom = graphs, sessions, bottom


@contextmanager
def session_as_default(session: RunsGraphs) -> Iterator[None]:
    """Make ``session`` the default inside the ``with`` block; its graph is the caller's to enter."""
    ENTERED.sessions.append(session)
    try:
        yield
    finally:
        ENTERED.sessions.remove(session)


def current_session() -> RunsGraphs | None:
    """Return the innermost entered session, or None."""
    return ENTERED.sessions[-1] if ENTERED.sessions else None
