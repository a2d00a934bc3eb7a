"""Variable scopes and ``get_variable``: shared variables by name.

Follows tensorflow/python/ops/variable_scope.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

from ckpt_magics.formats.dtypes import FLOAT, as_dtype
from ckpt_magics.graph.build import graph_of, name_scope
from ckpt_magics.graph.default import get_default_graph
from ckpt_magics.graph.graph import Graph
from ckpt_magics.graph.keys import GraphKeys
from ckpt_magics.graph.partition import PartitionedVariable, Partitioner
from ckpt_magics.graph.shape import ShapeLike
from ckpt_magics.graph.variable import Variable
from ckpt_magics.graph.variable_store import VariableRequest, VariableStore

__all__ = [
    "VariableScope",
    "get_local_variable",
    "get_variable",
    "get_variable_scope",
    "stored_variables",
    "variable_scope",
]


class VariableScope:
    """The prefix and the defaults of the variables that ``get_variable`` makes.

    Attributes:
        name: Prefix, without a slash at its end.
        reuse: Whether to take existing variables; see `VariableRequest`.
        initializer: Default initializer, and so on.
        original_name_scope: The name scope in which the scope was first entered.
    """

    def __init__(self, name: str = "", original_name_scope: str = "") -> None:
        self.name = name
        self.original_name_scope = original_name_scope
        self.reuse: object = False
        self.initializer: object = None
        self.regularizer: Any = None
        self.caching_device: str | None = None
        self.partitioner: Partitioner | None = None
        self.custom_getter: Callable[..., Any] | None = None
        self.dtype: object = FLOAT
        self.use_resource: bool | None = None
        self.constraint: Any = None

    def reuse_variables(self) -> None:
        """Take existing variables from here on."""
        self.reuse = True

    def full_name(self, name: str) -> str:
        """Return a variable's name within the scope."""
        return f"{self.name}/{name}" if self.name else name

    def global_variables(self) -> list[Variable]:
        """Return the scope's global variables."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def trainable_variables(self) -> list[Variable]:
        """Return the scope's trainable variables."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def get_collection(self, name: str) -> list[Any]:
        """Return the items of a collection whose names are in the scope."""
        return get_default_graph().get_collection(name, f"{self.name}/" if self.name else "")


class _ScopeState:
    """The open variable scope of a graph, its variables, and how often each scope was opened."""

    def __init__(self) -> None:
        self.store = VariableStore()
        self.current = VariableScope()
        self.opened: dict[str, int] = {}

    def unique(self, prefix: str) -> str:
        """Return ``prefix``, or with a number behind it, as no scope inside the current one was called."""
        count, name = 0, prefix
        while self.opened.get(self.current.full_name(name), 0):
            count += 1
            name = f"{prefix}_{count}"
        return name

    def close_inside(self, scope: str) -> None:
        for name in self.opened:
            if name.startswith(f"{scope}/"):
                self.opened[name] = 0


def _state(graph: Graph | None = None) -> _ScopeState:
    states = (graph or get_default_graph()).scope_state
    if "variables" not in states:
        states["variables"] = _ScopeState()
    state = states["variables"]
    assert isinstance(state, _ScopeState)  # noqa: S101 -- only this module writes it
    return state


def get_variable_scope() -> VariableScope:
    """Return the innermost open scope."""
    return _state().current


def stored_variables() -> dict[str, Variable]:
    """Return the variables that `get_variable` made in the default graph, by name."""
    return _state().store.variables


def get_variable(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    name: str,
    shape: ShapeLike = None,
    dtype: object = None,
    initializer: object = None,
    regularizer: Any = None,  # noqa: ANN401 -- a function of the variable
    trainable: bool | None = None,
    collections: Sequence[str] | None = None,
    caching_device: str | None = None,
    partitioner: Partitioner | None = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Callable[..., Any] | None = None,
    constraint: Any = None,  # noqa: ANN401 -- a function of the variable
    synchronization: int = 0,
    aggregation: int = 0,
) -> Variable | PartitionedVariable:
    """Return the variable called ``name`` in the open scope, a new one unless the scope reuses.

    Args:
        name: Name within the scope.
        shape: Shape; not given when the initializer is a value.
        dtype: Type. Default: the scope's, float32.
        initializer: Function of shape and dtype, or a value. Default: the scope's, else Glorot's uniform one for
            floats and zeros for integers.
        regularizer: Function of the variable whose result goes into the collection of regularization losses.
        trainable: See `Variable`.
        collections: See `Variable`.
        caching_device: See `Variable`.
        partitioner: Rule that says in how many parts to keep the variable.
        validate_shape: See `Variable`.
        use_resource: See `Variable`.
        custom_getter: Called in place of the making, with that as its first argument.
        constraint: See `Variable`.
        synchronization: See `Variable`.
        aggregation: See `Variable`.

    Raises:
        ValueError: The scope's ``reuse`` forbids what would be needed, the existing variable has another shape or
            dtype, or the shape is not known.
    """
    scope = get_variable_scope()
    given = {
        "initializer": initializer,
        "regularizer": regularizer,
        "caching_device": caching_device,
        "partitioner": partitioner,
        "use_resource": use_resource,
        "constraint": constraint,
    }
    settings = {key: getattr(scope, key) if value is None else value for key, value in given.items()}
    store = _state().store

    def make(name: str, *args: Any, **options: Any) -> Variable | PartitionedVariable:  # noqa: ANN401 -- passed on
        with name_scope(None):
            return store.get(VariableRequest(name, *args, **options))

    getter = custom_getter or scope.custom_getter
    call = make if getter is None else lambda *args, **options: getter(make, *args, **options)
    return call(
        scope.full_name(name),
        shape=shape,
        dtype=as_dtype(scope.dtype if dtype is None else dtype),
        reuse=scope.reuse,
        trainable=trainable,
        collections=collections,
        validate_shape=validate_shape,
        synchronization=synchronization,
        aggregation=aggregation,
        **settings,
    )


def get_local_variable(name: str, shape: ShapeLike = None, **options: Any) -> Variable | PartitionedVariable:  # noqa: ANN401 -- passed on
    """Return a variable as `get_variable` does, in the collection of local variables and not trainable."""
    collections = [*(options.pop("collections", None) or []), GraphKeys.LOCAL_VARIABLES]
    options["trainable"] = False
    return get_variable(name, shape, collections=collections, **options)


@contextmanager
def variable_scope(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    name_or_scope: str | VariableScope | None,
    default_name: str | None = None,
    values: Sequence[object] = (),
    initializer: object = None,
    regularizer: Any = None,  # noqa: ANN401 -- a function of the variable
    caching_device: str | None = None,
    partitioner: Partitioner | None = None,
    custom_getter: Callable[..., Any] | None = None,
    reuse: object = None,
    dtype: object = None,
    use_resource: bool | None = None,
    constraint: Any = None,  # noqa: ANN401 -- a function of the variable
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:
    """Open a variable scope, and a name scope with it.

    Args:
        name_or_scope: Name of a scope inside the open one, or a scope to open again, wherever one is; None to make
            ``default_name`` unique.
        default_name: Name to make unique.
        values: Tensors whose graph to use.
        initializer: Default for the variables, and so on.
        regularizer: Default for the variables.
        caching_device: Default for the variables.
        partitioner: Default for the variables.
        custom_getter: Default for the variables; one of an outer scope is called by the inner one.
        reuse: True to take existing variables only, AUTO_REUSE to take them if they exist. Inherited.
        dtype: Default for the variables.
        use_resource: Default for the variables.
        constraint: Default for the variables.
        auxiliary_name_scope: Whether to open a name scope too.

    Yields:
        The scope.

    Raises:
        TypeError: ``name_or_scope`` is neither a name nor a scope.
        ValueError: Neither a name nor a default is given, or ``reuse`` comes without a name.
    """
    if default_name is None and name_or_scope is None:
        raise TypeError("If default_name is None then name_or_scope is required")
    if name_or_scope is None and reuse:
        raise ValueError("reuse=True cannot be used without a name_or_scope")
    if not isinstance(name_or_scope, (str, VariableScope, type(None))):
        raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
    graph = graph_of(values)
    with graph.as_default():
        state = _state(graph)
        scope, label = _entered(state, name_or_scope, default_name)
        given = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "custom_getter": _nested_getter(scope.custom_getter, custom_getter),
            "dtype": dtype,
            "use_resource": use_resource,
            "constraint": constraint,
            "reuse": reuse or None,
        }
        for key, value in given.items():
            if value is not None:
                setattr(scope, key, value)
        if auxiliary_name_scope and label:
            with graph.name_scope(label) as name:
                scope.original_name_scope = scope.original_name_scope or name
                with _opened(state, scope):
                    yield scope
        else:
            scope.original_name_scope = scope.original_name_scope or graph.get_name_scope()
            with _opened(state, scope):
                yield scope


def _entered(
    state: _ScopeState, name_or_scope: str | VariableScope | None, default_name: str | None
) -> tuple[VariableScope, str]:
    """Return a copy of the scope to enter, with inherited defaults, and the name scope to open with it."""
    if isinstance(name_or_scope, VariableScope):
        return copy(name_or_scope), name_or_scope.name.rpartition("/")[2]
    scope = copy(state.current)
    scope.original_name_scope = ""
    if name_or_scope is None:
        assert default_name is not None  # noqa: S101 -- the caller looked
        scope.name = state.current.full_name(state.unique(default_name))
        return scope, default_name
    scope.name = state.current.full_name(name_or_scope) if name_or_scope else state.current.name
    return scope, name_or_scope


def _nested_getter(outer: Callable[..., Any] | None, inner: Callable[..., Any] | None) -> Callable[..., Any] | None:
    if outer is None or inner is None:
        return inner

    def nested(getter: Callable[..., Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- passed on
        return outer(lambda *a, **o: inner(getter, *a, **o), *args, **options)

    return nested


@contextmanager
def _opened(state: _ScopeState, scope: VariableScope) -> Iterator[None]:
    outer, opened = state.current, dict(state.opened)
    state.current = scope
    state.opened[scope.name] = state.opened.get(scope.name, 0) + 1
    try:
        yield
    finally:
        state.close_inside(scope.name)
        state.current = outer
        for name, count in opened.items():
            if name.startswith(f"{scope.name}/"):
                state.opened[name] = count
