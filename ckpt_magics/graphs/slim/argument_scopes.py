"""Scopes that give functions their arguments: ``arg_scope``.

Format: tensorflow/contrib/framework/python/ops/arg_scope.py of TensorFlow 1.15.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["add_arg_scope", "arg_scope", "arg_scoped_arguments", "current_arg_scope", "has_arg_scope"]

F = TypeVar("F", bound=Callable[..., Any])

ArgScope = dict[str, dict[str, Any]]
"""The arguments of functions, by what tells a function from others."""

_known: dict[str, frozenset[str]] = {}
"""The arguments that each function may be given by a scope: those that have a default."""


class _OpenArguments(threading.local):
    """The scopes that a thread has open, the innermost one last."""

    def __init__(self) -> None:
        self.opened: list[ArgScope] = [{}]


_scopes = _OpenArguments()


def _key(function: Callable[..., Any]) -> str:
    return getattr(function, "_arg_scope_key", f"{function.__module__}.{function.__qualname__}")


def add_arg_scope(func: F) -> F:
    """Let scopes of arguments give a function its arguments; a decorator."""
    key = _key(func)

    @functools.wraps(func)
    def scoped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- the function's own
        given = _scopes.opened[-1].get(key)
        # What is said at the call counts, also by its place.
        return func(*args, **(_not_by_place(func, args, given) | kwargs if given else kwargs))

    scoped._arg_scope_key = key  # type: ignore[attr-defined]  # noqa: SLF001 -- our own mark
    parameters = inspect.signature(func).parameters.values()
    _known[key] = frozenset(one.name for one in parameters if one.default is not one.empty)
    return scoped  # type: ignore[return-value]


def _not_by_place(func: Callable[..., Any], args: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    by_place = set(list(inspect.signature(func).parameters)[: len(args)])
    return {name: value for name, value in given.items() if name not in by_place}


def has_arg_scope(func: Callable[..., Any]) -> bool:
    """Tell whether scopes of arguments may give a function its arguments."""
    return _key(func) in _known


def arg_scoped_arguments(func: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments that scopes may give a function."""
    return tuple(sorted(_known[_key(func)]))


def current_arg_scope() -> ArgScope:
    """Return the arguments that are given now, by function."""
    return _scopes.opened[-1]


@contextmanager
def arg_scope(
    list_ops_or_scope: Sequence[Callable[..., Any]] | ArgScope,
    **kwargs: Any,  # noqa: ANN401 -- the functions' own
) -> Iterator[ArgScope]:
    """Give functions arguments inside; those of the scopes around stay where they are not given anew.

    Args:
        list_ops_or_scope: Functions that `add_arg_scope` decorates; or a scope, to open it again as it was.
        **kwargs: The arguments.

    Yields:
        The scope, to be opened again elsewhere.

    Raises:
        TypeError: It is neither.
        ValueError: A function is not decorated or lacks an argument, or a scope is given with arguments.
    """
    if isinstance(list_ops_or_scope, Mapping):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by suppling a dictionary, kwargs must be empty.")
        scope = dict(list_ops_or_scope)
    elif isinstance(list_ops_or_scope, (list, tuple)):
        scope = _merged(list_ops_or_scope, kwargs)
    else:
        raise TypeError(
            "list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict), not "
            f"{type(list_ops_or_scope).__name__}"
        )
    _scopes.opened.append(scope)
    try:
        yield scope
    finally:
        _scopes.opened.pop()


def _merged(functions: Sequence[Callable[..., Any]], arguments: Mapping[str, Any]) -> ArgScope:
    scope = dict(_scopes.opened[-1])
    for function in functions:
        if not has_arg_scope(function):
            raise ValueError(f"{function} is not decorated with @add_arg_scope")
        key = _key(function)
        unknown = sorted(set(arguments) - _known[key])
        if unknown:
            raise ValueError(f"{key} has no argument {unknown[0]!r} with a default; it has {sorted(_known[key])}")
        scope[key] = scope.get(key, {}) | dict(arguments)
    return scope
