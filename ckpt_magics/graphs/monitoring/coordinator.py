"""Stopping several threads together.

Format: tensorflow/python/training/coordinator.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ckpt_magics.errors import OutOfRangeError
from ckpt_magics.graphs.graph.default import current_session, get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.pipelines.queue_runner import QueueRunner
from ckpt_magics.proto.messages import QueueRunnerDef

__all__ = ["Coordinator", "start_queue_runners"]

Stop = BaseException | None


class Coordinator:
    """Tells threads when to stop, and hands on what went wrong in one of them.

    Args:
        clean_stop_exception_types: Errors that end a thread without harm. Default: the end of the data.
    """

    def __init__(self, clean_stop_exception_types: Sequence[type[BaseException]] | None = None) -> None:
        clean = (OutOfRangeError,) if clean_stop_exception_types is None else clean_stop_exception_types
        self._clean = tuple(clean)
        self._stop = threading.Event()
        self._error: Stop = None
        self._threads: set[threading.Thread] = set()
        self._joined = False

    @property
    def joined(self) -> bool:
        """Whether all threads have ended."""
        return self._joined

    def request_stop(self, ex: object = None) -> None:
        """Ask all threads to stop; an error is raised by `join`, but for those that end a thread without harm.

        What goes wrong once they were asked is no news: it is how some of them end.
        """
        error = ex[1] if isinstance(ex, tuple) else ex
        if isinstance(error, BaseException) and not isinstance(error, self._clean) and not self._stop.is_set():
            self._error = error
        self._stop.set()

    def clear_stop(self) -> None:
        """Forget that a stop was asked for."""
        self._joined, self._error = False, None
        self._stop.clear()

    def should_stop(self) -> bool:
        """Return whether a stop was asked for."""
        return self._stop.is_set()

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until a stop is asked for; returns whether it was."""
        return self._stop.wait(timeout)

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Ask for a stop where the ``with`` block ends by an error."""
        try:
            yield
        except BaseException as error:  # noqa: BLE001 -- whatever ends a thread
            self.request_stop(error)

    def register_thread(self, thread: threading.Thread) -> None:
        """Let `join` wait for a thread too."""
        self._threads.add(thread)

    def join(
        self,
        threads: Iterable[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait until threads have ended; once a stop is asked for, for some seconds at most.

        Raises:
            BaseException: What `request_stop` was told.
            RuntimeError: Some threads have not ended in time.
        """
        waiting = self._threads | set(threads or ())
        while any(thread.is_alive() for thread in waiting) and not self._stop.wait(1):
            pass
        deadline = time.monotonic() + stop_grace_period_secs
        for thread in waiting:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = sorted(thread.name for thread in waiting if thread.is_alive())
        self._joined = True
        self._threads.clear()
        if self._error is not None:
            raise self._error
        if late and not ignore_live_threads:
            raise RuntimeError(f"Coordinator stopped with threads still running: {' '.join(late)}")

    def raise_requested_exception(self) -> None:
        """Raise what `request_stop` was told, if there is something."""
        if self._error is not None:
            raise self._error


def start_queue_runners(
    sess: Any = None,  # noqa: ANN401 -- a session
    coord: Coordinator | None = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Start the threads that fill the queues of a session's graph, and return them; none where it has no queues.

    They end with the data, when the coordinator asks for it, and when the session is closed.

    Args:
        sess: The session. Default: the default session.
        coord: Who asks them to stop, and is told of errors.
        daemon: Whether the process may end without them.
        start: Whether to start them.
        collection: Where the graph lists what fills its queues.

    Raises:
        ValueError: There is no session.
    """
    session: Any = current_session() if sess is None else sess
    graph = get_default_graph() if session is None else session.graph
    found = graph.get_collection(collection)
    if not found:
        return []
    if session is None:
        raise ValueError(
            "Cannot start queue runners: No default session is registered. Use `with sess.as_default()` or pass an "
            "explicit session to tf.start_queue_runners(sess=sess)"
        )
    with graph.as_default():
        runners = [QueueRunner(queue_runner_def=one) if isinstance(one, QueueRunnerDef) else one for one in found]
    return [thread for one in runners for thread in one.create_threads(session, coord, daemon, start)]
