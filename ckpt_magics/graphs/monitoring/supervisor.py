"""A session that goes on from the latest checkpoint, and threads beside it that save and note summaries.

Format: tensorflow/python/training/supervisor.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ckpt_magics.files.storage.place import AnyPath, name_of, place_of
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.meta_graph.graph_files import write_message
from ckpt_magics.graphs.monitoring.coordinator import Coordinator, start_queue_runners
from ckpt_magics.graphs.monitoring.session_manager import SessionManager
from ckpt_magics.graphs.nodes.build import group
from ckpt_magics.graphs.nodes.summaries import merge_all
from ckpt_magics.graphs.programs.file_writer import FileWriter
from ckpt_magics.graphs.saver.saver import Saver
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.graphs.variables.initialization import (
    get_global_step,
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from ckpt_magics.proto.messages import SessionLog

__all__ = ["Supervisor"]

Node = Any
"""An operation, a tensor or None."""

USE_DEFAULT: Any = 0
"""Stands for what the graph's collections have, or what is made."""


class Supervisor:
    """Makes the session of a training, and saves while it runs.

    Args:
        graph: The graph. Default: the default graph.
        ready_op: Names of the variables without a value.
        ready_for_local_init_op: The same, before the local variables get theirs.
        is_chief: Whether it gives variables their values; others wait for them.
        init_op: Gives the global variables their first values.
        init_feed_dict: What to feed it.
        local_init_op: Gives the local variables their first values.
        logdir: Where checkpoints and the event file are.
        summary_op: Summary that is noted now and then.
        saver: Saves and restores.
        global_step: The global step.
        save_summaries_secs: Seconds between two summaries, 0 for none.
        save_model_secs: Seconds between two checkpoints, 0 for none.
        recovery_wait_secs: Seconds between two looks whether there is a checkpoint.
        stop_grace_secs: How long threads have to end.
        checkpoint_basename: Name of the checkpoints.
        session_manager: Makes the session.
        summary_writer: Writes the event file.
        init_fn: Called with the session after ``init_op``.
        local_init_run_options: Without use.
    """

    USE_DEFAULT = USE_DEFAULT

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        graph: Graph | None = None,
        ready_op: Node = USE_DEFAULT,
        ready_for_local_init_op: Node = USE_DEFAULT,
        is_chief: bool = True,
        init_op: Node = USE_DEFAULT,
        init_feed_dict: Node = None,
        local_init_op: Node = USE_DEFAULT,
        logdir: AnyPath | None = None,
        summary_op: Node = USE_DEFAULT,
        saver: Node = USE_DEFAULT,
        global_step: Node = USE_DEFAULT,
        save_summaries_secs: float = 120,
        save_model_secs: float = 600,
        recovery_wait_secs: float = 30,
        stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt",
        session_manager: SessionManager | None = None,
        summary_writer: Node = USE_DEFAULT,
        init_fn: Callable[[Session], object] | None = None,
        local_init_run_options: object = None,  # noqa: ARG002 -- nothing in them applies here
    ) -> None:
        self._graph = graph or get_default_graph()
        with self._graph.as_default():
            self.ready_op = _found(ready_op, GraphKeys.READY_OP, report_uninitialized_variables)
            self.ready_for_local_init_op = _found(
                ready_for_local_init_op, GraphKeys.READY_FOR_LOCAL_INIT_OP, lambda: None
            )
            self.init_op = _found(init_op, GraphKeys.INIT_OP, global_variables_initializer)
            self.local_init_op = _found(local_init_op, GraphKeys.LOCAL_INIT_OP, _local_init)
            self.saver = _found(saver, GraphKeys.SAVERS, lambda: Saver() if global_variables() else None)
            self.summary_op = _found(summary_op, GraphKeys.SUMMARY_OP, merge_all)
            self.global_step = get_global_step() if global_step is USE_DEFAULT else global_step
        self.is_chief = is_chief
        self.coord = Coordinator()
        self._logdir = None if logdir is None or not is_chief else name_of(logdir)
        self.save_path = None if self._logdir is None else (place_of(self._logdir) / checkpoint_basename).name
        self.summary_writer = summary_writer
        if summary_writer is USE_DEFAULT:
            self.summary_writer = None if self._logdir is None else FileWriter(self._logdir)
        self.save_summaries_secs, self.save_model_secs = save_summaries_secs, save_model_secs
        self._grace = stop_grace_secs
        self._init = {"init_feed_dict": init_feed_dict, "init_fn": init_fn}
        self.session_manager = session_manager or SessionManager(
            self.local_init_op, self.ready_op, self.ready_for_local_init_op, self._graph, recovery_wait_secs
        )
        self._graph.finalize()

    def prepare_or_wait_for_session(
        self,
        master: str = "",
        config: object = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Session:
        """Return a session whose variables have values; the chief gives them, others wait."""
        self.coord.clear_stop()
        if not self.is_chief:
            return self.session_manager.wait_for_session(master, config, max_wait_secs)
        if self.summary_writer is not None:
            self.summary_writer.reopen()
        session = self.session_manager.prepare_session(
            master,
            self.init_op,
            self.saver,
            self._logdir,
            wait_for_checkpoint=wait_for_checkpoint,
            max_wait_secs=max_wait_secs,
            config=config,
            **self._init,
        )
        self._write_graph()
        if start_standard_services:
            self.start_standard_services(session)
            self.start_queue_runners(session)
        return session

    PrepareSession = prepare_or_wait_for_session

    def _write_graph(self) -> None:
        if self._logdir is not None:
            graph_def = self._graph.as_graph_def(add_shapes=True)
            write_message(graph_def, place_of(self._logdir) / "graph.pbtxt", as_text=True)
        if self.summary_writer is not None:
            self.summary_writer.add_graph(self._graph)

    def start_standard_services(self, sess: Session) -> list[threading.Thread]:
        """Start the threads that save and note summaries; returns them.

        Raises:
            RuntimeError: It is not the chief's.
        """
        if not self.is_chief:
            raise RuntimeError(
                "Only chief supervisor can start standard services. Because only chief supervisors can write events."
            )
        if self._logdir is None:
            return []
        threads = []
        if self.global_step is not None and self.summary_writer is not None:
            self.summary_writer.add_session_log(SessionLog(status=SessionLog.START), self._step(sess))
        if self.summary_op is not None and self.summary_writer is not None and self.save_summaries_secs:
            threads.append(self.loop(self.save_summaries_secs, self._note_summary, (sess,)))
        if self.saver is not None and self.save_model_secs:
            threads.append(self.loop(self.save_model_secs, self._save, (sess,)))
        return threads

    def _step(self, session: Session) -> int:
        return int(session.run(self.global_step))

    def _note_summary(self, session: Session) -> None:
        self.summary_computed(session, session.run(self.summary_op))

    def _save(self, session: Session) -> None:
        step = None if self.global_step is None else self._step(session)
        self.saver.save(session, self.save_path, global_step=step)

    def summary_computed(self, sess: Session, summary: Any, global_step: int | None = None) -> None:  # noqa: ANN401 -- a message or bytes
        """Note a summary.

        Raises:
            RuntimeError: There is no event file.
        """
        if self.summary_writer is None:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self.global_step is not None:
            global_step = self._step(sess)
        self.summary_writer.add_summary(summary, global_step)

    def start_queue_runners(self, sess: Session, queue_runners: object = None) -> list[threading.Thread]:  # noqa: ARG002
        """Start the threads that fill the graph's queues, and return them."""
        with self._graph.as_default():
            return start_queue_runners(sess, self.coord)

    StartQueueRunners = start_queue_runners

    def loop(
        self,
        timer_interval_secs: float,
        target: Callable[..., object],
        args: Iterable[object] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> threading.Thread:
        """Start a thread that calls a function every so many seconds until all are to stop."""

        def work() -> None:
            with self.coord.stop_on_exception():
                while not self.coord.wait_for_stop(timer_interval_secs):
                    target(*(args or ()), **(kwargs or {}))

        thread = threading.Thread(target=work, daemon=True)
        self.coord.register_thread(thread)
        thread.start()
        return thread

    def stop(
        self,
        threads: Iterable[threading.Thread] | None = None,
        close_summary_writer: bool = True,
        ignore_live_threads: bool = False,
    ) -> None:
        """Stop all threads and close the event file."""
        self.coord.request_stop()
        try:
            self.coord.join(threads, self._grace, ignore_live_threads)
        finally:
            if close_summary_writer and self.summary_writer is not None:
                self.summary_writer.add_session_log(SessionLog(status=SessionLog.STOP))
                self.summary_writer.close()

    Stop = stop

    def request_stop(self, ex: object = None) -> None:
        """Ask for the end."""
        self.coord.request_stop(ex)

    def should_stop(self) -> bool:
        """Return whether the program should end."""
        return self.coord.should_stop()

    ShouldStop = should_stop

    def stop_on_exception(self) -> AbstractContextManager[None]:
        """Ask for the end where the ``with`` block ends by an error."""
        return self.coord.stop_on_exception()

    def wait_for_stop(self) -> None:
        """Wait until somebody asks for the end."""
        self.coord.wait_for_stop()

    @contextmanager
    def managed_session(
        self,
        master: str = "",
        config: object = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Session]:
        """Yield the session; afterwards stop all threads, save nothing more, and close it.

        An error that ends a thread, or the block, without harm is swallowed; see `Coordinator`.
        """
        session = self.prepare_or_wait_for_session(master, config, start_standard_services=start_standard_services)
        try:
            with self.coord.stop_on_exception():
                yield session
            self.coord.raise_requested_exception()
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                session.close()


def _found(given: Node, key: str, make: Callable[[], Node]) -> Node:
    """Return what is given, or the first item of a collection, or a new one, which goes into it."""
    if given is not USE_DEFAULT:
        return given
    graph = get_default_graph()
    items = graph.get_collection(key)
    if items:
        return items[0]
    made = make()
    if made is not None:
        graph.add_to_collection(key, made)
    return made


def _local_init() -> Node:
    return group(local_variables_initializer())
