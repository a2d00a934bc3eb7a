"""Values of tensors that are the same in every run, for whoever builds a graph by them.

Format: tensorflow/python/framework/tensor_util.py, constant_value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.graphs.graph.node import Tensor

__all__ = ["get_static_value"]

Value = npt.NDArray[Any] | None


def get_static_value(tensor: object, partial: bool = False) -> Any:  # noqa: ANN401 -- what is no tensor comes back
    """Return a tensor's value if it is the same in every run, else None.

    Args:
        tensor: The tensor; what is none comes back as it is.
        partial: Return a list of scalars with None for those that are not known.
    """
    if not isinstance(tensor, Tensor):
        return tensor
    value = _value(tensor, partial)
    if value is not None:
        # A value that a graph was built by can't be another one in a run.
        tensor.graph.prevent_feeding(tensor)
    return value


def _value(tensor: Tensor, partial: bool = False) -> Value:
    op = tensor.op
    if op.type == "Const":
        return tensor_proto_to_array(op.attrs["value"].tensor)
    if op.type in _OF_SHAPES:
        return _OF_SHAPES[op.type](tensor)
    if op.type in {"StopGradient", "Identity"}:
        return _value(op.inputs[0], partial)
    if op.type == "Pack":
        return _packed(tensor, partial)
    if op.type not in _OF_VALUES:
        return None
    values = [_value(item) for item in op.inputs]
    return None if any(value is None for value in values) else _OF_VALUES[op.type](tensor, *values)


def _packed(tensor: Tensor, partial: bool) -> Value:
    if not tensor.op.inputs or tensor.op.attrs["axis"].i:
        return None
    values = [_value(item, partial) for item in tensor.op.inputs]
    if not partial and any(value is None for value in values):
        return None
    return np.array(values, object if any(value is None for value in values) else None)


def _shape(tensor: Tensor) -> Value:
    shape = tensor.op.inputs[0].shape
    return np.array(shape.as_list(), tensor.dtype.numpy) if shape.is_fully_defined() else None


def _size(tensor: Tensor) -> Value:
    count = tensor.op.inputs[0].shape.num_elements()
    return None if count is None else np.array(count, np.int32)


def _rank(tensor: Tensor) -> Value:
    ndims = tensor.op.inputs[0].shape.ndims
    return None if ndims is None else np.array(ndims, np.int32)


def _range(tensor: Tensor, start: Any, limit: Any, delta: Any) -> Value:  # noqa: ANN401
    values: npt.NDArray[Any] = np.arange(start, limit, delta).astype(tensor.dtype.numpy)
    return values


def _filled(tensor: Tensor, _dims: Any, value: Any) -> Value:  # noqa: ANN401
    if not tensor.shape.is_fully_defined():
        return None
    return np.full([int(size) for size in tensor.shape], value, value.dtype)


_OF_SHAPES: dict[str, Callable[[Tensor], Value]] = {"Shape": _shape, "Size": _size, "Rank": _rank}
"""Ops whose value follows from the shape of their input."""

_OF_VALUES: dict[str, Callable[..., Value]] = {
    "Range": _range,
    "Cast": lambda tensor, value: value.astype(tensor.dtype.numpy),
    "Concat": lambda _, axis, *values: np.concatenate(values, axis),
    "ConcatV2": lambda _, *values: np.concatenate(values[:-1], values[-1]),
    "Fill": _filled,
    "Equal": lambda _, first, second: np.equal(first, second),
    "NotEqual": lambda _, first, second: np.not_equal(first, second),
    "Unpack": lambda tensor, value: None if tensor.op.attrs["axis"].i else value[tensor.value_index],
    "Split": lambda tensor, axis, value: np.split(value, tensor.op.attrs["num_split"].i, axis)[tensor.value_index],
}
"""Ops whose value follows from those of their inputs."""
