"""Which tensors a restore is about: patterns that take in or leave out, and the optimizer slots of what they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ckpt_magics.files.object_graph.slots import owner_of
from ckpt_magics.files.steps.patterns import Names, Pattern

__all__ = ["Choice", "Selection"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a selection does with names.

    Attributes:
        names: Those that it chooses, in their order.
        idle: The patterns, of both sorts, that match none.
    """

    names: list[str]
    idle: list[str]


class Selection:
    """Patterns that choose names; see `Pattern` for what they mean.

    What is left out takes its optimizer slots and moving averages along: what lies below its name (``head/w/Adam``),
    and what an optimizer keeps under its own name for it (``Adam/head/w/m``).

    Args:
        include: Patterns; none means everything.
        exclude: Patterns of what to leave out of that.
        slots: Whether what is taken in takes those along, too.

    Raises:
        InvalidArgumentError: A regular expression does not parse.

    >>> Selection(["w"], slots=True).choose(Names(["w", "w/Adam", "b"])).names
    ['w', 'w/Adam']
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = (), *, slots: bool = False) -> None:
        self._include = [Pattern(text) for text in include]
        self._exclude = [Pattern(text) for text in exclude]
        self._slots = slots

    def choose(self, names: Names) -> Choice:
        """Return what is chosen of all names in question."""
        taken, left = ([(one.text, names.matching(one)) for one in side] for side in (self._include, self._exclude))
        included = {name for _, found in taken for name in found} if self._include else set(names)
        excluded = {name for _, found in left for name in found}
        if self._slots and self._include:
            included |= _slots_of(included, names)
        excluded |= _slots_of(excluded, names)
        chosen = [name for name in names if name in included and name not in excluded]
        return Choice(chosen, [text for text, found in (*taken, *left) if not found])


def _slots_of(variables: set[str], names: Names) -> set[str]:
    """The names that belong to one of the variables, or to what belongs to it."""
    found: set[str] = set()
    for name in names if variables else ():
        owner = owner_of(name, names)
        while owner is not None and owner not in variables:
            owner = owner_of(owner, names)
        if owner is not None:
            found.add(name)
    return found
