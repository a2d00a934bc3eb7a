"""The stored tensors that a missing name may have meant: near in spelling, fitting in shape."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from ckpt_magics.errors import visible

__all__ = ["Suggester", "nearest_sentence", "nearest_stored", "suggestion_hint"]

Fits = Callable[[tuple[int, ...]], bool]

# Comparing two spellings takes about 0.1 ms; this bound keeps a report under a second on any checkpoint.
MAX_COMPARED = 300
MAX_SAME_PART = 5000
ENOUGH = 0.55
SAME_SHAPE = 0.15


class Suggester:
    """Finds the nearest names.

    Args:
        shapes: Shape of every stored tensor by name.
        unwanted: Names that something else is restored from; they come last.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], unwanted: frozenset[str] = frozenset()) -> None:
        self._shapes = shapes
        self._unwanted = unwanted
        self._by_part: dict[str, list[str]] = {}
        for name in shapes:
            for part in set(name.split("/")):
                self._by_part.setdefault(part, []).append(name)

    def nearest(self, name: str, fits: Fits | None = None, *, count: int = 3) -> list[str]:
        """Return the most likely stored names for a name that is not there, best first.

        Args:
            name: What was asked for.
            fits: Tells whether a stored shape is one that is wanted.
            count: How many at most.
        """
        scored = sorted(
            ((self._score(name, other, fits), other) for other in self._candidates(name, fits)),
            key=lambda pair: (-pair[0], pair[1]),
        )
        return [other for score, other in scored if score >= ENOUGH][:count]

    def _candidates(self, name: str, fits: Fits | None) -> Sequence[str]:
        """The names worth comparing: of many, those that share most parts, and some of the same shape."""
        if len(self._shapes) <= MAX_COMPARED:
            return list(self._shapes)
        shared: Counter[str] = Counter()
        for part in set(name.split("/")):
            shared.update(self._by_part.get(part, ())[:MAX_SAME_PART])
        near = [other for other, _ in shared.most_common(MAX_COMPARED // 2)]
        if fits is not None:
            fitting = (other for other, shape in self._shapes.items() if fits(shape))
            near += islice(fitting, MAX_COMPARED // 2)
        return list(dict.fromkeys(near))

    def _score(self, name: str, other: str, fits: Fits | None) -> float:
        """Between 0 and about 1.2: the spelling of the whole or of the last part, and whether the shape fits."""
        whole = _likeness(name, other)
        last = _likeness(_last_part(name), _last_part(other))
        score = max(whole, 0.5 * whole + 0.5 * last)
        if fits is not None:
            score += SAME_SHAPE if fits(self._shapes[other]) else -SAME_SHAPE
        return score - (0.1 if other in self._unwanted else 0)


def _likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    match = difflib.SequenceMatcher(None, one.lower(), other.lower(), autojunk=False)
    return match.ratio() if match.quick_ratio() >= ENOUGH / 2 else 0.0


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


def suggestion_hint(found: Sequence[str], prefix: str) -> str:
    """Return the sentence that goes with the nearest names of a checkpoint."""
    return nearest_sentence(found) or f"{visible(prefix)} has no name like it; list(reader) gives all."


def nearest_sentence(found: Sequence[str]) -> str:
    """Return the sentence that gives the nearest names, empty if there are none."""
    return "Nearest: " + ", ".join(f'"{visible(name)}"' for name in found) + "." if found else ""


def nearest_stored(
    name: str, shapes: Mapping[str, tuple[int, ...]], short_names: Mapping[str, str], *, exact: bool
) -> tuple[str, ...]:
    """Return what a name that a checkpoint has not may have meant, best first.

    Args:
        name: What was asked for.
        shapes: Shape of every stored tensor by key.
        short_names: Key by short name, of a checkpoint of objects.
        exact: Short names are not understood where it was asked for.
    """
    if exact and name in short_names:
        return (short_names[name],)
    if exact or ".ATTRIBUTES/" in name:
        return tuple(Suggester(shapes).nearest(name))
    short_by_key = {key: short for short, key in short_names.items()}
    return tuple(Suggester({short_by_key.get(key, key): shape for key, shape in shapes.items()}).nearest(name))
