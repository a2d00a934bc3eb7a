"""A map of many names said in few entries: scopes and patterns that take each name to the same as the pairs do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.steps.mapping import NameMap

__all__ = ["compact_map", "compact_patterns"]

# Above this, trying entries on all names would take seconds; pairs are then given as scopes or one by one.
MAX_TRIED = 200_000
MAX_ENTRIES = 60
_NUMBER = re.compile(r"[0-9]+")
_SEPARATORS = frozenset("/:._-")
_WILD = re.compile(r"[*?\[]")

Pairs = dict[str, str]


def compact_map(pairs: Mapping[str, str], wanted: Mapping[str, str], stored: list[str]) -> Pairs:
    """Return a map that says the same as pairs of names, in as few entries as scopes and patterns allow.

    Args:
        pairs: Stored name by new name.
        wanted: Where every name comes from that the map may be asked for, those of ``pairs`` too.
        stored: All stored names.
    """
    votes: dict[tuple[str, str], int] = {}
    for new, old in pairs.items():
        for entry in dict.fromkeys(_entries(new, old)):
            votes[entry] = votes.get(entry, 0) + 1
    # Of two that cover as much, the first kind is the plainer one.
    likely = sorted((entry for entry, count in votes.items() if count > 1), key=lambda entry: -votes[entry])
    chosen: Pairs = {}
    left = dict(pairs)
    for entry in likely[: min(MAX_ENTRIES, MAX_TRIED // max(len(wanted), 1))]:
        covered = _covered(entry, wanted, stored)
        if sum(new in left for new in covered) > 1 and entry[0] not in chosen:
            chosen[entry[0]] = entry[1]
            left = {new: old for new, old in left.items() if new not in covered}
    compact = {**chosen, **left}
    return compact if _says(compact, wanted, stored) else dict(pairs)


def _entries(new: str, old: str) -> Iterator[tuple[str, str]]:
    """The scopes and patterns that could take one name to the other, the plainest first."""
    if _WILD.search(new + old):
        return
    scopes = _scopes(new, old)
    if scopes is not None:
        yield scopes
    # An ending begins with a separator: `*=*es` would be right for biases, and a riddle.
    if new.startswith(old) and new[len(old) :][:1] in _SEPARATORS:
        yield f"*{new[len(old) :]}", "*"
    if old.startswith(new) and old[len(new) :][:1] in _SEPARATORS:
        yield "*", f"*{old[len(new) :]}"
    yield from _one_part(new.split("/"), old.split("/"))
    if _NUMBER.findall(new) == _NUMBER.findall(old) != []:
        yield _NUMBER.sub("*", new), _NUMBER.sub("*", old)


def _scopes(new: str, old: str) -> tuple[str, str] | None:
    """The scopes that differ when both names end alike, or None."""
    news, olds = new.split("/"), old.split("/")
    while news and olds and news[-1] == olds[-1]:
        news.pop()
        olds.pop()
    if len(news) == new.count("/") + 1:
        return None
    return "/".join([*news, ""]) or "/", "/".join([*olds, ""]) or "/"


def _one_part(news: list[str], olds: list[str]) -> Iterator[tuple[str, str]]:
    """Patterns for names that differ in one part, alone or below scopes that differ too."""
    ends = [start for start in range(len(news)) if news[start:] == olds[len(olds) - len(news) + start :]]
    start = min(ends, default=len(news)) - 1
    place = len(olds) - len(news) + start
    if start < 0 or place < 0:
        return
    beyond = "/*" if start + 1 < len(news) else ""
    before, there = news[:start], olds[:place]
    if before == there and before:
        yield f"*/{news[start]}{beyond}", f"*/{olds[place]}{beyond}"
    scopes = _scopes("/".join([*before, ""]), "/".join([*there, ""]))
    if scopes is not None and before != there:
        new, old = (scope.removeprefix("/") if scope == "/" else scope for scope in scopes)
        yield f"{new}*/{news[start]}{beyond}", f"{old}*/{olds[place]}{beyond}"


def _covered(entry: tuple[str, str], wanted: Mapping[str, str], stored: list[str]) -> list[str]:
    """The names that an entry takes to where they come from; none if it takes one elsewhere."""
    names = _map(dict([entry]), stored)
    if names is None:
        return []
    known = set(stored)
    found: list[str] = []
    for new, old in wanted.items():
        said = names.stored_name(new)
        if said in known and said not in {old, new}:
            return []
        found += [new] if said == old != new else []
    return found


def _says(entries: Pairs, wanted: Mapping[str, str], stored: list[str]) -> bool:
    names = _map(entries, stored)
    return names is not None and all(names.stored_name(new) == old for new, old in wanted.items())


def _map(entries: Pairs, stored: list[str]) -> NameMap | None:
    try:
        return NameMap(entries, stored)
    except InvalidArgumentError:
        return None


def compact_patterns(names: set[str], among: set[str]) -> list[str]:
    """Return patterns that match some of many names and none of the others, as few as their endings and scopes allow.

    >>> compact_patterns({"a/kernel", "b/kernel"}, {"a/kernel", "b/kernel", "a/bias"})
    ['*/kernel']
    """
    votes: dict[str, int] = {}
    for name in sorted(names):
        for pattern in _patterns(name):
            votes[pattern] = votes.get(pattern, 0) + 1
    chosen: list[str] = []
    left = set(names)
    for pattern in sorted((one for one in votes if votes[one] > 1), key=lambda one: -votes[one]):
        matched = {name for name in among if _matches(pattern, name)}
        if matched <= names and len(matched & left) > 1:
            chosen.append(pattern)
            left -= matched
    patterns = [*chosen, *sorted(left)]
    return ["*"] if len(patterns) > 1 and names == among else patterns


def _patterns(name: str) -> Iterator[str]:
    if _WILD.search(name):
        return
    for separator in "/.":
        scope, found, last = name.rpartition(separator)
        if found:
            yield f"*{separator}{last}"
            yield f"{scope}{separator}*"


def _matches(pattern: str, name: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*") else name.startswith(pattern[:-1])
