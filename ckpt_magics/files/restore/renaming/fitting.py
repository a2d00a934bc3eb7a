"""How a stored shape fits a wanted one: as it is, transposed, reshaped in the same order of elements, or not."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ckpt_magics.files.steps.transposition import axes_between

__all__ = ["Fit", "Shape", "fit", "keeps_order"]

Shape = tuple[int | None, ...] | None


class Fit(Enum):
    """How one shape becomes another."""

    SAME = "as it is"
    RESHAPED = "reshaped"
    TRANSPOSED = "transposed"
    DIFFERENT = "not at all"


def fit(wanted: Shape, stored: Sequence[int]) -> Fit:
    """Return how a stored shape becomes the wanted one; one that is not known takes any.

    >>> fit((3, None), (3, 4)), fit((256, 3), (3, 256)), fit((1, 3), (3,)), fit((4,), (3,))
    (<Fit.SAME: 'as it is'>, <Fit.TRANSPOSED: 'transposed'>, <Fit.RESHAPED: 'reshaped'>, <Fit.DIFFERENT: 'not at all'>)
    """
    shape = tuple(stored)
    if wanted is None or (
        len(wanted) == len(shape) and all(a in {None, b} for a, b in zip(wanted, shape, strict=True))
    ):
        return Fit.SAME
    if axes_between(shape, wanted) is not None:
        return Fit.TRANSPOSED
    known = tuple(length for length in wanted if length is not None)
    return Fit.RESHAPED if len(known) == len(wanted) and keeps_order(known, shape) else Fit.DIFFERENT


def keeps_order(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a reshape only adds or drops dimensions of 1, and merges or splits neighbours.

    Both shapes then fall into groups of as many elements, where one of the two has a single dimension.

    >>> keeps_order((2, 3, 4), (6, 4)), keeps_order((1, 3), (3,)), keeps_order((2, 3), (3, 2))
    (True, True, False)
    """
    mine, theirs = ([length for length in shape if length != 1] for shape in (one, other))
    while mine and theirs:
        a, b = mine.pop(0), theirs.pop(0)
        taken_a, taken_b = 1, 1
        while a != b:
            if a < b and mine:
                a, taken_a = a * mine.pop(0), taken_a + 1
            elif b < a and theirs:
                b, taken_b = b * theirs.pop(0), taken_b + 1
            else:
                return False
        if taken_a > 1 and taken_b > 1:
            return False
    return not mine and not theirs
