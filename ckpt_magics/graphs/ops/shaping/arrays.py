"""Ops about the shape of a tensor: asking for it, changing it, joining and splitting along a dimension."""

from __future__ import annotations

import math

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.cast import BITCAST_ROW
from ckpt_magics.graphs.ops.partial_shapes import (
    Array,
    Shape,
    canonical_axis,
    fits,
    merge_dims,
    merge_shapes,
    shape_from_proto,
    with_rank,
)
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import attr_shape, input_as_shape, rank_of_vector, scalar
from ckpt_magics.graphs.ops.sharing import first_input, only_if
from ckpt_magics.graphs.ops.type_sets import INDEX
from ckpt_magics.graphs.ops.values.constants import check_shape_input
from ckpt_magics.proto.messages import TFT_SHAPE_TENSOR, TFT_VAR, FullTypeDef

__all__ = ["ROWS"]


def _shape_shape(ctx: ShapeContext) -> list[Shape]:
    shape = ctx.shape(0)
    return [(None if shape is None else len(shape),)]


def _shape(ctx: KernelContext, value: Array) -> Array:
    return np.array(np.shape(value), ctx.output_dtypes[0].numpy)


def _shape_n_shape(ctx: ShapeContext) -> list[Shape]:
    shapes = [ctx.shape(index) for index in range(ctx.attr("N"))]
    return [(None if shape is None else len(shape),) for shape in shapes]


def _shape_n(ctx: KernelContext, *values: Array) -> tuple[Array, ...]:
    return tuple(_shape(ctx, value) for value in values)


def _size(ctx: KernelContext, value: Array) -> Array:
    return np.array(np.size(value), ctx.output_dtypes[0].numpy)


def _rank(_ctx: KernelContext, value: Array) -> Array:
    return np.array(np.ndim(value), np.int32)


def _ensured_shape(ctx: ShapeContext) -> list[Shape]:
    return [merge_shapes([ctx.shape(0), attr_shape(ctx, "shape")])]


def _ensured(ctx: KernelContext, value: Array) -> Array:
    wanted = shape_from_proto(ctx.attr("shape"))
    if wanted is not None and not fits(np.shape(value), wanted):
        raise InvalidArgumentError(
            f"Shape of tensor {ctx.node_name} {format_shape(np.shape(value))} is not compatible with expected shape "
            f"{format_shape(wanted)}."
        )
    return value


def _reshape_shape(ctx: ShapeContext) -> list[Shape]:
    given, wanted = ctx.shape(0), input_as_shape(ctx, 1)
    if wanted is None or given is None:
        return [wanted]
    # Where a size is 0, the others do not matter.
    missing = 0 if 0 in given else given.count(None)
    if max(wanted.count(None), missing) > 1:
        return [wanted]
    count = math.prod(size for size in given if size is not None)
    known = math.prod(size for size in wanted if size is not None)
    if not missing and None not in wanted:
        fits_in = known == count
    elif not missing:
        fits_in = not known or count % known == 0
        wanted = tuple(count // known if size is None and known and fits_in else size for size in wanted)
    else:
        fits_in = None in wanted or not count or known % count == 0
    if not fits_in:
        raise InvalidArgumentError(f"Cannot reshape a tensor with {count} elements to shape {format_shape(wanted)}")
    return [wanted]


def _reshape(_ctx: KernelContext, value: Array, shape: Array) -> Array:
    sizes = [int(size) for size in shape]
    known = math.prod(size for size in sizes if size >= 0)
    if sizes.count(-1) > 1:
        raise InvalidArgumentError("Only one input size may be -1, not both 0 and 1")
    if min(sizes, default=0) < -1:
        raise InvalidArgumentError(f"Size {sizes.index(min(sizes))} must be non-negative, not {min(sizes)}")
    if -1 in sizes:
        rest = _rest(value.shape, sizes)
        sizes = [rest if size == -1 else size for size in sizes]
    elif known != value.size:
        raise InvalidArgumentError(
            f"Input to reshape is a tensor with {value.size} values, but the requested shape has {known}"
        )
    return value.reshape(sizes)


def _rest(shape: tuple[int, ...], sizes: list[int]) -> int:
    """Return the size that -1 stands for. Where another size is 0, the sizes that are not 0 settle it."""
    without_zeros = 0 in sizes
    count = math.prod(size for size in shape if size or not without_zeros)
    known = math.prod(size for size in sizes if size > 0)
    if count % known:
        raise InvalidArgumentError(
            f"Input to reshape is a tensor with {count} values, but the requested shape requires a multiple of {known}"
        )
    return count // known


def _expand_shape(ctx: ShapeContext) -> list[Shape]:
    shape, dim = ctx.shape(0), ctx.constant(1)
    if shape is None:
        return [None]
    if dim is None:
        return [None]
    axis = canonical_axis(int(dim.item()), len(shape) + 1)
    return [(*shape[:axis], 1, *shape[axis:])]


def _expand(_ctx: KernelContext, value: Array, dim: Array) -> Array:
    rank = np.ndim(value)
    axis = int(dim.item())
    if not -rank - 1 <= axis <= rank:
        raise InvalidArgumentError(f"Tried to expand dim index {axis} for tensor with {rank} dimensions.")
    return np.expand_dims(value, axis)


def _squeeze_shape(ctx: ShapeContext) -> list[Shape]:
    shape, dims = ctx.shape(0), ctx.attr("squeeze_dims")
    if shape is None:
        return [None]
    if not dims:
        # An unknown size could be 1, so that not even the rank of the result is known.
        return [None if None in shape else tuple(size for size in shape if size != 1)]
    axes = {canonical_axis(dim, len(shape), "squeeze dimension") for dim in dims}
    for axis in axes:
        if shape[axis] not in {None, 1}:
            raise InvalidArgumentError(f"Can not squeeze dim[{axis}], expected a dimension of 1, got {shape[axis]}")
    return [tuple(size for axis, size in enumerate(shape) if axis not in axes)]


def _squeeze(ctx: KernelContext, value: Array) -> Array:
    axes = {canonical_axis(dim, value.ndim, "squeeze dimension") for dim in ctx.attr("squeeze_dims")}
    for axis in sorted(axes):
        if value.shape[axis] != 1:
            raise InvalidArgumentError(
                f"Can not squeeze dim[{axis}], expected a dimension of 1, got {value.shape[axis]}"
            )
    return np.squeeze(value, tuple(axes) if axes else None)


def _transpose_shape(ctx: ShapeContext) -> list[Shape]:
    shape, perm = ctx.shape(0), ctx.constant(1)
    if shape is None or perm is None:
        known = shape if shape is not None else rank_of_vector(ctx, 1)
        # TensorFlow takes an empty permutation for no information about the rank.
        return [(None,) * len(known) if known else known if known == shape else None]
    # That an axis is named twice is seen only when the graph runs.
    if len(perm) != len(shape):
        raise InvalidArgumentError(f"transpose expects a permutation of {len(shape)} dimensions, got {perm.tolist()}")
    return [tuple(shape[canonical_axis(int(axis), len(shape))] for axis in perm)]


def _permutation(perm: Array, rank: int) -> list[int]:
    axes = [int(axis) + rank if axis < 0 else int(axis) for axis in perm]
    if sorted(axes) != list(range(rank)):
        raise InvalidArgumentError(f"transpose expects a permutation of {rank} dimensions, got {perm.tolist()}")
    return axes


def _transpose(_ctx: KernelContext, x: Array, perm: Array) -> Array:
    return np.transpose(x, _permutation(perm, np.ndim(x)))


def _keeps_order(_ctx: KernelContext, x: Array, perm: Array) -> bool:
    """Tell whether the elements stay in order: only dimensions of 1 change places."""
    axes = [axis for axis in _permutation(perm, np.ndim(x)) if x.shape[axis] != 1]
    return axes == sorted(axes)


def _invert_permutation(_ctx: KernelContext, x: Array) -> Array:
    result = np.empty_like(x)
    if sorted(x.tolist()) != list(range(len(x))):
        raise InvalidArgumentError(f"{x.tolist()} is no permutation")
    result[x] = np.arange(len(x), dtype=x.dtype)
    return result


def _broadcast_to_shape(ctx: ShapeContext) -> list[Shape]:
    shape, wanted = ctx.shape(0), input_as_shape(ctx, 1)
    if shape is None or wanted is None:
        return [wanted]
    if len(shape) > len(wanted):
        raise InvalidArgumentError(f"Shape must be at most rank {len(wanted)} but is rank {len(shape)}")
    sizes = list(wanted)
    for back, own in enumerate(reversed(shape), 1):
        if own != 1:
            merge_dims(own, sizes[-back])
        if own is not None and own > 1:
            sizes[-back] = own
    return [tuple(sizes)]


def _broadcast_to(_ctx: KernelContext, value: Array, shape: Array) -> Array:
    try:
        return np.broadcast_to(value, check_shape_input(shape))
    except ValueError as error:
        raise InvalidArgumentError(
            f"Incompatible shapes: {format_shape(np.shape(value))} vs. {format_shape(shape.tolist())}"
        ) from error


def _tile_shape(ctx: ShapeContext) -> list[Shape]:
    shape, multiples, entries = ctx.shape(0), ctx.constant(1), rank_of_vector(ctx, 1)
    if entries is not None:
        shape = with_rank(shape, len(entries))
    if multiples is None or shape is None:
        return [None if shape is None else (None,) * len(shape)]
    _check_multiples(multiples, len(shape))
    return [tuple(_tiled(size, by) for size, by in zip(shape, multiples.tolist(), strict=True))]


def _tiled(size: int | None, by: int) -> int | None:
    return 0 if by == 0 else None if size is None else size * by


def _check_multiples(multiples: Array, rank: int) -> None:
    if len(multiples) != rank:
        raise InvalidArgumentError(
            f"Expected multiples argument to be a vector of length {rank} but got length {len(multiples)}"
        )
    if np.any(multiples < 0):
        raise InvalidArgumentError(f"Expected multiples[{int(np.argmin(multiples))}] >= 0, but got {multiples.min()}")


def _tile(_ctx: KernelContext, value: Array, multiples: Array) -> Array:
    _check_multiples(multiples, np.ndim(value))
    if np.size(value) == 1:  # what the gradient of a mean is made of
        return np.full(multiples, value.reshape(()), value.dtype)
    return np.tile(value, multiples.tolist())


def _broadcast_args_shape(ctx: ShapeContext) -> list[Shape]:
    (left,), (right,) = with_rank(ctx.shape(0), 1), with_rank(ctx.shape(1), 1)
    return [(None if left is None or right is None else max(left, right),)]


def _broadcast_args(_ctx: KernelContext, s0: Array, s1: Array) -> Array:
    return np.array(np.broadcast_shapes(tuple(s0), tuple(s1)), s0.dtype)


def _reduced_axes(_ctx: KernelContext, s0: Array, s1: Array) -> tuple[Array, Array]:
    """Return, for each of two shapes, the axes of their combined shape that a gradient has to be summed over."""
    if np.array_equal(s0, s1):
        return np.empty(0, s0.dtype), np.empty(0, s0.dtype)
    rank = max(len(s0), len(s1))
    np.broadcast_shapes(tuple(s0), tuple(s1))
    padded = [np.concatenate([np.ones(rank - len(shape), shape.dtype), shape]) for shape in (s0, s1)]
    missing = [np.arange(rank) < rank - len(shape) for shape in (s0, s1)]
    # TensorFlow names an axis where both sizes are 1 for both: summing over it changes nothing but the shape.
    return tuple(
        np.flatnonzero(((own == 1) & (other != 1)) | absent | ((own == 1) & (other == 1))).astype(s0.dtype)
        for own, other, absent in zip(padded, padded[::-1], missing, strict=True)
    )  # type: ignore[return-value]


T = types("T")
OUT_TYPE = types("out_type", INDEX, INT32)
SHAPE_TENSOR = FullTypeDef(type_id=TFT_SHAPE_TENSOR, args=[FullTypeDef(type_id=TFT_VAR, s="out_type")])

ROWS: tuple[Op, ...] = (
    BITCAST_ROW,
    Op("Shape", "input: T -> output: out_type", (T, OUT_TYPE), _shape_shape, _shape, full_type=SHAPE_TENSOR),
    Op(
        "ShapeN",
        "input: N * T -> output: N * out_type",
        (Attr("N", "int", minimum=1), T, OUT_TYPE),
        _shape_n_shape,
        _shape_n,
    ),
    Op("Size", "input: T -> output: out_type", (T, OUT_TYPE), scalar, _size),
    Op("Rank", "input: T -> output: int32", (T,), scalar, _rank),
    Op(
        "Reshape",
        "tensor: T, shape: Tshape -> output: T",
        (T, types("Tshape", INDEX, INT32)),
        _reshape_shape,
        _reshape,
        sharing=first_input,
    ),
    Op(
        "ExpandDims",
        "input: T, dim: Tdim -> output: T",
        (T, types("Tdim", INDEX, INT32)),
        _expand_shape,
        _expand,
        sharing=first_input,
    ),
    Op(
        "EnsureShape",
        "input: T -> output: T",
        (Attr("shape", "shape"), T),
        _ensured_shape,
        _ensured,
        sharing=first_input,
    ),
    Op(
        "Squeeze",
        "input: T -> output: T",
        (T, Attr("squeeze_dims", "list(int)", (), minimum=0)),
        _squeeze_shape,
        _squeeze,
        sharing=first_input,
    ),
    Op(
        "Transpose",
        "x: T, perm: Tperm -> y: T",
        (T, types("Tperm", INDEX, INT32)),
        _transpose_shape,
        _transpose,
        sharing=only_if(_keeps_order),
    ),
    Op(
        "InvertPermutation",
        "x: T -> y: T",
        (types("T", INDEX, INT32),),
        lambda ctx: [ctx.shape(0) or (None,)],
        _invert_permutation,
    ),
    Op(
        "BroadcastTo",
        "input: T, shape: Tidx -> output: T",
        (T, types("Tidx", INDEX, INT32)),
        _broadcast_to_shape,
        _broadcast_to,
        sharing=only_if(lambda _, value, shape: np.shape(value) == tuple(shape)),
    ),
    Op(
        "Tile",
        "input: T, multiples: Tmultiples -> output: T",
        (T, types("Tmultiples", INDEX, INT32)),
        _tile_shape,
        _tile,
        sharing=only_if(lambda _, __, multiples: bool(np.all(multiples == 1))),
    ),
    Op(
        "BroadcastArgs",
        "s0: T, s1: T -> r0: T",
        (types("T", INDEX, INT32),),
        _broadcast_args_shape,
        _broadcast_args,
    ),
    Op(
        "BroadcastGradientArgs",
        "s0: T, s1: T -> r0: T, r1: T",
        (types("T", INDEX, INT32),),
        lambda _ctx: [(None,), (None,)],
        _reduced_axes,
    ),
)
