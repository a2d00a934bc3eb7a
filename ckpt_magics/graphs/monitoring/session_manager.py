"""Sessions that begin where the last one ended: from a checkpoint, or with first values.

Format: tensorflow/python/training/session_manager.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ckpt_magics.errors import FailedPreconditionError
from ckpt_magics.files.directory.state import get_checkpoint_state
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.programs.error_classes import DeadlineExceededError
from ckpt_magics.graphs.session.session import Session

__all__ = ["SessionManager"]

Node = Any
"""An operation, a tensor or None."""


class SessionManager:
    """Makes sessions whose variables all have values.

    Args:
        local_init_op: Gives the local variables their first values.
        ready_op: Names of the variables without a value; none when all is there.
        ready_for_local_init_op: The same, before the local variables get theirs.
        graph: Graph of the sessions. Default: the default graph.
        recovery_wait_secs: Seconds between two looks whether there is a checkpoint.
        local_init_run_options: Without use.
        local_init_feed_dict: What to feed ``local_init_op``.

    Raises:
        ValueError: ``ready_for_local_init_op`` comes without ``local_init_op``.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        local_init_op: Node = None,
        ready_op: Node = None,
        ready_for_local_init_op: Node = None,
        graph: Graph | None = None,
        recovery_wait_secs: float = 30,
        local_init_run_options: object = None,  # noqa: ARG002 -- nothing in them applies here
        local_init_feed_dict: Node = None,
    ) -> None:
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op , "
                f"ready_for_local_init_op [{ready_for_local_init_op}]"
            )
        self._graph = get_default_graph() if graph is None else graph
        self._local_init_op = local_init_op
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._wait = recovery_wait_secs
        self._local_feeds = local_init_feed_dict

    def prepare_session(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        master: str = "",
        init_op: Node = None,
        saver: Node = None,
        checkpoint_dir: AnyPath | None = None,
        checkpoint_filename_with_path: AnyPath | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: object = None,
        init_feed_dict: Node = None,
        init_fn: Callable[[Session], object] | None = None,
    ) -> Session:
        """Return a session with the values of the latest checkpoint, or with first values if there is none.

        Raises:
            RuntimeError: There is neither a checkpoint nor what gives first values, or some variables have none then.
            ValueError: Both a directory and a checkpoint are named.
        """
        session, is_restored = self._restored(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config
        )
        if not is_restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError("Model is not initialized and no init_op or init_fn or local_init_op was given")
            if init_op is not None:
                session.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(session)
        what = f"Init op: {getattr(init_op, 'name', init_op)}, init fn: {init_fn}"
        problem = self._local_problem(session)
        if problem:
            raise RuntimeError(f"Init operations did not make model ready for local_init.  {what}, error: {problem}")
        problem = _problem(session, self._ready_op)
        if problem:
            raise RuntimeError(
                f"Init operations did not make model ready.  {what}, local_init_op: {self._local_init_op}, "
                f"error: {problem}"
            )
        return session

    def recover_session(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        master: str = "",
        saver: Node = None,
        checkpoint_dir: AnyPath | None = None,
        checkpoint_filename_with_path: AnyPath | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: object = None,
    ) -> tuple[Session, bool]:
        """Return a session with the values of the latest checkpoint, and whether all variables have values by it."""
        session, is_restored = self._restored(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config
        )
        is_ready = not self._local_problem(session) and not _problem(session, self._ready_op)
        return session, is_restored and is_ready

    def wait_for_session(self, master: str = "", config: object = None, max_wait_secs: float = float("inf")) -> Session:
        """Return a session once all variables have values, which others give them.

        Raises:
            DeadlineExceededError: They have none in time.
        """
        end = time.monotonic() + max_wait_secs
        while True:
            session = Session(master, graph=self._graph, config=config)
            if not self._local_problem(session) and not _problem(session, self._ready_op):
                return session
            session.close()
            if time.monotonic() + self._wait > end:
                raise DeadlineExceededError(f"Session was not ready after waiting {max_wait_secs:g} secs.")
            time.sleep(self._wait)

    def _restored(  # noqa: PLR0917 -- as prepare_session's
        self,
        master: str,
        saver: Node,
        directory: AnyPath | None,
        checkpoint: AnyPath | None,
        wait: bool,
        max_wait_secs: float,
        config: object,
    ) -> tuple[Session, bool]:
        session = Session(master, graph=self._graph, config=config)
        if directory and checkpoint:
            raise ValueError("Can not provide both checkpoint_dir and checkpoint_filename_with_path.")
        if not saver or not (directory or checkpoint):
            return session, False
        if checkpoint:
            saver.restore(session, checkpoint)
            return session, True
        assert directory is not None  # noqa: S101 -- one of the two is given
        state = get_checkpoint_state(directory)
        waited = 0.0
        while state is None or not state.model_checkpoint_path:
            if not wait or waited >= max_wait_secs:
                return session, False
            time.sleep(self._wait)
            waited += self._wait
            state = get_checkpoint_state(directory)
        saver.restore(session, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return session, True

    def _local_problem(self, session: Session) -> str:
        """Give local variables their first values; returns why they can't have them yet, or an empty text."""
        if self._local_init_op is None:
            return ""
        problem = _problem(session, self._ready_for_local_init_op)
        if not problem:
            session.run(self._local_init_op, feed_dict=self._local_feeds)
        return problem


def _problem(session: Session, ready_op: Node) -> str:
    """Return which variables have no value, or an empty text."""
    if ready_op is None:
        return ""
    try:
        missing = session.run(ready_op)
    except FailedPreconditionError as error:
        return str(error)
    if missing is None or missing.dtype.kind in "iu" or not missing.size:
        return ""
    return "Variables not initialized: " + ", ".join(name.decode("utf-8", "replace") for name in missing)
