"""Ops that reduce dimensions to one element each: sums, extremes, positions of extremes, running sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32, INT64, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.sharing import only_if
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS, ORDERED, SMALL_INDEX, dtypes

__all__ = ["ROWS", "accumulator"]


def accumulator(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type to add up elements of a type in: float32 for the short floats, else the type itself."""
    return np.dtype(np.float32) if dtype.itemsize == 2 and dtype.kind not in "iu" else dtype


def _named_axes(indices: Array, rank: int) -> list[int]:
    """Return the axes that a tensor names, each counted from the front."""
    axes = []
    for axis in np.reshape(indices, -1).tolist():
        if not -rank <= axis < rank:
            raise InvalidArgumentError(f"Invalid reduction dimension ({axis} for input with {rank} dimension(s)")
        axes.append(axis % rank)
    return axes


def _axes(indices: Array, rank: int) -> tuple[int, ...]:
    """Return the reduced axes, of which none may be named twice."""
    axes = _named_axes(indices, rank)
    if len(set(axes)) < len(axes):
        raise InvalidArgumentError(f"Invalid reduction arguments: Axes contains duplicate dimension: {axes}")
    return tuple(axes)


def _reduced(ctx: ShapeContext) -> list[Shape]:
    shape, indices, keep = ctx.shape(0), ctx.constant(1), ctx.attr("keep_dims")
    if shape is None:
        return [None]
    if indices is None:
        return [(None,) * len(shape) if keep else None]
    axes = _named_axes(indices, len(shape))
    if keep:
        return [tuple(1 if axis in axes else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in axes)]


Reduction = Callable[[Array, tuple[int, ...]], Array]
"""Reduces along axes, which stay with a size of 1."""


def _sum(x: Array, axes: tuple[int, ...]) -> Array:
    # Not np.sum, which takes as long again until it comes to this.
    return np.add.reduce(x, axis=axes, keepdims=True, dtype=accumulator(x.dtype))


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    count = math.prod([x.shape[axis] for axis in axes])
    total = _sum(x, axes)
    if count == 0 and x.dtype.kind in "iuc":
        return np.zeros_like(total)
    if x.dtype.kind not in "iu":
        return total / total.dtype.type(count)
    quotient = total // total.dtype.type(count)
    return quotient + ((quotient < 0) & (quotient * total.dtype.type(count) != total)).astype(total.dtype)


def _prod(x: Array, axes: tuple[int, ...]) -> Array:
    return np.prod(x, axis=axes, keepdims=True, dtype=accumulator(x.dtype))


def _limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Return what is below, and what is above, every element of a type."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return dtype.type(-np.inf), dtype.type(np.inf)


def _max(x: Array, axes: tuple[int, ...]) -> Array:
    return np.max(x, axis=axes, keepdims=True, initial=_limits(x.dtype)[0])


def _min(x: Array, axes: tuple[int, ...]) -> Array:
    return np.min(x, axis=axes, keepdims=True, initial=_limits(x.dtype)[1])


def _all(x: Array, axes: tuple[int, ...]) -> Array:
    return np.all(x, axis=axes, keepdims=True)


def _any(x: Array, axes: tuple[int, ...]) -> Array:
    return np.any(x, axis=axes, keepdims=True)


def _reduce(compute: Reduction) -> Kernel:
    def kernel(ctx: KernelContext, x: Array, indices: Array) -> Array:
        x = np.asarray(x)
        axes = _axes(indices, x.ndim)
        result = np.asarray(compute(x, axes)).astype(x.dtype, copy=False)
        return result if ctx.attr("keep_dims") else result.squeeze(axes)

    return kernel


def _reduces_nothing(_ctx: KernelContext, x: Array, indices: Array) -> bool:
    return all(np.shape(x)[axis] == 1 for axis in np.reshape(indices, -1).tolist())


def _arg_shape(ctx: ShapeContext) -> list[Shape]:
    shape, axis = ctx.shape(0), ctx.constant(1)
    if shape is None:
        return [None]
    if len(shape) <= 1:
        return [()]
    if axis is None:
        return [(None,) * (len(shape) - 1)]
    position = canonical_axis(int(axis), len(shape))
    return [shape[:position] + shape[position + 1 :]]


def _arg(compute: Callable[..., Any], worst: float) -> Kernel:
    """Return the kernel of a search; ``worst`` is what it finds last."""

    def kernel(ctx: KernelContext, x: Array, dimension: Array) -> Array:
        rank = np.ndim(x)
        if not -rank <= dimension < rank:
            raise InvalidArgumentError(f"Expected dimension in the range [{-rank}, {rank}), but got {dimension}")
        axis = int(dimension) % rank
        if x.shape[axis] == 0:
            raise InvalidArgumentError(f"Reduction axis {axis} is empty in shape {format_shape(x.shape)}")
        if x.dtype.kind not in "iub":
            # TensorFlow compares, and NaN is neither less nor more than anything; NumPy would pick the NaN.
            x = np.where(np.isnan(x), x.dtype.type(worst), x)
        return np.asarray(compute(x, axis=axis)).astype(ctx.output_dtypes[0].numpy)

    return kernel


def _cumulate(compute: Callable[..., Any], neutral: int) -> Kernel:
    def kernel(ctx: KernelContext, x: Array, axis: Array) -> Array:
        position = canonical_axis(int(axis), x.ndim)
        flipped = np.flip(x, position) if ctx.attr("reverse") else x
        result = compute(flipped, axis=position, dtype=x.dtype)
        if ctx.attr("exclusive"):
            result = np.roll(result, 1, position)
            result[(slice(None),) * position + (slice(0, 1),)] = neutral
        return np.flip(result, position) if ctx.attr("reverse") else result

    return kernel


ARG_TYPES = (*ORDERED, *dtypes("bool"))
REDUCE_INDEX = types("Tidx", INDEX, INT32)


def _row(name: str, allowed: Sequence[DType], compute: Reduction) -> Op:
    """Return the row of a reduction of numbers."""
    attrs = (flag("keep_dims"), types("T", allowed), REDUCE_INDEX)
    return _reduction(name, "input: T, reduction_indices: Tidx -> output: T", attrs, compute)


def _logical(name: str, compute: Reduction) -> Op:
    """Return the row of a reduction of truth values."""
    signature = "input: bool, reduction_indices: Tidx -> output: bool"
    return _reduction(name, signature, (flag("keep_dims"), REDUCE_INDEX), compute)


def _reduction(name: str, signature: str, attrs: tuple[Attr, ...], compute: Reduction) -> Op:
    return Op(name, signature, attrs, _reduced, _reduce(compute), sharing=only_if(_reduces_nothing))


def _cumulative(name: str, compute: Callable[..., Any], neutral: int) -> Op:
    """Return the row of a running reduction."""
    attrs = (flag("exclusive"), flag("reverse"), types("T", NUMBERS), REDUCE_INDEX)
    return Op(name, "x: T, axis: Tidx -> out: T", attrs, like_input(), _cumulate(compute, neutral))


ROWS: tuple[Op, ...] = (
    _row("Sum", NUMBERS, _sum),
    _row("Mean", NUMBERS, _mean),
    _row("Prod", NUMBERS, _prod),
    _row("Max", ORDERED, _max),
    _row("Min", ORDERED, _min),
    _logical("All", _all),
    _logical("Any", _any),
    Op(
        "ArgMax",
        "input: T, dimension: Tidx -> output: output_type",
        (
            types("T", ARG_TYPES),
            types("Tidx", SMALL_INDEX, INT32),
            types("output_type", dtypes("int16 uint16 int32 int64"), INT64),
        ),
        _arg_shape,
        _arg(np.argmax, -np.inf),
    ),
    Op(
        "ArgMin",
        "input: T, dimension: Tidx -> output: output_type",
        (types("T", ARG_TYPES), REDUCE_INDEX, types("output_type", INDEX, INT64)),
        _arg_shape,
        _arg(np.argmin, np.inf),
    ),
    _cumulative("Cumsum", np.cumsum, 0),
    _cumulative("Cumprod", np.cumprod, 1),
)
