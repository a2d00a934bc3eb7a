"""Modules: named objects that hold variables and other modules, as ``tf.Module``.

Format: tensorflow/python/module/module.py.
"""

# ruff: noqa: ANN401 - what a module holds may be anything

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ParamSpec, TypeVar

from ckpt_magics.graphs.trackable.auto_trackable import AutoTrackable
from ckpt_magics.graphs.trackable.eager_names import EagerNameScope
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable

__all__ = ["Module"]

_HUMP = re.compile(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Module(AutoTrackable):
    """Holds variables and other modules as attributes, in lists and in dicts; checkpoints hold it.

    Args:
        name: Its name, and that of the scope in which its variables are made; the class's in lower case by default.

    Raises:
        ValueError: The name is none that Python could have.
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _HUMP.sub(r"_\1", type(self).__name__).lower()
        elif not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python identifiers (e.g. a valid "
                "class name)."
            )
        self._name = name
        with EagerNameScope(name) as scope:
            self._name_scope = EagerNameScope(scope)

    @property
    def name(self) -> str:
        """The name, without scopes."""
        return self._name

    @property
    def name_scope(self) -> EagerNameScope:
        """The scope in which its variables may be made: ``with self.name_scope:``."""
        return self._name_scope

    @property
    def variables(self) -> tuple[EagerVariable, ...]:
        """All variables: its own, by the names of its attributes, then those of the modules in it."""
        return tuple(_met(self, EagerVariable))

    @property
    def trainable_variables(self) -> tuple[EagerVariable, ...]:
        """The variables that training changes."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[EagerVariable, ...]:
        """The other variables."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules in it."""
        return tuple(_met(self, Module))

    @classmethod
    def with_name_scope(cls, method: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        """Make a method enter the name scope of its module."""

        @functools.wraps(method)
        def within(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            with args[0].name_scope:  # type: ignore[attr-defined]  # the module
                return method(*args, **kwargs)

        return within


def _met(module: Module, kind: type[Any]) -> Iterator[Any]:
    """Yield what a module holds of a kind, each object once, and after that what the modules in it hold."""
    seen = {id(module)}
    waiting = deque([module])
    while waiting:
        attributes = waiting.popleft().__dict__
        for name in sorted(attributes):
            for leaf in _leaves(attributes[name]):
                if id(leaf) in seen:
                    continue
                seen.add(id(leaf))
                if isinstance(leaf, kind):
                    yield leaf
                if isinstance(leaf, Module):
                    waiting.append(leaf)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _leaves(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
