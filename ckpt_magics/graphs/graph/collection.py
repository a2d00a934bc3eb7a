"""The named lists of things that a graph carries along."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

__all__ = ["Collections"]


class Collections:
    """Lists by name; a list begins to exist when something is added or the list itself is asked for."""

    def __init__(self) -> None:
        self._lists: dict[Hashable, list[Any]] = {}

    def add(self, name: Hashable, value: object) -> None:
        """Append ``value`` to a collection."""
        self._lists.setdefault(name, []).append(value)

    def add_to_all(self, names: Iterable[Hashable] | Hashable, value: object) -> None:
        """Append ``value`` to several collections, to each one once."""
        several = (names,) if isinstance(names, str) or not isinstance(names, Iterable) else names
        for name in dict.fromkeys(several):
            self.add(name, value)

    def live(self, name: Hashable) -> list[Any]:
        """Return the list itself: changing it changes the collection."""
        return self._lists.setdefault(name, [])

    def items(self, name: Hashable, scope: str | None = None) -> list[Any]:
        """Return a copy of a collection.

        Args:
            name: The collection.
            scope: Regular expression that the beginning of an item's ``name`` must match; items without a name are
                left out then.
        """
        values = self._lists.get(name, [])
        if scope is None:
            return list(values)
        pattern = re.compile(scope)
        return [value for value in values if hasattr(value, "name") and pattern.match(value.name)]

    def clear(self, name: Hashable) -> None:
        """Remove a collection."""
        self._lists.pop(name, None)

    def names(self) -> list[str]:
        """Return the names that are strings, in the order in which the collections were made."""
        return [name for name in self._lists if isinstance(name, str)]
