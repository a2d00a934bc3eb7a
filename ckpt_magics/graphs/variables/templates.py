"""Functions whose variables are made by the first call and shared by all others.

Format: tensorflow/python/ops/template.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.variables.scope_defaults import VariableScope
from ckpt_magics.graphs.variables.variable_scope import variable_scope

__all__ = ["Template", "make_template"]


class Template:
    """A function in a variable scope of its own.

    Args:
        name: Name of the scope, made unique unless ``unique_name`` is given.
        function: The function.
        create_scope_now: Make the scope now, not at the first call.
        unique_name: Name of the scope as it is; a scope of that name is shared.
        custom_getter: What is called in place of the making of variables.

    Raises:
        TypeError: ``function`` is none.
        ValueError: ``name`` is None.
    """

    def __init__(
        self,
        name: str | None,
        function: Callable[..., Any],
        *,
        create_scope_now: bool,
        unique_name: str | None,
        custom_getter: Callable[..., Any] | None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        if not callable(function):
            raise TypeError(f"func must be callable, not {function!r}")
        self._name = name
        self._function = function
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._scope: VariableScope | None = None
        self._was_called = False
        if create_scope_now:
            with self._new_scope(auxiliary_name_scope=False) as scope:
                self._scope = scope

    def _new_scope(self, **options: Any) -> variable_scope:  # noqa: ANN401 -- passed on
        return variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- the function's own
        """Call the function in the scope.

        Raises:
            ValueError: It made a trainable variable that the first call had not made.
        """
        if self._scope is None:
            with self._new_scope() as scope:
                self._scope = scope
                return self._call(args, kwargs)
        with variable_scope(self._scope, reuse=self._was_called or None):
            return self._call(args, kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401 -- the function's own
        trainable = get_default_graph().get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        known = len(trainable)
        result = self._function(*args, **kwargs)
        if self._was_called and len(trainable) != known:
            names = [variable.name for variable in trainable[known:]]
            raise ValueError(
                "New variable created when calling a template after the first time, perhaps you used tf.Variable when "
                f"you meant tf.get_variable: {names}"
            )
        self._was_called = True
        return result

    @property
    def name(self) -> str | None:
        """The name that the template was given."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function."""
        return self._function

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope, or None before the first call."""
        return self._scope

    @property
    def variable_scope_name(self) -> str | None:
        """The scope's name, or None before the first call."""
        return None if self._scope is None else self._scope.name

    @property
    def trainable_variables(self) -> list[Any]:
        """The trainable variables in the scope."""
        return [] if self._scope is None else self._scope.trainable_variables()

    @property
    def global_variables(self) -> list[Any]:
        """The global variables in the scope."""
        return [] if self._scope is None else self._scope.global_variables()

    variables = weights = global_variables
    trainable_weights = trainable_variables

    @property
    def local_variables(self) -> list[Any]:
        """The local variables in the scope."""
        return [] if self._scope is None else self._scope.local_variables()

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The global variables in the scope that are not trainable."""
        trainable = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.global_variables if id(variable) not in trainable]

    non_trainable_weights = non_trainable_variables


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Callable[..., Any] | None = None,
    **kwargs: Any,  # noqa: ANN401 -- the function's own
) -> Template:
    """Return a function that makes its variables when it is first called, and shares them afterwards.

    Args:
        name_: Name of its variable scope, made unique.
        func_: The function; it gets its variables by ``get_variable``.
        create_scope_now_: Make the scope now, not at the first call.
        unique_name_: Name of the scope as it is, so that several templates share one.
        custom_getter_: What is called in place of the making of variables.
        **kwargs: Arguments of the function that every call passes.

    Raises:
        TypeError: ``func_`` is no function.
    """
    function = partial(func_, **kwargs) if kwargs else func_
    return Template(
        name_,
        function,
        create_scope_now=create_scope_now_,
        unique_name=unique_name_,
        custom_getter=custom_getter_,
    )
