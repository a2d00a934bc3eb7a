"""Which tensors a damaged listing may have had: what is not listed there is not known to be absent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest

from ckpt_magics.errors import visible
from ckpt_magics.phrasing import names_text

__all__ = ["LostNames", "LostRange"]

_SHOWN = 3
"""Ranges and names that a sentence lists."""


@dataclass(frozen=True, slots=True)
class LostRange:
    """Keys that may have stood in a damaged part of a listing, which is sorted.

    Attributes:
        after: The last key that stood before that part; None if none did.
        last: The last key that may have stood in it; None if any may.
    """

    after: bytes | None = None
    last: bytes | None = None

    def __contains__(self, key: bytes) -> bool:
        return (self.after is None or key > self.after) and (self.last is None or key <= self.last)

    def between(self, keys: Sequence[bytes]) -> str:
        """Say where it lies among the keys that are listed, which are sorted."""
        start = 0 if self.after is None else bisect_right(keys, self.after)
        end = len(keys) if self.last is None else bisect_right(keys, self.last)
        before = f"'{visible(keys[start - 1])}'" if start else ""
        behind = f"'{visible(keys[end])}'" if end < len(keys) else ""
        if before and behind:
            return f"between {before} and {behind}"
        return f"after {before}" if before else f"before {behind}" if behind else "of any kind"


@dataclass(frozen=True, slots=True)
class LostNames:
    """The names that may be lost.

    Attributes:
        ranges: Those in parts of the listing that cannot be read.
        keys: Those of records that are there and not listed, for they are damaged.
    """

    ranges: tuple[LostRange, ...] = ()
    keys: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.ranges or self.keys)

    def __contains__(self, key: bytes) -> bool:
        return key in self.keys or any(key in part for part in self.ranges)

    def sentence(self, listed: Sequence[bytes]) -> str:
        """Say which names may be lost, among those that are listed; empty if none may."""
        places = list(dict.fromkeys(part.between(listed) for part in self.ranges))
        words = [f"names {names_text(places, _SHOWN, joint=' and ')}"] if places else []
        if self.keys:
            # A hostile index has any number of them.
            named = [f"'{visible(key)}'" for key in nsmallest(_SHOWN, self.keys)]
            words.append(names_text(named, _SHOWN, count=len(self.keys)))
        return f"Tensors may be lost: {'; '.join(words)}." if words else ""
