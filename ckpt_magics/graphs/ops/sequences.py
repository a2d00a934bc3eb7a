"""Ops on sequences of different lengths.

Format: tensorflow/core/kernels/reverse_sequence_op.cc, core/ops/array_ops.cc.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT64
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis, merge_dims, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.type_sets import INDEX

__all__ = ["ROWS"]


def _reverse_shape(ctx: ShapeContext) -> list[Shape]:
    shape, (count,) = ctx.shape(0), with_rank(ctx.shape(1), 1)
    if shape is None:
        return [None]
    canonical_axis(ctx.attr("seq_dim"), len(shape), "seq_dim")
    axis = canonical_axis(ctx.attr("batch_dim"), len(shape), "batch_dim")
    return [(*shape[:axis], merge_dims(shape[axis], count), *shape[axis + 1 :])]


def _reverse(ctx: KernelContext, x: Array, lengths: Array) -> Array:
    along, across = ctx.attr("seq_dim"), ctx.attr("batch_dim")
    if not (0 <= along < x.ndim and 0 <= across < x.ndim and along != across):
        raise InvalidArgumentError(f"seq_dim {along} and batch_dim {across} must be two dimensions of input ({x.ndim})")
    size = x.shape[along]
    if lengths.shape != (x.shape[across],) or np.any((lengths < 0) | (lengths > size)):
        raise InvalidArgumentError(
            f"seq_lens must be {x.shape[across]} lengths of 0 to {size}, got shape {format_shape(lengths.shape)}"
        )
    rows = np.moveaxis(x, (across, along), (0, 1))
    steps = np.arange(size)
    places = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return np.moveaxis(rows[np.arange(len(rows))[:, None], places], (0, 1), (across, along))


ROWS: tuple[Op, ...] = (
    Op(
        "ReverseSequence",
        "input: T, seq_lengths: Tlen -> output: T",
        (Attr("seq_dim", "int"), Attr("batch_dim", "int", 0), types("T"), types("Tlen", INDEX, INT64)),
        _reverse_shape,
        _reverse,
    ),
)
