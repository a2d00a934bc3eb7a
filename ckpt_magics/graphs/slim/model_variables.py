"""Variables of models, apart from those that train them, and what restores them.

Format: tensorflow/contrib/framework/python/ops/variables.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import get_variable

__all__ = [
    "add_model_variable",
    "collections_for",
    "get_model_variables",
    "get_trainable_variables",
    "get_variables",
    "get_variables_by_name",
    "get_variables_by_suffix",
    "get_variables_to_restore",
    "model_variable",
    "variable",
]

Collections = Sequence[str] | Mapping[str, Sequence[str]] | str | None
"""Collections for all of a layer's variables, or for each by its short name."""


def variable(name: str, shape: object = None, collections: Sequence[str] | None = None, **options: Any) -> Any:  # noqa: ANN401 -- get_variable's
    """Return a variable as ``get_variable`` does; it is in the global ones too, whatever collections are given.

    Args:
        name: Name within the scope.
        shape: Shape.
        collections: Further collections.
        options: See ``get_variable``.
    """
    wanted = list(dict.fromkeys([*(collections or []), GraphKeys.GLOBAL_VARIABLES]))
    options.pop("device", None)
    return get_variable(name, shape, collections=wanted, **options)  # type: ignore[arg-type]


def model_variable(name: str, shape: object = None, collections: Sequence[str] | None = None, **options: Any) -> Any:  # noqa: ANN401
    """Return a variable that is in the collection of model variables too; see `variable`."""
    return variable(
        name, shape, [*(collections or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES], **options
    )


def add_model_variable(var: Variable) -> None:
    """Put a variable into the collection of model variables, once."""
    present = get_default_graph().get_collection_ref(GraphKeys.MODEL_VARIABLES)
    if not any(one is var for one in present):
        present.append(var)


def collections_for(collections: Collections, name: str) -> list[str]:
    """Return the collections that a layer's variable is to be in, by its short name."""
    found = collections.get(name) if isinstance(collections, Mapping) else collections
    return [found] if isinstance(found, str) else list(found or [])


def get_variables(
    scope: Any = None,  # noqa: ANN401 -- a name or a scope
    suffix: str | None = None,
    collection: str = GraphKeys.GLOBAL_VARIABLES,
) -> list[Any]:
    """Return the variables in a collection, below a scope, and with a last part of their names.

    Args:
        scope: Name or scope; all by default.
        suffix: Name behind the last slash.
        collection: Where to look.
    """
    pattern = None if scope is None else getattr(scope, "name", scope)
    found = get_default_graph().get_collection(collection, pattern)
    if suffix is None:
        return found
    suffix = suffix.removesuffix(":0")
    return [one for one in found if one.op.name == suffix or one.op.name.endswith(f"/{suffix}")]


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:  # noqa: ANN401
    """Return the model variables; see `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:  # noqa: ANN401
    """Return the trainable variables; see `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:  # noqa: ANN401
    """Return the variables with a last part of their names."""
    return get_variables(scope, suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:  # noqa: ANN401
    """Return the variables of a name, in any scope below one."""
    return get_variables(scope, given_name)


def get_variables_to_restore(include: Sequence[str] | None = None, exclude: Sequence[str] | None = None) -> list[Any]:
    """Return the variables below scopes, but for those below others.

    Args:
        include: Scopes; all variables by default.
        exclude: Scopes to leave out.
    """
    if isinstance(include, str) or isinstance(exclude, str):
        raise TypeError("include and exclude are lists of scopes, no strings")
    kept = get_variables() if include is None else [one for scope in include for one in get_variables(scope)]
    left_out = {id(one) for scope in exclude or () for one in get_variables(scope)}
    return [one for one in dict.fromkeys(kept) if id(one) not in left_out]
