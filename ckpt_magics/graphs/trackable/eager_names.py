"""Scopes that names of variables without a graph begin with; unlike a graph's they are not made unique.

Format: tensorflow/python/framework/ops.py (name_scope_v2, executing eagerly).
"""

from __future__ import annotations

from contextvars import ContextVar
from types import TracebackType

__all__ = ["EagerNameScope", "scoped"]

_scope: ContextVar[str] = ContextVar("scope", default="")


def scoped(name: str) -> str:
    """Return a name behind the scopes that are open."""
    return _scope.get() + name


class EagerNameScope:
    """Puts a name in front of those of variables that are made in the block; it may be entered again and again.

    Args:
        name: The name; one that ends in ``/`` is taken for all of the scope.

    Raises:
        ValueError: The name is no text.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")  # noqa: TRY004 - TensorFlow's
        self._name = name
        self._outer: list[str] = []

    @property
    def name(self) -> str:
        """The name, as given."""
        return self._name

    def __enter__(self) -> str:
        outer = _scope.get()
        self._outer.append(outer)
        inner = self._name if self._name.endswith("/") or not self._name else f"{outer}{self._name}/"
        _scope.set(inner)
        return inner

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        _scope.set(self._outer.pop())
