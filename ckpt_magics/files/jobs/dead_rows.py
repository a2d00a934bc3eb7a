"""Rows of a tensor that are all zero: units that nothing goes through, words that were never learnt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.pieces import Box

__all__ = ["count_dead", "may_have_dead"]


def may_have_dead(shape: tuple[int, ...], zeros: int) -> bool:
    """Return whether so many zeros can fill a row, and are not all that there is."""
    elements = int(np.prod(shape, dtype=object))
    return len(shape) > 1 and elements // max(shape[0], shape[-1], 1) <= zeros < elements


def count_dead(shape: tuple[int, ...], pieces: Iterable[tuple[Box, npt.NDArray[Any]]]) -> int:
    """Return how many rows are all zero, along the first axis and along the last.

    Args:
        shape: Of the tensor, two axes at least.
        pieces: Boxes of it with their values, which together cover it.
    """
    axes = (0, len(shape) - 1)
    alive = {axis: np.zeros(shape[axis], np.bool_) for axis in axes}
    for box, piece in pieces:
        used = piece != 0
        for axis in axes:
            alive[axis][box[axis]] |= used.any(axis=tuple(other for other in range(len(shape)) if other != axis))
    return sum(int(np.count_nonzero(~each)) for each in alive.values())
