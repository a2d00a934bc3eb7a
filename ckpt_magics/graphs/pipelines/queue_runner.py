"""Threads that fill a queue.

Format: tensorflow/python/training/queue_runner_impl.py; QueueRunnerDef.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from ckpt_magics.errors import CheckpointError, OutOfRangeError
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.names import prepend_scope, strip_scope
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.nodes.queues import Queue
from ckpt_magics.proto.messages import QueueRunnerDef

__all__ = ["QueueRunner", "add_queue_runner"]

_LOG = logging.getLogger("ckpt_magics")

Errors = tuple[type[CheckpointError], ...]


class QueueRunner:
    """What fills a queue: each of some operations in a thread, again and again.

    Args:
        queue: The queue.
        enqueue_ops: What fills it.
        close_op: What closes it when all of them have ended; made where it is not given.
        cancel_op: What closes it when everything is to stop.
        queue_closed_exception_types: Errors by which an operation ends without harm. Default: the end of the data.
        queue_runner_def: The same as a message, whose nodes are in the default graph.
        import_scope: Scope that these were imported into.

    Raises:
        ValueError: Something is missing, or told twice.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        queue: Queue | None = None,
        enqueue_ops: Sequence[Any] | None = None,
        close_op: Operation | None = None,
        cancel_op: Operation | None = None,
        queue_closed_exception_types: Errors | None = None,
        queue_runner_def: QueueRunnerDef | None = None,
        import_scope: str | None = None,
    ) -> None:
        if queue_runner_def is not None:
            if queue is not None or enqueue_ops is not None:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._read(queue_runner_def, import_scope or "")
        elif queue is None or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        else:
            self.name = queue.name
            self.enqueue_ops = list(enqueue_ops)
            self.close_op = close_op or queue.close()
            self.cancel_op = cancel_op or queue.close(cancel_pending_enqueues=True)
        self.queue = queue
        self.queue_closed_exception_types = queue_closed_exception_types or (OutOfRangeError,)
        self.exceptions_raised: list[Exception] = []
        self._running: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def _read(self, message: QueueRunnerDef, scope: str) -> None:
        graph = get_default_graph()
        self.name = prepend_scope(message.queue_name, scope).partition(":")[0]
        self.enqueue_ops = [graph.as_graph_element(prepend_scope(name, scope)) for name in message.enqueue_op_name]
        self.close_op = graph.get_operation_by_name(prepend_scope(message.close_op_name, scope))
        self.cancel_op = graph.get_operation_by_name(prepend_scope(message.cancel_op_name, scope))

    def to_proto(self, export_scope: str | None = None) -> QueueRunnerDef | None:
        """Return the same as a message, or None if it is not in a scope that is exported."""
        if export_scope and not self.name.startswith(export_scope):
            return None
        return QueueRunnerDef(
            queue_name=strip_scope(self.name, export_scope),
            enqueue_op_name=[strip_scope(op.name, export_scope) for op in self.enqueue_ops],
            close_op_name=strip_scope(self.close_op.name, export_scope),
            cancel_op_name=strip_scope(self.cancel_op.name, export_scope),
            queue_closed_exception_types=[kind.error_code for kind in self.queue_closed_exception_types],
        )

    @staticmethod
    def from_proto(queue_runner_def: QueueRunnerDef, import_scope: str | None = None) -> QueueRunner:
        """Return what a message says, of nodes in the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)

    def create_threads(
        self,
        sess: Any,  # noqa: ANN401 -- a session
        coord: Any = None,  # noqa: ANN401 -- a coordinator
        daemon: bool = False,
        start: bool = False,
    ) -> list[threading.Thread]:
        """Return threads that fill the queue in a session, none where some do already.

        They end with the data, when a coordinator asks for it, and when the session is closed.

        Args:
            sess: The session.
            coord: Who asks for the end, and is told of errors.
            daemon: Whether the process may end without them.
            start: Whether to start them.
        """
        with self._lock:
            if self._running.get(sess, 0) > 0:
                return []
            self._running[sess] = len(self.enqueue_ops)
            self.exceptions_raised = []
        name = f"QueueRunnerThread-{self.name}-"
        threads = [
            threading.Thread(target=self._run, args=(sess, op, coord), name=f"{name}{op.name}")
            for op in self.enqueue_ops
        ]
        if coord is not None:
            arguments = (sess, coord)
            threads.append(threading.Thread(target=self._close_on_stop, args=arguments, name=f"{name}close_on_stop"))
        for thread in threads:
            if coord is not None:
                coord.register_thread(thread)
            thread.daemon = daemon
            if start:
                thread.start()
        return threads

    def _run(self, sess: Any, enqueue_op: Any, coord: Any) -> None:  # noqa: ANN401 -- as create_threads
        try:
            while coord is None or not coord.should_stop():
                sess.run(enqueue_op)
        except self.queue_closed_exception_types:
            self._end_one(sess)
        except Exception as error:  # noqa: BLE001 -- whatever the operations do
            self._note(sess, error, coord)
            self._end_one(sess, closes=False)
        else:
            self._end_one(sess, closes=False)

    def _end_one(self, sess: Any, closes: bool = True) -> None:  # noqa: ANN401
        with self._lock:
            self._running[sess] -= 1
            is_last = not self._running[sess]
        if is_last and closes:
            self._run_quietly(sess, self.close_op)

    def _note(self, sess: Any, error: Exception, coord: Any) -> None:  # noqa: ANN401
        if sess.closed:
            return  # it was closed under the thread, which is how a program ends it
        if coord is not None:
            coord.request_stop(error)
            return
        _LOG.error("Exception in QueueRunner: %s", error)
        with self._lock:
            self.exceptions_raised.append(error)

    def _close_on_stop(self, sess: Any, coord: Any) -> None:  # noqa: ANN401
        while not coord.wait_for_stop(1) and not sess.closed:
            pass
        self._run_quietly(sess, self.cancel_op)

    def _run_quietly(self, sess: Any, operation: Operation) -> None:  # noqa: ANN401
        try:
            if not sess.closed:
                sess.run(operation)
        except (CheckpointError, RuntimeError) as error:
            _LOG.debug("ignored while a queue is closed: %s", error)


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Let `start_queue_runners` start what fills a queue."""
    get_default_graph().add_to_collection(collection, qr)
