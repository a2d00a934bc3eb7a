"""What a name belongs to: an optimizer's slot or a moving average to its variable."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from ckpt_magics.files.object_graph.groups import OPTIMIZER_SLOT, variable_group

__all__ = ["AVERAGE", "Slot", "slots_of"]

_MESH = re.compile(r"(.+)(_slot_\w+)", re.DOTALL)
_AVERAGE = re.compile(r"(.+)(/ExponentialMovingAverage)(:0)?", re.DOTALL)
AVERAGE = "/ExponentialMovingAverage"


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


def slots_of(names: Collection[str]) -> dict[str, Slot]:
    """Return what each name that belongs to a variable belongs to.

    >>> slots_of(["w", "training/Adam/w/m"])
    {'training/Adam/w/m': Slot(variable='w', before='training/Adam/', after='/m')}
    """
    known = set(names)
    found = ((name, _slot(name, known)) for name in names)
    return {name: slot for name, slot in found if slot is not None}


def _slot(name: str, known: set[str]) -> Slot | None:
    ends = [at for at, sign in enumerate(name) if sign == "/" and at]
    for end in reversed(ends):
        if name[:end] in known:
            return Slot(name[:end], "", name[end:])
    ended = _AVERAGE.fullmatch(name) or _MESH.fullmatch(name)
    if ended is not None:
        return Slot(ended[1], "", name[len(ended[1]) :])
    if variable_group(name) != OPTIMIZER_SLOT:
        return None
    inner = ((start + 1, end) for start in ends for end in [len(name), *reversed(ends)] if end > start + 1)
    return next((Slot(name[a:b], name[:a], name[b:]) for a, b in inner if name[a:b] in known), None)
