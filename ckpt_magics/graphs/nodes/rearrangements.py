"""Elements in another order, in blocks, on diagonals and on grids.

Format: tensorflow/python/ops/array_ops.py, sort_ops.py, linalg_ops.py and special_math_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, INT32, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import concat, reshape, shape, size, transpose
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.mathematics import multiply, negative
from ckpt_magics.graphs.nodes.old_names import either

# ruff: noqa: A002, PLR0917 -- TensorFlow's own names and order of arguments

__all__ = [
    "argsort",
    "batch_to_space",
    "batch_to_space_nd",
    "depth_to_space",
    "diag",
    "diag_part",
    "eye",
    "matrix_band_part",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_set_diag",
    "matrix_transpose",
    "meshgrid",
    "reverse_sequence",
    "roll",
    "setdiff1d",
    "sort",
    "space_to_batch",
    "space_to_batch_nd",
    "space_to_depth",
    "strided_slice",
    "unique",
]


def reverse_sequence(
    input: object,
    seq_lengths: object,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
    seq_dim: int | None = None,
    batch_dim: int | None = None,
) -> Tensor:
    """Add a tensor of which the first elements along an axis are turned round, how many each row says."""
    along = either("seq_axis", seq_axis, "seq_dim", seq_dim)
    across = either("batch_axis", batch_axis, "batch_dim", batch_dim) or 0
    return output("ReverseSequence", input, seq_lengths, seq_dim=along, batch_dim=across, name=name)


def roll(input: object, shift: object, axis: object, name: str | None = None) -> Tensor:
    """Add a tensor whose elements are moved along axes; what leaves at one end comes in at the other."""
    return output("Roll", input, shift, axis, name=name)


def unique(x: object, out_idx: object = INT32, name: str | None = None) -> Any:  # noqa: ANN401 -- two tensors
    """Add the different elements of a vector, and for each element which of them it is."""
    return apply("Unique", x, out_idx=as_dtype(out_idx), name=name)


def setdiff1d(x: object, y: object, index_dtype: object = INT32, name: str | None = None) -> Any:  # noqa: ANN401 -- two tensors
    """Add the elements of a vector that another one does not have, and where they stand."""
    return apply("ListDiff", x, y, out_idx=as_dtype(index_dtype), name=name)


def sort(values: object, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """Add a tensor in order along an axis.

    Raises:
        ValueError: The direction is none.
    """
    with name_scope(name, "sort"):
        return _sorted(values, axis, direction, 0)


def argsort(
    values: object,
    axis: int = -1,
    direction: str = "ASCENDING",
    stable: bool = False,  # noqa: ARG001 -- equal elements keep their order in any case
    name: str | None = None,
) -> Tensor:
    """Add where the elements of a tensor stand, in their order along an axis; see `sort`."""
    with name_scope(name, "argsort"):
        return _sorted(values, axis, direction, 1)


def _sorted(values: object, axis: int, direction: str, which: int) -> Tensor:
    if direction not in {"ASCENDING", "DESCENDING"}:
        raise ValueError(f"Argument `direction` should be one of 'ASCENDING' or 'DESCENDING'. Received: {direction}")
    tensor = convert_to_tensor(values)
    rank = tensor.shape.ndims
    order = None
    if axis not in {-1, None if rank is None else rank - 1}:
        if rank is None:
            raise ValueError("the rank of what is sorted along another axis than the last one must be known")
        order = list(range(rank))
        order[axis], order[-1] = order[-1], order[axis]
        tensor = transpose(tensor, order)
    rises = direction == "ASCENDING"
    found = apply("TopKV2", negative(tensor) if rises else tensor, shape(tensor)[-1])[which]
    if rises and not which:
        found = negative(found)
    return found if order is None else transpose(found, order)


def space_to_depth(input: object, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Add a picture with each block of elements put into one element's channels."""
    return output("SpaceToDepth", input, block_size=block_size, data_format=data_format, name=name)


def depth_to_space(input: object, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Add a picture with each element's channels put into a block of elements."""
    return output("DepthToSpace", input, block_size=block_size, data_format=data_format, name=name)


def space_to_batch(
    input: object, paddings: object, block_size: int, name: str | None = None, block_shape: int | None = None
) -> Tensor:
    """Add pictures with each place in a block as a picture of its own."""
    return output("SpaceToBatch", input, paddings, block_size=block_shape or block_size, name=name)


def batch_to_space(
    input: object, crops: object, block_size: int, name: str | None = None, block_shape: int | None = None
) -> Tensor:
    """Add pictures whose blocks are made of several pictures each."""
    return output("BatchToSpace", input, crops, block_size=block_shape or block_size, name=name)


def space_to_batch_nd(input: object, block_shape: object, paddings: object, name: str | None = None) -> Tensor:
    """Add a tensor with each place in a block as an entry of the batch."""
    return output("SpaceToBatchND", input, block_shape, paddings, name=name)


def batch_to_space_nd(input: object, block_shape: object, crops: object, name: str | None = None) -> Tensor:
    """Add a tensor whose blocks are made of several entries of the batch each."""
    return output("BatchToSpaceND", input, block_shape, crops, name=name)


def strided_slice(
    input_: object,
    begin: object,
    end: object,
    strides: object = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: None = None,
    name: str | None = None,
) -> Tensor:
    """Add a part of a tensor, from ``begin`` to ``end`` in steps of ``strides``; bits of the masks change entries.

    Raises:
        ValueError: A variable is given, whose part could be assigned to: ``variable[begin:end].assign`` does that.
    """
    if var is not None:
        raise ValueError("var is for assignments to a part of a variable: write variable[begin:end].assign(value)")
    start = convert_to_tensor(begin)
    masks = {
        "begin_mask": begin_mask,
        "end_mask": end_mask,
        "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask,
        "shrink_axis_mask": shrink_axis_mask,
    }
    steps = build.ones(shape(start), start.dtype) if strides is None else strides
    return output("StridedSlice", input_, start, end, steps, name=name or "strided_slice", **masks)


def diag(diagonal: object, name: str | None = None) -> Tensor:
    """Add a tensor with a given diagonal, and zeros elsewhere."""
    return output("Diag", diagonal, name=name)


def diag_part(input: object, name: str | None = None) -> Tensor:
    """Add the diagonal of a tensor."""
    return output("DiagPart", input, name=name)


def matrix_diag(diagonal: object, name: str | None = None) -> Tensor:
    """Add matrices with given diagonals, and zeros elsewhere."""
    return output("MatrixDiagV3", diagonal, 0, -1, -1, 0, name=name or "matrix_diag", align=b"RIGHT_LEFT")


def matrix_diag_part(input: object, name: str | None = None) -> Tensor:
    """Add the diagonals of matrices."""
    return output("MatrixDiagPartV3", input, 0, 0, name=name or "matrix_diag_part", align=b"RIGHT_LEFT")


def matrix_set_diag(input: object, diagonal: object, name: str | None = None) -> Tensor:
    """Add matrices with other diagonals."""
    return output("MatrixSetDiagV3", input, diagonal, 0, name=name or "matrix_set_diag", align=b"RIGHT_LEFT")


def matrix_band_part(input: object, num_lower: object, num_upper: object, name: str | None = None) -> Tensor:
    """Add matrices with zeros but in a band round the diagonal; a negative width keeps all on that side."""
    return output("MatrixBandPart", input, num_lower, num_upper, name=name)


def matrix_transpose(a: object, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """Add matrices with rows and columns exchanged.

    Raises:
        ValueError: It is known to have less than two dimensions, or nothing is known of its rank.
    """
    with name_scope(name, None, [a]):
        tensor = convert_to_tensor(a, name="a")
        rank = tensor.shape.ndims
        if rank is None or rank < 2:
            raise ValueError(f"Argument `a` should be a (batch) matrix with rank >= 2.  Received `a` = {tensor}")
        return transpose(tensor, [*range(rank - 2), rank - 1, rank - 2], conjugate=conjugate)


def eye(
    num_rows: Any,  # noqa: ANN401 -- a number or a tensor
    num_columns: Any = None,  # noqa: ANN401 -- likewise
    batch_shape: object = None,
    dtype: object = FLOAT,
    name: str | None = None,
) -> Tensor:
    """Add a matrix with ones on its diagonal, as often as ``batch_shape`` says."""
    with name_scope(name, "eye"):
        columns = num_rows if num_columns is None else num_columns
        before = batch_shape.tolist() if isinstance(batch_shape, np.ndarray) else batch_shape
        around = [] if before is None or (isinstance(before, (list, tuple)) and not before) else [before]
        if columns is num_rows or columns == num_rows:
            return matrix_diag(build.ones(concat([*around, [num_rows]], 0) if around else [num_rows], dtype))
        smaller = output("Minimum", num_rows, columns)
        ones = build.ones(concat([*around, [smaller]], 0), dtype)
        return matrix_set_diag(build.zeros(concat([*around, [num_rows, columns]], 0), dtype), ones)


def meshgrid(*args: object, indexing: str = "xy", name: str = "meshgrid") -> list[Tensor]:
    """Add for each of some vectors a tensor with its elements along one axis, all tensors of one shape.

    Args:
        *args: The vectors.
        indexing: ``ij`` for the first vector along the first axis, ``xy`` for the first two exchanged.
        name: Name of the scope.

    Raises:
        ValueError: ``indexing`` is neither.
    """
    if indexing not in {"xy", "ij"}:
        raise ValueError(f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'")
    with name_scope(name, "meshgrid", args):
        count = len(args)
        axes: Sequence[int] = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else range(count)
        vectors = [convert_to_tensor(arg) for arg in args]
        spread = [
            reshape(vector, [-1 if axis == place else 1 for place in range(count)])
            for vector, axis in zip(vectors, axes, strict=True)
        ]
        sizes = [size(vectors[axis]) for axis in axes]
        ones = build.ones(sizes, spread[0].dtype if spread else INT32)
        return [multiply(each, ones) for each in spread]
