"""Ops on the diagonals of matrices: bands, and what lies on them.

Format: tensorflow/core/kernels/linalg/matrix_band_part_op.cc, matrix_diag_op.cc, matrix_set_diag_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT64
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_shapes, with_rank_at_least
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.type_sets import INDEX, dtypes

__all__ = ["ROWS"]

Band = tuple[int, int]
"""The lowest and the highest diagonal; 0 is the main one, positive ones lie above it."""


def _check_matrices(x: Array) -> None:
    if np.ndim(x) < 2:
        raise InvalidArgumentError(f"input must be at least 2-dim, received shape: {format_shape(np.shape(x))}")


def _band_part(_ctx: KernelContext, x: Array, lower: Array, upper: Array) -> Array:
    _check_matrices(x)
    rows, columns = x.shape[-2:]
    if lower > rows or upper > columns:
        raise InvalidArgumentError(
            f"num_lower and num_upper must be negative or at most the number of rows ({rows}) and columns ({columns}), "
            f"got: {lower} and {upper}"
        )
    below = np.arange(rows)[:, None] - np.arange(columns)
    inside = ((lower < 0) | (below <= lower)) & ((upper < 0) | (-below <= upper))
    return np.where(inside, x, b"" if x.dtype == object else np.zeros((), x.dtype))


def _band(k: Array) -> Band:
    values = [int(item) for item in np.reshape(k, -1)]
    if np.ndim(k) > 1 or not 1 <= len(values) <= 2 or values[0] > values[-1]:
        raise InvalidArgumentError(f"diag_index must be one index or two in order, got {values}")
    return values[0], values[-1]


def _diagonals(band: Band, rows: int, columns: int, align: bytes) -> Iterator[tuple[int, slice, Array, Array]]:
    """Yield each diagonal of a band, the highest first.

    Yields:
        Its place among them, where its elements lie in a row as long as the longest, and their rows and columns.
    """
    low, high = band
    if not (-rows < low or low == 0) or not (high < columns or high == 0):
        raise InvalidArgumentError(f"diagonals {low} to {high} are not all in a matrix of {rows} by {columns}")
    longest = max(_length(k, rows, columns) for k in range(low, high + 1))
    above, below = align.split(b"_")
    for place, k in enumerate(range(high, low - 1, -1)):
        count = _length(k, rows, columns)
        right = (above if k >= 0 else below) == b"RIGHT"
        start = longest - count if right else 0
        steps = np.arange(count)
        yield place, slice(start, start + count), steps + max(-k, 0), steps + max(k, 0)


def _length(k: int, rows: int, columns: int) -> int:
    return max(min(rows + min(k, 0), columns - max(k, 0)), 0)


def _take(x: Array, band: Band, fill: Array, align: bytes) -> Array:
    _check_matrices(x)
    rows, columns = x.shape[-2:]
    longest = max((_length(k, rows, columns) for k in range(band[0], band[1] + 1)), default=0)
    result = np.full((*x.shape[:-2], band[1] - band[0] + 1, longest), fill, x.dtype)
    for place, where, down, across in _diagonals(band, rows, columns, align):
        result[..., place, where] = x[..., down, across]
    return result if band[0] != band[1] else result[..., 0, :]


def _put(target: Array, diagonals: Array, band: Band, align: bytes) -> Array:
    result = target.copy()
    values = diagonals if band[0] != band[1] else np.expand_dims(diagonals, -2)
    for place, where, down, across in _diagonals(band, target.shape[-2], target.shape[-1], align):
        if where.stop > values.shape[-1] or place >= values.shape[-2]:
            raise InvalidArgumentError(
                f"diagonals of shape {format_shape(diagonals.shape)} do not fit {format_shape(target.shape)}"
            )
        result[..., down, across] = values[..., place, where]
    return result


def _diag_part(_ctx: KernelContext, x: Array) -> Array:
    return _take(x, (0, 0), np.zeros((), x.dtype), LEFT)


def _diag_part_v2(x: Array, k: Array, fill: Array, align: bytes) -> Array:
    return _take(x, _band(k), fill, align)


LEFT = b"LEFT_LEFT"
"""How diagonals are aligned in the ops that have no say in it."""

Aligned = Callable[..., Array]


def _aligned(kernel: Aligned) -> Kernel:
    """Return the kernel of the third version of an op, whose attribute aligns the diagonals."""
    return lambda ctx, *inputs: kernel(*inputs, ctx.attr("align"))


def _all_left(kernel: Aligned) -> Kernel:
    """Return the kernel of the second version of an op."""
    return lambda _ctx, *inputs: kernel(*inputs, LEFT)


def _diag(_ctx: KernelContext, diagonal: Array) -> Array:
    if not np.ndim(diagonal):
        raise InvalidArgumentError("input must be at least 1-dim, received shape: []")
    size = diagonal.shape[-1]
    return _put(np.zeros((*diagonal.shape[:-1], size, size), diagonal.dtype), diagonal, (0, 0), LEFT)


def _made_size(band: Band, longest: int, rows: int, columns: int) -> tuple[int, int]:
    """Return the size of matrices that are made of diagonals: as the node says, or as large as these need."""
    least = longest - min(band[1], 0), longest + max(band[0], 0)
    if rows == columns == -1:
        return (max(least), max(least))
    wanted = (least[0] if rows == -1 else rows, least[1] if columns == -1 else columns)
    if wanted[0] < least[0] or wanted[1] < least[1] or (wanted[0] != least[0] and wanted[1] != least[1]):
        raise InvalidArgumentError(f"The number of rows or columns is not consistent with the diagonals: {wanted}")
    return wanted


def _made_shape(ctx: ShapeContext) -> list[Shape]:
    shape, k = with_rank_at_least(ctx.shape(0), 1), ctx.constant(1)
    if shape is None or k is None:
        return [None]
    low, high = band = _band(k)
    if low < high and shape[-2] not in {None, high - low + 1}:
        raise InvalidArgumentError(f"{shape[-2]} diagonals are not those from {low} to {high}")
    # TensorFlow takes a size that it does not know for one that follows from the diagonals.
    rows, columns = (-1 if size is None else int(size) for size in (ctx.constant(2), ctx.constant(3)))
    outer = shape[:-1] if low == high else shape[:-2]
    if shape[-1] is None:
        return [(*outer, *(None if size == -1 else size for size in (rows, columns)))]
    return [(*outer, *_made_size(band, shape[-1], rows, columns))]


def _taken_shape(ctx: ShapeContext) -> list[Shape]:
    shape, k = with_rank_at_least(ctx.shape(0), 2), ctx.constant(1)
    if shape is None or k is None:
        return [None]
    (low, high), (rows, columns) = _band(k), shape[-2:]
    longest = None
    if rows is not None and columns is not None:
        longest = min(rows + min(high, 0), columns - max(low, 0))
    return [(*shape[:-2], *([high - low + 1] if low < high else []), longest)]


def _diag_v2(diagonal: Array, k: Array, *settings: Array) -> Array:
    rows, columns, fill, align = settings
    band = _band(k)
    if not np.ndim(diagonal):
        raise InvalidArgumentError("diagonal must be at least 1-dim, received shape: []")
    wanted = _made_size(band, diagonal.shape[-1], int(rows), int(columns))
    outer = diagonal.shape[:-1] if band[0] == band[1] else diagonal.shape[:-2]
    return _put(np.full((*outer, *wanted), fill, diagonal.dtype), diagonal, band, align)


def _set_diag(_ctx: KernelContext, x: Array, diagonal: Array) -> Array:
    _check_matrices(x)
    if diagonal.shape != (*x.shape[:-2], min(x.shape[-2:])):
        raise InvalidArgumentError(
            f"must have diagonal.shape == input.shape[:-2] + min(input.shape[-2:]), got "
            f"{format_shape(diagonal.shape)} and {format_shape(x.shape)}"
        )
    return _put(x, diagonal, (0, 0), LEFT)


def _set_diag_v2(x: Array, diagonal: Array, k: Array, align: bytes) -> Array:
    _check_matrices(x)
    return _put(x, diagonal, _band(k), align)


def _tensor_diag(_ctx: KernelContext, diagonal: Array) -> Array:
    result = np.zeros((diagonal.size, diagonal.size), diagonal.dtype)
    np.fill_diagonal(result, diagonal.reshape(-1))
    return result.reshape(diagonal.shape * 2)


def _tensor_diag_part(_ctx: KernelContext, x: Array) -> Array:
    half = x.ndim // 2
    if x.ndim % 2 or not x.ndim or x.shape[:half] != x.shape[half:]:
        raise InvalidArgumentError(f"The rank should be even and positive, got shape {format_shape(x.shape)}")
    size = int(np.prod(x.shape[:half]))
    return x.reshape(size, size).diagonal().reshape(x.shape[:half]).copy()


def _diag_shape(ctx: ShapeContext) -> list[Shape]:
    shape = with_rank_at_least(ctx.shape(0), 1)
    return [None if shape is None else (*shape, shape[-1])]


def _diag_part_shape(ctx: ShapeContext) -> list[Shape]:
    shape = with_rank_at_least(ctx.shape(0), 2)
    if shape is None:
        return [None]
    rows, columns = shape[-2:]
    return [
        (*shape[:-2], 0 if 0 in {rows, columns} else None if rows is None or columns is None else min(rows, columns))
    ]


def _tensor_diag_shape(ctx: ShapeContext) -> list[Shape]:
    shape = with_rank_at_least(ctx.shape(0), 1)
    return [None if shape is None else (*shape, *shape)]


def _tensor_diag_part_shape(ctx: ShapeContext) -> list[Shape]:
    shape = ctx.shape(0)
    if shape is None:
        return [None]
    half = len(shape) // 2
    return [merge_shapes([shape[:half], shape[half:]])]


def _changed_shape(ctx: ShapeContext) -> list[Shape]:
    return [_changed(ctx, 1)]


def _changed_band_shape(ctx: ShapeContext) -> list[Shape]:
    k = ctx.constant(2)
    # TensorFlow takes several diagonals for one if it does not know which they are, or knows the input in part.
    is_band = ctx.shape(0) is None and k is not None and len(set(k.reshape(-1).tolist())) > 1
    return [_changed(ctx, 2 if is_band else 1)]


def _changed(ctx: ShapeContext, own: int) -> Shape:
    """Return the input's shape; what is open in it the diagonals tell, apart from ``own`` last dimensions of theirs."""
    given, diagonals = with_rank_at_least(ctx.shape(0), 2), ctx.shape(1)
    if given is not None:
        diagonals = with_rank_at_least(diagonals, len(given) - 1)
    if diagonals is None or (given is not None and None not in given):
        return given
    return merge_shapes([given, (*diagonals[:-own], None, None)])


T = types("T")
ALIGN = Attr("align", "string", b"RIGHT_LEFT", allowed=(b"LEFT_RIGHT", b"RIGHT_LEFT", b"LEFT_LEFT", b"RIGHT_RIGHT"))
DIAG_TYPES = (types("T", dtypes("bfloat16 half float double int32 int64 complex64 complex128")),)
MADE = "diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T -> output: T"
TAKEN = "input: T, k: int32, padding_value: T -> diagonal: T"
CHANGED = "input: T, diagonal: T, k: int32 -> output: T"

ROWS: tuple[Op, ...] = (
    Op(
        "MatrixBandPart",
        "input: T, num_lower: Tindex, num_upper: Tindex -> band: T",
        (T, types("Tindex", INDEX, INT64)),
        like_input(),
        _band_part,
    ),
    Op("MatrixDiag", "diagonal: T -> output: T", (T,), _diag_shape, _diag),
    Op("MatrixDiagV2", MADE, (T,), _made_shape, _all_left(_diag_v2)),
    Op("MatrixDiagV3", MADE, (T, ALIGN), _made_shape, _aligned(_diag_v2)),
    Op("MatrixDiagPart", "input: T -> diagonal: T", (T,), _diag_part_shape, _diag_part),
    Op("MatrixDiagPartV2", TAKEN, (T,), _taken_shape, _all_left(_diag_part_v2)),
    Op("MatrixDiagPartV3", TAKEN, (T, ALIGN), _taken_shape, _aligned(_diag_part_v2)),
    Op("MatrixSetDiag", "input: T, diagonal: T -> output: T", (T,), _changed_shape, _set_diag),
    Op("MatrixSetDiagV2", CHANGED, (T,), _changed_band_shape, _all_left(_set_diag_v2)),
    Op("MatrixSetDiagV3", CHANGED, (T, ALIGN), _changed_band_shape, _aligned(_set_diag_v2)),
    Op("Diag", "diagonal: T -> output: T", DIAG_TYPES, _tensor_diag_shape, _tensor_diag),
    Op("DiagPart", "input: T -> diagonal: T", DIAG_TYPES, _tensor_diag_part_shape, _tensor_diag_part),
)
