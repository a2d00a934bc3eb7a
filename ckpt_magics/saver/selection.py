"""Which tensors a restore is about: glob patterns that take in or leave out, optimizer slots included."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence

from ckpt_magics.checkpoint.groups import MOVING_AVERAGE, OPTIMIZER_SLOT, variable_group

__all__ = ["Selection", "matcher"]


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test for one pattern.

    ``*``, ``?`` and ``[…]`` work as in the shell and cross ``/``; a plain name also takes what lies below it.

    >>> [name for name in ("a/w", "a/w/Adam", "b") if matcher("a/w")(name)]
    ['a/w', 'a/w/Adam']
    """
    glob = re.compile(fnmatch.translate(pattern)).match
    scope = pattern.rstrip("/") + "/"
    return lambda name: name == pattern or name.startswith(scope) or glob(name) is not None


class Selection:
    """The names that patterns choose.

    A name that is excluded takes its optimizer slots and moving averages along: what lies below it
    (``head/w/Adam``), and what an optimizer keeps under its own name for it (``Adam/head/w/m``).

    Args:
        include: Patterns; none means everything.
        exclude: Patterns of what to leave out of that.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self.include = tuple(include)
        self.exclude = tuple(exclude)
        self._include = [matcher(pattern) for pattern in include]
        self._exclude = [matcher(pattern) for pattern in exclude]

    def excluded(self, names: Iterable[str], aliases: dict[str, str]) -> set[str]:
        """Return which of the names are left out.

        Args:
            names: All names in question.
            aliases: Another name of some, by name; a pattern may match either.
        """
        names = list(names)
        if not self._exclude:
            return set()
        chosen = {name for name in names if _matches(self._exclude, name, aliases)}
        return chosen | {name for name in names if name not in chosen and _is_slot_of(name, chosen)}

    def includes(self, name: str, aliases: dict[str, str]) -> bool:
        """Return whether a pattern takes the name in."""
        return not self._include or _matches(self._include, name, aliases)

    def without_match(self, names: Iterable[str], aliases: dict[str, str]) -> list[str]:
        """Return the patterns, of both sorts, that match none of the names."""
        names = list(names)
        patterns = zip((*self.include, *self.exclude), (*self._include, *self._exclude), strict=True)
        return [text for text, test in patterns if not any(_matches([test], name, aliases) for name in names)]


def _matches(tests: list[Callable[[str], bool]], name: str, aliases: dict[str, str]) -> bool:
    alias = aliases.get(name, name)
    return any(test(name) or (alias != name and test(alias)) for test in tests)


def _is_slot_of(name: str, variables: set[str]) -> bool:
    """Whether it lies below one of the variables, or an optimizer keeps it under its own name for one."""
    parts = name.split("/")
    if any("/".join(parts[:end]) in variables for end in range(1, len(parts))):
        return True
    if variable_group(name) not in {OPTIMIZER_SLOT, MOVING_AVERAGE}:
        return False
    return any("/".join(parts[start:-1]) in variables for start in range(1, len(parts) - 1))
