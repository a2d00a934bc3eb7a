"""Sessions that begin where the last one ended, and call hooks around each run.

Format: tensorflow/python/training/monitored_session.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from ckpt_magics.errors import OutOfRangeError
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.monitoring.basic_hooks import CheckpointSaverHook, StepCounterHook, SummarySaverHook
from ckpt_magics.graphs.monitoring.coordinator import Coordinator, start_queue_runners
from ckpt_magics.graphs.monitoring.run_hooks import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from ckpt_magics.graphs.monitoring.scaffold import Scaffold
from ckpt_magics.graphs.monitoring.session_manager import SessionManager
from ckpt_magics.graphs.session.session import Session

__all__ = [
    "ChiefSessionCreator",
    "MonitoredSession",
    "MonitoredTrainingSession",
    "SingularMonitoredSession",
    "WorkerSessionCreator",
]

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

USE_DEFAULT: Any = object()
"""Stands for what an argument is if the one beside it isn't given either."""

Feeds = Mapping[Any, Any] | None


class ChiefSessionCreator:
    """Makes the session that gives variables their values.

    Args:
        scaffold: What it needs to begin. Default: what the graph has.
        master: Without use but an empty one.
        config: As a session's.
        checkpoint_dir: Where the checkpoint may be that it goes on from.
        checkpoint_filename_with_path: The checkpoint, instead.
    """

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: object = None,
        checkpoint_dir: AnyPath | None = None,
        checkpoint_filename_with_path: AnyPath | None = None,
    ) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._directory = checkpoint_dir
        self._checkpoint = checkpoint_filename_with_path

    def _manager(self) -> SessionManager:
        parts = self._scaffold.finalize()
        return SessionManager(
            parts.local_init_op,
            parts.ready_op,
            parts.ready_for_local_init_op,
            get_default_graph(),
            local_init_feed_dict=parts.local_init_feed_dict,
        )

    def create_session(self) -> Session:
        """Return the session."""
        manager, parts = self._manager(), self._scaffold
        return manager.prepare_session(
            self._master,
            parts.init_op,
            parts.saver,
            self._directory,
            self._checkpoint,
            config=self._config,
            init_feed_dict=parts.init_feed_dict,
            init_fn=parts.init_fn,
        )


class WorkerSessionCreator(ChiefSessionCreator):
    """Makes a session that waits until others have given variables their values.

    Args:
        scaffold: What it needs to begin. Default: what the graph has.
        master: Without use but an empty one.
        config: As a session's.
        max_wait_secs: How long to wait at most.
    """

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: object = None,
        max_wait_secs: float = 1800,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> Session:
        """Return the session."""
        return self._manager().wait_for_session(self._master, self._config, self._max_wait_secs)


class MonitoredSession:
    """A session that calls hooks around each run, and ends without an error when the data does.

    Args:
        session_creator: Makes the session. Default: `ChiefSessionCreator`.
        hooks: The hooks.
        stop_grace_period_secs: How long threads have to end.
    """

    def __init__(
        self,
        session_creator: ChiefSessionCreator | None = None,
        hooks: Sequence[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._was_finalized = get_default_graph().finalized
        self._hooks = list(hooks or ())
        for hook in self._hooks:
            hook.begin()
        self._grace = stop_grace_period_secs
        self._coordinator = Coordinator(clean_stop_exception_types=())
        self._session: Session | None = (session_creator or ChiefSessionCreator()).create_session()
        self._stops = False
        start_queue_runners(self._session, self._coordinator)
        for hook in self._hooks:
            hook.after_create_session(self._session, self._coordinator)

    @property
    def graph(self) -> Graph | None:
        """The session's graph, None once it is closed."""
        return None if self._session is None else self._session.graph

    def should_stop(self) -> bool:
        """Return whether the program should end: a hook or a thread has asked for it, or the session is closed."""
        return self._session is None or self._stops or self._coordinator.should_stop()

    def run(
        self,
        fetches: Any,  # noqa: ANN401 -- as Session's
        feed_dict: Feeds = None,
        options: object = None,
        run_metadata: object = None,
    ) -> Any:  # noqa: ANN401
        """Run as `Session.run` does, with what hooks ask for.

        Raises:
            RuntimeError: The session is closed, should stop, or two feed the same.
        """
        session = self._open()
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), session)
        wanted: dict[SessionRunHook, Any] = {}
        feeds: dict[Any, Any] = {}
        for hook in self._hooks:
            asked = hook.before_run(context)
            if asked is None:
                continue
            if asked.fetches is not None:
                wanted[hook] = asked.fetches
            _check_apart(feeds, asked.feed_dict, "Same tensor is fed by two hooks.")
            feeds.update(asked.feed_dict or {})
        _check_apart(feed_dict, feeds, "Same tensor is fed by a SessionRunHook and user.")
        both = {"caller": fetches, "hooks": list(wanted.values())}
        results = session.run(both, {**feeds, **(feed_dict or {})}, options, run_metadata)
        given = dict(zip(wanted, results["hooks"], strict=True))
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(given.get(hook), options, run_metadata))
        self._stops = self._stops or context.stop_requested
        return results["caller"]

    def run_step_fn(self, step_fn: Callable[[StepContext], Any]) -> Any:  # noqa: ANN401 -- whatever it returns
        """Call a function with the session itself, and with runs that call hooks."""
        return step_fn(StepContext(self._open(), self.run))

    def _open(self) -> Session:
        if self._session is None:
            raise RuntimeError("Session is already closed.")
        return self._session

    def close(self) -> None:
        """Let hooks end, and close the session."""
        self._close(None)

    def _close(self, kind: type[BaseException] | None) -> None:
        session = self._open()
        try:
            if kind is None:
                for hook in self._hooks:
                    hook.end(session)
            self._coordinator.request_stop()
            self._coordinator.join(stop_grace_period_secs=self._grace, ignore_live_threads=True)
        finally:
            self._session = None
            session.close()
            if not self._was_finalized:
                session.graph.unfinalize()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        is_end = kind is not None and issubclass(kind, (OutOfRangeError, StopIteration))
        clean = None if is_end else kind
        self._close(clean)
        return clean is None


class StepContext:
    """What a step function is called with.

    Args:
        session: The session itself, whose runs call no hooks.
        run_with_hooks: Runs with hooks.
    """

    def __init__(self, session: Session, run_with_hooks: Callable[..., Any]) -> None:
        self.session = session
        self.run_with_hooks = run_with_hooks

    @staticmethod
    def request_stop() -> None:
        """End the loop by a StopIteration, which the monitored session takes for the end."""
        raise StopIteration("step_fn has requested the iterations to stop.")


MonitoredSession.StepContext = StepContext  # type: ignore[attr-defined]  # where programs find it


class SingularMonitoredSession(MonitoredSession):
    """A monitored session whose session can be had; see `MonitoredSession` and `ChiefSessionCreator`."""

    def __init__(
        self,
        hooks: Sequence[SessionRunHook] | None = None,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: object = None,
        checkpoint_dir: AnyPath | None = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: AnyPath | None = None,
    ) -> None:
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, stop_grace_period_secs)

    def raw_session(self) -> Session | None:
        """Return the session itself."""
        return self._session


def MonitoredTrainingSession(  # noqa: N802 -- TensorFlow's name
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: AnyPath | None = None,
    scaffold: Scaffold | None = None,
    hooks: Sequence[SessionRunHook] | None = None,
    chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: float | None = USE_DEFAULT,
    save_summaries_steps: int | None = USE_DEFAULT,
    save_summaries_secs: float | None = USE_DEFAULT,
    config: object = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: int | None = USE_DEFAULT,
    summary_dir: AnyPath | None = None,
    save_graph_def: bool = True,
) -> MonitoredSession:
    """Return a session for a training: it goes on from the latest checkpoint, saves, and notes summaries.

    Args:
        master: Without use but an empty one.
        is_chief: Whether it gives variables their values; others wait for them.
        checkpoint_dir: Where checkpoints are.
        scaffold: What the session needs to begin. Default: what the graph has.
        hooks: Hooks.
        chief_only_hooks: Hooks of the chief alone, called first.
        save_checkpoint_secs: Seconds between two checkpoints. Default: 600, unless steps are given.
        save_summaries_steps: Steps between two summaries. Default: 100, unless seconds are given.
        save_summaries_secs: Seconds between two summaries.
        config: As a session's.
        stop_grace_period_secs: How long threads have to end.
        log_step_count_steps: Steps between two lines about the rate.
        max_wait_secs: How long others wait for the chief.
        save_checkpoint_steps: Steps between two checkpoints.
        summary_dir: Where the event file is. Default: ``checkpoint_dir``.
        save_graph_def: Whether graphs are written with checkpoints.
    """
    parts = scaffold or Scaffold()
    if not is_chief:
        return MonitoredSession(
            WorkerSessionCreator(parts, master, config, max_wait_secs), hooks, stop_grace_period_secs
        )
    all_hooks = list(chief_only_hooks or ())
    directory = summary_dir or checkpoint_dir
    if directory and log_step_count_steps:
        all_hooks.append(StepCounterHook(log_step_count_steps, output_dir=directory))
    steps, seconds = _one_of(save_summaries_steps, save_summaries_secs, (100, None))
    if directory and (steps or seconds):
        all_hooks.append(SummarySaverHook(steps, seconds, directory, scaffold=parts))
    steps, seconds = _one_of(save_checkpoint_steps, save_checkpoint_secs, (None, 600))
    if checkpoint_dir and (steps or seconds):
        all_hooks.append(
            CheckpointSaverHook(checkpoint_dir, seconds, steps, scaffold=parts, save_graph_def=save_graph_def)
        )
    creator = ChiefSessionCreator(parts, master, config, checkpoint_dir)
    return MonitoredSession(creator, [*all_hooks, *(hooks or ())], stop_grace_period_secs)


def _one_of(steps: Any, seconds: Any, default: tuple[Any, Any]) -> tuple[Any, Any]:  # noqa: ANN401
    """Return steps and seconds, those that aren't given as None, and the default where neither is."""
    if steps is USE_DEFAULT and seconds is USE_DEFAULT:
        return default
    return None if steps is USE_DEFAULT else steps, None if seconds is USE_DEFAULT else seconds


def _check_apart(first: Feeds, second: Feeds, message: str) -> None:
    same = set(first or ()) & set(second or ())
    if same:
        raise RuntimeError(f"{message} Conflict(s): {sorted(map(str, same))}")
