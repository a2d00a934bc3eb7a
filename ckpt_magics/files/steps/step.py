"""What a step is: a row with its words and what it does, and a use of it with the entries that it was given."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, visible
from ckpt_magics.files.steps.stepped_tensors import SteppedTensors

__all__ = ["Sides", "Step", "StepKind", "at_first", "at_last", "whole_numbers"]

Sides = tuple[str, ...]
"""An entry of a step, taken apart: a pattern alone, or what stands on either side of its ``=``."""


@dataclass(frozen=True, slots=True)
class StepKind:
    """A step that people may ask for: the option of a line, the key in a recipe, and the help follow from it.

    Attributes:
        word: What it is called: ``transpose`` is ``--transpose`` in a line.
        fields: What the sides of an entry are called where it is a table, in a recipe; none of a step without entries.
        metavar: An entry as the help shows it.
        text: What it does, for the help.
        apply: Does it, reading nothing.
        split: Takes an entry apart that was given as text.
        may_be_bare: Whether it can do without entries.
        makes_objects: Whether its names are paths of objects anew, whatever held the values before.
    """

    word: str
    fields: tuple[str, ...]
    metavar: str
    text: str
    apply: Callable[[SteppedTensors, Step], SteppedTensors]
    split: Callable[[str], Sides] = lambda text: (text,)
    may_be_bare: bool = False
    makes_objects: bool = False

    def given(
        self, entries: Sequence[str | Sides], *, may_miss: bool = False, variables: Mapping[str, Any] | None = None
    ) -> Step:
        """Return a use of this step.

        Args:
            entries: As text, or taken apart.
            may_miss: Whether an entry may match nothing.
            variables: What an entry may name besides tensors, by name.

        Raises:
            InvalidArgumentError: An entry has no or an empty side.
        """
        return Step(self, tuple(map(self._sides, entries)), may_miss, variables or {})

    def _sides(self, entry: str | Sides) -> Sides:
        sides = self.split(entry) if isinstance(entry, str) else entry
        if len(sides) != len(self.fields) or not all(sides):
            text = "=".join(sides) if isinstance(entry, tuple) else entry
            raise InvalidArgumentError(f"{visible(text)!r} is nothing for --{self.word}, which takes {self.metavar}")
        return sides


@dataclass(frozen=True, slots=True)
class Step:
    """A step with what it was given.

    Attributes:
        kind: Which step.
        entries: What it is to do, taken apart.
        may_miss: Whether an entry may match nothing.
        variables: What an entry may name besides tensors.
    """

    kind: StepKind
    entries: tuple[Sides, ...] = ()
    may_miss: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return " ".join([f"--{self.kind.word}", *(shlex.quote("=".join(sides)) for sides in self.entries)])

    @property
    def patterns(self) -> list[str]:
        """The entries of a step that has one side each."""
        return [sides[0] for sides in self.entries]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The entries of a step that has two sides each."""
        return [(sides[0], sides[1]) for sides in self.entries]

    def apply(self, tensors: SteppedTensors) -> SteppedTensors:
        """Return what the step makes of tensors, of which none is read yet.

        Raises:
            InvalidArgumentError: An entry is malformed, matches nothing, or does not fit a tensor; or two tensors
                would get one name.
        """
        try:
            return self.kind.apply(tensors, self)
        except CheckpointError as error:
            error.hint = " ".join(filter(None, [f"It is {self} that asks for it.", error.hint or ""]))
            raise


def at_first(text: str) -> Sides:
    """Take an entry apart at its first ``=``."""
    left, _, right = text.partition("=")
    return left, right


def at_last(text: str) -> Sides:
    """Take an entry apart at its last ``=``, since a pattern may have one."""
    left, _, right = text.rpartition("=")
    return left, right


def whole_numbers(text: str, what: str) -> list[int]:
    """Return the numbers of ``1,0,-2``.

    Raises:
        InvalidArgumentError: It is something else.
    """
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise InvalidArgumentError(f"{visible(text)!r} is no {what}, which are whole numbers such as 1,0") from None
