"""The graph that new operations go to, and the session that ``eval`` and ``run`` use: one stack of each per thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ckpt_magics.graph.graph import Graph

__all__ = [
    "RunsGraphs",
    "current_session",
    "get_default_graph",
    "get_default_session",
    "graph_as_default",
    "has_default_graph",
    "reset_default_graph",
    "session_as_default",
]


class RunsGraphs(Protocol):
    """What a session has to offer to be the default one."""

    @property
    def graph(self) -> Graph:
        """The graph that it runs."""
        ...

    def run(self, fetches: Any, feed_dict: dict[Any, Any] | None = None) -> Any:  # noqa: ANN401 -- any structure
        """Return the values of ``fetches``."""
        ...


class _Defaults(threading.local):
    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.sessions: list[RunsGraphs] = []
        self.bottom: Graph | None = None


_DEFAULTS = _Defaults()


def has_default_graph() -> bool:
    """Return whether a graph was entered with ``as_default``."""
    return bool(_DEFAULTS.graphs)


def get_default_graph() -> Graph:
    """Return the graph that new operations go to: the innermost entered one, or the thread's own."""
    from ckpt_magics.graph.graph import Graph  # a graph enters itself here, so this module cannot import it first

    if _DEFAULTS.graphs:
        return _DEFAULTS.graphs[-1]
    if _DEFAULTS.bottom is None:
        _DEFAULTS.bottom = Graph()
    return _DEFAULTS.bottom


def reset_default_graph() -> None:
    """Forget the thread's own default graph; the next operation starts a new one.

    Raises:
        AssertionError: A graph is entered with ``as_default``; leave it first.
    """
    if _DEFAULTS.graphs:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the "
            "nesting and create a new graph."
        )
    _DEFAULTS.bottom = None


@contextmanager
def graph_as_default(graph: Graph) -> Iterator[Graph]:
    """Make ``graph`` the default inside the ``with`` block."""
    stack = _DEFAULTS.graphs
    stack.append(graph)
    try:
        yield graph
    finally:
        stack.remove(graph) if stack[-1] is not graph else stack.pop()


@contextmanager
def session_as_default(session: RunsGraphs) -> Iterator[None]:
    """Make ``session`` the default inside the ``with`` block; its graph is the caller's to enter."""
    _DEFAULTS.sessions.append(session)
    try:
        yield
    finally:
        _DEFAULTS.sessions.remove(session)


def current_session() -> RunsGraphs | None:
    """Return the innermost entered session, or None."""
    return _DEFAULTS.sessions[-1] if _DEFAULTS.sessions else None


def get_default_session(session: RunsGraphs | None, graph: Graph, purpose: str, remedy: str) -> RunsGraphs:
    """Return the session to run something of ``graph`` in.

    Args:
        session: The session given by the caller, if any.
        graph: The graph of what is to run.
        purpose: What is to be done, for the message.
        remedy: How to name a session, for the message.

    Raises:
        ValueError: There is no session, or it runs another graph.
    """
    chosen = session or current_session()
    if chosen is None:
        raise ValueError(
            f"Cannot {purpose} using {remedy}: No default session is registered. "
            f"Use `with sess.as_default()` or pass an explicit session to {remedy}"
        )
    if chosen.graph is not graph:
        raise ValueError(
            f"Cannot use the {'given' if session else 'default'} session to {purpose}: "
            "the tensor's graph is different from the session's graph."
        )
    return chosen
