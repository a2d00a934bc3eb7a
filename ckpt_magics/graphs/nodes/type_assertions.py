"""Checks of types while a graph is made.

Format: tensorflow/python/ops/check_ops.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT, DType, as_dtype
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, no_op

__all__ = [
    "assert_integer",
    "assert_proper_iterable",
    "assert_same_float_dtype",
    "assert_type",
    "is_numeric_tensor",
    "is_tensor",
]


def assert_integer(x: object, message: str | None = None, name: str | None = None) -> Operation:
    """Refuse a tensor that holds no integers.

    Raises:
        TypeError: It does not.
    """
    with name_scope(name, "assert_integer", [x]):
        tensor = convert_to_tensor(x, name="x")
        if not tensor.dtype.base_dtype.is_integer:
            raise TypeError(f'{message or ""} Expected "x" to be integer type. Found: {tensor.dtype!r}'.strip())
        return no_op("statically_determined_was_integer")


def assert_type(tensor: object, tf_type: object, message: str | None = None, name: str | None = None) -> Operation:
    """Refuse a tensor of another type.

    Raises:
        TypeError: It is of another type.
    """
    wanted = as_dtype(tf_type)
    with name_scope(name, "assert_type", [tensor]):
        made = convert_to_tensor(tensor, name="tensor")
        if made.dtype != wanted:
            raise TypeError(f"{message or ''} {made.name} must be of type {wanted!r}, not {made.dtype!r}".strip())
        return no_op("statically_determined_correct_type")


def assert_proper_iterable(values: object) -> None:
    """Refuse what a program may take for several values and is one: a tensor, an array, a text.

    Raises:
        TypeError: It is one of these, or nothing that can be iterated over.
    """
    if isinstance(values, (Operators, str, bytes)) or hasattr(values, "__array__"):
        raise TypeError(f"Expected argument values to be a proper iterable. Found: {type(values)}")
    if not isinstance(values, Iterable):
        raise TypeError(f"Expected argument values to be iterable. Found: {type(values)}")


def assert_same_float_dtype(tensors: Sequence[Any] | None = None, dtype: object = None) -> DType:
    """Return the one floating type that tensors have; float32 for none.

    Args:
        tensors: The tensors; None among them counts for nothing.
        dtype: The type that they have to have.

    Raises:
        ValueError: They have several types, or another one, or one that is not floating.
    """
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    for tensor in tensors or ():
        if tensor is None:
            continue
        found = tensor.dtype.base_dtype
        if wanted is not None and found != wanted:
            raise ValueError(f"Tensor {tensor}, type={found}, must be of the same type ({wanted}) as the others.")
        wanted = found
    wanted = wanted or FLOAT
    if not wanted.is_floating:
        raise ValueError(f"Expected floating point type, got {wanted}.")
    return wanted


def is_tensor(x: object) -> bool:
    """Tell whether something is a tensor, or can stand for one as a variable does."""
    return isinstance(x, Operators)


def is_numeric_tensor(tensor: object) -> bool:
    """Tell whether something is a tensor of numbers, no text and no truth values."""
    if not isinstance(tensor, Tensor):
        return False
    dtype = tensor.dtype.base_dtype
    return dtype.is_integer or dtype.is_floating or dtype.is_complex or dtype.is_quantized
