"""Permutations of dimensions: which tensors a restore transposes, and which permutation takes one shape to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.steps.patterns import Names, Pattern

__all__ = ["Axes", "Transposes", "axes_between", "axes_text", "parse_transposes", "permuted"]

Axes = tuple[int, ...]

# Where several permutations give the shape, one of these is meant: dense kernels, then convolutions over one, two and
# three dimensions, from TensorFlow's order (spatial, in, out) to PyTorch's (out, in, spatial) and back.
_LAYOUTS: tuple[Axes, ...] = ((1, 0), (2, 1, 0), (3, 2, 0, 1), (2, 3, 1, 0), (4, 3, 0, 1, 2), (2, 3, 4, 1, 0))
_DEPTHWISE: tuple[Axes, ...] = ((2, 3, 0, 1),)
# All permutations of more dimensions are too many to try.
MAX_TRIED = 6


class Transposes:
    """The tensors to transpose, by name or pattern.

    An entry is about the tensors it matches that have as many dimensions as it has axes, so that one pattern may say
    what becomes of the matrices and another what becomes of the convolutions under the same names. A name goes before
    a scope or pattern, and of two of those the first counts.

    Args:
        entries: Axes by name or pattern, as NumPy's ``transpose`` takes them: ``{"*/kernel": (1, 0)}``.
        names: All names that the patterns may be about.

    Raises:
        InvalidArgumentError: Axes are no permutation of 0, 1, 2 …, or a regular expression does not parse.

    >>> Transposes({"*/kernel": (1, 0)}, Names(["dense/kernel"])).axes("dense/kernel", 2)
    (1, 0)
    """

    def __init__(self, entries: Mapping[str, Sequence[int]], names: Names) -> None:
        self._entries = {pattern: _checked(pattern, axes) for pattern, axes in entries.items()}
        self._idle = set(entries)
        self._patterns: dict[str, list[str]] = {}
        found = {pattern: names.matching(Pattern(pattern)) for pattern in entries}
        for pattern in sorted(found, key=lambda pattern: not names.is_exact(pattern)):
            for name in found[pattern]:
                self._patterns.setdefault(name, []).append(pattern)

    def axes(self, name: str, rank: int) -> Axes | None:
        """Return the permutation for one tensor, None if it stays as it is.

        Args:
            name: Its name.
            rank: Its number of dimensions.
        """
        fitting = [pattern for pattern in self._patterns.get(name, ()) if len(self._entries[pattern]) == rank]
        self._idle -= {*fitting}
        return self._entries[fitting[0]] if fitting else None

    @property
    def idle(self) -> list[str]:
        """The patterns that no tensor asked about was transposed by."""
        return [pattern for pattern in self._entries if pattern in self._idle]

    def rank(self, pattern: str) -> int:
        """Return the number of dimensions that a pattern is about."""
        return len(self._entries[pattern])


def parse_transposes(entries: Iterable[str]) -> dict[str, Axes]:
    """Return ``PATTERN=AXES`` texts as axes by pattern.

    Raises:
        InvalidArgumentError: There is no ``=``, or what follows it is no permutation, or a pattern has two.

    >>> parse_transposes(["*/kernel=1,0"])
    {'*/kernel': (1, 0)}
    """
    parsed: dict[str, Axes] = {}
    for entry in entries:
        pattern, _, axes = entry.rpartition("=")
        numbers = axes.split(",")
        if not pattern or not all(number.strip().isdecimal() for number in numbers):
            raise InvalidArgumentError(
                f"{visible(entry)!r} is no transpose; one is PATTERN=AXES, such as '*/kernel=1,0'"
            )
        checked = _checked(pattern, [int(number) for number in numbers])
        if parsed.setdefault(pattern, checked) != checked:
            raise InvalidArgumentError(f"{visible(pattern)} is transposed twice, by {axes} and otherwise")
    return parsed


def axes_text(axes: Axes) -> str:
    """Return axes as a line has them.

    >>> axes_text((3, 2, 0, 1))
    '3,2,0,1'
    """
    return ",".join(map(str, axes))


def permuted(shape: tuple[int, ...], axes: Axes | None) -> tuple[int, ...]:
    """Return the shape of a tensor after its transposition."""
    return shape if axes is None else tuple(shape[axis] for axis in axes)


def axes_between(old: tuple[int, ...], new: Sequence[int | None] | None, *, depthwise: bool = False) -> Axes | None:
    """Return the permutation that takes one shape to another, None if there is none or it can't be told which.

    Args:
        old: The shape to transpose.
        new: The shape that is wanted; a length may be unknown.
        depthwise: Whether it is the kernel of a depthwise convolution, (height, width, channels, multiplier) in
            TensorFlow.

    >>> axes_between((2, 3), (3, 2)), axes_between((3, 3, 8, 16), (16, 8, 3, 3)), axes_between((2, 2, 3), (3, 2, 2))
    ((1, 0), (3, 2, 0, 1), (2, 1, 0))
    """
    if new is None or None in new or len(new) != len(old) or not 1 < len(old) <= MAX_TRIED:
        return None
    if tuple(new) == old or sorted(old) != sorted(length or 0 for length in new):
        return None
    fitting = [axes for axes in permutations(range(len(old))) if permuted(old, axes) == tuple(new)]
    if len(fitting) == 1:
        return fitting[0]
    layouts = (*_DEPTHWISE, *_LAYOUTS) if depthwise else _LAYOUTS
    return next((axes for axes in layouts if axes in fitting), None)


def _checked(pattern: str, axes: Sequence[int]) -> Axes:
    is_permutation = isinstance(axes, list | tuple) and len(axes) and set(axes) == set(range(len(axes)))
    if not is_permutation:
        raise InvalidArgumentError(
            f"{visible(pattern)} can't be transposed by {axes!r:.100}; axes are a permutation of 0, 1, 2 …, such as 1,0"
        )
    return tuple(int(axis) for axis in axes)
