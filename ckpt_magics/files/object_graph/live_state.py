"""What an object of a program saves that is not one variable alone: a table, an iterator, a string of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.tensor_slice import parse_shape_and_slice
from ckpt_magics.files.tensors.source import Array

__all__ = ["LiveState", "StatePart", "whole_parts"]


@dataclass(frozen=True, slots=True, eq=False)
class StatePart:
    """One tensor of a state, or one slice of it.

    Attributes:
        attribute: What the object calls the value, which the graph of objects has.
        suffix: What the key of the tensor has behind that of the value: ``-keys`` of the value ``table``.
        dtype: Of the elements.
        array: They.
        shape_and_slice: Empty for a whole tensor, else full shape and slice as in ``4 3 0,2:-``.
    """

    attribute: str
    suffix: str
    dtype: DType
    array: Array
    shape_and_slice: str = ""

    @property
    def name(self) -> str:
        """What stands in the key behind the path of the object."""
        return self.attribute + self.suffix


class LiveState(Protocol):
    """The state of one object."""

    @property
    def full_name(self) -> str:
        """Name in a graph; empty for none."""
        ...

    @property
    def attributes(self) -> Sequence[str]:
        """What the object calls its values."""
        ...

    @property
    def is_last(self) -> bool:
        """Whether it is stored behind what others save."""
        ...

    def read(self) -> list[StatePart]:
        """Return the state as it is now."""
        ...

    def assign(self, values: Mapping[str, Array]) -> None:
        """Give the object a state.

        Args:
            values: All its tensors, whole, by `StatePart.name`.
        """
        ...


def whole_parts(state: LiveState) -> list[StatePart]:
    """Return the tensors of a state as it is now, slices put together."""
    parts: dict[str, StatePart] = {}
    for part in state.read():
        if not part.shape_and_slice:
            parts[part.name] = part
            continue
        shape, place, _ = parse_shape_and_slice(part.shape_and_slice)
        if part.name not in parts:
            whole: Array = np.empty(shape, part.array.dtype)
            parts[part.name] = replace(part, array=whole, shape_and_slice="")
        parts[part.name].array[place.resolve(shape)] = part.array
    return list(parts.values())
