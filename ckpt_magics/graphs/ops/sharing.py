"""Which outputs have the memory of an input: what the rows of ops say as ``sharing``.

It shows where the input is a reference variable: the output changes when the variable is assigned to. TensorFlow's
kernels pass memory on where that takes no copy, which may depend on the values of settings, and on whether a part
begins where its processor's vector instructions can load.

Follows the kernels of TensorFlow 2.21 on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import KernelContext, Sharing

__all__ = ["each_input", "first_input", "is_part_aligned", "is_row_aligned", "only_if"]

ALIGNMENT = 64
"""Bytes at whose multiples a tensor's memory begins (EIGEN_MAX_ALIGN_BYTES)."""

STRING_SIZE = 24
"""Bytes of an element of a string tensor in TensorFlow's memory."""


def first_input(_ctx: KernelContext, *_inputs: Array) -> Sequence[int]:
    """Rule of an op whose one output always has its first input's memory."""
    return (0,)


def each_input(_ctx: KernelContext, *inputs: Array) -> Sequence[int]:
    """Rule of an op that passes every input on."""
    return range(len(inputs))


def only_if(condition: Callable[..., bool], position: int = 0) -> Sharing:
    """Return the rule of an op whose outputs have an input's memory under a condition on its inputs.

    Args:
        condition: Called as a kernel.
        position: Which input.
    """

    def sharing(ctx: KernelContext, *inputs: Array) -> Sequence[int]:
        return [position] * len(ctx.output_dtypes) if condition(ctx, *inputs) else ()

    return sharing


def is_row_aligned(value: Array) -> bool:
    """Tell whether each entry of an array's first dimension begins where a tensor's memory may."""
    return bool(value.size) and value.size // value.shape[0] * _itemsize(value) % ALIGNMENT == 0


def is_part_aligned(value: Array, start: int, end: int) -> bool:
    """Tell whether a part of an array along its first dimension begins where a tensor's memory may.

    Args:
        value: The whole.
        start: First entry.
        end: As TensorFlow's kernels give it: one behind the last entry, or, for Slice, the number of entries.
    """
    if np.ndim(value) == 1:
        return start * _itemsize(value) % ALIGNMENT == 0 and end * _itemsize(value) % ALIGNMENT == 0
    return is_row_aligned(value)


def _itemsize(value: Array) -> int:
    return STRING_SIZE if value.dtype == object else int(value.itemsize)
