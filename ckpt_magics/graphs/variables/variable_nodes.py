"""The nodes behind a variable: a reference as TensorFlow 1 makes it, or a resource handle.

A reference ``w`` is ``w/initial_value``, ``w`` (VariableV2), ``w/Assign`` and ``w/read``; a resource is
``w/Initializer/initial_value``, ``w`` (VarHandleOp), ``w/IsInitialized/VarIsInitializedOp``, ``w/Assign`` and
``w/Read/ReadVariableOp``.

Format: tensorflow/python/ops/ref_variable.py and resource_variable_ops.py, _init_from_args.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.names import scope_name
from ckpt_magics.graphs.graph.node import COLOCATION_PREFIX, Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape, unknown_shape
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.proto.messages import AttrValue

__all__ = ["VariableNodes", "VariableRecipe", "make_reference", "make_resource"]


@dataclass(frozen=True, slots=True)
class VariableRecipe:
    """What a new variable is made of.

    Attributes:
        initial_value: Its first value, or a function that makes it.
        name: Name to make unique in the current scope.
        dtype: Type, or None for the value's own.
        validate_shape: Whether the variable keeps the shape of its first value.
        shape: Shape to have in place of the first value's.
        caching_device: Device to read on.
    """

    initial_value: object
    name: str | None = None
    dtype: DType | None = None
    validate_shape: bool = True
    shape: TensorShape | None = None
    caching_device: Any = None


@dataclass(frozen=True, slots=True)
class VariableNodes:
    """The nodes of a variable.

    Attributes:
        handle: The reference, or the resource handle.
        initializer: What assigns the first value; None if an imported graph does not say.
        snapshot: The variable's value, read.
        initial_value: Its first value, if known.
        cached: The value of a resource that has a device to read on, there.
    """

    handle: Tensor
    initializer: Operation | None
    snapshot: Tensor
    initial_value: Tensor | None
    cached: Tensor | None = None


def make_reference(recipe: VariableRecipe) -> VariableNodes:
    """Add the nodes of a reference variable to the default graph.

    Raises:
        ValueError: The first value's shape is not known.
    """
    graph = get_default_graph()
    from_function = callable(recipe.initial_value)
    with graph.init_scope(), name_scope(recipe.name, "Variable", _outer_values(recipe)) as scope:
        if from_function:
            with graph.attr_scope(_colocated(scope)):
                with graph.name_scope("Initializer"), graph.device(None):
                    value = _first_value(recipe)
                handle = _reference(recipe, value, scope)
        else:
            value = _first_value(recipe)
            handle = _reference(recipe, value, scope)
        assigned = output("Assign", handle, value, validate_shape=recipe.validate_shape)
        place = graph.colocate_with(handle) if recipe.caching_device is None else graph.device(recipe.caching_device)
        with place:
            snapshot = output("Identity", handle, name="read")
    return VariableNodes(handle, assigned.op, snapshot, value)


def _check_shape(recipe: VariableRecipe, value: Tensor) -> None:
    if recipe.validate_shape and not value.shape.is_fully_defined():
        raise ValueError(f"initial_value must have a shape specified: {value}")


def _reference(recipe: VariableRecipe, value: Tensor, scope: str) -> Tensor:
    _check_shape(recipe, value)
    own = value.shape if recipe.validate_shape else unknown_shape()
    return output("VariableV2", shape=own if recipe.shape is None else recipe.shape, dtype=value.dtype, name=scope)


def make_resource(recipe: VariableRecipe) -> VariableNodes:
    """Add the nodes of a resource variable to the default graph.

    Raises:
        ValueError: The first value's shape is not known, or another than ``recipe.shape``.
    """
    graph = get_default_graph()
    with graph.init_scope(), name_scope(recipe.name, "Variable", _outer_values(recipe)) as scope:
        with graph.attr_scope(_colocated(scope)):
            with graph.name_scope("Initializer"), graph.device(None):
                value = _first_value(recipe)
            handle = output(
                "VarHandleOp",
                dtype=value.dtype,
                shape=_resource_shape(recipe, value),
                shared_name=scope_name(scope),
                debug_name=scope,
                name=scope,
            )
        with graph.name_scope("IsInitialized"):
            apply("VarIsInitializedOp", handle)
        on_device = graph.device(handle.device)
        with graph.name_scope("Assign") as name, graph.colocate_with(None, ignore_existing=True), on_device:
            initializer = apply("AssignVariableOp", handle, value, name=name)
        with graph.name_scope("Read"):
            with graph.device(handle.device):
                snapshot = output("ReadVariableOp", handle, dtype=value.dtype)
            cached = _cached(snapshot, recipe.caching_device)
    return VariableNodes(handle, initializer, snapshot, value, cached)


def _cached(snapshot: Tensor, caching_device: Any) -> Tensor | None:  # noqa: ANN401 -- a name or function
    """Add the value's copy on another device, whatever the scopes around say."""
    if caching_device is None:
        return None
    graph = get_default_graph()
    with graph.colocate_with(None, ignore_existing=True), graph.device(caching_device):
        return output("Identity", snapshot)


def _outer_values(recipe: VariableRecipe) -> list[object]:
    return [] if callable(recipe.initial_value) else [recipe.initial_value]


def _colocated(scope: str) -> dict[str, AttrValue]:
    group = COLOCATION_PREFIX + scope_name(scope).encode()
    return {"_class": AttrValue(list=AttrValue.ListValue(s=[group]))}


def _first_value(recipe: VariableRecipe) -> Tensor:
    make: Callable[[], object] | None = recipe.initial_value if callable(recipe.initial_value) else None
    return convert_to_tensor(make() if make else recipe.initial_value, recipe.dtype, name="initial_value")


def _resource_shape(recipe: VariableRecipe, value: Tensor) -> TensorShape:
    """Return the shape of a resource: the first value's or the one asked for.

    Unlike in TensorFlow, a first value of unknown shape is refused, as for references, unless nothing is validated.
    """
    if recipe.shape is None:
        _check_shape(recipe, value)
        return value.shape
    if not value.shape.is_compatible_with(recipe.shape):
        raise ValueError(
            f"In this `tf.Variable` creation, the initial value's shape ({value.shape}) is not compatible with the "
            f"explicitly supplied `shape` argument ({recipe.shape})."
        )
    return recipe.shape
