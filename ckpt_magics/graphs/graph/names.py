"""Names of nodes: the scope they are made in, and the suffix that makes each one unique.

Format: tensorflow/python/framework/ops.py, Graph.unique_name and Graph.name_scope.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["UsedNames", "prepend_scope", "scope_name", "strip_scope"]

_OP_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")
_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\\/>-]*$")


class _OpenScope(threading.local):
    """The name scope that the thread which asks has open."""

    name = ""


class UsedNames:
    """The names a graph has used, without regard to case, and the current name scope of each thread."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}
        self._open = _OpenScope()

    @property
    def scope(self) -> str:
        """The current scope, without the slash at its end."""
        return self._open.name

    def unique(self, name: str, *, mark_as_used: bool = True) -> str:
        """Return ``name`` within the current scope, with ``_1``, ``_2`` … if it is taken.

        Args:
            name: Name to try first.
            mark_as_used: Whether the next call finds it taken.
        """
        if self.scope:
            name = f"{self.scope}/{name}"
        key = name.lower()
        count = self._used.get(key, 0)
        if mark_as_used:
            self._used[key] = count + 1
        if not count:
            return name
        unique_key = key
        while unique_key in self._used:
            unique_key = f"{key}_{count}"
            count += 1
        if mark_as_used:
            self._used[key] = count  # the names up to here are taken for good, so the next search starts behind them
            self._used[unique_key] = 1
        return f"{name}_{count - 1}"

    def mark(self, name: str) -> None:
        """Note a name that a node has without having asked for it."""
        self._used.setdefault(name.lower(), 1)

    @contextmanager
    def enter(self, name: str | None) -> Iterator[str]:
        """Make ``name`` the scope inside the ``with`` block.

        Args:
            name: A new scope within the current one, made unique; with a slash at its end, exactly that scope; None
                or an empty string for the root.

        Yields:
            The full scope, with a slash at its end; an empty string for the root.

        Raises:
            ValueError: It cannot be the name of a scope.
        """
        if name:
            self._check_scope(name)
        outer = self.scope
        self._open.name = "" if not name else scope_name(name) if name.endswith("/") else self.unique(name)
        try:
            yield f"{self.scope}/" if self.scope else ""
        finally:
            self._open.name = outer

    def _check_scope(self, name: str) -> None:
        pattern = _SCOPE_NAME if self.scope else _OP_NAME
        if not pattern.match(name):
            kind = "scope" if self.scope else "root scope"
            raise ValueError(
                f"'{name}' is not a valid {kind} name. A {kind} name has to match the following pattern: "
                f"{pattern.pattern}"
            )


def is_op_name(name: str) -> bool:
    """Return whether ``name`` can be the name of a node."""
    return _OP_NAME.match(name) is not None


def check_op_name(name: str) -> None:
    """Raise ValueError unless ``name`` can be the name of a node."""
    if not is_op_name(name):
        raise ValueError(f"'{name}' is not a valid node name. Accepted names conform to Regex /{_OP_NAME.pattern}/")


def scope_name(scope: str) -> str:
    """Return a scope without the slash at its end."""
    return scope.removesuffix("/")


def prepend_scope(name: str, scope: str | None) -> str:
    """Return a node's, tensor's or colocation group's name as it is inside ``scope``.

    >>> prepend_scope("^a/b", "imp"), prepend_scope("loc:@a", "imp")
    ('^imp/a/b', 'loc:@imp/a')
    """
    if not scope:
        return name
    scope = scope_name(scope)
    return re.sub(r"^(\^|loc:@)?", lambda match: f"{match.group()}{scope}/", name, count=1)


def strip_scope(name: str, scope: str | None) -> str:
    """Return a node's, tensor's or colocation group's name as it is outside ``scope``; others stay as they are.

    >>> strip_scope("^imp/a/b:1", "imp/"), strip_scope("other/a", "imp")
    ('^a/b:1', 'other/a')
    """
    if not scope:
        return name
    return re.sub(rf"^(\^|loc:@)?{re.escape(scope_name(scope))}/", lambda match: match.group(1) or "", name, count=1)
