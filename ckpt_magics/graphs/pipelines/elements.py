"""What the elements of a dataset are: tensors in a nesting of tuples and dicts.

Format: tensorflow/python/data/util/nest.py: unlike elsewhere, a list is no nesting but becomes a tensor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor
from ckpt_magics.graphs.nodes.structures import flatten, map_structure, pack_like

__all__ = ["ElementKind", "as_element", "leaves_up_to"]

Nesting = Any
"""Leaves in tuples and dicts."""


@dataclass(frozen=True)
class ElementKind:
    """Types and shapes of an element's tensors.

    Attributes:
        types: A nesting of DTypes.
        shapes: TensorShapes in the same nesting.
    """

    types: Nesting
    shapes: Nesting

    @classmethod
    def told(cls, types: Nesting, shapes: Nesting = None) -> ElementKind:
        """Return what types and, maybe, shapes say as programs write them."""
        types = map_structure(as_dtype, _without_lists(types))
        told = [None] * len(flatten(types)) if shapes is None else leaves_up_to(types, shapes)
        return cls(types, pack_like(types, [TensorShape(shape) for shape in told]))

    @classmethod
    def of(cls, element: Nesting) -> ElementKind:
        """Return the kind of an element that `as_element` returned."""
        return cls(
            map_structure(lambda tensor: tensor.dtype, element), map_structure(lambda tensor: tensor.shape, element)
        )

    @property
    def flat_types(self) -> list[DType]:
        """The types one after the other."""
        return flatten(self.types)

    @property
    def flat_shapes(self) -> list[TensorShape]:
        """The shapes one after the other."""
        return flatten(self.shapes)

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes that tell the kind in most nodes of datasets."""
        return {"output_types": self.flat_types, "output_shapes": self.flat_shapes}

    def with_shapes(self, shapes: Sequence[TensorShape]) -> ElementKind:
        """Return the kind with other shapes, one after the other."""
        return ElementKind(self.types, pack_like(self.types, shapes))

    def packed(self, tensors: Sequence[Any]) -> Nesting:
        """Return tensors as an element."""
        return pack_like(self.types, tensors)

    def check_fits(self, other: ElementKind, what: str) -> None:
        """Refuse elements that cannot stand in the place of these.

        Raises:
            TypeError: They are of other types or shapes, or nested otherwise.
        """
        same = self.flat_types == other.flat_types and len(self.flat_shapes) == len(other.flat_shapes)
        if not same or not all(map(TensorShape.is_compatible_with, self.flat_shapes, other.flat_shapes)):
            raise TypeError(
                f"{what}: expected elements of types {self.types} and shapes {self.shapes}, got types {other.types} "
                f"and shapes {other.shapes}"
            )


def as_element(value: Nesting) -> Nesting:
    """Return values as tensors in the same nesting; lists become tensors."""
    if isinstance(value, Mapping):
        return type(value)((key, as_element(item)) for key, item in value.items())  # type: ignore[call-arg]  # as a dict
    if isinstance(value, tuple):
        parts = [as_element(item) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return convert_to_tensor(value)


def _without_lists(structure: Nesting) -> Nesting:
    return tuple(structure) if isinstance(structure, list) else structure


def leaves_up_to(shallow: Nesting, structure: Nesting) -> list[Any]:
    """Return what stands in a structure where another one has its leaves.

    Raises:
        ValueError: The structure has other parts.
    """
    if isinstance(shallow, Mapping):
        if not isinstance(structure, Mapping) or sorted(shallow) != sorted(structure):
            raise ValueError(f"The two structures don't have the same keys: {shallow}, {structure}")
        return [leaf for key in sorted(shallow) for leaf in leaves_up_to(shallow[key], structure[key])]
    if isinstance(shallow, tuple):
        if not isinstance(structure, (tuple, list)) or len(structure) != len(shallow):
            raise ValueError(f"The two structures don't have the same number of elements: {shallow}, {structure}")
        return [leaf for part, item in zip(shallow, structure, strict=True) for leaf in leaves_up_to(part, item)]
    return [structure]
