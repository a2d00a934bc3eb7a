"""Constants: Python and NumPy values as Const nodes, with the dtypes that TensorFlow gives them.

Format: tensorflow/python/framework/tensor_util.py, make_tensor_proto.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.dtypes import (
    BOOL,
    COMPLEX64,
    COMPLEX128,
    FLOAT,
    INT32,
    INT64,
    STRING,
    DType,
    as_dtype,
    dtype_by_number,
    dtype_of,
)
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.dimension import Dimension
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.proto.messages import TensorProto

__all__ = ["constant", "make_tensor_proto", "to_array"]

_PYTHON_DEFAULTS: dict[str, DType] = {"f": FLOAT, "c": COMPLEX128, "b": BOOL}


def constant(
    value: object, dtype: object = None, shape: ShapeLike = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """Add a constant to the default graph.

    Args:
        value: Number, string, nested list or array.
        dtype: Type of the elements; by default what TensorFlow chooses: float32 for Python floats, int32 for Python
            ints that fit, an array's own type.
        shape: Shape to give the constant; fewer values than it has room for are followed by copies of the last one.
        name: Name of the node.
        verify_shape: Refuse a value that has another shape than ``shape``.

    Raises:
        TypeError: The value cannot be of that dtype, or has another shape than ``verify_shape`` allows.
        ValueError: There are more values than the shape has room for, or the lists are ragged.
    """
    proto = make_tensor_proto(value, dtype, shape, verify_shape, allow_broadcast=True)
    graph = get_default_graph()
    return graph.create_op("Const", attrs={"value": proto, "dtype": dtype_by_number(proto.dtype)}, name=name).outputs[0]


def make_tensor_proto(
    values: object,
    dtype: object = None,
    shape: ShapeLike = None,
    verify_shape: bool = False,
    allow_broadcast: bool = False,
) -> TensorProto:
    """Return a value as the message that nodes hold.

    Args:
        values: As `constant`'s, or a message, which is returned as it is.
        dtype: As `constant`'s.
        shape: Shape to give it.
        verify_shape: Refuse a value that has another shape.
        allow_broadcast: Fill the shape with copies of the last value where there are fewer values.

    Raises:
        TypeError: The value cannot be of that dtype, or has another shape than ``verify_shape`` allows.
        ValueError: There are more values than the shape has room for, or fewer without ``allow_broadcast``.
    """
    if isinstance(values, TensorProto):
        return values
    array, wanted = to_array(values, None if dtype is None else as_dtype(dtype))
    sizes = None if shape is None else TensorShape(shape)
    if sizes is not None and verify_shape and tuple(array.shape) != sizes.sizes:
        raise TypeError(f"Expected Tensor's shape: {sizes}, got {array.shape}.")
    if sizes is not None and not allow_broadcast and array.size not in {1, sizes.num_elements()}:
        raise ValueError(f"Too few elements provided. Needed {sizes.num_elements()}, but received {array.size}")
    return _shaped_proto(array, wanted, sizes)


def _shaped_proto(array: npt.NDArray[Any], dtype: DType, shape: TensorShape | None) -> TensorProto:
    if shape is None or shape.sizes == array.shape:
        return array_to_tensor_proto(array, dtype)
    sizes = [int(size) for size in shape]
    room = math.prod(sizes)
    if array.size > max(room, 1):
        raise ValueError(f"Too many elements provided. Needed at most {room}, but received {array.size}")
    if room in {0, array.size}:
        return array_to_tensor_proto(np.resize(array, sizes), dtype)
    if array.size > 1:
        filled = np.concatenate([array.ravel(), np.repeat(array.ravel()[-1:], room - array.size)])
        return array_to_tensor_proto(filled.reshape(sizes), dtype)
    proto = array_to_tensor_proto(array.reshape(()), dtype)  # one value stands for all that follow
    proto.tensor_shape.CopyFrom(shape.as_proto())
    return proto


def to_array(value: object, dtype: DType | None = None) -> tuple[npt.NDArray[Any], DType]:
    """Return a value as an array, and the dtype that TensorFlow gives it.

    Raises:
        TypeError: The value cannot be of that dtype.
        ValueError: Nested lists are ragged.
    """
    if isinstance(value, TensorShape):
        value = np.array(value.as_list(), np.int32 if dtype is None else dtype.numpy)
    elif isinstance(value, Dimension):
        value = int(value)
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        chosen = dtype_of(array) if dtype is None else dtype
        return (array if chosen is STRING else array.astype(chosen.numpy, copy=False)), chosen
    array = _python_array(value, dtype)
    chosen = _python_dtype(array) if dtype is None else dtype
    _check_values(array, chosen, value)
    return (array if chosen is STRING else array.astype(chosen.numpy)), chosen


def _python_array(value: object, dtype: DType | None) -> npt.NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"Can't convert non-rectangular Python sequence to Tensor: {error}") from error
    except NotImplementedError as error:  # what a symbolic tensor says to NumPy
        raise TypeError("Expected any non-tensor type, but got a tensor instead.") from error
    if array.dtype.kind in "US":
        array = np.asarray(value, object)
    if array.dtype == object and any(isinstance(item, Dimension) for item in array.flat):
        array = _with_sizes(array, dtype)
    if array.dtype == object and not all(isinstance(item, (str, bytes)) for item in array.flat):
        others = [item for item in array.flat if not isinstance(item, (str, bytes))]
        bad = next((item for item in others if not isinstance(item, (bool, int, float, complex))), others[0])
        raise TypeError(f"Failed to convert elements of {value!r} to Tensor: {bad!r} is no element beside the others")
    return array


def _with_sizes(array: npt.NDArray[Any], dtype: DType | None) -> npt.NDArray[Any]:
    """Return an array of objects with the sizes of its dimensions in their places; only integers can be those."""
    if dtype is not None and not dtype.is_integer:
        raise TypeError(f"Expected {dtype.name}, but got a dimension, which is an integer")
    items = [int(item) if isinstance(item, Dimension) and item.value is not None else item for item in array.flat]
    return np.asarray(items).reshape(array.shape)


def _python_dtype(array: npt.NDArray[Any]) -> DType:
    if array.dtype == object:
        return STRING
    if array.dtype.kind == "i":
        fits = not array.size or bool((array == array.astype(np.int32)).all())
        return INT32 if fits else INT64
    if array.dtype.kind == "f" and array.dtype != np.float64:
        return dtype_of(array)  # a list of NumPy scalars keeps their type
    return _PYTHON_DEFAULTS.get(array.dtype.kind) or dtype_of(array)


_ALLOWED: tuple[tuple[Callable[[DType], bool], str], ...] = (
    (lambda dtype: dtype is STRING, "O"),
    (lambda dtype: dtype.is_bool, "b"),
    (lambda dtype: dtype.is_integer or dtype.is_quantized, "iu"),
    (lambda dtype: dtype.is_floating, "iuf"),
    (lambda dtype: dtype in {COMPLEX64, COMPLEX128}, "iufc"),
)
"""What kinds of Python values a dtype takes: TensorFlow widens, but never rounds or reinterprets."""


def _check_values(array: npt.NDArray[Any], dtype: DType, value: object) -> None:
    kinds = next((kinds for test, kinds in _ALLOWED if test(dtype)), "")
    if array.size and array.dtype.kind not in kinds:
        first = next(iter(array.flat))
        shown = first.item() if isinstance(first, np.generic) else first
        raise TypeError(f"Expected {dtype.name}, but got {shown!r} of type '{type(shown).__name__}'.")
    if dtype.is_integer and array.size:
        low, high = int(array.min()), int(array.max())
        if low < int(dtype.min) or high > int(dtype.max):
            raise ValueError(f"{value!r} is out of the range of {dtype.name}")
