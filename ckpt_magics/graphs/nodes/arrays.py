"""Shapes, joins, parts and other rearrangements of tensors in ``tf``.

Format: tensorflow/python/ops/array_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, INT32, VARIANT, DType, as_dtype
from ckpt_magics.graphs.graph.dimension import as_dimension
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.random_values import get_seed

# ruff: noqa: A002 -- the arguments have TensorFlow's names, of which some are Python's too


NEW_AXIS = None
"""In a subscript: a new dimension of size 1."""


def identity(input: object, name: str | None = None) -> Tensor:
    """Add an op that passes a tensor on."""
    return output("Identity", input, name=name)


def placeholder_with_default(input: object, shape: ShapeLike, name: str | None = None) -> Tensor:
    """Add a tensor whose value can be fed, and is ``input`` otherwise."""
    return build.placeholder_with_default(input, shape, name=name)


def stop_gradient(input: object, name: str | None = None) -> Tensor:
    """Add an op that passes a tensor on and lets no gradient through."""
    return output("StopGradient", input, name=name)


def group(*inputs: object, name: str | None = None) -> Operation:
    """Add an op that runs the given ones."""
    return build.group(*inputs, name=name)


def shape(input: object, name: str | None = None, out_type: object = INT32) -> Tensor:
    """Add a tensor's shape, a constant where it is known."""
    with name_scope(name, "Shape", [input]) as scope:
        tensor = convert_to_tensor(input)
        if tensor.shape.is_fully_defined():
            return constant(tensor.shape.as_list(), as_dtype(out_type), name=scope)
        return output("Shape", tensor, out_type=as_dtype(out_type), name=scope)


def size(input: object, name: str | None = None, out_type: object = INT32) -> Tensor:
    """Add a tensor's number of elements, a constant where it is known."""
    with name_scope(name, "Size", [input]) as scope:
        tensor = convert_to_tensor(input)
        count = tensor.shape.num_elements()
        if count is not None:
            return constant(count, as_dtype(out_type), name=scope)
        return output("Size", tensor, out_type=as_dtype(out_type), name=scope)


def rank(input: object, name: str | None = None) -> Tensor:
    """Add a tensor's number of dimensions, a constant where it is known."""
    with name_scope(name, "Rank", [input]) as scope:
        tensor = convert_to_tensor(input)
        if tensor.shape.ndims is not None:
            return constant(tensor.shape.ndims, INT32, name=scope)
        return output("Rank", tensor, name=scope)


def reshape(tensor: object, shape: object, name: str | None = None) -> Tensor:
    """Add a tensor of the same elements in another shape; one size may be -1."""
    return output("Reshape", tensor, list(shape) if isinstance(shape, TensorShape) else shape, name=name)


def ensure_shape(x: object, shape: ShapeLike, name: str | None = None) -> Tensor:
    """Add an op that passes a tensor on and refuses one of another shape while the graph runs.

    Raises:
        InvalidArgumentError: What is known of the tensor's shape already contradicts it.
    """
    return output("EnsureShape", x, shape=TensorShape(shape), name=name)


def transpose(a: object, perm: object = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """Add a tensor with its dimensions in another order, the opposite one by default.

    Raises:
        ValueError: The conjugate is asked for.
    """
    if conjugate:
        raise ValueError("transposes with the conjugate are none of the ops here")
    with name_scope(name, "transpose", [a]) as scope:
        tensor = convert_to_tensor(a, name="a")
        if perm is not None:
            return output("Transpose", tensor, perm, name=scope)
        if tensor.shape.ndims is not None:
            return output("Transpose", tensor, np.arange(tensor.shape.ndims)[::-1].astype(np.int32), name=scope)
        last = output("Sub", rank(tensor), 1)
        return output("Transpose", tensor, output("Range", last, -1, -1), name=scope)


def concat(values: Any, axis: object, name: str = "concat") -> Tensor:  # noqa: ANN401 -- a list, or one tensor
    """Add tensors joined along a dimension that they have."""
    values = values if isinstance(values, (list, tuple)) else [values]
    if len(values) == 1:
        with name_scope(name):
            convert_to_tensor(axis, INT32, name="concat_dim")
            return identity(values[0], name=name)
    return output("ConcatV2", values, axis, name=name)


def stack(values: Sequence[object], axis: int = 0, name: str = "stack") -> Tensor:
    """Add tensors of one shape joined along a new dimension."""
    if axis == 0:
        return convert_to_tensor(list(values), name=name)
    return output("Pack", values, axis=axis, name=name)


def unstack(value: object, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """Add the parts of a tensor along a dimension, which they don't have.

    Raises:
        ValueError: The size of the dimension is not known.
    """
    tensor = convert_to_tensor(value)
    count = num if num is not None else as_dimension(tensor.shape[axis]).value
    if count is None:
        raise ValueError(f"Cannot infer argument `num` from shape {tensor.shape}")
    parts: list[Tensor] = apply("Unpack", tensor, num=count, axis=axis, name=name)
    return parts


def split(
    value: object, num_or_size_splits: object, axis: object = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """Add the parts of a tensor along a dimension: a number of equal ones, or ones of given sizes."""
    parts: list[Tensor]
    if isinstance(num_or_size_splits, SupportsIndex):
        parts = apply("Split", axis, value, num_split=int(num_or_size_splits), name=name)
    else:
        sizes = convert_to_tensor(num_or_size_splits)
        count = num if num is not None else as_dimension(sizes.shape[0]).value
        parts = apply("SplitV", value, sizes, axis, num_split=count, name=name)
    return parts


def squeeze(input: object, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Tensor:  # noqa: ANN401 -- an int or a list
    """Add a tensor without its dimensions of size 1, or without those that are named."""
    dims = squeeze_dims if axis is None else axis
    dims = [] if dims is None else [dims] if np.isscalar(dims) else list(dims)
    return output("Squeeze", input, squeeze_dims=dims, name=name)


def expand_dims(input: object, axis: object = None, name: str | None = None, dim: object = None) -> Tensor:
    """Add a tensor with a new dimension of size 1 before the one named.

    Raises:
        ValueError: No dimension is named.
    """
    place = dim if axis is None else axis
    if place is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return output("ExpandDims", input, place, name=name)


def zeros_like(tensor: object, dtype: object = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Add zeros of a tensor's shape."""
    with name_scope(name, "zeros_like", [tensor]) as scope:
        model = convert_to_tensor(tensor, name="tensor")
        wanted = model.dtype if dtype is None else as_dtype(dtype)
        if optimize and wanted is not VARIANT and model.shape.is_fully_defined():
            return build.zeros(model.shape, wanted, name=scope)
        if wanted == model.dtype:
            return output("ZerosLike", model, name=scope)
        return build.zeros(output("Shape", model), wanted, name=scope)


def ones_like(tensor: object, dtype: object = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Add ones of a tensor's shape."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        model = convert_to_tensor(tensor, name="tensor")
        wanted = model.dtype if dtype is None else as_dtype(dtype)
        if optimize and model.shape.is_fully_defined():
            with name_scope("Shape"):
                sizes = constant(model.shape.as_list(), INT32, name="shape_as_tensor")
            return build.ones(sizes, wanted, name=scope)
        return build.ones(output("Shape", model), wanted, name=scope)


def one_hot(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    indices: object,
    depth: object,
    on_value: object = None,
    off_value: object = None,
    axis: int | None = None,
    dtype: object = None,
    name: str | None = None,
) -> Tensor:
    """Add vectors with one value at an index and another one elsewhere, 1 and 0 by default."""
    with name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis, dtype]) as scope:
        on = None if on_value is None else convert_to_tensor(on_value, dtype_hint=_as_hint(dtype))
        off = None if off_value is None else convert_to_tensor(off_value, dtype_hint=_as_hint(dtype))
        known = on if on is not None else off
        wanted = as_dtype(dtype) if dtype is not None else FLOAT if known is None else known.dtype
        on = convert_to_tensor(1, wanted, name="on_value") if on is None else on
        off = convert_to_tensor(0, wanted, name="off_value") if off is None else off
        return output("OneHot", indices, depth, on, off, axis=-1 if axis is None else axis, name=scope)


def _as_hint(dtype: object) -> DType | None:
    return None if dtype is None else as_dtype(dtype)


def gather(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    params: object,
    indices: object,
    validate_indices: bool | None = None,  # noqa: ARG001 -- they are always checked
    name: str | None = None,
    axis: object = None,
    batch_dims: int = 0,
) -> Tensor:
    """Add the parts of a tensor at given indices of a dimension, by default the one after the batch's.

    As in TensorFlow, ``axis=0`` leaves ``batch_dims`` out.
    """
    axis = batch_dims if axis is None else axis
    if isinstance(axis, int) and axis == 0:
        batch_dims = 0
        if getattr(params, "is_resource", False):
            rows: Tensor = params.sparse_read(indices, name=name)  # type: ignore[attr-defined]  # a variable's
            return rows
    return output("GatherV2", params, indices, axis, batch_dims=batch_dims, name=name)


def gather_nd(params: object, indices: object, name: str | None = None) -> Tensor:
    """Add the parts of a tensor at given indices of its first dimensions."""
    return output("GatherNd", params, indices, name=name)


def tile(input: object, multiples: object, name: str | None = None) -> Tensor:
    """Add a tensor repeated along each dimension."""
    return output("Tile", input, multiples, name=name)


def broadcast_to(input: object, shape: object, name: str | None = None) -> Tensor:
    """Add a tensor repeated to a shape by the rules of broadcasting."""
    return output("BroadcastTo", input, shape, name=name)


def where(condition: object, x: object = None, y: object = None, name: str | None = None) -> Tensor:
    """Add a choice between two tensors, element by element; with neither, the places where ``condition`` holds.

    Raises:
        ValueError: Only one of the two is given.
    """
    return _choice("Select", condition, x, y, name)


def where_v2(condition: object, x: object = None, y: object = None, name: str | None = None) -> Tensor:
    """Add the same as `where`, but condition and tensors broadcast."""
    return _choice("SelectV2", condition, x, y, name)


def _choice(op_type: str, condition: object, x: object, y: object, name: str | None) -> Tensor:
    if x is None and y is None:
        with name_scope(name, "Where", [condition]) as scope:
            return output("Where", convert_to_tensor(condition, name="condition"), name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return output(op_type, condition, x, y, name=name)


def part(input_: object, begin: object, size: object, name: str | None = None) -> Tensor:
    """Add a part of a tensor, by its first index and its size in each dimension; -1 is all that is left."""
    return output("Slice", input_, begin, size, name=name)


def pad(
    tensor: object, paddings: object, mode: str = "CONSTANT", name: str | None = None, constant_values: object = 0
) -> Tensor:
    """Add a tensor with a border of one value.

    Raises:
        ValueError: Another ``mode`` is asked for.
    """
    if mode.upper() != "CONSTANT":
        raise ValueError(f"of the modes of tf.pad only CONSTANT is here, not {mode!r}")
    if isinstance(constant_values, (int, float)) and constant_values == 0:
        return output("Pad", tensor, paddings, name=name)
    return output("PadV2", tensor, paddings, constant_values, name=name)


def reverse(tensor: object, axis: object, name: str | None = None) -> Tensor:
    """Add a tensor with some dimensions in the opposite order."""
    return output("ReverseV2", tensor, axis, name=name)


def invert_permutation(x: object, name: str | None = None) -> Tensor:
    """Add the permutation that undoes another one."""
    return output("InvertPermutation", x, name=name)


def random_shuffle(value: object, seed: int | None = None, name: str | None = None) -> Tensor:
    """Add a tensor with its first dimension in random order."""
    first, second = get_seed(seed)
    return output("RandomShuffle", value, seed=first, seed2=second, name=name)
