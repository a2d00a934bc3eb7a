"""Ops on strings, which here are bytes: numbers as text and back, parts, and texts put together.

Format: tensorflow/core/kernels/string_to_number_op.cc, substr_op.cc, string_split_op.cc;
core/ops/string_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, with_rank
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import broadcast, like_input
from ckpt_magics.graphs.ops.type_sets import INDEX, dtypes
from ckpt_magics.graphs.ops.values.decoding import number_of

__all__ = ["ROWS", "of_each"]


def of_each(function: Callable[[bytes], object], values: Array, dtype: type = object) -> Array:
    """Return what a function makes of each string."""
    array = np.asarray(values, object)
    result: Array = np.empty(array.shape, dtype)
    result.reshape(-1)[:] = [function(item) for item in array.reshape(-1).tolist()]
    return result


def _to_number(ctx: KernelContext, texts: Array) -> Array:
    dtype = ctx.attr("out_type")

    def number(text: bytes) -> object:
        try:
            return number_of(text, dtype)
        except ValueError as error:
            raise InvalidArgumentError(
                f"StringToNumberOp could not correctly convert string: {visible(text)}"
            ) from error

    return of_each(number, texts, dtype.numpy)


def _substr(ctx: KernelContext, texts: Array, positions: Array, lengths: Array) -> Array:
    by_bytes = ctx.attr("unit") == b"BYTE"
    strings, starts, sizes = np.broadcast_arrays(np.asarray(texts, object), positions, lengths)
    result = np.empty(strings.shape, object)
    for place in np.ndindex(strings.shape):
        result[place] = _part(strings.item(place), int(starts[place]), int(sizes[place]), by_bytes)
    return result


def _part(text: bytes, start: int, size: int, by_bytes: bool) -> bytes:
    whole: bytes | str = text if by_bytes else text.decode("utf-8", "replace")
    if not -len(whole) <= start <= len(whole):
        raise InvalidArgumentError(f"pos {start} out of range for string b'{visible(text)}'")
    first = start + len(whole) if start < 0 else start
    part = whole[first : first + max(size, 0)]
    return part if isinstance(part, bytes) else part.encode()


def _length(ctx: KernelContext, texts: Array) -> Array:
    by_bytes = ctx.attr("unit") == b"BYTE"
    return of_each(lambda text: len(text if by_bytes else text.decode("utf-8", "replace")), texts, np.int32)


def _cased(change: Callable[[str], str], plain: Callable[[bytes], bytes]) -> Kernel:
    def kernel(ctx: KernelContext, texts: Array) -> Array:
        if ctx.attr("encoding"):
            return of_each(
                lambda text: change(text.decode("utf-8", "surrogateescape")).encode(errors="surrogateescape"), texts
            )
        return of_each(plain, texts)

    return kernel


def _strip(_ctx: KernelContext, texts: Array) -> Array:
    return of_each(bytes.strip, texts)


def _split(ctx: KernelContext, texts: Array, delimiters: Array) -> tuple[Array, Array, Array]:
    """Return the pieces of each string where any byte of the delimiter parts them, as a sparse matrix."""
    _check_ranks(texts, delimiters, "delimiter")
    marks: bytes = np.asarray(delimiters, object).item()
    rows = [_pieces(text, marks, ctx.attr("skip_empty")) for text in np.asarray(texts, object).tolist()]
    return _sparse(rows)


def _check_ranks(texts: Array, mark: Array, what: str) -> None:
    if np.ndim(texts) != 1:
        raise InvalidArgumentError(f"input must be a vector, got shape: {format_shape(np.shape(texts))}")
    if np.ndim(mark):
        raise InvalidArgumentError(f"{what} must be a scalar, got shape: {format_shape(np.shape(mark))}")


def _pieces(text: bytes, marks: bytes, skips_empty: bool) -> list[bytes]:
    if not text:
        return []
    if not marks:
        return [text[index : index + 1] for index in range(len(text))]
    for mark in marks[1:]:
        text = text.replace(bytes([mark]), marks[:1])
    pieces = text.split(marks[:1])
    return [piece for piece in pieces if piece] if skips_empty else pieces


def _split_v2(ctx: KernelContext, texts: Array, separator: Array) -> tuple[Array, Array, Array]:
    """Return the pieces of each string as Python's `bytes.split` gives them, as a sparse matrix."""
    _check_ranks(texts, separator, "sep")
    mark: bytes = np.asarray(separator, object).item()
    most = ctx.attr("maxsplit")
    return _sparse([text.split(mark or None, most) for text in np.asarray(texts, object).tolist()])


def _sparse(rows: list[list[bytes]]) -> tuple[Array, Array, Array]:
    places = [(row, column) for row, pieces in enumerate(rows) for column in range(len(pieces))]
    values = np.empty(len(places), object)
    values[:] = [piece for pieces in rows for piece in pieces]
    longest = max(map(len, rows), default=0)
    return np.array(places, np.int64).reshape(-1, 2), values, np.array([len(rows), longest], np.int64)


def _sparse_shapes(ctx: ShapeContext) -> list[Shape]:
    with_rank(ctx.shape(0), 1)
    with_rank(ctx.shape(1), 0)
    return [(None, 2), (None,), (2,)]


def _parts_shape(ctx: ShapeContext) -> list[Shape]:
    return [broadcast(ctx)[0]]


UNIT = Attr("unit", "string", b"BYTE", allowed=(b"BYTE", b"UTF8_CHAR"))
ENCODING = Attr("encoding", "string", b"")
PIECES = "indices: int64, values: string, shape: int64"

ROWS: tuple[Op, ...] = (
    Op(
        "StringToNumber",
        "string_tensor: string -> output: out_type",
        (types("out_type", dtypes("float double int32 int64 uint32 uint64"), FLOAT),),
        like_input(),
        _to_number,
    ),
    Op("Substr", "input: string, pos: T, len: T -> output: string", (types("T", INDEX), UNIT), _parts_shape, _substr),
    Op("StringLength", "input: string -> output: int32", (UNIT,), like_input(), _length),
    Op("StringLower", "input: string -> output: string", (ENCODING,), like_input(), _cased(str.lower, bytes.lower)),
    Op("StringUpper", "input: string -> output: string", (ENCODING,), like_input(), _cased(str.upper, bytes.upper)),
    Op("StringStrip", "input: string -> output: string", (), like_input(), _strip),
    Op(
        "StringSplit",
        f"input: string, delimiter: string -> {PIECES}",
        (Attr("skip_empty", "bool", True),),
        _sparse_shapes,
        _split,
    ),
    Op(
        "StringSplitV2",
        f"input: string, sep: string -> {PIECES}",
        (Attr("maxsplit", "int", -1),),
        _sparse_shapes,
        _split_v2,
    ),
)
