r"""Scopes and patterns of a map, applied to the names of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.steps.patterns import EXPRESSION, glob_of, is_glob
from ckpt_magics.files.steps.substitution import substitution
from ckpt_magics.phrasing import amount

__all__ = ["ROOT", "MapRule", "StoredNames", "may_be_name", "rule_of"]

ROOT = "/"
_MOST = 1 << 30
"""The rank of a regular expression, above any number of letters."""


class StoredNames:
    """The names of a checkpoint and the keys that some of them have in its files.

    Args:
        names: The names.
        keys: The key of a name, where it is another text.
    """

    def __init__(self, names: Iterable[str], keys: Mapping[str, str]) -> None:
        self._names = dict.fromkeys(names)
        self._keys = keys
        self._by_key = {key: name for name, key in keys.items()}

    def __contains__(self, text: str) -> bool:
        return text in self._names or text in self._by_key

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Each text that stands for a tensor, with the tensor's name; names come before keys."""
        yield from ((name, name) for name in self._names)
        yield from ((key, name) for key, name in self._by_key.items() if key not in self._names)

    def has_scope(self, scope: str) -> bool:
        """Whether something lies below a scope; the root has everything."""
        return any(scope == ROOT or text.startswith(scope) for text, _ in self)

    def name(self, text: str) -> str:
        """Return the name for a text that may be a key; what is not there stays as it is."""
        return text if text in self._names else self._by_key.get(text, text)


class MapRule(Protocol):
    """What a scope or a pattern of a map does with names.

    Attributes:
        rank: How particular it is; of two that fit, the greater counts.
        is_there: Whether what it takes is in the checkpoint at all.
    """

    rank: int
    is_there: bool

    def old_name(self, new: str) -> str | None:
        """Return the stored name that it gives a name, or None where it leaves the name to others."""
        ...

    def guess(self, new: str) -> str | None:
        """Return what a name would be stored under, there or not; None where it does not fit."""
        ...

    def new_name(self, old: str) -> str | None:
        """Return the name that a stored tensor gets, or None."""
        ...


class _ScopeRule:
    """``new/ -> old/``: takes all that lies below, whether it is there or not."""

    def __init__(self, new: str, old: str, stored: StoredNames) -> None:
        self._new, self._old = ("" if scope == ROOT else scope for scope in (new, old))
        self._stored = stored
        self.rank = len(self._new)
        self.is_there = stored.has_scope(old)

    def old_name(self, new: str) -> str | None:
        if not new.startswith(self._new):
            return None
        return self._stored.name(self._old + new[len(self._new) :])

    guess = old_name

    def new_name(self, old: str) -> str | None:
        return self._new + old[len(self._old) :] if old.startswith(self._old) else None


class _PatternRule:
    """Takes what is in the checkpoint.

    Args:
        entry: The entry as it was given, for messages.
        rank: How particular it is.
        forwards: What a new name is stored under, or None where it does not fit.
        backwards: What a stored name becomes, or None; None itself where that cannot be said.
        stored: The checkpoint's names.
    """

    def __init__(
        self,
        entry: str,
        rank: int,
        forwards: Callable[[str], str | None] | None,
        backwards: Callable[[str], str | None] | None,
        stored: StoredNames,
    ) -> None:
        self.rank = rank
        self._stored = stored
        self._forwards = forwards
        self._old_by_new: dict[str, str] = {}
        self._new_by_old: dict[str, str] = {}
        for text, old in stored if backwards is not None else ():
            new = backwards(text) if backwards is not None else None
            if new is None or old in self._new_by_old:
                continue
            if new in self._old_by_new:
                both = f"{visible(self._old_by_new[new])} and {visible(old)}"
                raise InvalidArgumentError(f"the map {visible(entry)} takes {both} both to {visible(new)}")
            self._old_by_new[new], self._new_by_old[old] = old, new
        # An expression that is only known forwards shows what it takes when it meets the names of the program.
        self.is_there = bool(self._old_by_new) or backwards is None

    def old_name(self, new: str) -> str | None:
        old = self._old_by_new.get(new) or self.guess(new)
        return old if old is not None and old in self._stored else None

    def guess(self, new: str) -> str | None:
        old = None if self._forwards is None else self._forwards(new)
        return None if old is None else self._stored.name(old)

    def new_name(self, old: str) -> str | None:
        return self._new_by_old.get(old)


def may_be_name(text: str) -> bool:
    """Whether a new name is one that programs give: ``a[0]`` may be, ``a*`` is a pattern."""
    return not text.startswith(EXPRESSION) and not {*text} & {*"*?"}


def rule_of(new: str, old: str, stored: StoredNames) -> MapRule:
    """Return the rule of an entry that is no name for a name.

    Raises:
        InvalidArgumentError: It has no meaning, or takes two tensors to one name.
    """
    entry = f"{new}={old}"
    is_scope = new.endswith("/") and old.endswith("/")
    if is_scope and may_be_name(new) and stored.has_scope(old):
        return _ScopeRule(new, old, stored)
    if new.startswith(EXPRESSION) or old.startswith(EXPRESSION):
        return _expression_rule(entry, new, old, stored)
    if not is_scope and (new.endswith("/") or old.endswith("/")):
        raise InvalidArgumentError(
            f"the map {visible(entry)} takes a scope to a name",
            hint="A scope ends with / on both sides: new/=old/, or / for the root",
        )
    if not (is_glob(new) or is_glob(old)):
        return _ScopeRule(new, old, stored)
    globs = [glob_of(f"{side.removeprefix(ROOT)}*" if side.endswith("/") else side) for side in (new, old)]
    if globs[0].wildcards != globs[1].wildcards:
        raise InvalidArgumentError(
            f"the map {visible(entry)} has {amount(globs[0].wildcards, 'wildcard')} on its left, {globs[1].wildcards} "
            "on its right",
            hint="Each * stands for the same on both sides, as in '*/kernel=*/weights'",
        )

    def translated(name: str, here: int) -> str | None:
        parts = globs[here].parts(name)
        found = None if parts is None else globs[1 - here].filled(parts)
        return found if found is not None and globs[1 - here].parts(found) is not None else None

    rank = sum(map(len, globs[0].literals))
    return _PatternRule(entry, rank, lambda name: translated(name, 0), lambda name: translated(name, 1), stored)


def _expression_rule(entry: str, new: str, old: str, stored: StoredNames) -> MapRule:
    if new.startswith(EXPRESSION) and old.startswith(EXPRESSION):
        raise InvalidArgumentError(
            f"the map {visible(entry)} has a regular expression on both sides",
            hint=r"One side is the expression, the other has its groups: 're:(.*)/kernel=\1/weights'",
        )
    is_new = new.startswith(EXPRESSION)
    given = substitution(new, old) if is_new else substitution(old, new)
    other = given.backwards()
    ways = (given, other) if is_new else (other, given)
    forwards, backwards = (None if way is None else way.apply for way in ways)
    return _PatternRule(entry, _MOST, forwards, backwards, stored)
