"""Ops that write numbers as strings, put strings together along dimensions, and write bytes as text.

Format: tensorflow/core/kernels/as_string_op.cc, reduce_join_op.cc, base64_ops.cc; core/ops/string_ops.cc.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.type_sets import dtypes
from ckpt_magics.graphs.ops.values.string_values import of_each

__all__ = ["ROWS"]

MAX_WIDTH = 1 << 16
"""Characters that a number may be told to take: wide enough for any table, and no memory for a few bytes."""


def _as_string(ctx: KernelContext, values: Array) -> Array:
    array = np.asarray(values)
    write = _writer(ctx, array.dtype)
    result: Array = np.empty(array.shape, object)
    result.reshape(-1)[:] = [write(item) for item in array.reshape(-1)]
    return result


def _writer(ctx: KernelContext, dtype: np.dtype[np.generic]) -> Callable[[Array], bytes]:
    """Return what writes one element."""
    start, end = _form(ctx, takes_all=dtype.kind in "fcVO")
    if dtype.kind == "O":
        # The precision says how many bytes of a string there are at most.
        return lambda item: f"%{start}{end[:-1]}s".encode() % item
    if dtype.kind == "b":
        return lambda item: b"true" if item else b"false"
    if dtype.kind == "c":
        return lambda item: f"({_real(start, end, item.real)},{_real(start, end, item.imag)})".encode()
    if dtype.kind == "u":
        # A sign is for what may have another one.
        start = start.removeprefix("+")
    if dtype.kind in "iu":
        return lambda item: (f"%{start}d" % int(item)).encode()
    return lambda item: _real(start, end, float(item)).encode()


def _real(start: str, end: str, number: float) -> str:
    # What is no number is not filled up with zeros.
    return f"%{start if math.isfinite(number) else start.removeprefix('0')}{end}" % number


def _form(ctx: KernelContext, *, takes_all: bool) -> tuple[str, str]:
    """Return how to write numbers, as C's ``printf`` is told it: fill and width, precision and kind.

    Raises:
        InvalidArgumentError: The attributes do not go together, or with the type.
    """
    precision, width, fill = ctx.attr("precision"), ctx.attr("width"), ctx.attr("fill").decode(errors="replace")
    scientific, shortest = ctx.attr("scientific"), ctx.attr("shortest")
    if scientific and shortest:
        raise InvalidArgumentError("Cannot select both scientific and shortest notation")
    if not takes_all and (scientific or shortest or precision > -1):
        raise InvalidArgumentError("scientific, shortest and precision are for numbers with a point")
    if fill not in {"", " ", "+", "-", "0", "#"}:
        raise InvalidArgumentError(f'Fill argument not supported: "{visible(fill)}"')
    if width > MAX_WIDTH or precision > MAX_WIDTH:
        raise InvalidArgumentError(f"width and precision must be at most {MAX_WIDTH}")
    kind = "e" if scientific else "g" if shortest else "f"
    return f"{fill}{width if width > -1 else ''}", f".{precision}{kind}" if precision > -1 else kind


def _joined_axes(axes: Array, rank: int) -> list[int]:
    """Return the dimensions that are joined, the fastest one first.

    Raises:
        InvalidArgumentError: There is none such, or one is named twice.
    """
    found = [canonical_axis(axis, rank, "reduction dimension") for axis in np.reshape(axes, -1).tolist()]
    if len(set(found)) < len(found):
        raise InvalidArgumentError(f"Duplicate reduction dimension in {found}")
    return found


def _reduce_join(ctx: KernelContext, values: Array, axes: Array) -> Array:
    array = np.asarray(values, object)
    joined = _joined_axes(axes, array.ndim)
    kept = [axis for axis in range(array.ndim) if axis not in joined]
    shape = [array.shape[axis] for axis in kept]
    rows = np.transpose(array, [*kept, *reversed(joined)]).reshape(math.prod(shape), -1 if array.size else 0)
    result: Array = np.empty(len(rows), object)
    result[:] = [ctx.attr("separator").join(row) for row in rows.tolist()]
    if ctx.attr("keep_dims"):
        shape = [1 if axis in joined else size for axis, size in enumerate(array.shape)]
    return result.reshape(shape) if joined else array


def _reduce_join_shape(ctx: ShapeContext) -> list[Shape]:
    shape, axes = ctx.shape(0), ctx.constant(1)
    if shape is None or axes is None:
        return [None]
    joined = _joined_axes(axes, len(shape))
    if ctx.attr("keep_dims"):
        return [tuple(1 if axis in joined else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in joined)]


def _encode(ctx: KernelContext, texts: Array) -> Array:
    return of_each(lambda text: base64.urlsafe_b64encode(text).rstrip(b"" if ctx.attr("pad") else b"="), texts)


def _decode(_ctx: KernelContext, texts: Array) -> Array:
    return of_each(_decoded, texts)


def _decoded(text: bytes) -> bytes:
    match = _BASE64.fullmatch(text)
    if match is None or (match[2] and len(text) % 4) or len(match[1]) % 4 == 1:
        raise InvalidArgumentError(f"Invalid character found in base64: {visible(text)}")
    return base64.urlsafe_b64decode(match[1] + b"=" * (-len(match[1]) % 4))


_BASE64 = re.compile(rb"([A-Za-z0-9_-]*)(={0,2})")

WRITTEN = dtypes(
    "float double int32 uint8 int16 int8 int64 bfloat16 uint16 half uint32 uint64 complex64 complex128 bool variant "
    "string"
)

ROWS: tuple[Op, ...] = (
    Op(
        "AsString",
        "input: T -> output: string",
        (
            types("T", WRITTEN),
            Attr("precision", "int", -1),
            flag("scientific"),
            flag("shortest"),
            Attr("width", "int", -1),
            Attr("fill", "string", b""),
        ),
        like_input(),
        _as_string,
    ),
    Op(
        "ReduceJoin",
        "inputs: string, reduction_indices: int32 -> output: string",
        (flag("keep_dims"), Attr("separator", "string", b"")),
        _reduce_join_shape,
        _reduce_join,
    ),
    Op("EncodeBase64", "input: string -> output: string", (flag("pad"),), like_input(), _encode),
    Op("DecodeBase64", "input: string -> output: string", (), like_input(), _decode),
)
