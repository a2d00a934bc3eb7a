"""Which stored tensor a name is restored from: names and scopes that differ between the checkpoint and the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ckpt_magics.errors import InvalidArgumentError, visible

__all__ = ["NameMap", "parse_map"]

ROOT = "/"


class NameMap:
    """A map of names ``new -> old``, and of scopes ``new/ -> old/``, where ``/`` is the root.

    An entry whose ``old`` is nowhere in the checkpoint while its ``new`` is, is taken the other way round: that is how
    TensorFlow's ``init_from_checkpoint`` writes it.

    Args:
        entries: The map as given.
        stored: The names in the checkpoint.

    Raises:
        InvalidArgumentError: A scope is mapped to a name.

    >>> NameMap({"net/": "old/"}, ["old/w", "step"]).stored_name("net/w")
    'old/w'
    """

    def __init__(self, entries: Mapping[str, str], stored: Iterable[str]) -> None:
        stored = list(stored)
        known = set(stored)
        self.reversed: list[str] = []
        self._names: dict[str, str] = {}
        self._scopes: list[tuple[str, str]] = []
        for new, old in entries.items():
            if new.endswith("/") != old.endswith("/"):
                raise InvalidArgumentError(
                    f"the map {visible(new)}={visible(old)} takes a scope to a name",
                    hint="A scope ends with / on both sides: new/=old/, or / for the root",
                )
            backwards = _is_stored(new, known, stored) and not _is_stored(old, known, stored)
            # "/" names no scope, so {"/": "scope/"} with no such scope can only be the checkpoint's root.
            if backwards or (new == ROOT and old != ROOT and not _is_stored(old, known, stored)):
                new, old = old, new  # noqa: PLW2901 - the pair is meant the other way round
                self.reversed.append(f"{new}={old}")
            if new.endswith("/"):
                self._scopes.append((_scope(new), _scope(old)))
            else:
                self._names[new] = old
        # The longest scope is the most particular one.
        self._scopes.sort(key=lambda pair: -len(pair[0]))

    def stored_name(self, name: str) -> str:
        """Return the name in the checkpoint that ``name`` is restored from, whether it is there or not."""
        if name in self._names:
            return self._names[name]
        for new, old in self._scopes:
            if name.startswith(new):
                return old + name[len(new) :]
        return name

    def new_names(self, stored: str) -> list[str]:
        """Return the names that a stored tensor is restored to: what `stored_name` takes to it."""
        if not self._names and not self._scopes:
            return [stored]
        candidates = [new for new, old in self._names.items() if old == stored]
        candidates += [new + stored[len(old) :] for new, old in self._scopes if stored.startswith(old)]
        candidates.append(stored)
        return [name for name in dict.fromkeys(candidates) if self.stored_name(name) == stored][:1]


def parse_map(entries: Iterable[str]) -> dict[str, str]:
    """Return ``NEW=OLD`` texts as a map.

    Raises:
        InvalidArgumentError: There is no ``=``, or nothing on one side of it; or a NEW has two OLD.
    """
    pairs: dict[str, str] = {}
    for entry in entries:
        new, equals, old = entry.partition("=")
        if not (new and equals and old):
            raise InvalidArgumentError(f"{visible(entry)!r} is no map; a map is NEW=OLD, or new/=old/ for scopes")
        if pairs.setdefault(new, old) != old:
            raise InvalidArgumentError(
                f"the map gives {visible(new)} twice, as {visible(new)}={visible(pairs[new])} and as {visible(entry)}"
            )
    return pairs


def _scope(text: str) -> str:
    return "" if text == ROOT else text


def _is_stored(text: str, known: set[str], stored: list[str]) -> bool:
    if text.endswith("/"):
        return any(name.startswith(text) for name in stored)
    return text in known
