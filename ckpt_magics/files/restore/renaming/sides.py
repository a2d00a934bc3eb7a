"""The two sides of a renaming: variables by name, each with the slots and averages that belong to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ckpt_magics.files.object_graph.groups import MOVING_AVERAGE, WEIGHTS, variable_group
from ckpt_magics.files.object_graph.slots import AVERAGE, Slot, slots_of
from ckpt_magics.files.restore.renaming.fitting import Fit, Shape, fit
from ckpt_magics.files.restore.renaming.forms import Form, NamePart, form_of, plain_name
from ckpt_magics.files.restore.renaming.vocabulary import KERNEL, TABLE, leaf_role

__all__ = ["Side", "SideTensor", "SideVariable", "side_of", "suits"]


# A dot between parts, as PyTorch's names have it; the one of .OPTIMIZER_SLOT begins a part.
_DOT = re.compile(r"(?<=[^/.])\.")


@dataclass(frozen=True, slots=True)
class SideTensor:
    """A tensor that is wanted or stored.

    Attributes:
        name: Its own name.
        shape: Its shape; None for any, and None for a dimension of any length.
        family: What kind of number it has, "" for any; see `dtype_family`.
        called: The name to go by, where it has another than its own.
    """

    name: str
    shape: Shape
    family: str
    called: str = ""


@dataclass(frozen=True, slots=True)
class SideVariable:
    """A variable of a side.

    Attributes:
        key: The name that it goes by, without ``:0`` and the like.
        tensor: The tensor that has its value: its own, its moving average, or None when only slots of it are there.
        form: Its name in parts.
        role: The same with what the last part means for a last part.
        bare: The same without the last part, if that says only that it is a matrix; None otherwise.
        shape: Its shape.
        family: Its kind of number.
        group: What it is for, see `variable_group`.
        is_average: Whether the value is the moving average of a variable that is not there itself.
    """

    key: str
    tensor: SideTensor | None
    form: Form
    role: Form
    bare: Form | None
    shape: Shape
    family: str
    group: str
    is_average: bool = False

    @property
    def is_model(self) -> bool:
        """Whether it is part of the model: a weight, or a mean that a layer keeps."""
        return self.group in {WEIGHTS, MOVING_AVERAGE}

    @property
    def layer(self) -> Form:
        """The parts that name its layer."""
        return self.form[:-1]


@dataclass(frozen=True)
class Side:
    """All variables of a program or of a checkpoint.

    Attributes:
        variables: By key, in order.
        slots: Tensor by variable and what stands around its name in the slot's.
    """

    variables: Mapping[str, SideVariable]
    slots: Mapping[Slot, SideTensor]

    @cached_property
    def slots_by_variable(self) -> dict[str, list[tuple[Slot, SideTensor]]]:
        """The slots of each variable that has some."""
        found: dict[str, list[tuple[Slot, SideTensor]]] = {}
        for slot, tensor in self.slots.items():
            found.setdefault(slot.variable, []).append((slot, tensor))
        return found


def side_of(tensors: Iterable[SideTensor]) -> Side:
    """Return the variables among some tensors; two that go by one name are none, since nothing tells which is meant."""
    names = [(plain_name(tensor.called or tensor.name), tensor) for tensor in tensors]
    twice = {name for name, count in Counter(name for name, _ in names).items() if count > 1}
    named = {name: tensor for name, tensor in names if name not in twice}
    belonging = slots_of(named)
    slots = {slot: named[name] for name, slot in belonging.items()}
    own: dict[str, SideTensor | None] = {name: tensor for name, tensor in named.items() if name not in belonging}
    own |= {slot.variable: None for slot in slots if slot.variable not in named}
    drafts = [_draft(key, tensor, slots) for key, tensor in own.items()]
    return Side({variable.key: variable for variable in _with_roles(drafts)}, slots)


def _draft(key: str, tensor: SideTensor | None, slots: Mapping[Slot, SideTensor]) -> SideVariable:
    average = slots.get(Slot(key, "", AVERAGE)) if tensor is None else None
    known = tensor or average
    shape, family = (known.shape, known.family) if known is not None else (None, "")
    form = form_of(key)
    group = variable_group(_DOT.sub("/", key))
    return SideVariable(key, known, form, form, None, shape, family, group, average is not None)


def _with_roles(drafts: list[SideVariable]) -> list[SideVariable]:
    layers: dict[Form, dict[str, int | None]] = {}
    for variable in drafts:
        if variable.form:
            rank = None if variable.shape is None else len(variable.shape)
            layers.setdefault(variable.layer, {})[variable.form[-1].base] = rank
    return [_with_role(variable, layers.get(variable.layer, {})) for variable in drafts]


def _with_role(variable: SideVariable, siblings: Mapping[str, int | None]) -> SideVariable:
    if not variable.form:
        return variable
    last = variable.form[-1]
    rank = None if variable.shape is None else len(variable.shape)
    role = leaf_role(last.base, rank, siblings)
    is_matrix = role in {KERNEL, TABLE} and rank != 1 and last.number is None
    bare = variable.layer if is_matrix and variable.layer else None
    return replace(variable, role=(*variable.layer, NamePart(role, last.number)), bare=bare)


def suits(wanted: SideVariable, stored: SideVariable) -> Fit:
    """Return how a stored variable becomes the wanted one; a slot never becomes a weight, nor text a number."""
    if wanted.group != stored.group or (wanted.tensor is not None and stored.tensor is None):
        return Fit.DIFFERENT
    if wanted.family and stored.family and wanted.family != stored.family:
        return Fit.DIFFERENT
    return (
        fit(wanted.shape, tuple(length or 0 for length in stored.shape or ()))
        if stored.tensor is not None
        else Fit.SAME
    )
