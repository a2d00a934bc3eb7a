"""Values that hold others under names: a row per kind, with its children and how it takes new ones."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence
from dataclasses import dataclass
from typing import Any

from ckpt_magics.files.object_graph.live_state import whole_parts
from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.objects.library_values import is_instance_of
from ckpt_magics.files.objects.live_objects import holds_variables, look_at, variables_by_name
from ckpt_magics.files.objects.series_values import frame_columns, undo_frame, update_frame
from ckpt_magics.files.objects.state_values import (
    has_state_dict,
    is_optimizer_state,
    load_state,
    optimizer_entries,
    snapshot_state,
    state_children,
    undo_state,
)

__all__ = ["CONTAINER_KINDS", "OBJECT_STATE", "ContainerKind", "container_kind"]

Children = list[tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class ContainerKind:
    """One kind of value that holds named others.

    Attributes:
        word: What a user calls it, for messages.
        matches: Whether a value is of this kind.
        children: Its ``(key, child)`` pairs; None children are left out.
        update: Takes the value and the new children by key; returns the object that holds them, the same one when it
            can be changed.
        is_open: Whether it can take keys that it does not have yet.
        snapshot: What has to be kept of the value, so that what ``update`` does to it can be undone.
        undo: Takes the value and the snapshot, and makes the value what it was; nothing to do for a kind whose
            ``update`` makes new objects.
    """

    word: str
    matches: Callable[[Any], bool]
    children: Callable[[Any], Children]
    update: Callable[[Any, dict[Any, Any]], Any]
    is_open: Callable[[Any], bool] = lambda _: False
    snapshot: Callable[[Any], Any] = lambda _: None
    undo: Callable[[Any, Any], None] = lambda _value, _snapshot: None


def _update_mapping(mapping: Any, children: dict[Any, Any]) -> Any:
    if not isinstance(mapping, MutableMapping):
        return type(mapping)({**mapping, **children})
    for key, child in children.items():
        if key not in mapping or mapping[key] is not child:
            mapping[key] = child
    return mapping


def _snapshot_mapping(mapping: Any) -> dict[Any, Any] | None:
    return dict(mapping) if isinstance(mapping, MutableMapping) else None


def _undo_mapping(mapping: Any, before: dict[Any, Any] | None) -> None:
    if before is None:
        return
    for key in [key for key in mapping if key not in before]:
        del mapping[key]
    _update_mapping(mapping, before)


def _update_sequence(sequence: Any, children: dict[Any, Any]) -> Any:
    items = [children.get(position, item) for position, item in enumerate(sequence)]
    if isinstance(sequence, MutableSequence):
        sequence[:] = items
        return sequence
    return type(sequence)(*items) if hasattr(sequence, "_fields") else type(sequence)(items)


def _snapshot_sequence(sequence: Any) -> list[Any] | None:
    return list(sequence) if isinstance(sequence, MutableSequence) else None


def _undo_sequence(sequence: Any, before: list[Any] | None) -> None:
    if before is not None:
        sequence[:] = before


def _named_children(value: Any) -> Children:
    return list(zip(value._fields, value, strict=True))


def _update_namedtuple(value: Any, children: dict[Any, Any]) -> Any:
    return value._replace(**children)


def _replaced(value: Any, children: dict[Any, Any]) -> Any:
    """A frozen dataclass made anew, which checks itself; fields that it does not take are set as it sets them."""
    taken = {field.name for field in dataclasses.fields(value) if field.init}
    new = dataclasses.replace(value, **{name: child for name, child in children.items() if name in taken})
    for name in children.keys() - taken:
        object.__setattr__(new, name, children[name])
    return new


def _update_dataclass(value: Any, children: dict[Any, Any]) -> Any:
    if type(value).__dataclass_params__.frozen:
        return _replaced(value, children)
    for name, child in children.items():
        setattr(value, name, child)
    return value


def _fields(value: Any) -> Children:
    return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]


def _undo_dataclass(value: Any, before: Children) -> None:
    for name, child in before:
        # A frozen one was replaced and never changed itself.
        if getattr(value, name) is not child:
            setattr(value, name, child)


def _is_pytree_node(value: object) -> bool:
    jax = sys.modules.get("jax")
    tree_util = getattr(jax, "tree_util", None)
    return tree_util is not None and not tree_util.all_leaves([value])


def _path_text(path: Any) -> str:
    parts = (getattr(step, "key", getattr(step, "name", getattr(step, "idx", step))) for step in path)
    return "/".join(str(part) for part in parts)


def _pytree_children(value: Any) -> Children:
    leaves, _ = sys.modules["jax"].tree_util.tree_flatten_with_path(value)
    return [(_path_text(path), leaf) for path, leaf in leaves]


def _update_pytree(value: Any, children: dict[Any, Any]) -> Any:
    tree_util = sys.modules["jax"].tree_util
    leaves, structure = tree_util.tree_flatten_with_path(value)
    return tree_util.tree_unflatten(structure, [children.get(_path_text(path), leaf) for path, leaf in leaves])


def _parts(live: LiveObject) -> Children:
    return [] if live.state is None else [(part.name, part) for part in whole_parts(live.state)]


def _held(value: Any) -> Children:
    """The variables and states of what an object holds; its own state is its parts."""
    found: Children = []
    for name, held in variables_by_name(value):
        found += [(name, held)] if name or not isinstance(held, LiveObject) else _parts(held)
    return found


def _update_object(value: Any, children: dict[Any, Any]) -> Any:
    # Its variables change in place, and lists of TensorFlow's that are assigned to cannot be saved any more.
    live = look_at(value)
    _assign_state(live, {name: children[name] for name, _ in _parts(live) if name in children})
    return value


def _update_state(live: LiveObject, values: dict[Any, Any]) -> LiveObject:
    _assign_state(live, values)
    return live


def _snapshot_state(live: LiveObject) -> dict[str, Any]:
    return {name: part.array for name, part in _parts(live)}


def _assign_state(live: LiveObject, values: dict[Any, Any]) -> None:
    if live.state is not None and values:
        live.state.assign(values)


OBJECT_STATE = ContainerKind(
    "state of an object",
    lambda value: isinstance(value, LiveObject),
    _parts,
    _update_state,
    snapshot=_snapshot_state,
    undo=_assign_state,
)

# The first row that matches counts. A module that is also a mapping (torch.nn.ModuleDict) goes by its state dict, a
# dataclass that JAX knows by JAX's own rules, which leave out fields that hold functions.
CONTAINER_KINDS: tuple[ContainerKind, ...] = (
    ContainerKind(
        "object",
        holds_variables,
        _held,
        _update_object,
        snapshot=lambda value: _snapshot_state(look_at(value)),
        undo=lambda value, before: _assign_state(look_at(value), before),
    ),
    OBJECT_STATE,
    ContainerKind(
        "object with a state dict",
        has_state_dict,
        state_children,
        load_state,
        lambda value: not is_instance_of(value, "torch.nn", "Module"),
        snapshot_state,
        undo_state,
    ),
    ContainerKind(
        "state dict of an optimizer",
        is_optimizer_state,
        lambda value: list(value.items()),
        lambda value, children: _update_mapping(value, optimizer_entries(children)),
        lambda _: True,
        _snapshot_mapping,
        _undo_mapping,
    ),
    ContainerKind(
        "dict",
        lambda value: isinstance(value, Mapping),
        lambda value: list(value.items()),
        _update_mapping,
        lambda value: isinstance(value, MutableMapping),
        _snapshot_mapping,
        _undo_mapping,
    ),
    ContainerKind(
        "named tuple",
        lambda value: isinstance(value, tuple) and hasattr(value, "_fields"),
        _named_children,
        _update_namedtuple,
    ),
    ContainerKind(
        "list",
        lambda value: isinstance(value, list | tuple),
        lambda value: list(enumerate(value)),
        _update_sequence,
        snapshot=_snapshot_sequence,
        undo=_undo_sequence,
    ),
    ContainerKind("pytree", _is_pytree_node, _pytree_children, _update_pytree),
    ContainerKind(
        "dataclass",
        lambda value: dataclasses.is_dataclass(value) and not isinstance(value, type),
        _fields,
        _update_dataclass,
        snapshot=_fields,
        undo=_undo_dataclass,
    ),
    ContainerKind(
        "pandas DataFrame",
        lambda value: is_instance_of(value, "pandas", "DataFrame"),
        frame_columns,
        update_frame,
        snapshot=lambda frame: frame.copy(),
        undo=undo_frame,
    ),
)


def container_kind(value: object) -> ContainerKind | None:
    """Return how to look into a value, or None when it holds no others."""
    return next((kind for kind in CONTAINER_KINDS if kind.matches(value)), None)
