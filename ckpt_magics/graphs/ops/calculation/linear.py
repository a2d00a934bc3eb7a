"""Products of matrices and the bias that follows them."""

from __future__ import annotations

import re

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.partial_shapes import (
    Array,
    Shape,
    broadcast_shapes,
    merge_dims,
    merge_shapes,
    with_rank,
    with_rank_at_least,
)
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.type_sets import NUMBERS, dtypes

__all__ = ["ROWS"]


def _matmul_shape(ctx: ShapeContext) -> list[Shape]:
    a, b = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 2)
    rows, inner_a = reversed(a) if ctx.attr("transpose_a") else a
    inner_b, columns = reversed(b) if ctx.attr("transpose_b") else b
    merge_dims(inner_a, inner_b)
    return [(rows, columns)]


def _product(a: Array, b: Array) -> Array:
    """Multiply; short floats are added up as float32, as TensorFlow does."""
    wide = accumulator(a.dtype)
    if wide == a.dtype:
        return np.matmul(a, b)
    return np.matmul(a.astype(wide), b.astype(wide)).astype(a.dtype)


def _matmul(ctx: KernelContext, a: Array, b: Array) -> Array:
    if a.ndim != 2 or b.ndim != 2:
        which, array = ("0", a) if a.ndim != 2 else ("1", b)
        raise InvalidArgumentError(f"In[{which}] is not a matrix. Instead it has shape {format_shape(array.shape)}")
    left = a.T if ctx.attr("transpose_a") else a
    right = b.T if ctx.attr("transpose_b") else b
    if left.shape[1] != right.shape[0]:
        raise InvalidArgumentError(
            f"Matrix size-incompatible: In[0]: {format_shape(a.shape)}, In[1]: {format_shape(b.shape)}"
        )
    return _product(left, right)


def _batch_shape(ctx: ShapeContext) -> list[Shape]:
    """Rule without broadcasting: what is known of either input's dimensions in front holds for the other."""
    x, y = with_rank_at_least(ctx.shape(0), 2), with_rank_at_least(ctx.shape(1), 2)
    if x is None and y is None:
        return [None]
    x = (*(y or ())[:-2], None, None) if x is None else x
    y = (*x[:-2], None, None) if y is None else y
    return _product_shape(ctx, x, y, merge_shapes([x[:-2], y[:-2]]))


def _batch_shape_v2(ctx: ShapeContext) -> list[Shape]:
    x, y = with_rank_at_least(ctx.shape(0), 2), with_rank_at_least(ctx.shape(1), 2)
    if x is None or y is None:
        return [None]
    return _product_shape(ctx, x, y, broadcast_shapes(x[:-2], y[:-2]))


def _product_shape(
    ctx: ShapeContext, x: tuple[int | None, ...], y: tuple[int | None, ...], batch: Shape
) -> list[Shape]:
    rows, inner_x = reversed(x[-2:]) if ctx.attr("adj_x") else x[-2:]
    inner_y, columns = reversed(y[-2:]) if ctx.attr("adj_y") else y[-2:]
    merge_dims(inner_x, inner_y)
    return [None if batch is None else (*batch, rows, columns)]


def _batch_matmul(ctx: KernelContext, x: Array, y: Array) -> Array:
    left = np.conj(np.swapaxes(x, -1, -2)) if ctx.attr("adj_x") else x
    right = np.conj(np.swapaxes(y, -1, -2)) if ctx.attr("adj_y") else y
    if left.shape[-1] != right.shape[-2]:
        raise InvalidArgumentError(
            f"Matrix size-incompatible: In[0]: {format_shape(x.shape)}, In[1]: {format_shape(y.shape)}"
        )
    return _product(left, right)


def _channel_axis(data_format: bytes, rank: int) -> int:
    """Return where the channels are; TensorFlow takes them for the last dimension of a matrix in either format."""
    return 1 if data_format == b"NCHW" and rank > 2 else rank - 1


def _bias_add_shape(ctx: ShapeContext) -> list[Shape]:
    value, (channels,) = with_rank_at_least(ctx.shape(0), 2), with_rank(ctx.shape(1), 1)
    if value is None:
        return [None]
    axis = _channel_axis(ctx.attr("data_format"), len(value))
    return [(*value[:axis], merge_dims(value[axis], channels), *value[axis + 1 :])]


def _bias_add(ctx: KernelContext, value: Array, bias: Array) -> Array:
    if value.ndim < 2:
        raise InvalidArgumentError(f"Input tensor must be at least 2D: {format_shape(value.shape)}")
    axis = _channel_axis(ctx.attr("data_format"), value.ndim)
    if bias.ndim != 1 or bias.shape[0] != value.shape[axis]:
        raise InvalidArgumentError(
            f"Must provide as many biases as the channel dimension of the input tensor: {format_shape(bias.shape)} "
            f"vs. {value.shape[axis]} in {format_shape(value.shape)}"
        )
    behind = value.ndim - 1 - axis
    return value + (bias.reshape(-1, *[1] * behind) if behind else bias)


def _bias_add_v1_shape(ctx: ShapeContext) -> list[Shape]:
    value, (channels,) = ctx.shape(0), with_rank(ctx.shape(1), 1)
    return [None if value is None else (*value[:-1], merge_dims(value[-1], channels))]


def _bias_add_v1(_ctx: KernelContext, value: Array, bias: Array) -> Array:
    return value + bias


def _bias_grad_shape(ctx: ShapeContext) -> list[Shape]:
    shape = ctx.shape(0)
    return [(None if shape is None else shape[_channel_axis(ctx.attr("data_format"), len(shape))],)]


def _bias_grad(ctx: KernelContext, gradient: Array) -> Array:
    axis = _channel_axis(ctx.attr("data_format"), gradient.ndim)
    others = tuple(index for index in range(gradient.ndim) if index != axis)
    return np.sum(gradient, axis=others, dtype=accumulator(gradient.dtype)).astype(gradient.dtype, copy=False)


_LABELS = re.compile(r"((?:[A-Za-z]|\.\.\.)*)(?:,((?:[A-Za-z]|\.\.\.)*))?->((?:[A-Za-z]|\.\.\.)*)")


def _einsum(ctx: KernelContext, *inputs: Array) -> Array:
    equation = re.sub(r"\s", "", ctx.attr("equation").decode("ascii", "replace"))
    match = _LABELS.fullmatch(equation)
    if match is None or len(inputs) != (1 if match[2] is None else 2):
        raise InvalidArgumentError(f"Expected one or two inputs and an '->' in the equation: {equation!r}")
    wide = accumulator(inputs[0].dtype)
    labels, _, result = equation.partition("->")
    single = "".join(label for index, label in enumerate(result) if label == "." or label not in result[:index])
    # NumPy computes it by matrix products where it is asked to look for them.
    wide_inputs = (item.astype(wide, copy=False) for item in inputs)
    value = np.einsum(f"{labels}->{single}", *wide_inputs, optimize=True).astype(inputs[0].dtype, copy=False)
    return value if single == result else _on_diagonals(value, single, result)


def _on_diagonals(value: Array, single: str, result: str) -> Array:
    """Spread axes of single labels to labels that stand there more than once: what is off the diagonal is 0."""
    front, dots, behind = single.partition("...")
    lengths = dict(zip(front, value.shape, strict=False)) | dict(zip(behind[::-1], value.shape[::-1], strict=False))
    outer = value.shape[len(front) : value.ndim - len(behind)] if dots else ()
    first, _, last = result.partition("...")
    spread = np.zeros([lengths[label] for label in first] + [*outer] + [lengths[label] for label in last], value.dtype)
    np.einsum(f"{result}->{single}", spread)[...] = value  # a view of the diagonals
    return spread


def _einsum_shape(ctx: ShapeContext) -> list[Shape]:
    match = _LABELS.fullmatch(re.sub(r"\s", "", ctx.attr("equation").decode("ascii", "replace")))
    if match is None or (match[2] is not None) != (ctx.attr("N") == 2):
        raise InvalidArgumentError(f"Expected one or two inputs and an '->' in the equation: {ctx.attr('equation')!r}")
    sizes: dict[str, int | None] = {}
    outer: Shape = ()
    for index, labels in enumerate(filter(lambda text: text is not None, match.groups()[:2])):
        before, dots, after = labels.partition("...")
        shape = ctx.shape(index)
        if shape is None:
            shape = (None,) * len(labels)
            if dots:
                return [None]
        if len(shape) < len(before) + len(after) or (not dots and len(shape) != len(before)):
            raise InvalidArgumentError(f"Expected input {index} of rank {len(before) + len(after)}, got {len(shape)}")
        ends = len(shape) - len(after)
        outer = broadcast_shapes(outer, shape[len(before) : ends])
        for label, size in zip(before + after, shape[: len(before)] + shape[ends:], strict=True):
            sizes[label] = merge_dims(sizes.get(label), size)
    before, dots, after = match[3].partition("...")
    if set(before + after) - sizes.keys():
        raise InvalidArgumentError(f"The output of the equation {ctx.attr('equation')!r} has labels of no input")
    named = [[sizes[label] for label in part] for part in (before, after)]
    return [None if outer is None else (*named[0], *(outer if dots else ()), *named[1])]


MATMUL_TYPES = dtypes("bfloat16 half float double int32 int64 uint8 uint16 uint32 uint64 complex64 complex128")
BATCH_TYPES = dtypes("bfloat16 half float double int32 int64 complex64 complex128")
BATCH_V2_TYPES = dtypes("bfloat16 half float double int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128")
ADJOINT_ATTRS = (flag("adj_x"), flag("adj_y"), flag("grad_x"), flag("grad_y"))
DATA_FORMAT = Attr("data_format", "string", b"NHWC", allowed=(b"NHWC", b"NCHW"))

ROWS: tuple[Op, ...] = (
    Op(
        "MatMul",
        "a: T, b: T -> product: T",
        (flag("transpose_a"), flag("transpose_b"), types("T", MATMUL_TYPES), flag("grad_a"), flag("grad_b")),
        _matmul_shape,
        _matmul,
    ),
    Op(
        "BatchMatMul", "x: T, y: T -> output: T", (types("T", BATCH_TYPES), *ADJOINT_ATTRS), _batch_shape, _batch_matmul
    ),
    Op(
        "BatchMatMulV2",
        "x: T, y: T -> output: T",
        (types("T", BATCH_V2_TYPES), *ADJOINT_ATTRS),
        _batch_shape_v2,
        _batch_matmul,
    ),
    Op(
        "Einsum",
        "inputs: N * T -> output: T",
        (Attr("equation", "string"), Attr("N", "int", minimum=1), types("T")),
        _einsum_shape,
        _einsum,
    ),
    Op("BiasAdd", "value: T, bias: T -> output: T", (types("T", NUMBERS), DATA_FORMAT), _bias_add_shape, _bias_add),
    Op("BiasAddV1", "value: T, bias: T -> output: T", (types("T", NUMBERS),), _bias_add_v1_shape, _bias_add_v1),
    Op("BiasAddGrad", "out_backprop: T -> output: T", (types("T", NUMBERS), DATA_FORMAT), _bias_grad_shape, _bias_grad),
)
