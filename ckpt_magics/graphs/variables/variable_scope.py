"""Variable scopes and ``get_variable``: shared variables by name.

Follows tensorflow/python/ops/variable_scope.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from inspect import signature
from types import TracebackType
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT, as_dtype
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, graph_of, name_scope
from ckpt_magics.graphs.variables.partition import PartitionedVariable, Partitioner
from ckpt_magics.graphs.variables.scope_defaults import OpenVariableScope, VariableScope, open_variable_scope
from ckpt_magics.graphs.variables.variable import Variable, is_trainable
from ckpt_magics.graphs.variables.variable_store import AUTO_REUSE, VariableRequest, VariableStore, is_value

__all__ = [
    "VariableScope",
    "create_partitioned_variables",
    "get_local_variable",
    "get_variable",
    "get_variable_scope",
    "stored_variables",
    "variable_scope",
]

_KEY = "variable store"


def _store() -> VariableStore:
    """Return the default graph's variables: unlike the scopes, all threads share them."""
    states = get_default_graph().scope_state
    if _KEY not in states:
        states[_KEY] = VariableStore()
    store = states[_KEY]
    assert isinstance(store, VariableStore)  # noqa: S101 -- only this module writes it
    return store


def get_variable_scope() -> VariableScope:
    """Return the innermost scope that this thread has open."""
    return open_variable_scope().scope


def stored_variables() -> dict[str, Variable]:
    """Return the variables that `get_variable` made in the default graph, by name."""
    return _store().variables


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
        custom_getter: Called in place of the making, with that as its first argument. Default: the scope's, which
            calls those of the scopes around it.
        constraint: See `Variable`.
        synchronization: See `Variable`.
        aggregation: See `Variable`.

    Raises:
        ValueError: The scope's ``reuse`` forbids what would be needed, the existing variable has another shape, dtype
            or partition, the initializer is a value of another dtype, or the shape is not known.
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
    getter = scope.custom_getter if custom_getter is None else custom_getter
    # Names of variables follow from the variable scope alone, and so do those of what a getter makes.
    with name_scope(None):
        _check_dtype(initializer, dtype)
        request = {
            "name": scope.full_name(name),
            "shape": shape,
            "dtype": as_dtype(scope.dtype if dtype is None else dtype),
            "reuse": scope.reuse,
            "trainable": is_trainable(trainable, synchronization, name),
            "collections": collections,
            "validate_shape": validate_shape,
            "synchronization": synchronization,
            "aggregation": aggregation,
        } | {key: getattr(scope, key) if value is None else value for key, value in given.items()}
        return _make(**request) if getter is None else _call_getter(getter, request)


def _make(*args: Any, **options: Any) -> Variable | PartitionedVariable:  # noqa: ANN401 -- passed on
    return _store().get(VariableRequest(*args, **options))


def _call_getter(getter: Callable[..., Any], request: dict[str, Any]) -> Any:  # noqa: ANN401 -- whatever it returns
    parameters = signature(getter).parameters
    if "constraint" not in parameters and not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        request = {key: value for key, value in request.items() if key != "constraint"}  # a getter of older times
    return getter(getter=_make, **request) if "getter" in parameters else getter(_make, **request)


def _check_dtype(initializer: object, dtype: object) -> None:
    if dtype is None or not is_value(initializer):
        return
    own = convert_to_tensor(initializer).dtype
    if own != as_dtype(dtype):
        raise ValueError(f"Initializer type '{own!r}' and explicit dtype '{as_dtype(dtype)!r}' don't match.")


def get_local_variable(name: str, shape: ShapeLike = None, **options: Any) -> Variable | PartitionedVariable:  # noqa: ANN401 -- passed on
    """Return a variable as `get_variable` does, in the collection of local variables and not trainable."""
    collections = [*(options.pop("collections", None) or []), GraphKeys.LOCAL_VARIABLES]
    options["trainable"] = False
    return get_variable(name, shape, collections=collections, **options)


def create_partitioned_variables(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    shape: ShapeLike,
    slicing: Sequence[int],
    initializer: object,
    dtype: object = FLOAT,
    trainable: bool = True,
    collections: Sequence[str] | None = None,
    name: str | None = None,
    reuse: object = None,
) -> list[Variable]:
    """Return the parts of a variable that is kept in several.

    Args:
        shape: Shape of the whole.
        slicing: Number of parts along each dimension, of which at most one is more than 1.
        initializer: Function of shape and dtype, or the whole value.
        dtype: Type; a value has its own.
        trainable: See `Variable`.
        collections: See `Variable`.
        name: Name of the variable scope that has the parts. Default: ``PartitionedVariable``, made unique.
        reuse: True to take the existing parts of that name.

    Raises:
        ValueError: ``slicing`` does not go with the shape, or parts exist that are not reused.
    """
    sizes = [int(size) for size in TensorShape(shape)]
    if len(slicing) != len(sizes) or any(not 1 <= count <= size for count, size in zip(slicing, sizes, strict=True)):
        raise ValueError(f"Partitioning {list(slicing)} does not go with shape {sizes}: 1 to all along each dimension")
    if is_value(initializer):
        value = convert_to_tensor(initializer)
        initializer, dtype = value, value.dtype
    with variable_scope(name, "PartitionedVariable", reuse=reuse):
        whole = get_variable(
            "",
            shape,
            dtype,
            initializer,
            trainable=trainable,
            collections=collections,
            partitioner=lambda **_: list(slicing),
        )
    assert isinstance(whole, PartitionedVariable)  # noqa: S101 -- the partitioner makes it one
    return list(whole)


class variable_scope:  # noqa: N801 -- TensorFlow's name
    """Opens a variable scope, and a name scope with it; can be entered several times.

    Args:
        name_or_scope: Name of a scope inside the open one, or a scope to open again, wherever one is; None to make
            ``default_name`` unique.
        default_name: Name to make unique.
        values: Tensors whose graph to use.
        initializer: Default for the variables, and so on.
        regularizer: Default for the variables.
        caching_device: Default for the variables.
        partitioner: Default for the variables.
        custom_getter: Default for the variables; it is called first, and one of an outer scope as its making.
        reuse: True to take existing variables only, AUTO_REUSE to take them if they exist. Inherited.
        dtype: Default for the variables.
        use_resource: Default for the variables.
        constraint: Default for the variables.
        auxiliary_name_scope: Whether to open a name scope too.

    Raises:
        RuntimeError: On leaving: another scope that was opened inside is still open.
        TypeError: ``name_or_scope`` is neither a name nor a scope, or ``auxiliary_name_scope`` is no bool.
        ValueError: Neither a name nor a default is given, or ``reuse`` is none of its values, or comes without a name.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        name_or_scope: str | VariableScope | None,
        default_name: str | None = None,
        values: Sequence[object] | None = None,
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
    ) -> None:
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if not (reuse is None or isinstance(reuse, bool) or reuse is AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}")
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._graph = graph_of(values or ())
        self._has_name_scope = auxiliary_name_scope
        self._settings = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "custom_getter": custom_getter,
            "dtype": dtype,
            "use_resource": use_resource,
            "constraint": constraint,
            "reuse": reuse or None,
        }
        self._prefix: str | None = None
        self._jump: VariableScope | None = None
        self._original: str | None = None
        self._reused: object = None
        self._open: list[ExitStack] = []

    def __enter__(self) -> VariableScope:
        if not isinstance(self._name_or_scope, (str, VariableScope, type(None))):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        if self._name_or_scope is None and self._settings["reuse"]:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        with ExitStack() as contexts:
            contexts.enter_context(self._graph.as_default())
            original = self._enter_name_scope(contexts)
            state = open_variable_scope(self._graph)
            scope = self._scope(state, original)
            contexts.enter_context(_opened(state, scope, is_jump=scope is self._jump))
            self._open.append(contexts.pop_all())
        return scope

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.pop().__exit__(kind, error, trace)

    def _enter_name_scope(self, contexts: ExitStack) -> str:
        """Enter the scope's name scope, if it has one, and return the full name scope with its slash."""
        name = self._name_or_scope
        label = self._default_name if name is None else name if isinstance(name, str) else name.name.rpartition("/")[2]
        if not self._has_name_scope:
            return _with_slash(self._graph)
        if not label:
            return ""
        return contexts.enter_context(self._graph.name_scope(label))

    def _scope(self, state: OpenVariableScope, original: str) -> VariableScope:
        if isinstance(self._name_or_scope, VariableScope):
            if self._jump is None:
                self._jump = self._name_or_scope.within(self._settings)
            return self._jump
        if self._prefix is None:
            self._prefix = (
                state.unique(self._default_name or "") if self._name_or_scope is None else self._name_or_scope
            )
            self._original = original
        self._reused = self._reused or self._settings["reuse"] or state.scope.reuse  # for good, when entered again
        return state.scope.within(
            self._settings,
            name=state.scope.full_name(self._prefix),
            original_name_scope=self._original,
            reuse=self._reused,
        )


def _with_slash(graph: Graph) -> str:
    name = graph.get_name_scope()
    return f"{name}/" if name else ""


@contextmanager
def _opened(state: OpenVariableScope, scope: VariableScope, *, is_jump: bool) -> Iterator[None]:
    """Make ``scope`` the open one; afterwards the counts are as before a jump to it, or those inside begin anew."""
    outer = state.scope
    state.note(scope.name)
    counts = dict(state.opened)
    state.scope = scope
    try:
        yield
    finally:
        if state.scope is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
        if is_jump:
            state.opened = counts
        else:
            state.forget_inside(scope.name)
        state.scope = outer
