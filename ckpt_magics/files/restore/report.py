"""What a restore did, or why it did nothing: every problem at once, and the change that makes it work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ckpt_magics.errors import TensorMismatchError, TensorNotFoundError, visible
from ckpt_magics.files.steps.transposition import axes_between, axes_text
from ckpt_magics.files.tensors.spec import Spec, dtype_text, element_count, shape_text
from ckpt_magics.tables import amount, html_lines, html_table, text_table

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
    "refusal",
]

MAX_LISTED = 20


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
        rows = self._problem_rows() if self.problems else self._rows()
        parts = [self.summary, *(f"  {line}" for line in text_table(rows)), *map(visible, self._lines())]
        if self.call:
            parts += ["This works:", *(f"  {line}" for line in self.call.splitlines())]
        return "\n".join(parts)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        columns = ("name", "problem") if self.problems else ("name", "from", "dtype", "shape", "bytes", "")
        rows = self._problem_rows(MAX_LISTED * 5) if self.problems else self._rows(MAX_LISTED * 5)
        lines = [*self._lines(), *([f"This works: {self.call}"] if self.call else [])]
        return html_table(self.summary, columns, rows, numeric={"bytes"}) + html_lines(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame: a row per tensor, with its status and, for problems, what is wrong."""
        import pandas as pd

        status = "would be restored" if self.dry_run else "restored"
        rows: list[tuple[str, str, str, str, str, str]] = [
            (t.name, status, t.stored, dtype_text(t.dtype), shape_text(t.shape), ", ".join((t.how, *t.changes)))
            for t in self.restored
        ]
        rows += [(name, "left alone", "", "", "", "") for name in self.left_alone]
        rows += [("", "unused", name, "", "", "") for name in self.unused]
        rows += [(problem.name, "problem", problem.stored, "", "", problem.text) for problem in self.problems]
        return pd.DataFrame(rows, columns=["name", "status", "stored", "dtype", "shape", "detail"])

    def _rows(self, limit: int = MAX_LISTED) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [
            (
                visible(tensor.name),
                "" if tensor.stored == tensor.name else f"← {visible(tensor.stored)}",
                dtype_text(tensor.dtype),
                shape_text(tensor.shape),
                f"{tensor.nbytes:,}",
                ", ".join((tensor.how, *tensor.changes)),
            )
            for tensor in self.restored[:limit]
        ]
        more = len(self.restored) - limit
        return [*rows, (f"… and {more:,} more", "", "", "", "", "")] if more > 0 else rows

    def _problem_rows(self, limit: int = MAX_LISTED) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [(visible(problem.name), problem.text) for problem in self.problems[:limit]]
        more = len(self.problems) - limit
        return [*rows, (f"… and {more:,} more", "")] if more > 0 else rows

    def _lines(self) -> list[str]:
        """What stands below the table."""
        kept = tuple(name for name in self.left_alone if name not in set(self.new_here))
        lists = (("Left alone", kept), ("Unused in the checkpoint", self.unused))
        remainders = [f"{title}: {_listed(names)}" for title, names in lists if names and not self.problems]
        keeps = "keeps its value" if len(self.new_here) == 1 else "keep their values"
        new = [f"New here, {keeps}: {_listed(self.new_here)}"] if self.new_here else []
        return [*remainders, *new, *self.notes, *self._choice()]

    def _choice(self) -> list[str]:
        """What the user has to choose between."""
        if not self.alternatives:
            return []
        several = len(self.alternatives) > 1
        head = (
            "Fit equally well, so nothing tells which is meant:" if several else "New here, or else this map is meant:"
        )
        return [head, *(f"  {text}" for text in self.alternatives)]


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


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(visible(name) for name in names[:MAX_LISTED])
    return shown if len(names) <= MAX_LISTED else f"{shown} … and {len(names) - MAX_LISTED:,} more"
