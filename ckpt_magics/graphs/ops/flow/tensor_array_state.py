"""One array of tensors, in which a loop keeps what each iteration gives, and the arrays of gradients that belong to it.

Format: tensorflow/core/kernels/tensor_array.h.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, fits, merge_shapes
from ckpt_magics.graphs.ops.values.constants import zeros

__all__ = ["TensorArrayState", "defined_shape"]


@dataclass(slots=True)
class _Element:
    """One place of an array.

    Attributes:
        written: It was written to.
        value: What was written; None stands for zeros of ``shape``.
        shape: Shape of what was written.
        was_read: It was read.
    """

    written: bool = False
    value: Array | None = None
    shape: tuple[int, ...] = ()
    was_read: bool = False


class TensorArrayState:
    """One array of tensors.

    Args:
        dtype: Type of every element.
        size: How many there are at first.
        element_shape: What the shape of each must be.
        is_dynamic: Writing behind the end makes it longer.
        clears: What was read is forgotten.
        is_identical: All have one shape.
        adds_up: A place is written to more than once, and holds the sum, as gradients do.
    """

    def __init__(
        self,
        dtype: DType,
        size: int,
        element_shape: Shape,
        *,
        is_dynamic: bool = False,
        clears: bool = True,
        is_identical: bool = False,
        adds_up: bool = False,
    ) -> None:
        if size < 0:
            raise InvalidArgumentError(f"Size should be >= 0, but is {size}")
        self.dtype = dtype
        self.is_dynamic = is_dynamic
        self._element_shape = element_shape
        self._clears = clears
        self._is_identical = is_identical
        self._adds_up = adds_up
        self._size = size
        # Only those that something is known of: a damaged graph may ask for more than there is memory for.
        self._elements: dict[int, _Element] = {}
        self._gradients: dict[bytes, TensorArrayState] = {}

    def __len__(self) -> int:
        return self._size

    def write(self, index: int, value: Array) -> None:
        """Put a tensor into a place.

        Raises:
            InvalidArgumentError: There is no such place, it is taken, or the tensor does not fit.
        """
        element = self._place_to_write(index)
        if not fits(np.shape(value), self._element_shape):
            raise InvalidArgumentError(
                f"Could not write to TensorArray index {index} because the value shape is "
                f"{format_shape(np.shape(value))} which is incompatible with the TensorArray's inferred element shape: "
                f"{self._element_shape} (consider setting infer_shape=False)."
            )
        if self._is_identical:
            self._element_shape = np.shape(value)
        if element.written:
            value = self._sum(index, element, value)
        element.written, element.value, element.shape = True, value, np.shape(value)

    def _place_to_write(self, index: int) -> _Element:
        if self.is_dynamic:
            self._size = max(self._size, index + 1)
        if not 0 <= index < len(self):
            raise InvalidArgumentError(
                f"Tried to write to index {index} but array is not resizeable and size is: {len(self)}"
            )
        return self._elements.setdefault(index, _Element())

    def _sum(self, index: int, element: _Element, value: Array) -> Array:
        if element.was_read:
            raise InvalidArgumentError(
                f"Could not write to TensorArray index {index} because it has already been read."
            )
        if not self._adds_up:
            raise InvalidArgumentError(
                f"Could not write to TensorArray index {index} because it has already been written to."
            )
        if np.shape(value) != element.shape:
            raise InvalidArgumentError(
                f"Could not aggregate to TensorArray index {index} because the existing shape is "
                f"{format_shape(element.shape)} but the new input shape is {format_shape(np.shape(value))}."
            )
        return value if element.value is None else np.add(element.value, value)

    def read(self, index: int) -> Array:
        """Return what is in a place, zeros where nothing was written and the shape is known.

        Raises:
            InvalidArgumentError: There is no such place, or nothing in it.
        """
        if not 0 <= index < len(self):
            raise InvalidArgumentError(f"Tried to read from index {index} but array size is: {len(self)}")
        element = self._elements.setdefault(index, _Element())
        if element.was_read and self._clears:
            raise InvalidArgumentError(
                f"Could not read index {index} twice because it was cleared after a previous read (perhaps try setting "
                "clear_after_read = false?)"
            )
        value = self._zeros(index, element) if element.value is None else element.value
        element.was_read = True
        if self._clears:
            element.value = None
        return value

    def _zeros(self, index: int, element: _Element) -> Array:
        shape: Shape = element.shape if element.written else self._element_shape
        return zeros(self.dtype, defined_shape(shape, f"Could not read from TensorArray index {index}"))

    def element_shape(self, asked: Shape) -> tuple[int, ...]:
        """Return the shape of every element, for an array without any.

        Raises:
            InvalidArgumentError: It is not known.
        """
        return defined_shape(merge_shapes([self._element_shape, asked]), "TensorArray has size zero")

    def gradient(self, source: bytes, prepended: tuple[int, ...]) -> TensorArrayState:
        """Return the array that collects gradients for this one, one for each source.

        Args:
            source: Which gradient it is of several.
            prepended: Dimensions that each element has before those of this array's.
        """
        self.is_dynamic = False
        if source not in self._gradients:
            shape = None if self._element_shape is None else (*prepended, *self._element_shape)
            made = TensorArrayState(
                self.dtype, len(self), shape, clears=self._clears, is_identical=self._is_identical, adds_up=True
            )
            made._elements = {
                index: _Element(written=True, shape=(*prepended, *own.shape))
                for index, own in self._elements.items()
                if own.written
            }
            self._gradients[source] = made
        return self._gradients[source]

    def close(self) -> None:
        """Forget every element."""
        self._elements.clear()
        self._size = 0


def defined_shape(shape: Shape, what: str) -> tuple[int, ...]:
    """Return a shape of which everything is known; the error begins with what cannot be done without."""
    if shape is None or None in shape:
        raise InvalidArgumentError(f"{what}, but element shape {shape} is not fully defined")
    return tuple(size for size in shape if size is not None)
