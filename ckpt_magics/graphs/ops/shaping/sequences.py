"""Ops on sequences of different lengths.

Format: tensorflow/core/kernels/reverse_sequence_op.cc, ctc_decoder_ops.cc.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, INT64
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis, merge_dims, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.type_sets import INDEX, dtypes

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


def _greedy_ctc(ctx: KernelContext, logits: Array, lengths: Array) -> tuple[Array, ...]:
    if np.ndim(logits) != 3 or np.shape(lengths) != logits.shape[1:2] or np.any(lengths > len(logits)):
        raise InvalidArgumentError(
            f"inputs must be [steps, batch, classes], with a length for each of the batch, got "
            f"{format_shape(np.shape(logits))} and {format_shape(np.shape(lengths))}"
        )
    classes = logits.shape[2]
    blank = ctx.attr("blank_index") + (classes if ctx.attr("blank_index") < 0 else 0)
    best, total = np.argmax(logits, axis=2), np.zeros((logits.shape[1], 1), logits.dtype)
    decoded: list[list[int]] = []
    for index, length in enumerate(lengths):
        path = best[:length, index]
        total[index] = -np.sum(np.max(logits[:length, index], axis=1), dtype=logits.dtype)
        # A class that goes on is one where repetitions are merged.
        begins = np.concatenate([[True], path[1:] != path[:-1]])[: len(path)] | (not ctx.attr("merge_repeated"))
        decoded.append(path[begins & (path != blank)].tolist())
    places = [(row, column) for row, values in enumerate(decoded) for column in range(len(values))]
    longest = max(map(len, decoded), default=0)
    return (
        np.array(places, np.int64).reshape(-1, 2),
        np.array([value for values in decoded for value in values], np.int64),
        np.array([len(decoded), longest], np.int64),
        total,
    )


def _greedy_ctc_shape(ctx: ShapeContext) -> list[Shape]:
    (_, batch, _), (count,) = with_rank(ctx.shape(0), 3), with_rank(ctx.shape(1), 1)
    return [(None, 2), (None,), (2,), (merge_dims(batch, count), 1)]


ROWS: tuple[Op, ...] = (
    Op(
        "CTCGreedyDecoder",
        "inputs: T, sequence_length: int32"
        " -> decoded_indices: int64, decoded_values: int64, decoded_shape: int64, log_probability: T",
        (flag("merge_repeated"), Attr("blank_index", "int", -1), types("T", dtypes("float double"), FLOAT)),
        _greedy_ctc_shape,
        _greedy_ctc,
    ),
    Op(
        "ReverseSequence",
        "input: T, seq_lengths: Tlen -> output: T",
        (Attr("seq_dim", "int"), Attr("batch_dim", "int", 0), types("T"), types("Tlen", INDEX, INT64)),
        _reverse_shape,
        _reverse,
    ),
)
