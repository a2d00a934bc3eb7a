"""Ops that take the features of a training's examples out of their messages.

Format: tensorflow/core/util/example_proto_helper.cc, core/kernels/example_parsing_ops.cc; core/ops/parsing_ops.cc;
tensorflow/core/example/example.proto.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from google.protobuf.message import DecodeError

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.formats.dtypes import STRING, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, shape_from_proto, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext
from ckpt_magics.graphs.ops.type_sets import dtypes
from ckpt_magics.proto.messages import Example, Feature

__all__ = ["ROWS"]

KINDS = {"int64": "int64_list", "float32": "float_list", "string": "bytes_list"}


class DenseFeature(NamedTuple):
    """A feature of which each example has as many numbers.

    Attributes:
        key: Its name.
        dtype: Type of the numbers.
        shape: Their shape; the first size may be None for a number that differs.
        default: What an example without it has; empty if none may be without it.
    """

    key: str
    dtype: DType
    shape: Shape
    default: Array


def _examples(serialized: Array) -> list[Example]:
    return [_example(data) for data in np.asarray(serialized, object).reshape(-1).tolist()]


def _example(data: bytes) -> Example:
    try:
        return Example.FromString(data)
    except DecodeError as error:
        raise InvalidArgumentError(f"Could not parse example input, value: '{visible(data[:80])}'") from error


def _values(example: Example, key: str, dtype: DType, index: int) -> Sequence[object] | None:
    """Return a feature's values, None if the example is without it.

    Raises:
        InvalidArgumentError: They are of another type.
    """
    feature: Feature | None = example.features.feature.get(key) if key in example.features.feature else None
    kind = feature.WhichOneof("kind") if feature is not None else None
    if kind is None:
        return None
    if kind != KINDS[dtype.name]:
        raise InvalidArgumentError(
            f"Key: {visible(key)}.  Data types don't match. Expected type: {dtype.c_name}, and example {index} has "
            f"{kind.removesuffix('_list')}"
        )
    values: Sequence[object] = getattr(feature, kind).value
    return values


def _array(values: Sequence[object], dtype: DType) -> Array:
    result = np.empty(len(values), dtype.numpy)
    result[:] = values
    return result


def _dense(example: Example, dense: DenseFeature, index: int) -> Array:
    """Return a dense feature of one example."""
    shape = dense.shape or ()
    values = _values(example, dense.key, dense.dtype, index)
    if shape and shape[0] is None:
        return _rows(_array(values or (), dense.dtype), dense, shape[1:])
    if values is None:
        if not np.size(dense.default):
            raise InvalidArgumentError(
                f"Key: {visible(dense.key)}, Index: {index}. Feature (data type: {dense.dtype.c_name}) is required but "
                "could not be found."
            )
        return dense.default.reshape(shape)
    count = math.prod(size or 0 for size in shape)
    if len(values) != count:
        raise InvalidArgumentError(
            f"Key: {visible(dense.key)}, Index: {index}.  Number of {dense.dtype.c_name} values != expected.  Values "
            f"size: {len(values)} but output shape: {list(shape)}"
        )
    return _array(values, dense.dtype).reshape(shape)


def _rows(values: Array, dense: DenseFeature, inner: tuple[int | None, ...]) -> Array:
    stride = math.prod(size or 0 for size in inner)
    if not stride or len(values) % stride:
        raise InvalidArgumentError(
            f"Key: {visible(dense.key)}. Number of {dense.dtype.c_name} values is not a multiple of stride length. Saw "
            f"{len(values)} values but output shape: {list(inner)}"
        )
    return values.reshape(-1, *inner)


def _dense_batch(examples: Sequence[Example], dense: DenseFeature) -> Array:
    parts = [_dense(example, dense, index) for index, example in enumerate(examples)]
    shape = dense.shape or ()
    sizes = tuple(size or 0 for size in shape)
    if not shape or shape[0] is not None:
        result = np.empty((len(parts), *sizes), dense.dtype.numpy)
        for index, part in enumerate(parts):
            result[index] = part
        return result
    filling = np.asarray(dense.default).reshape(-1)[0] if np.size(dense.default) else _zero(dense.dtype)
    longest = max((len(part) for part in parts), default=0)
    result = np.full((len(parts), longest, *sizes[1:]), filling, dense.dtype.numpy)
    for index, part in enumerate(parts):
        result[index, : len(part)] = part
    return result


def _zero(dtype: DType) -> object:
    return b"" if dtype == STRING else 0


def _sparse_batch(examples: Sequence[Example], key: str, dtype: DType) -> tuple[Array, Array, Array]:
    """Return where a feature's values stand, int64 [n, 2], the values, and the shape of them all."""
    found = [_values(example, key, dtype, index) or () for index, example in enumerate(examples)]
    places = [(row, column) for row, values in enumerate(found) for column in range(len(values))]
    longest = max((len(values) for values in found), default=0)
    flat = [value for values in found for value in values]
    return np.array(places, np.int64).reshape(-1, 2), _array(flat, dtype), np.array([len(found), longest], np.int64)


def _sparse_single(example: Example, key: str, dtype: DType) -> tuple[Array, Array, Array]:
    values = _array(_values(example, key, dtype, 0) or (), dtype)
    return np.arange(len(values), dtype=np.int64)[:, None], values, np.array([len(values)], np.int64)


def _texts(value: Array) -> list[str]:
    return [key.decode("utf-8", "surrogateescape") for key in np.asarray(value, object).reshape(-1).tolist()]


def _told(ctx: KernelContext, keys: Sequence[str], defaults: Sequence[Array]) -> list[DenseFeature]:
    shapes = [shape_from_proto(shape) for shape in ctx.attr("dense_shapes")]
    kinds = ctx.attr("Tdense")
    if not len(keys) == len(kinds) == len(shapes) == len(defaults):
        raise InvalidArgumentError(f"{len(keys)} dense keys, {len(kinds)} types and {len(shapes)} shapes are told")
    return [DenseFeature(*each) for each in zip(keys, kinds, shapes, map(np.asarray, defaults), strict=True)]


def _gathered(columns: Sequence[tuple[Array, Array, Array]], dense: Sequence[Array]) -> tuple[Array, ...]:
    """Return the outputs in the order of the ops': all places, all values, all shapes, all dense ones."""
    return (*(one[0] for one in columns), *(one[1] for one in columns), *(one[2] for one in columns), *dense)


def _single(ctx: KernelContext, serialized: Array, *defaults: Array) -> tuple[Array, ...]:
    sparse = _texts(ctx.attr("sparse_keys"))
    if len(sparse) != ctx.attr("num_sparse"):
        raise InvalidArgumentError("sparse keys and types are not equally many")
    if np.ndim(serialized):
        raise InvalidArgumentError(
            f"Expected serialized to be a scalar, got shape: {format_shape(np.shape(serialized))}"
        )
    one = np.asarray(serialized, object)
    return _parsed(ctx, one, sparse, _texts(ctx.attr("dense_keys")), defaults)


def _batch_v2(ctx: KernelContext, serialized: Array, _names: Array, *others: Array) -> tuple[Array, ...]:
    sparse_keys, dense_keys, ragged_keys, *defaults = others
    if np.size(ragged_keys):
        raise UnimplementedError("ragged features are none of those that are parsed here")
    return _parsed(ctx, serialized, _texts(sparse_keys), _texts(dense_keys), defaults)


def _batch(ctx: KernelContext, serialized: Array, _names: Array, *others: Array) -> tuple[Array, ...]:
    sparse, dense = ctx.attr("Nsparse"), ctx.attr("Ndense")
    keys = [_texts(key)[0] for key in others[: sparse + dense]]
    return _parsed(ctx, serialized, keys[:sparse], keys[sparse:], others[sparse + dense :])


def _parsed(
    ctx: KernelContext, serialized: Array, sparse: Sequence[str], keys: Sequence[str], defaults: Sequence[Array]
) -> tuple[Array, ...]:
    kinds = ctx.attr("sparse_types")
    if len(sparse) != len(kinds):
        raise InvalidArgumentError("sparse keys and types are not equally many")
    examples, told = _examples(serialized), _told(ctx, keys, defaults)
    if np.ndim(serialized):
        columns = [_sparse_batch(examples, key, dtype) for key, dtype in zip(sparse, kinds, strict=True)]
        return _gathered(columns, [_dense_batch(examples, dense) for dense in told])
    columns = [_sparse_single(examples[0], key, dtype) for key, dtype in zip(sparse, kinds, strict=True)]
    return _gathered(columns, [_dense(examples[0], dense, 0) for dense in told])


def _shapes_of(ctx: ShapeContext, rank: int | None, outer: Shape) -> list[Shape]:
    count = len(ctx.attr("sparse_types"))
    dense = [shape_from_proto(shape) for shape in ctx.attr("dense_shapes")]
    places: Shape = (None, None if rank is None else rank + 1)
    held = [None if outer is None or shape is None else (*outer, *shape) for shape in dense]
    return [*[places] * count, *[(None,)] * count, *[(None if rank is None else rank + 1,)] * count, *held]


def _single_shapes(ctx: ShapeContext) -> list[Shape]:
    with_rank(ctx.shape(0), 0)
    return _shapes_of(ctx, 0, ())


def _batch_shapes(ctx: ShapeContext) -> list[Shape]:
    outer = ctx.shape(0)
    return _shapes_of(ctx, None if outer is None else len(outer), outer)


FEATURES = dtypes("float int64 string")
SPARSE_TYPES = Attr("sparse_types", "list(type)", minimum=0, allowed=FEATURES)
DENSE_TYPES = Attr("Tdense", "list(type)", minimum=0, allowed=FEATURES)
DENSE_SHAPES = Attr("dense_shapes", "list(shape)", minimum=0)
COUNT = Attr("num_sparse", "int", minimum=0)

ROWS: tuple[Op, ...] = (
    Op(
        "ParseSingleExample",
        "serialized: string, dense_defaults: list(Tdense) -> sparse_indices: num_sparse * int64, "
        "sparse_values: list(sparse_types), sparse_shapes: num_sparse * int64, dense_values: list(Tdense)",
        (
            COUNT,
            Attr("sparse_keys", "list(string)", minimum=0),
            Attr("dense_keys", "list(string)", minimum=0),
            SPARSE_TYPES,
            DENSE_TYPES,
            DENSE_SHAPES,
        ),
        _single_shapes,
        _single,
    ),
    Op(
        "ParseExampleV2",
        "serialized: string, names: string, sparse_keys: string, dense_keys: string, ragged_keys: string, "
        "dense_defaults: list(Tdense) -> sparse_indices: num_sparse * int64, sparse_values: list(sparse_types), "
        "sparse_shapes: num_sparse * int64, dense_values: list(Tdense), ragged_values: list(ragged_value_types), "
        "ragged_row_splits: list(ragged_split_types)",
        (
            DENSE_TYPES,
            COUNT,
            SPARSE_TYPES,
            Attr("ragged_value_types", "list(type)", minimum=0, allowed=FEATURES),
            Attr("ragged_split_types", "list(type)", minimum=0, allowed=dtypes("int32 int64")),
            DENSE_SHAPES,
        ),
        _batch_shapes,
        _batch_v2,
    ),
    Op(
        "ParseExample",
        "serialized: string, names: string, sparse_keys: Nsparse * string, dense_keys: Ndense * string, "
        "dense_defaults: list(Tdense) -> sparse_indices: Nsparse * int64, sparse_values: list(sparse_types), "
        "sparse_shapes: Nsparse * int64, dense_values: list(Tdense)",
        (
            Attr("Nsparse", "int", minimum=0),
            Attr("Ndense", "int", minimum=0),
            SPARSE_TYPES,
            DENSE_TYPES,
            DENSE_SHAPES,
        ),
        _batch_shapes,
        _batch,
    ),
)
