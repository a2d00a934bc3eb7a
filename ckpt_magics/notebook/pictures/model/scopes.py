"""The name scopes that names lie in, as many of them as are worth a place in the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# TensorFlow's own scopes are rarely ten deep; a name of slashes alone must not become a tree of a million scopes.
MAX_DEPTH: Final = 64
# Nor must many such names: where they average more scopes than this, deep ones are cut off.
SCOPES_PER_NAME: Final = 4
FREE_SCOPES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Scopes:
    """Where the names of one graph, or of one function's body, go.

    Attributes:
        ids: Item by full name of the scope; ``""`` is the whole.
        depth: The deepest level; scopes below it stay part of a label.
    """

    ids: dict[str, int]
    depth: int

    def place(self, name: str) -> tuple[int, str]:
        """Return the scope around a name and the name's label there; a name that is a scope too goes inside that."""
        if name and name in self.ids:
            return self.ids[name], f"({name.rpartition('/')[2]})"
        scope = _scope_of(name, self.depth)
        return self.ids[scope], name[len(scope) + bool(scope) :]


def scopes_of(names: Sequence[str]) -> tuple[list[str], int]:
    """Return the scopes that names lie in, outer before inner, and the deepest level among them."""
    depth = MAX_DEPTH
    while (found := _scopes_above(names, depth)) is None:
        depth //= 2
    return list(found), depth


def _scopes_above(names: Sequence[str], depth: int) -> dict[str, None] | None:
    """Return the scopes down to a depth, or None if there are too many of them."""
    limit = max(SCOPES_PER_NAME * len(names), FREE_SCOPES)
    found: dict[str, None] = {}
    for name in names:
        missing: list[str] = []
        scope = _scope_of(name, depth)
        while scope and scope not in found:
            missing.append(scope)
            scope = scope.rpartition("/")[0]
        found.update(dict.fromkeys(reversed(missing)))
        if len(found) > limit:
            return None
    return found


def _scope_of(name: str, depth: int) -> str:
    if name.count("/") > depth:
        return "/".join(name.split("/", depth)[:depth])
    return name.rpartition("/")[0]
