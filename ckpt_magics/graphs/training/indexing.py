"""Gradients of slices, lookups and paddings.

Format: tensorflow/python/ops/array_grad.py and resource_variable_ops.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.inference import constant_value, resource_shape
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import (
    concat,
    expand_dims,
    gather,
    pad,
    part,
    rank,
    reshape,
    reverse,
    shape,
    size,
    squeeze,
    stack,
    tile,
    transpose,
)
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.mathematics import cast, number_range
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]

MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def _slice(op: Operation, grad: Tensor) -> Gradients:
    x, begin, _ = op.inputs
    ndims, taken = rank(x), shape(op.outputs[0], out_type=begin.dtype)
    column = stack([ndims, 1])
    before = reshape(begin, column)
    behind = reshape(shape(x, out_type=begin.dtype) - taken - begin, column)
    return [pad(grad, concat([before, behind], 1)), None, None]


def _strided_slice(op: Operation, grad: Tensor) -> Gradients:
    x, *bounds = op.inputs
    sizes = shape(x, out_type=bounds[0].dtype)
    known = [constant_value(item) for item in (sizes, *bounds)]
    settings = [item if value is None else value for item, value in zip((sizes, *bounds), known, strict=True)]
    return [output("StridedSliceGrad", *settings, grad, **given_attrs(op, *MASKS)), None, None, None]


def _strided_slice_grad(op: Operation, grad: Tensor) -> Gradients:
    return [*[None] * 4, output("StridedSlice", grad, *op.inputs[1:4], **given_attrs(op, *MASKS))]


def _rows(sizes: Tensor, indices: Tensor, grad: Gradient, count: Tensor) -> IndexedSlices:
    """Return the rows of a table that a lookup took, as gradient of the table."""
    values = reshape(dense(grad), concat([count, sizes[1:]], 0))
    return IndexedSlices(values, reshape(indices, count), sizes)


def _gather(op: Operation, grad: Gradient) -> Gradients:
    table, indices = op.inputs
    with op.graph.colocate_with(table):
        sizes = shape(table)
    return [_rows(sizes, indices, grad, expand_dims(size(indices), 0)), None]


def _gather_v2(op: Operation, grad: Gradient) -> Gradients:
    table, indices, axis = op.inputs
    with op.graph.colocate_with(table):
        sizes = shape(table)
    count = expand_dims(size(indices), 0)
    known = constant_value(axis)
    if known is not None and known == 0:
        return [_rows(sizes, indices, grad, count), None, None]
    batch = given_attrs(op, "batch_dims").get("batch_dims", 0)
    if batch < 0:
        if indices.shape.ndims is None:
            raise ValueError(f"gather with batch_dims={batch} has a gradient only where the rank of {indices} is known")
        batch += indices.shape.ndims
    return [_along_axis(op, grad, sizes, count, batch), None, None]


def _along_axis(op: Operation, grad: Gradient, sizes: Tensor, count: Tensor, batch: int) -> Tensor:
    """Add up what was looked up along another axis than the first: put that in front, and back afterwards."""
    table, indices, axis = op.inputs
    outer, inner = sizes[:axis], sizes[axis:][1:]
    wanted = concat([outer, [-1], inner], 0)
    dims, axes = size(wanted), size(outer)
    front, middle = number_range(batch), number_range(batch, axes)
    behind = number_range(axes + 1, dims)
    values = reshape(dense(grad), wanted)
    order = concat([front, [axes], middle, behind], 0)
    moved = transpose(values, order)
    total = _summed(gather(sizes, order), moved, indices, count, batch, sizes[axis])
    back = concat([front, middle + 1, [batch], behind], 0)
    return reshape(transpose(total, back), shape(table))


def _summed(  # noqa: PLR0917 -- what TensorFlow's function takes
    sizes: Tensor, values: Tensor, indices: Tensor, count: Tensor, batch: int, rows: Tensor
) -> Tensor:
    if not batch:
        return output("UnsortedSegmentSum", values, reshape(indices, count), rows)
    total = shape(values)
    outer, inner = total[:batch], total[batch:][1:]
    number = output("Prod", outer, [0])
    flat = concat([[-1], inner], 0)
    rows *= number
    indices = _with_offsets(sizes, indices, batch)
    values = reshape(values, flat)
    summed = output("UnsortedSegmentSum", values, reshape(indices, count), rows)
    return reshape(summed, concat([outer, flat], 0))


def _with_offsets(sizes: Tensor, indices: Tensor, batch: int) -> Tensor:
    """Number the rows of all entries of a batch through."""
    lengths = cast(sizes, indices.dtype)
    step: Any = build.ones([], indices.dtype)
    numbered = indices
    for dim in range(batch, 0, -1):
        length = lengths[dim - 1]
        step *= lengths[dim]
        start, by = build.zeros([], indices.dtype), build.ones([], indices.dtype)
        offsets = number_range(start, length, by) * step
        spread = concat([tile([1], [dim - 1]), [cast(length, INT32)], tile([1], [rank(indices) - dim])], axis=0)
        numbered += reshape(offsets, spread)
    return numbered


def _resource_gather(op: Operation, grad: Gradient) -> Gradients:
    handle, indices = op.inputs
    known = resource_shape(handle)
    sizes = output("VariableShape", handle) if known is None or None in known else constant(known, INT32)
    return [_rows(sizes, indices, grad, expand_dims(size(indices), 0)), None]


def _gather_nd(op: Operation, grad: Tensor) -> Gradients:
    table, indices = op.inputs
    sizes = shape(table, out_type=indices.dtype)
    if indices.shape.ndims == 2 and indices.shape[-1].value == 1:
        return [IndexedSlices(grad, squeeze(indices, axis=-1), sizes), None]
    return [output("ScatterNd", indices, grad, sizes, **given_attrs(op, "bad_indices_policy")), None]


def _pad(op: Operation, grad: Tensor) -> Gradients:
    x, paddings = op.inputs[:2]
    before = part(paddings, [0, 0], stack([rank(x), 1]))
    begin = reshape(before, [-1])
    return [part(grad, begin, shape(x, out_type=begin.dtype)), *[None] * (len(op.inputs) - 1)]


def _sequences(op: Operation, grad: Tensor) -> Gradients:
    return [output("ReverseSequence", grad, op.inputs[1], **given_attrs(op, "seq_dim", "batch_dim")), None]


def _mirrored(op_type: str) -> Rule:
    """Return the rule of mirrored margins, or of what adds them up, by the other one of the two."""
    return lambda op, grad: [output(op_type, grad, op.inputs[1], **given_attrs(op, "mode")), None]


RULES: dict[str, Rule] = {
    "ReverseSequence": _sequences,
    "MatrixBandPart": lambda op, grad: [output("MatrixBandPart", grad, *op.inputs[1:]), None, None],
    "Slice": _slice,
    "StridedSlice": _strided_slice,
    "StridedSliceGrad": _strided_slice_grad,
    "Gather": _gather,
    "GatherV2": _gather_v2,
    "ResourceGather": _resource_gather,
    "GatherNd": _gather_nd,
    "Pad": _pad,
    "PadV2": _pad,
    "MirrorPad": _mirrored("MirrorPadGrad"),
    "MirrorPadGrad": _mirrored("MirrorPad"),
    "Reverse": lambda op, grad: [output("Reverse", grad, op.inputs[1]), None],
    "Roll": lambda op, grad: [output("Roll", grad, -op.inputs[1], op.inputs[2]), None, None],
    "ReverseV2": lambda op, grad: [reverse(grad, op.inputs[1]), None],
}

NO_GRADIENT: frozenset[str] = frozenset()
