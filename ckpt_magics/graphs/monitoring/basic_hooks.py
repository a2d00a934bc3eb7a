"""The hooks of ``tf.train``: saving, stopping, logging, and watching for what is no number.

Format: tensorflow/python/training/basic_session_run_hooks.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ckpt_magics.files.storage.place import AnyPath, name_of, place_of
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.meta_graph.graph_files import write_message
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.graphs.monitoring.global_step_reads import global_step_read
from ckpt_magics.graphs.monitoring.run_hooks import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from ckpt_magics.graphs.monitoring.step_timer import SecondOrStepTimer
from ckpt_magics.graphs.programs.file_writer import FileWriter, FileWriterCache
from ckpt_magics.graphs.variables.initialization import get_global_step
from ckpt_magics.proto.messages import SessionLog, Summary

__all__ = [
    "CheckpointSaverHook",
    "CheckpointSaverListener",
    "FeedFnHook",
    "FinalOpsHook",
    "LoggingTensorHook",
    "NanLossDuringTrainingError",
    "NanTensorHook",
    "StepCounterHook",
    "StopAtStepHook",
    "SummarySaverHook",
]

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

_LOG = logging.getLogger("ckpt_magics")

Run = Any
"""A session, a scaffold, a tensor or what else programs give hooks."""

MANY_STEPS = 1_000_000
"""How many steps one run may make: whether it is time to save is asked after each."""


class StopAtStepHook(SessionRunHook):
    """Asks for the end after a number of steps, or at one.

    Args:
        num_steps: How many steps to make.
        last_step: The last step, instead.

    Raises:
        ValueError: Both or neither are given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps = num_steps
        self._last_step = last_step

    def begin(self) -> None:
        """Find the global step."""
        self._step = global_step_read("StopAtStepHook")

    def after_create_session(self, session: Run, coord: Run) -> None:  # noqa: ARG002
        """Count from the step where the session begins."""
        if self._last_step is None:
            self._last_step = int(session.run(self._step)) + (self._num_steps or 0)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:  # noqa: ARG002
        """Ask for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Ask for the end when the step is there; the run may have read the one before it."""
        last = self._last_step or 0
        if run_values.results + 1 >= last and run_context.session.run(self._step) >= last:
            run_context.request_stop()


class NanLossDuringTrainingError(RuntimeError):
    """A loss is no number."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Ends a training whose loss is no number.

    Args:
        loss_tensor: The loss.
        fail_on_nan_loss: Whether by an error, not by asking for the end.
    """

    def __init__(self, loss_tensor: Run, fail_on_nan_loss: bool = True) -> None:
        self._loss = loss_tensor
        self._fails = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:  # noqa: ARG002
        """Ask for the loss."""
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Look at it.

        Raises:
            NanLossDuringTrainingError: It is no number.
        """
        if np.isnan(run_values.results):
            _LOG.error("Model diverged with loss = NaN.")
            if self._fails:
                raise NanLossDuringTrainingError
            run_context.request_stop()


class LoggingTensorHook(SessionRunHook):
    """Logs values now and then.

    Args:
        tensors: Tensors or their names, in a list, or by the words to log them with.
        every_n_iter: After how many runs.
        every_n_secs: After how many seconds, instead.
        at_end: Also at the end.
        formatter: Function that makes the text from the values by their words.

    Raises:
        ValueError: It is not said when, or in two ways.
    """

    def __init__(
        self,
        tensors: Mapping[str, Run] | Sequence[Run],
        every_n_iter: int | None = None,
        every_n_secs: float | None = None,
        at_end: bool = False,
        formatter: Callable[[Mapping[Any, Any]], str] | None = None,
    ) -> None:
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError("either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.")
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        self._tensors = dict(tensors) if isinstance(tensors, Mapping) else {item: item for item in tensors}
        self._order = sorted(tensors) if isinstance(tensors, Mapping) else list(tensors)
        self._timer = None if only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)
        self._at_end = at_end
        self._formatter = formatter

    def begin(self) -> None:
        """Find the tensors."""
        self._runs = 0
        self._is_due = False
        self._found = {tag: get_default_graph().as_graph_element(item) for tag, item in self._tensors.items()}
        if self._timer is not None:
            self._timer.reset()

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:  # noqa: ARG002
        """Ask for the values when it is time."""
        self._is_due = self._timer is not None and self._timer.should_trigger_for_step(self._runs)
        return SessionRunArgs(self._found) if self._is_due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:  # noqa: ARG002
        """Log them."""
        if self._is_due:
            self._log(run_values.results)
        self._runs += 1

    def end(self, session: Run) -> None:
        """Log them at the end."""
        if self._at_end:
            self._log(session.run(self._found))

    def _log(self, values: Mapping[Any, Any]) -> None:
        seconds = None if self._timer is None else self._timer.update_last_triggered_step(self._runs)[0]
        if self._formatter is not None:
            _LOG.info("%s", self._formatter(values))
            return
        with np.printoptions(suppress=True):
            text = ", ".join(f"{tag} = {values[tag]}" for tag in self._order)
        _LOG.info("%s%s", text, "" if seconds is None else f" ({seconds:.3f} sec)")


class CheckpointSaverListener:
    """Does nothing; programs derive from it what is to happen before and after a hook saves."""

    def begin(self) -> None:
        """Called once before the session is made."""

    def before_save(self, session: Run, global_step_value: int) -> None:
        """Called before each save."""

    def after_save(self, session: Run, global_step_value: int) -> bool | None:
        """Called after each save; True asks for the end."""

    def end(self, session: Run, global_step_value: int) -> None:
        """Called at the end."""


class CheckpointSaverHook(SessionRunHook):
    """Saves at the beginning, now and then, and at the end.

    Args:
        checkpoint_dir: Where to.
        save_secs: After how many seconds.
        save_steps: After how many steps, instead.
        saver: The saver.
        checkpoint_basename: Name of the checkpoints.
        scaffold: Whose saver to take, instead.
        listeners: What is to happen before and after a save.
        save_graph_def: Whether graphs are written too.

    Raises:
        ValueError: Both a saver and a scaffold are given, or it is not said when.
    """

    def __init__(
        self,
        checkpoint_dir: AnyPath,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Run = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Run = None,
        listeners: Sequence[CheckpointSaverListener] | None = None,
        save_graph_def: bool = True,
    ) -> None:
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver = saver
        self._directory = name_of(checkpoint_dir)
        self._path = (place_of(checkpoint_dir) / checkpoint_basename).name
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._listeners = list(listeners or ())
        self._with_graph = save_graph_def

    def begin(self) -> None:
        """Find the global step, and open the event file."""
        self._writer = FileWriterCache.get(self._directory)
        self._step = global_step_read("CheckpointSaverHook")
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Run, coord: Run) -> None:  # noqa: ARG002
        """Write the graph, and save for the first time."""
        step = int(session.run(self._step))
        graph = get_default_graph()
        if self._with_graph:
            path = place_of(self._directory) / "graph.pbtxt"
            write_message(graph.as_graph_def(add_shapes=True), path, as_text=True)
        self._writer.add_graph(graph)
        self._writer.add_meta_graph(export_scoped_meta_graph(graph=graph)[0])
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:  # noqa: ARG002
        """Ask for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Save when it is time."""
        if not self._timer.should_trigger_for_step(int(run_values.results) + MANY_STEPS):
            return
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Run) -> None:
        """Save the last step, if it isn't saved."""
        last = int(session.run(self._step))
        if last != self._timer.last_triggered_step():
            self._save(session, last)
        for listener in self._listeners:
            listener.end(session, last)

    def _save(self, session: Run, step: int) -> bool:
        """Save; returns whether a listener asks for the end."""
        for listener in self._listeners:
            listener.before_save(session, step)
        _LOG.info("Saving checkpoints for %d into %s.", step, self._path)
        self._used_saver().save(session, self._path, global_step=step, write_meta_graph=self._with_graph)
        self._writer.add_session_log(SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=self._path), step)
        asked = [listener.after_save(session, step) for listener in self._listeners]
        return any(asked)

    def _used_saver(self) -> Run:
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            return self._scaffold.saver
        savers = get_default_graph().get_collection(GraphKeys.SAVERS)
        if len(savers) != 1:
            many = "More than one item" if savers else "No items"
            raise RuntimeError(
                f"{many} in collection {GraphKeys.SAVERS}. Please provide a saver or scaffold to the constructor."
            )
        self._saver = savers[0]
        return self._saver


class _WritingHook(SessionRunHook):
    """A hook that notes something in an event file."""

    def __init__(self, output_dir: AnyPath | None, summary_writer: FileWriter | None) -> None:
        self._output_dir = output_dir
        self._writer = summary_writer

    def begin(self) -> None:
        """Find the global step, and open the event file."""
        if self._writer is None and self._output_dir:
            self._writer = FileWriterCache.get(self._output_dir)
        self._step = global_step_read(type(self).__name__)


class StepCounterHook(_WritingHook):
    """Logs and notes how many steps are made in a second.

    Args:
        every_n_steps: After how many steps.
        every_n_secs: After how many seconds, instead.
        output_dir: Where the event file is.
        summary_writer: What writes it, instead.
    """

    def __init__(
        self,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: AnyPath | None = None,
        summary_writer: FileWriter | None = None,
    ) -> None:
        super().__init__(output_dir, summary_writer)
        self._timer = SecondOrStepTimer(every_n_secs, every_n_steps)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:  # noqa: ARG002
        """Ask for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Log and note the rate when it is time."""
        if not self._timer.should_trigger_for_step(int(run_values.results) + 1):
            return
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            seconds, steps = self._timer.update_last_triggered_step(step)
            if seconds and steps is not None:
                self._note(steps / seconds, step)

    def _note(self, rate: float, step: int) -> None:
        counted: Run = get_global_step()
        tag = f"{counted.op.name}/sec"
        if self._writer is not None:
            self._writer.add_summary(Summary(value=[Summary.Value(tag=tag, simple_value=rate)]), step)
        _LOG.info("%s: %g", tag, rate)


class SummarySaverHook(_WritingHook):
    """Notes summaries now and then.

    Args:
        save_steps: After how many steps.
        save_secs: After how many seconds, instead.
        output_dir: Where the event file is.
        summary_writer: What writes it, instead.
        scaffold: Whose summary to take.
        summary_op: The summary, or several, instead.

    Raises:
        ValueError: Both or neither of ``scaffold`` and ``summary_op`` are given, or it is not said when.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: AnyPath | None = None,
        summary_writer: FileWriter | None = None,
        scaffold: Run = None,
        summary_op: Run = None,
    ) -> None:
        super().__init__(output_dir, summary_writer)
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._summary_op = summary_op
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._next_step: int | None = None
        self._is_due = False

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:  # noqa: ARG002
        """Ask for the step, and for the summaries when it is time."""
        self._is_due = self._next_step is None or self._timer.should_trigger_for_step(self._next_step)
        wanted = self._summary_op if self._summary_op is not None else self._scaffold.summary_op
        summaries = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
        return SessionRunArgs({"step": self._step, "summaries": summaries if self._is_due else []})

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Note the summaries."""
        if self._writer is None:
            return
        step = int(run_values.results["step"]) + 1
        if self._is_due:
            step = int(run_context.session.run(self._step))
        if self._next_step is None:
            self._writer.add_session_log(SessionLog(status=SessionLog.START), step)
        if self._is_due:
            self._timer.update_last_triggered_step(step)
            for summary in run_values.results["summaries"]:
                self._writer.add_summary(summary, step)
        self._next_step = step + 1

    def end(self, session: Run) -> None:  # noqa: ARG002
        """Write what waits."""
        if self._writer is not None:
            self._writer.flush()


class FinalOpsHook(SessionRunHook):
    """Runs something at the end.

    Args:
        final_ops: What to fetch.
        final_ops_feed_dict: What to feed.

    Attributes:
        final_ops_values: Its values, from then on.
    """

    def __init__(self, final_ops: Run, final_ops_feed_dict: Run = None) -> None:
        self._fetches = final_ops
        self._feeds = final_ops_feed_dict
        self.final_ops_values: Run = None

    def end(self, session: Run) -> None:
        """Run it."""
        if self._fetches is not None:
            self.final_ops_values = session.run(self._fetches, feed_dict=self._feeds)


class FeedFnHook(SessionRunHook):
    """Feeds each run what a function returns.

    Args:
        feed_fn: The function.
    """

    def __init__(self, feed_fn: Callable[[], Mapping[Any, Any]]) -> None:
        self._feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:  # noqa: ARG002
        """Ask to be fed."""
        return SessionRunArgs(None, self._feed_fn())
