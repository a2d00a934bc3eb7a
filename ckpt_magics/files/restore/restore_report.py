"""What a restore did, or why it did nothing: every problem at once, and the change that makes it work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ckpt_magics.errors import TensorMismatchError, TensorNotFoundError, visible
from ckpt_magics.files.steps.transposition import axes_between, axes_text
from ckpt_magics.files.tensors.spec import Spec, dtype_text, element_count, shape_text
from ckpt_magics.phrasing import amount, names_text
from ckpt_magics.report import Report, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Problem",
    "RestoreFix",
    "RestoreMismatchError",
    "RestoreNotFoundError",
    "RestoreRefusedError",
    "RestoreReport",
    "RestoredTensor",
    "problem_table",
    "refusal",
    "restore_report",
    "works_lines",
]

MAX_LISTED = 20
"""Rows of a table in text, and names of a line below it."""
MAX_HTML_ROWS = 100


@dataclass(frozen=True, slots=True)
class RestoredTensor:
    """One tensor that is restored.

    Attributes:
        name: The name in the program.
        stored: The name in the checkpoint.
        shape: The stored shape.
        dtype: The stored dtype.
        nbytes: The stored size in bytes.
        changes: What becomes of it on the way, such as ``reshaped to [1,3]``.
        how: "in place", "replaced" or "new".
    """

    name: str
    stored: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    nbytes: int
    changes: tuple[str, ...] = ()
    how: str = "new"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a restore is refused.

    Attributes:
        kind: "missing", "shape", "dtype", "pattern", "map", "transpose", "tied" or "place".
        name: The name in the program, or the pattern, or the entry of the map.
        stored: The name in the checkpoint that it was looked up under.
        spec: What the program has.
        stored_shape: The shape in the checkpoint.
        stored_dtype: The dtype in the checkpoint.
        nearest: The stored tensors that may have been meant, best first.
        text: What is wrong, in one line.
    """

    kind: str
    name: str
    stored: str
    spec: Spec
    text: str
    stored_shape: tuple[int, ...] | None = None
    stored_dtype: np.dtype[Any] | None = None
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreFix:
    """What to add to a restore to make it work: names to map or leave out, axes by pattern, permissions."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    transpose: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    reshape: bool = False
    cast: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The outcome of a restore.

    Attributes:
        source: The checkpoint.
        restored: The tensors that were restored; with ``dry_run``, those that would be.
        left_alone: Names in the program that were asked about or concerned and kept their values.
        unused: Stored tensors that went nowhere.
        problems: Why nothing was restored.
        fix: The change that makes it work, or None when there is none.
        call: The call that works, or "".
        new_here: Names in the program that the checkpoint has nothing for and that keep their values; with problems,
            those that would with ``fix``.
        alternatives: Maps that fit equally well, of which one may be meant; none of them is in ``fix``.
        seconds: How long it took.
        dry_run: Whether it was only tried.
        notes: What else the user should know, a sentence each.
        values: What is restored, by its first name: the objects that hold it.
    """

    source: str
    restored: tuple[RestoredTensor, ...] = ()
    left_alone: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    fix: RestoreFix | None = None
    call: str = ""
    new_here: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    seconds: float = 0.0
    dry_run: bool = False
    notes: tuple[str, ...] = ()
    values: Any = field(default_factory=dict, repr=False)

    @property
    def nbytes(self) -> int:
        """Bytes restored."""
        return sum(tensor.nbytes for tensor in self.restored)

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        source = visible(self.source)
        if self.problems:
            return f"Nothing was restored from {source}: {amount(len(self.problems), 'problem')}."
        verb = "would be restored" if self.dry_run else "restored"
        text = (
            f"{len(self.restored):,} {verb}, {len(self.left_alone):,} left alone, {len(self.unused):,} unused; "
            f"{self.nbytes:,} bytes from {source}"
        )
        return text if self.dry_run else f"{text} in {self.seconds:.2f} s"

    def __str__(self) -> str:
        return restore_report(self).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return restore_report(self, MAX_HTML_ROWS).html()

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame: a row per tensor, with its status and, for problems, what is wrong."""
        status = "would be restored" if self.dry_run else "restored"
        rows = [
            *((t.name, status, t.stored, dtype_text(t.dtype), shape_text(t.shape), _became(t)) for t in self.restored),
            *((name, "left alone", "", "", "", "") for name in self.left_alone),
            *(("", "unused", name, "", "", "") for name in self.unused),
            *((problem.name, "problem", problem.stored, "", "", problem.text) for problem in self.problems),
        ]
        return Table(("name", "status", "stored", "dtype", "shape", "detail"), rows).frame()


def restore_report(report: RestoreReport, at_most: int = MAX_LISTED) -> Report:
    """Return what is shown of a restore.

    Args:
        report: What it did.
        at_most: Rows of the table.
    """
    table = problem_table(report, at_most) if report.problems else _restored_table(report, at_most)
    return Report(report.summary, tables=[table], advice=[*_remarks(report), *works_lines(report)])


def problem_table(report: RestoreReport, at_most: int = MAX_LISTED) -> Table:
    """Return what stands against a restore, the first rows."""
    rows = [(problem.name, problem.text) for problem in report.problems[:at_most]]
    return Table(("name", "problem"), rows, more=len(report.problems) - len(rows), headed=False)


def works_lines(report: RestoreReport) -> list[str]:
    """Return the call that works, with a line above it; nothing if there is none."""
    return ["This works:", *(f"  {line}" for line in report.call.splitlines())] if report.call else []


def _restored_table(report: RestoreReport, at_most: int) -> Table:
    rows = [
        (
            tensor.name,
            "" if tensor.stored == tensor.name else f"← {tensor.stored}",
            dtype_text(tensor.dtype),
            shape_text(tensor.shape),
            tensor.nbytes,
            _became(tensor),
        )
        for tensor in report.restored[:at_most]
    ]
    columns = ("name", "from", "dtype", "shape", "bytes", "")
    return Table(columns, rows, more=len(report.restored) - len(rows), numeric={"bytes"}, headed=False)


def _became(tensor: RestoredTensor) -> str:
    return ", ".join((tensor.how, *tensor.changes))


def _remarks(report: RestoreReport) -> list[str]:
    """What stands below the table."""
    new_here = set(report.new_here)
    kept = [name for name in report.left_alone if name not in new_here]
    lists = () if report.problems else (("Left alone", kept), ("Unused in the checkpoint", report.unused))
    keeps = "keeps its value" if len(report.new_here) == 1 else "keep their values"
    named = [*lists, (f"New here, {keeps}", report.new_here)]
    listed = [f"{title}: {names_text(names, MAX_LISTED)}" for title, names in named if names]
    return [*listed, *report.notes, *_choice(report.alternatives)]


def _choice(alternatives: Sequence[str]) -> list[str]:
    """What the user has to choose between."""
    several = "Fit equally well, so nothing tells which is meant:"
    head = several if len(alternatives) > 1 else "New here, or else this map is meant:"
    return [head, *(f"  {text}" for text in alternatives)] if alternatives else []


class RestoreMismatchError(TensorMismatchError):
    """Stored tensors do not fit; ``report`` has every problem."""

    report: RestoreReport


class RestoreNotFoundError(TensorNotFoundError):
    """Names are not in the checkpoint; ``report`` has every problem."""

    report: RestoreReport


class RestoreRefusedError(RestoreNotFoundError, RestoreMismatchError):
    """Some names are not in the checkpoint and other tensors do not fit; ``report`` has every problem."""


def refusal(report: RestoreReport) -> RestoreMismatchError | RestoreNotFoundError:
    """Return the error to raise for a report with problems."""
    missing = [problem for problem in report.problems if problem.kind in {"missing", "pattern", "map"}]
    error: RestoreMismatchError | RestoreNotFoundError
    if not missing:
        error = RestoreMismatchError(str(report))
    else:
        kind = RestoreNotFoundError if len(missing) == len(report.problems) else RestoreRefusedError
        error = kind(str(report), name=missing[0].name, suggestions=missing[0].nearest)
    error.report = report
    return error


def shape_problem_text(spec: Spec, shape: tuple[int, ...]) -> str:
    """Say how two shapes differ, and whether a transposition or a reshape makes the one the other."""
    text = f"its shape is {shape_text(spec.shape)} here, {shape_text(shape)} in the checkpoint"
    axes = axes_between(shape, spec.shape)
    if axes is not None:
        return f"{text}; the one is the other transposed by {axes_text(axes)}"
    here, there = element_count(spec.shape), element_count(shape)
    if here is not None and here == there:
        return f"{text}; {amount(here, 'element')} in both"
    return f"{text}; {amount(here, 'element')} and {amount(there or 0, 'element')}" if here is not None else text
