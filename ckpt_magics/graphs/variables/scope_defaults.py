"""Variable scopes as data: their prefix and defaults, and which one each thread has open in a graph.

Follows tensorflow/python/ops/variable_scope.py, VariableScope, _VariableScopeStore and _pure_variable_scope.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys

__all__ = ["OpenVariableScope", "VariableScope", "open_variable_scope"]


@dataclass(eq=False)
class VariableScope:
    """The prefix and the defaults of the variables that ``get_variable`` makes.

    Attributes:
        reuse: True to take existing variables, False to make new ones, AUTO_REUSE for whichever can be.
        name: Prefix, without a slash at its end.
        initializer: Default initializer: a function of shape and dtype, or a value.
        regularizer: Default regularizer: a function of the variable.
        caching_device: Default device to read on.
        partitioner: Default rule that says in how many parts to keep a variable.
        custom_getter: What is called in place of the making, with that as its first argument.
        original_name_scope: The name scope in which the scope was first entered.
        dtype: Default type.
        use_resource: Whether variables are resources; None for the process's default.
        constraint: Default constraint; unlike the others it holds in this scope alone, not inside scopes within it.
    """

    reuse: Any = False
    name: str = ""
    initializer: Any = None
    regularizer: Any = None
    caching_device: Any = None
    partitioner: Any = None
    custom_getter: Callable[..., Any] | None = None
    original_name_scope: str = ""
    dtype: Any = FLOAT
    use_resource: bool | None = None
    constraint: Any = None

    def reuse_variables(self) -> None:
        """Take existing variables from here on."""
        self.reuse = True

    def set_initializer(self, initializer: object) -> None:
        """Replace the default initializer."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: object) -> None:
        """Replace the default regularizer."""
        self.regularizer = regularizer

    def set_caching_device(self, caching_device: object) -> None:
        """Replace the default device to read on."""
        self.caching_device = caching_device

    def set_partitioner(self, partitioner: object) -> None:
        """Replace the default partitioner."""
        self.partitioner = partitioner

    def set_custom_getter(self, custom_getter: Callable[..., Any] | None) -> None:
        """Replace the getter; those of outer scopes are no longer called."""
        self.custom_getter = custom_getter

    def set_dtype(self, dtype: object) -> None:
        """Replace the default type."""
        self.dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        """Say whether variables are resources."""
        self.use_resource = use_resource

    def full_name(self, name: str) -> str:
        """Return a variable's name within the scope; for an empty one the scope's, with a slash: exactly that."""
        return f"{self.name}/{name}" if self.name else name

    def within(self, settings: dict[str, Any], **changes: Any) -> VariableScope:  # noqa: ANN401 -- attributes
        """Return a scope with this one's defaults.

        Args:
            settings: What it has in place of them, where that is not None; a getter is called around this scope's.
            **changes: What it has in any case.
        """
        given = {key: value for key, value in settings.items() if value is not None}
        if "custom_getter" in given:
            given["custom_getter"] = _around(given["custom_getter"], self.custom_getter)
        return replace(self, **({"constraint": None} | given | changes))

    def global_variables(self) -> list[Any]:
        """Return the scope's global variables."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        """Return the scope's local variables."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def trainable_variables(self) -> list[Any]:
        """Return the scope's trainable variables."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def get_collection(self, name: str) -> list[Any]:
        """Return the items of a collection whose names are in the scope."""
        return get_default_graph().get_collection(name, f"{self.name}/" if self.name else "")


def _around(inner: Callable[..., Any], outer: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a getter for which the outer scope's getter is the making."""
    if outer is None:
        return inner

    def nested(getter: Callable[..., Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- passed on
        return inner(partial(outer, getter), *args, **options)

    return nested


class OpenVariableScope(threading.local):
    """The variable scope that a thread has open in a graph, and how often it has opened each.

    Attributes:
        scope: The innermost open scope.
        opened: How often each scope was opened within the present one, by full name.
    """

    def __init__(self) -> None:
        self.scope = VariableScope()
        self.opened: dict[str, int] = {}

    def note(self, name: str) -> None:
        """Count an opening."""
        self.opened[name] = self.opened.get(name, 0) + 1

    def unique(self, prefix: str) -> str:
        """Return ``prefix``, or with a number behind it, as no scope inside the open one was called."""
        count, name = 0, prefix
        while self.opened.get(self.scope.full_name(name), 0):
            count += 1
            name = f"{prefix}_{count}"
        return name

    def forget_inside(self, scope: str) -> None:
        """Count anew what is opened inside a scope."""
        for name in self.opened:
            if name.startswith(f"{scope}/"):
                self.opened[name] = 0


_KEY = "open variable scope"


def open_variable_scope(graph: Graph | None = None) -> OpenVariableScope:
    """Return what is open in a graph, by default in the default graph."""
    states = (graph or get_default_graph()).scope_state
    if _KEY not in states:
        states[_KEY] = OpenVariableScope()
    state = states[_KEY]
    assert isinstance(state, OpenVariableScope)  # noqa: S101 -- only this module writes it
    return state
