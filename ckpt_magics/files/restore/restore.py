"""Restoring a checkpoint into a program's own objects: all of it, or nothing and a report of every reason why."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, visible
from ckpt_magics.files.directory.checkpoint_step import checkpoint_at_step
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.object_graph.named_tensors import NamedTensors, tensors_behind
from ckpt_magics.files.objects.library_errors import as_ours
from ckpt_magics.files.objects.putting import put, unchanged_without
from ckpt_magics.files.objects.ties import Tie
from ckpt_magics.files.objects.tree import Node, take_apart
from ckpt_magics.files.restore.fixes import Advice, find_advice
from ckpt_magics.files.restore.matching import NameMatching
from ckpt_magics.files.restore.order_of_layers import pairs_in_order
from ckpt_magics.files.restore.plan import Planner
from ckpt_magics.files.restore.restore_options import RestoreOptions, python_call
from ckpt_magics.files.restore.restore_report import RestoreFix, RestoreReport, refusal
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.files.storage.interrupts import uninterrupted
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.files.tensors.spec import Array
from ckpt_magics.phrasing import an, names_text

__all__ = ["RestorePlan", "plan_matched", "plan_restore", "restore_checkpoint"]

DEFAULT_OPTIONS = RestoreOptions()


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """A restore that is ready to be done, or the reasons why it cannot be.

    Attributes:
        report: What would happen: a dry run's report.
    """

    report: RestoreReport
    _planner: Planner

    def apply(self, progress: Progress | None = None, bind: Callable[[Any], None] | None = None) -> RestoreReport:
        """Read every tensor, then put all of them in place.

        Whatever goes wrong, an interrupt too, the objects are as they were before.

        Args:
            progress: Called with the bytes read so far and in all, after each tensor.
            bind: Called with the values when all are in place, to give them names; a part of the whole.

        Raises:
            TensorMismatchError, TensorNotFoundError: The plan has problems; nothing was read.
            TensorMismatchError: A value does not fit.
            TargetRefusedError: An object does not take its value.
            DataLossError: A tensor is damaged.
        """
        if self.report.problems:
            raise refusal(self.report)
        started = time.perf_counter()
        arrays = self._read(progress)
        with uninterrupted():
            values = put(self._planner.root, arrays, bind)
        seconds = time.perf_counter() - started
        return replace(self.report, dry_run=False, seconds=seconds, values=values)

    def _read(self, progress: Progress | None) -> dict[str, Array]:
        arrays: dict[str, Array] = {}
        done, total = 0, self.report.nbytes
        matching = self._planner.matching
        for match in self._planner.matches:
            name = match.tensor.name
            try:
                arrays[name] = match.value(matching.stored, matching.options)
            except CheckpointError as error:
                error.locate(tensor=name).hint = unchanged_without(name)
                raise
            except Exception as error:
                raise as_ours(error, "its values cannot be read", tensor=name, hint=unchanged_without(name)) from error
            done += match.tensor.nbytes
            if progress is not None:
                progress(done, total)
        return arrays


def plan_restore(
    source: AnyPath | Mapping[str, Any] | NamedTensors[TensorSource],
    targets: Any = None,
    options: RestoreOptions = DEFAULT_OPTIONS,
    *,
    write_call: Callable[[RestoreFix], str] | None = None,
) -> RestorePlan:
    """Work out a restore without reading a value.

    Args:
        source: A reader, or what it holds, which must stay open until the plan is applied; or a mapping of arrays; or
            a path, which is opened for good.
        targets: What to restore into; None for nothing, which is for new values only.
        options: How.
        write_call: Writes the call that works, given what has to be added; the Python call by default.

    Returns:
        The plan; its report has every problem.

    Raises:
        InvalidArgumentError: A target is nothing that can hold tensors, or the map takes a scope to a name.
    """
    stored = StoredTensors(_tensors(source, damaged=options.damaged), damaged=options.damaged)
    return plan_matched(NameMatching(stored, options), targets, write_call=write_call)


def plan_matched(
    matching: NameMatching, targets: Any = None, *, write_call: Callable[[RestoreFix], str] | None = None
) -> RestorePlan:
    """Do what `plan_restore` does, with names that are matched already."""
    places = {} if targets is None else targets
    root = take_apart(places)
    if root.leaf is not None:
        raise InvalidArgumentError(
            f"{an(root.leaf.word)} alone has no name to be restored by", hint="Give targets by name, as a dict"
        )
    _refuse_twins(root)
    if matching.options.by_order:
        pairs = pairs_in_order(matching.stored, root)
        matching = NameMatching(matching.stored, matching.options.with_pairs(pairs))
    planner = Planner(matching, root)

    def attempt(tried: RestoreOptions) -> Planner:
        # A tree of its own, since planning adds to it.
        return Planner(NameMatching(matching.stored, tried), take_apart(places), suggest=False)

    advice = find_advice(planner, attempt) if planner.problems else Advice(new_here=tuple(planner.new_here))
    call = "" if advice.fix is None else (write_call or _python_writer(matching))(advice.fix)
    return RestorePlan(_planned(planner, advice, call), planner)


def _python_writer(matching: NameMatching) -> Callable[[RestoreFix], str]:
    return lambda fix: python_call(matching.stored.origin, matching.options.with_fix(fix))


def _planned(planner: Planner, advice: Advice, call: str) -> RestoreReport:
    """The report of a plan, before anything is read."""
    stored = planner.matching.stored
    return RestoreReport(
        source=stored.origin,
        restored=() if planner.problems else tuple(match.tensor for match in planner.matches),
        left_alone=tuple(planner.left_alone),
        unused=tuple(planner.unused),
        problems=tuple(planner.problems),
        fix=advice.fix,
        call=call,
        new_here=advice.new_here,
        alternatives=advice.alternatives,
        dry_run=True,
        notes=(
            *advice.notes,
            *([stored.note] if stored.note else []),
            *_passed_over_note(planner.passed_over),
            *_damage_notes(stored.lost_names, planner.lost),
            *_tie_notes(planner.ties),
        ),
    )


def _passed_over_note(names: Sequence[str]) -> list[str]:
    """What to say of names that a pattern of the map fits and that have nothing there."""
    return [f"By their own names, the map's patterns having nothing for them: {names_text(names)}."] if names else []


def _damage_notes(lost_names: str, kept: Sequence[str]) -> list[str]:
    """What to say of a listing that is damaged, and of the places that keep their values for that."""
    if not lost_names:
        return []
    places = [f"Kept because their tensors may be lost: {names_text(kept)}."] if kept else []
    return [f"The checkpoint's listing is damaged. {lost_names}", *places]


def _refuse_twins(root: Node) -> None:
    """Refuse places of one name, of which only one could be meant."""
    name, count = max(Counter(leaf.name for leaf in root.leaves()).items(), key=lambda item: item[1], default=("", 1))
    if count > 1:
        raise InvalidArgumentError(
            f"{count} places have the name {visible(name)!r}", hint="Give each a name of its own, as for a save"
        )


def _tie_notes(ties: Sequence[Tie]) -> list[str]:
    """What to say of names that are restored into one array."""
    whats = ("One array under several names" if tie.is_one else "Arrays that share memory" for tie in ties)
    return [f"{what}: {names_text(tie.names)}." for what, tie in zip(whats, ties, strict=True)]


def restore_checkpoint(
    source: AnyPath | Mapping[str, Any],
    targets: Any = None,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
    transpose: Mapping[str, Sequence[int]] | None = None,
    step: int | None = None,
    reshape: bool = False,
    cast: bool = False,
    partial: bool = False,
    damaged: bool = False,
    slots: bool = False,
    by_order: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> RestoreReport:
    r"""Bring the values of a checkpoint back into a program's objects, all of them or none.

    Every name, shape and dtype is checked and every value is read before the first object changes. If an object then
    does not take its value, or an interrupt comes, all that were changed get back what they had.

    Args:
        source: A prefix, any file of the checkpoint, a directory (its latest), a SavedModel directory; or an open
            reader, or a mapping of names to arrays.
        targets: What to restore into: a mapping of names to objects, or a torch module, a pytree and so on. What can
            be changed in place is: arrays, tensors, variables, modules, optimizers, lists, the mapping itself. Numbers
            and immutable things are replaced in what holds them. ``None`` takes whatever has its name, a tuple
            ``(shape, dtype)`` a new array of just that. Without targets, everything is restored as new values.
        include: Names, scopes (``layer/``), globs (``*/kernel``) and regular expressions (``re:layer_[0-9]/.*``) of
            what to restore; default is all. A name takes that tensor alone, and is never read as a glob.
        exclude: The same of what to leave alone; their optimizer slots stay too.
        transpose: Where dimensions are in another order: ``{pattern: axes}``, as NumPy's ``transpose`` takes them,
            ``{"*/kernel": (1, 0)}``. It is about what the pattern matches and has that many dimensions.
        mapping: Where names differ: ``{new: old}``, also for scopes, ``{"new/": "old/"}``, with ``/`` for the root, and
            patterns, ``{"*/kernel": "*/weights"}`` or ``{"re:(.*)/kernel": r"\1/weights"}``. Never the other way round,
            which is that of TensorFlow's ``init_from_checkpoint``. An entry that takes nothing is an error.
        step: Global step, when the source is a prefix without one, or a directory.
        reshape: Permit another shape of as many elements.
        cast: Permit another numeric dtype, where every value fits. Floats are rounded to the nearest, and cut off to
            become integers. Refused are what is outside of an integer's range, NaN and infinity as integers, other
            numbers than 0 and 1 as booleans, finite floats that would become infinite or NaN, and complex numbers as
            real ones: restore their ``.real`` and ``.imag`` by hand.
        partial: Leave alone what the checkpoint does not have.
        damaged: Restore what is left of a checkpoint whose listing of tensors is damaged. Places whose tensors may be
            lost keep their values, and the report's notes name them.
        slots: Take the optimizer slots and moving averages of what ``include`` names along.
        by_order: Pair a Keras model's weights with those of a checkpoint in the order of their layers, whatever they
            are called, as for a model that was written anew. Objects have an order, names where those of layers with
            the same weights differ in numbers alone. All shapes have to agree.
        dry_run: Only say what would happen.
        progress: Called with the bytes read so far and in all.

    Returns:
        What was restored, left alone and unused; ``values`` has the objects.

    Raises:
        TensorNotFoundError: Names are not in the checkpoint. The error's ``report`` has every problem, of shape and
            dtype too, and the call that works.
        TensorMismatchError: Shapes or dtypes differ, or a value does not fit.
        TargetRefusedError: An object does not take its value: a variable whose ``assign`` raises, a
            ``load_state_dict`` that refuses, a frozen dataclass that checks. Its own error is the cause.
        CheckpointNotFoundError: There is no checkpoint.
        DataLossError: A file is damaged: a value, or the listing, so that it cannot be told what was there.

    >>> import numpy as np
    >>> saved = {"weight": np.ones((2, 3)), "biases": np.zeros(3)}
    >>> restore_checkpoint(saved).values["weight"].shape
    (2, 3)
    """
    options = RestoreOptions(
        include=include,
        exclude=exclude,
        mapping={} if mapping is None else mapping,
        transpose=transpose or {},
        reshape=reshape,
        cast=cast,
        partial=partial,
        damaged=damaged,
        slots=slots,
        by_order=by_order,
        add_new=targets is None,
    )
    with _opened(source, step, damaged=damaged) as tensors:
        plan = plan_restore(tensors, targets, options)
        if dry_run:
            return plan.report
        return plan.apply(progress)


def _opened(
    source: AnyPath | Mapping[str, Any], step: int | None, *, damaged: bool
) -> AbstractContextManager[NamedTensors[TensorSource]]:
    """The tensors to restore from; what is opened here is closed again."""
    if not isinstance(source, str | bytes | os.PathLike):
        return nullcontext(_tensors(source, damaged=damaged))
    return _tensors(source if step is None else checkpoint_at_step(place_of(source), step), damaged=damaged)


def _tensors(
    source: AnyPath | Mapping[str, Any] | NamedTensors[TensorSource], *, damaged: bool
) -> NamedTensors[TensorSource]:
    """The tensors of a path, of a reader, or of a mapping of arrays."""
    if isinstance(source, str | bytes | os.PathLike):
        return open_tensors(source, damaged=damaged)
    if isinstance(source, Mapping):
        return tensors_behind(source) or NamedTensors(ArraySource(source))
    return source
