r"""Which stored tensor a name is restored from: names that differ between the checkpoint and the program.

A map says ``NEW=OLD``, what the program calls it and what the checkpoint does, never the other way round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.steps.map_rules import MapRule, StoredNames, may_be_name, rule_of
from ckpt_magics.files.steps.patterns import EXPRESSION, is_glob

__all__ = ["MapEntry", "NameMap", "map_of_sides", "parse_map", "sides_of_map"]


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One entry of a map.

    Attributes:
        new: What the program calls it, as it was given.
        old: What the checkpoint does.
        rule: What it does with names; None if it is a name for a name.
    """

    new: str
    old: str
    rule: MapRule | None = None

    def __str__(self) -> str:
        return f"{self.new}={self.old}"

    def covers(self, name: str) -> bool:
        """Whether it is about this new name."""
        return name == self.new if self.rule is None else self.rule.guess(name) is not None


class NameMap:
    r"""A map of names ``new -> old``, of scopes ``new/ -> old/``, where ``/`` is the root, and of patterns.

    The wildcards of ``*/kernel -> */weights`` stand for the same on both sides. One side may be a regular expression,
    ``re:(.*)/kernel``, whose groups the other has as ``\1``. A name that is stored is not read as a pattern.

    A name and a scope take what they are given, whether it is there or not. A pattern takes what is there; the rest is
    left to other entries and in the end has its own name. Names come before regular expressions, and these before
    scopes and globs, of which the one with the most letters comes first.

    Args:
        entries: The map as given.
        stored: The names in the checkpoint.
        keys: The key in the file of a name, where that differs; entries may have either.

    Attributes:
        without_old: Entries whose old name, scope or pattern is not in the checkpoint.

    Raises:
        InvalidArgumentError: An entry has no meaning, or takes two tensors to one name.

    >>> NameMap({"net/": "old/"}, ["old/w", "step"]).stored_name("net/w")
    'old/w'
    >>> NameMap({"*": "*/ExponentialMovingAverage"}, ["w", "w/ExponentialMovingAverage"]).stored_name("w")
    'w/ExponentialMovingAverage'
    """

    def __init__(
        self, entries: Mapping[str, str], stored: Iterable[str], keys: Mapping[str, str] | None = None
    ) -> None:
        self._stored = StoredNames(stored, keys or {})
        self._entries = [_entry(new, old, self._stored) for new, old in entries.items()]
        self._names = {entry.new: self._stored.name(entry.old) for entry in self._entries if entry.rule is None}
        rules = [entry.rule for entry in self._entries if entry.rule is not None]
        self._rules = sorted(rules, key=lambda rule: -rule.rank)
        self._new_names: dict[str, list[str]] = {}
        for new, old in self._names.items():
            self._new_names.setdefault(old, []).append(new)
        self.without_old = [
            entry
            for entry in self._entries
            if not (entry.old in self._stored if entry.rule is None else entry.rule.is_there)
        ]

    def stored_name(self, name: str) -> str:
        """Return the name in the checkpoint that ``name`` is restored from, whether it is there or not."""
        if name in self._names:
            return self._names[name]
        for rule in self._rules:
            old = rule.old_name(name)
            if old is not None:
                return old
        return name if name in self._stored else self.passed_over(name) or name

    def passed_over(self, name: str) -> str | None:
        """Return the stored name that a pattern would give a name and that is not there; None if there is no such."""
        if name in self._names or any(rule.old_name(name) is not None for rule in self._rules):
            return None
        return next((old for rule in self._rules if (old := rule.guess(name)) is not None), None)

    def new_names(self, stored: str) -> list[str]:
        """Return the names that a stored tensor is restored to: what `stored_name` takes to it."""
        if not self._entries:
            return [stored]
        by_rule = [rule.new_name(stored) for rule in self._rules]
        mapped = dict.fromkeys([*self._new_names.get(stored, []), *(name for name in by_rule if name is not None)])
        return [name for name in mapped if self.stored_name(name) == stored] or [
            name for name in (stored,) if self.stored_name(name) == stored
        ]

    def taking_nothing(self, stored: Collection[str]) -> list[MapEntry]:
        """Return the entries that give none of these stored tensors, which are all that there are, a name."""
        return [
            entry
            for entry in self._entries
            if not (
                self._stored.name(entry.old) in stored
                if entry.rule is None
                else any(entry.rule.new_name(name) is not None for name in stored)
            )
        ]

    def without_new(self, names: Iterable[str]) -> list[MapEntry]:
        """Return the entries that take nothing to any of these names, which are all that there are."""
        names = list(names)
        known = set(names)
        return [entry for entry in self._entries if not _is_new(entry, names, known)]


def parse_map(entries: Iterable[str]) -> dict[str, str]:
    """Return ``NEW=OLD`` texts as a map.

    Raises:
        InvalidArgumentError: There is no ``=``, or nothing on one side of it; or a NEW has two OLD.
    """
    return map_of_sides(map(sides_of_map, entries))


def map_of_sides(sides: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return pairs of new and old as a map; else as `parse_map`."""
    pairs: dict[str, str] = {}
    for new, old in sides:
        entry = f"{new}={old}" if new or old else ""
        if not (new and old):
            raise InvalidArgumentError(f"{visible(entry)!r} is no map; a map is NEW=OLD, or new/=old/ for scopes")
        if pairs.setdefault(new, old) != old:
            raise InvalidArgumentError(
                f"the map gives {visible(new)} twice, as {visible(new)}={visible(pairs[new])} and as {visible(entry)}"
            )
    return pairs


def sides_of_map(entry: str) -> tuple[str, str]:
    """Return new and old of an entry; in a regular expression a ``=`` may stand."""
    new, equals, old = entry.partition(f"={EXPRESSION}")
    if equals:
        return new, f"{EXPRESSION}{old}"
    new, _, old = entry.rpartition("=") if entry.startswith(EXPRESSION) else entry.partition("=")
    return new, old


def _entry(new: str, old: str, stored: StoredNames) -> MapEntry:
    has_pattern = any(is_glob(side) or side.startswith(EXPRESSION) for side in (new, old))
    is_scope = new.endswith("/") or old.endswith("/")
    # What is there by that name is no pattern.
    if (old in stored and may_be_name(new)) or not (has_pattern or is_scope):
        return MapEntry(new, old)
    return MapEntry(new, old, rule_of(new, old, stored))


def _is_new(entry: MapEntry, names: Iterable[str], known: set[str]) -> bool:
    if entry.rule is None:
        return entry.new in known
    return any(entry.rule.old_name(name) is not None for name in names)
