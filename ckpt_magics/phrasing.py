"""Parts of sentences and of answers: numbers with their nouns, articles, names as a list that ends, JSON's numbers."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import islice

from ckpt_magics.errors import visible

__all__ = ["amount", "an", "json_number", "names_text"]

MAX_NAMES = 5
"""Names that a sentence lists unless told otherwise."""


def amount(count: int, noun: str) -> str:
    """Return a number with its noun.

    >>> amount(1, "file"), amount(2000, "file")
    ('1 file', '2,000 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def an(noun: str) -> str:
    """Return a noun with the article that its sound takes; those of this package that begin with u sound like you.

    >>> an("array"), an("NumPy array"), an("uint8")
    ('an array', 'a NumPy array', 'a uint8')
    """
    return f"an {noun}" if noun[:1].lower() in "aeio" else f"a {noun}"


def names_text(
    names: Collection[str | bytes], at_most: int = MAX_NAMES, *, joint: str = ", ", count: int | None = None
) -> str:
    """Return names as one text that may be printed, the first few if there are many.

    Args:
        names: Names, or words that stand for one each.
        at_most: How many to list.
        joint: What stands between them.
        count: How many there are if ``names`` are not all.

    >>> names_text(["a", "b"]), names_text("abcdefg")
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = (len(names) if count is None else count) - at_most
    shown = joint.join(map(visible, islice(names, at_most)))
    return f"{shown} and {more:,} more" if more > 0 else shown


def json_number(value: float | None) -> float | str | None:
    """Return a number as JSON has it, which knows none that is not finite: a word then.

    >>> json_number(1.5), json_number(float("-inf"))
    (1.5, '-inf')
    """
    if value is None or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
