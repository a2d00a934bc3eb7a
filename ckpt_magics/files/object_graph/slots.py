"""What a name belongs to: an optimizer's slot or a moving average to its variable."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from typing import NamedTuple

from ckpt_magics.files.object_graph.groups import MESH_SLOTS, MOVING_AVERAGE, OPTIMIZER_SLOT, variable_group

__all__ = ["AVERAGE", "Slot", "owner_of", "slot_of", "slots_of"]

AVERAGE = "/ExponentialMovingAverage"
_ENDINGS = (AVERAGE, *MESH_SLOTS)
"""What tells a variable that need not be there itself."""


class Slot(NamedTuple):
    """A name taken apart around the name of its variable.

    Attributes:
        variable: The variable's name; the variable itself need not be there.
        before: What stands before it.
        after: What stands after it.
    """

    variable: str
    before: str
    after: str


def slot_of(name: str, names: Container[str]) -> Slot | None:
    """Return what a name belongs to; None if it is a variable of its own.

    Of the names in it that are there, the longest is the variable's, and of these the first. Where none is, an ending
    that only slots and averages have tells what the variable is called.

    >>> slot_of("Adam/head/w/m", {"w", "head/w"})
    Slot(variable='head/w', before='Adam/', after='/m')
    >>> slot_of("w/ExponentialMovingAverage", {})
    Slot(variable='w', before='', after='/ExponentialMovingAverage')
    """
    ended = _by_ending(name)
    if ended is not None and ended.variable in names:
        return ended
    return next((slot for slot in _around(name) if slot.variable in names), ended)


def owner_of(name: str, names: Container[str]) -> str | None:
    """Return the variable among some names to which another belongs, as a slot or because it lies below it.

    >>> owner_of("Adam/head/w/m", {"w", "head/w"}), owner_of("head/w", {"w", "head/w"})
    ('head/w', None)
    """
    slot = slot_of(name, names)
    return slot.variable if slot is not None and slot.variable in names else None


def slots_of(names: Collection[str]) -> dict[str, Slot]:
    """Return what each name that belongs to a variable belongs to.

    >>> slots_of(["w", "training/Adam/w/m"])
    {'training/Adam/w/m': Slot(variable='w', before='training/Adam/', after='/m')}
    """
    known = set(names)
    found = ((name, slot_of(name, known)) for name in names)
    return {name: slot for name, slot in found if slot is not None}


def _by_ending(name: str) -> Slot | None:
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
    variable = name.removesuffix(ending)
    return Slot(variable, "", ending) if ending and variable else None


def _around(name: str) -> Iterator[Slot]:
    """A name taken apart around each run of its parts that its variable may be called, the longest first."""
    bounds = [-1, *(at for at, sign in enumerate(name) if sign == "/"), len(name)]
    group = variable_group(name)
    for size in range(len(bounds) - 2, 0, -1):
        # An optimizer's own name may stand before the variable, and its word for the slot before or behind. An average
        # has its word behind: ``net/bn/moving_mean`` is none of ``bn/moving_mean``.
        starts = len(bounds) - size - (group == MOVING_AVERAGE) if group in {OPTIMIZER_SLOT, MOVING_AVERAGE} else 1
        for start in range(starts):
            first, end = bounds[start] + 1, bounds[start + size]
            if first < end:
                yield Slot(name[first:end], name[:first], name[end:])
