"""Variables paired part by part: the same words, and numbers that are the same or shifted in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ckpt_magics.files.restore.renaming.fitting import Fit
from ckpt_magics.files.restore.renaming.forms import Form, number_key
from ckpt_magics.files.restore.renaming.sides import SideVariable, suits

__all__ = ["Alignment", "FormedVariable", "align"]

Number = int | None
# Variables below a number from which on it is a network, which may have got or lost some.
MOST = 5
Numbers = list[tuple[Number, Number]]


@dataclass(frozen=True, slots=True)
class FormedVariable:
    """A variable under the form that is compared."""

    form: Form
    variable: SideVariable


@dataclass(slots=True)
class Alignment:
    """What belongs together.

    Attributes:
        pairs: A wanted variable and the stored one.
        shifted: Keys of the wanted ones whose numbers were shifted.
        doubtful: Wanted variables whose numbers may be meant as they are, or shifted in order, and the stored ones that
            they would be by a shift.
    """

    pairs: list[tuple[SideVariable, SideVariable]] = field(default_factory=list)
    shifted: set[str] = field(default_factory=set)
    doubtful: list[tuple[SideVariable, SideVariable]] = field(default_factory=list)

    def add(self, other: Alignment, *, shifted: bool) -> None:
        """Take in what was found under two numbers."""
        self.pairs += other.pairs
        self.shifted |= {wanted.key for wanted, _ in other.pairs} if shifted else other.shifted
        self.doubtful += other.doubtful


def align(wanted: Sequence[FormedVariable], stored: Sequence[FormedVariable], depth: int = 0) -> Alignment:
    """Pair variables of which all parts from ``depth`` on agree, numbers shifted where they run alike on both sides.

    Args:
        wanted: Variables with equal parts before ``depth``.
        stored: The same of the checkpoint.
        depth: How many parts are dealt with.
    """
    found = Alignment()
    ends = [[item.variable for item in items if len(item.form) == depth] for items in (wanted, stored)]
    # Two variables with one form can't be told apart.
    if len(ends[0]) == len(ends[1]) == 1:
        found.pairs.append((ends[0][0], ends[1][0]))
    theirs = _by_base(stored, depth)
    for base, runs in _by_base(wanted, depth).items():
        if base in theirs:
            _align_run(found, _Run(runs, theirs[base], depth + 1))
    return found


@dataclass(frozen=True, slots=True)
class _Run:
    """One word with its numbers on both sides: the variables below each number."""

    wanted: dict[Number, list[FormedVariable]]
    stored: dict[Number, list[FormedVariable]]
    depth: int

    def under(self, numbers: Numbers) -> Iterator[Alignment]:
        """Yield what belongs together below each pair of numbers."""
        return (align(self.wanted[mine], self.stored[theirs], self.depth) for mine, theirs in numbers)

    def fits(self, numbers: Numbers) -> bool:
        """Whether all that is found below pairs of numbers fits in shape."""
        return all(_fits(found) for found in self.under(numbers))

    def _is_most(self, found: Alignment, mine: Number, theirs: Number) -> bool:
        """Whether all below a number is found, or of a network most of what the one or the other side has."""
        wanted, stored = len(self.wanted[mine]), len(self.stored[theirs])
        return len(found.pairs) == wanted or (len(found.pairs) >= MOST and 2 * len(found.pairs) >= min(wanted, stored))

    def agrees(self, numbers: Numbers) -> bool:
        """Whether all variables below each pair of numbers are found and fit.

        The last one's shapes may differ: it is where models of one kind differ in their number of classes. Of two, the
        numbers have to say that it is the same model made again: shifted by as many as there are.
        """
        found = list(self.under(numbers))
        if len(numbers) == 1:
            return _fits(found[0]) and self._is_most(found[0], *numbers[0])
        steps = {(mine or 0) - (theirs or 0) for mine, theirs in numbers}
        is_again = len(steps) == 1 and not steps.pop() % len(numbers) and len(numbers) > 1
        whole = all(len(below.pairs) == len(self.wanted[mine]) for below, (mine, _) in zip(found, numbers, strict=True))
        return whole and all(map(_fits, found[:-1])) and (len(found) > 2 or is_again or _fits(found[-1]))


def _fits(found: Alignment) -> bool:
    return all(suits(mine, theirs) in {Fit.SAME, Fit.TRANSPOSED} for mine, theirs in found.pairs)


def _align_run(found: Alignment, run: _Run) -> None:
    same = [(number, number) for number in run.wanted if number in run.stored]
    shifted = _shifted_numbers(run, same)
    if same and shifted and len(run.wanted) == len(run.stored) and run.fits(same):
        # Numbers overlap, and could be meant as they are or one by one in order.
        for below in run.under(shifted):
            found.doubtful += below.pairs
        return
    for below in run.under(shifted or same):
        found.add(below, shifted=bool(shifted))


def _shifted_numbers(run: _Run, same: Numbers) -> Numbers:
    """The numbers in order, if both sides have as many; else from the first on, if shapes allow that way only."""
    mine, theirs = sorted(run.wanted, key=number_key), sorted(run.stored, key=number_key)
    pairs = list(zip(mine, theirs, strict=False))
    # A name without a number counts as 0: that is how TensorFlow and Keras number.
    is_constant = len({(a or 0) - (b or 0) for a, b in pairs}) == 1
    if mine == theirs or (same and not is_constant):
        return []
    if len(mine) == len(theirs):
        return pairs if run.agrees(pairs) else []
    if len(pairs) < 2 or (same and run.fits(same)):
        return []
    return pairs if _is_only_way(run, mine, theirs) else []


def _is_only_way(run: _Run, mine: Sequence[Number], theirs: Sequence[Number]) -> bool:
    """Whether the shorter side goes beside the longer one, in order, from its first number on and nowhere else."""
    short = min(len(mine), len(theirs))
    places = range(max(len(mine), len(theirs)) - short + 1)
    if len(mine) > len(theirs):
        ways = [list(zip(mine[place : place + short], theirs, strict=True)) for place in places]
    else:
        ways = [list(zip(mine, theirs[place : place + short], strict=True)) for place in places]
    return run.agrees(ways[0]) and not any(run.agrees(way) for way in ways[1:])


def _by_base(items: Sequence[FormedVariable], depth: int) -> dict[str, dict[Number, list[FormedVariable]]]:
    found: dict[str, dict[Number, list[FormedVariable]]] = {}
    for item in items:
        if len(item.form) > depth:
            part = item.form[depth]
            found.setdefault(part.base, {}).setdefault(part.number, []).append(item)
    return found
