"""The graphs and sessions that each thread has entered with ``as_default``: one stack of each.

Below the graph, because a graph enters itself; so the stacks hold graphs without knowing what one is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

__all__ = ["ENTERED", "RunsGraphs", "get_default_session", "graph_as_default"]

G = TypeVar("G")


class RunsGraphs(Protocol):
    """What a session has to offer to be the default one."""

    @property
    def graph(self) -> object:
        """The graph that it runs."""
        ...

    def run(self, fetches: Any, feed_dict: dict[Any, Any] | None = None) -> Any:  # noqa: ANN401 -- any structure
        """Return the values of ``fetches``."""
        ...


class _Entered(threading.local):
    """What a thread has entered.

    Attributes:
        graphs: The graphs, the innermost last.
        sessions: The sessions, the innermost last.
        bottom: The thread's own graph below all of them, or a function that makes it, or None.
    """

    def __init__(self) -> None:
        self.graphs: list[Any] = []
        self.sessions: list[RunsGraphs] = []
        self.bottom: Any = None


ENTERED = _Entered()


@contextmanager
def graph_as_default(graph: G) -> Iterator[G]:
    """Make ``graph`` the default inside the ``with`` block."""
    stack = ENTERED.graphs
    stack.append(graph)
    try:
        yield graph
    finally:
        stack.remove(graph) if stack[-1] is not graph else stack.pop()


def get_default_session(session: RunsGraphs | None, graph: object, purpose: str, remedy: str) -> RunsGraphs:
    """Return the session to run something of ``graph`` in.

    Args:
        session: The session given by the caller, if any.
        graph: The graph of what is to run.
        purpose: What is to be done, for the message.
        remedy: How to name a session, for the message.

    Raises:
        ValueError: There is no session, or it runs another graph.
    """
    chosen = session or (ENTERED.sessions[-1] if ENTERED.sessions else None)
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
