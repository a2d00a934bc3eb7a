"""The shape and dtype that a value has or accepts, and how they are written for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.shapes import format_shape

__all__ = ["Array", "Spec", "dtype_family", "dtype_text", "element_count", "native", "shape_text"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Spec:
    """What a place for a tensor accepts.

    Attributes:
        shape: Elements per dimension, ``None`` for a dimension of any length; ``None`` alone for any shape.
        dtype: The exact dtype, or ``None``.
        family: With ``dtype`` None, what kind of number it has to be (see `dtype_family`), or "" for any.
        obstacle: Why the place cannot take any value at all, such as a read-only array; "" if it can.
    """

    shape: tuple[int | None, ...] | None = None
    dtype: np.dtype[Any] | None = None
    family: str = ""
    obstacle: str = ""

    @property
    def wanted_family(self) -> str:
        """What kind of number it has to be, with a dtype or without; "" for any."""
        return self.family if self.dtype is None else dtype_family(self.dtype)

    def accepts_shape(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of this shape fits as it is."""
        if self.shape is None:
            return True
        return len(self.shape) == len(shape) and all(
            mine is None or mine == other for mine, other in zip(self.shape, shape, strict=True)
        )

    def accepts_dtype(self, dtype: np.dtype[Any]) -> bool:
        """Whether a tensor of this dtype fits as it is: text of any width, numbers in any byte order."""
        if self.dtype is not None:
            both_strings = dtype_family(self.dtype) == dtype_family(dtype) == "string"
            return both_strings or native(self.dtype) == native(dtype)
        return self.family in {"", dtype_family(dtype)}

    def __str__(self) -> str:
        dtype = dtype_text(self.dtype) if self.dtype is not None else self.family
        return " ".join(part for part in (dtype, shape_text(self.shape) if self.shape is not None else "") if part)


def native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype in the byte order of this machine."""
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def dtype_family(dtype: np.dtype[Any]) -> str:
    """Return "boolean", "integer", "floating", "complex", "string" or "other".

    The small floats and integers of ml_dtypes have a NumPy kind of their own or none, so they go by name.
    """
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "floating", "c": "complex"}
    if dtype.kind in kinds:
        return kinds[dtype.kind]
    if dtype.kind in "OSUT":
        return "string"
    if dtype.name.startswith(("int", "uint")):
        return "integer"
    return "floating" if dtype.name.startswith(("bfloat", "float")) else "other"


def dtype_text(dtype: np.dtype[Any]) -> str:
    """Return the dtype's name as TensorFlow has it: text and bytes are "string"."""
    return "string" if dtype_family(dtype) == "string" else dtype.name


def shape_text(shape: Sequence[int | None] | None) -> str:
    """Return a shape as TensorFlow's listings write it.

    >>> shape_text((2, None, 3)), shape_text(())
    ('[2,?,3]', '[]')
    """
    return "[…]" if shape is None else format_shape(shape)


def element_count(shape: Sequence[int | None] | None) -> int | None:
    """Return the number of elements of a shape, or None when it is not known."""
    lengths = None if shape is None else [length for length in shape if length is not None]
    return None if shape is None or lengths is None or len(lengths) != len(shape) else math.prod(lengths)
