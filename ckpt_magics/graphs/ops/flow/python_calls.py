"""Ops that call functions of the program: a node knows its function by a token, which means nothing elsewhere.

Format: tensorflow/python/ops/script_ops.py, tensorflow/python/lib/core/py_func.cc; core/ops/script_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ckpt_magics.errors import (
    CheckpointError,
    InvalidArgumentError,
    OutOfRangeError,
    UnimplementedError,
    UnknownError,
    visible,
)
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext
from ckpt_magics.graphs.ops.values.strings import text_scalar

__all__ = ["ROWS", "PythonFunction", "told_array"]

_NUMBERS = count()
_FUNCTIONS: WeakValueDictionary[bytes, PythonFunction] = WeakValueDictionary()
"""The functions of all graphs that are there, by token; a graph holds its own."""

Function = Callable[..., Any]


class PythonFunction:
    """A function of the program that nodes can call.

    Args:
        call: Called with arrays, returns one value or a list of them; none of a node's outputs means None.

    Attributes:
        token: What the nodes know it by.
    """

    def __init__(self, call: Function) -> None:
        self.call = call
        self.token = f"pyfunc_{next(_NUMBERS)}".encode()
        _FUNCTIONS[self.token] = self


def _call(ctx: KernelContext, *inputs: Array) -> tuple[Array, ...]:
    function = _FUNCTIONS.get(ctx.attr("token"))
    if function is None:
        raise InvalidArgumentError(f"callback {visible(ctx.attr('token'))} is not found")
    results = _called(function.call, [_own(value) for value in inputs])
    results = list(results) if isinstance(results, (list, tuple)) else [] if results is None else [results]
    wanted = ctx.output_dtypes
    if len(results) != len(wanted) and not (not wanted and len(results) <= 1):
        raise InvalidArgumentError(
            f"{visible(function.token)} returns {len(results)} values, but expects to see {len(wanted)} values."
        )
    return tuple(_output(index, *each, function.token) for index, each in enumerate(zip(results, wanted, strict=False)))


def _called(call: Function, inputs: list[Any]) -> Any:  # noqa: ANN401 -- what the program gives
    try:
        return call(*inputs)
    except StopIteration as error:
        raise OutOfRangeError(f"StopIteration: {error}") from error
    except (CheckpointError, MemoryError):
        raise
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{type(error).__name__}: {error}") from error
    except NotImplementedError as error:
        raise UnimplementedError(f"NotImplementedError: {error}") from error
    except Exception as error:
        raise UnknownError(f"{type(error).__name__}: {error}") from error


def _own(value: Array) -> Any:  # noqa: ANN401 -- an array or a scalar
    """Return what a function may keep and write to: a copy, of a single element a scalar or its bytes."""
    return np.array(value)[()]


def _output(index: int, value: object, dtype: DType, token: bytes) -> Array:
    array = told_array(value)
    if array.dtype != dtype.numpy:
        raise InvalidArgumentError(
            f"{index}-th value returned by {visible(token)} is {array.dtype.name}, but expects {dtype.name}"
        )
    return array


def told_array(value: object, dtype: DType | None = None) -> Array:
    """Return what a program's function gives as a tensor: text becomes bytes.

    Raises:
        TypeError, ValueError: It can be none of that type.
    """
    array = np.asarray(value, None if dtype is None else dtype.numpy)
    if array.dtype.kind not in "USO":
        return array
    if array.ndim == 0:
        return text_scalar(_bytes(array.item()))
    result = np.empty(array.shape, object)
    result.reshape(-1)[:] = [_bytes(item) for item in array.reshape(-1).tolist()]
    return result


def _bytes(item: object) -> bytes:
    if isinstance(item, str):
        return item.encode()
    if not isinstance(item, bytes):
        raise TypeError(f"Unsupported object type {type(item).__name__}")
    return item


def _output_shapes(ctx: ShapeContext) -> list[Shape]:
    return [None] * len(ctx.attr("Tout"))


TYPES = (Attr("token", "string"), Attr("Tin", "list(type)", minimum=0), Attr("Tout", "list(type)", minimum=0))
SIGNATURE = "input: list(Tin) -> output: list(Tout)"

ROWS: tuple[Op, ...] = (
    Op("PyFunc", SIGNATURE, TYPES, _output_shapes, _call, is_stateful=True),
    Op("PyFuncStateless", SIGNATURE, TYPES, _output_shapes, _call),
)
