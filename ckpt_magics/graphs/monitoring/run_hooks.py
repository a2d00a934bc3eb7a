"""What is done before and after each run of a monitored session.

Format: tensorflow/python/training/session_run_hook.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues"]


class SessionRunArgs(NamedTuple):
    """What a hook asks a run for besides what the program asks.

    Attributes:
        fetches: What to fetch.
        feed_dict: What to feed.
        options: Without use.
    """

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a run gave a hook.

    Attributes:
        results: Values of what it asked for, in that nesting.
        options: Without use.
        run_metadata: Without use.
    """

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunContext:
    """One run, as hooks see it.

    Args:
        original_args: What the program asks for.
        session: The session.
    """

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:  # noqa: ANN401 -- any session
        self.original_args = original_args
        self.session = session
        self._stop_requested = False

    @property
    def stop_requested(self) -> bool:
        """Whether a hook has asked for the end."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Ask for the end: the session's ``should_stop`` is True from then on."""
        self._stop_requested = True


class SessionRunHook:
    """Does nothing; programs derive their hooks from it."""

    def begin(self) -> None:
        """Called once before the session is made; the graph can be changed."""

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ANN401 -- any session and coordinator
        """Called when the session is made; the graph can no longer be changed."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Called before each run; returns what to ask it for too."""

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Called after each run with what it gave."""

    def end(self, session: Any) -> None:  # noqa: ANN401 -- any session
        """Called at the end, unless that is an error."""
