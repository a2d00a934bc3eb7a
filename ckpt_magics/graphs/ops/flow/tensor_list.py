"""A list of tensors as a value: what a variant of TensorFlow's loops holds.

Format: tensorflow/core/kernels/tensor_list.h.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, fits, merge_shapes
from ckpt_magics.graphs.ops.values.constants import zeros

__all__ = ["TensorList", "known_shape"]


@dataclass(frozen=True, slots=True)
class TensorList:
    """A list of tensors.

    Attributes:
        dtype: Type of each.
        element_shape: What is known of the shape of each.
        elements: The tensors, None where there is no value yet.
        limit: How many it can have; negative for any number.
    """

    dtype: DType
    element_shape: Shape
    elements: tuple[Array | None, ...]
    limit: int = -1

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor that holds the list: it is one value."""
        return ()

    def __add__(self, other: TensorList) -> TensorList:
        """Return a list of the sums of two lists' elements; one without a value counts as zeros."""
        if len(self.elements) != len(other.elements):
            raise InvalidArgumentError(
                f"Trying to add two lists of tensors with different lengths: {len(self.elements)} and "
                f"{len(other.elements)}"
            )
        return self.with_elements(_sum(*pair) for pair in zip(self.elements, other.elements, strict=True))

    def zeros_like(self) -> TensorList:
        """Return a list with zeros for every element that has a value."""
        return self.with_elements(None if item is None else zeros(self.dtype, np.shape(item)) for item in self.elements)

    def with_elements(self, elements: Iterable[Array | None]) -> TensorList:
        """Return a list with other elements."""
        return replace(self, elements=tuple(elements))

    def check(self, value: Array) -> Array:
        """Return a value if it can be an element.

        Raises:
            InvalidArgumentError: It has another shape.
        """
        if not fits(np.shape(value), self.element_shape):
            raise InvalidArgumentError(
                f"Tried to set a tensor with incompatible shape at a list index. Item element shape: "
                f"{format_shape(np.shape(value))} list shape: {self.element_shape}"
            )
        return value

    def filled(self, asked: Shape) -> list[Array]:
        """Return the elements, zeros for those without a value."""
        shape = merge_shapes([self.element_shape, asked])
        known = next((np.shape(item) for item in self.elements if item is not None), None)
        result = []
        for item in self.elements:
            if item is not None and not fits(np.shape(item), shape):
                raise InvalidArgumentError(
                    f"Incompatible shapes in a list of tensors: {format_shape(np.shape(item))} and {shape}"
                )
            result.append(zeros(self.dtype, known_shape(shape, known)) if item is None else item)
        return result


def _sum(left: Array | None, right: Array | None) -> Array | None:
    if left is None or right is None:
        return left if right is None else right
    return np.add(left, right)


def known_shape(shape: Shape, known: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Return a shape of which everything must be known, if only by another element's."""
    merged = merge_shapes([shape, known])
    if merged is None or None in merged:
        raise InvalidArgumentError(
            f"Trying to read an uninitialized tensor, or to stack an empty list, but element_shape {shape} is not "
            "fully defined."
        )
    return tuple(size for size in merged if size is not None)
