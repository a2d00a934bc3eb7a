"""Values that hold others under names: a row per kind, with its children and how it takes new ones."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ckpt_magics.saver.library_values import is_instance_of, torch_from_array

__all__ = ["CONTAINER_KINDS", "ContainerKind", "container_kind", "has_state_dict"]

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
    """

    word: str
    matches: Callable[[Any], bool]
    children: Callable[[Any], Children]
    update: Callable[[Any, dict[Any, Any]], Any]
    is_open: Callable[[Any], bool] = lambda _: False


def has_state_dict(value: object) -> bool:
    """Whether it is saved and loaded by a state dict, as torch modules, optimizers and schedules are."""
    return all(callable(getattr(type(value), name, None)) for name in ("state_dict", "load_state_dict"))


def _state(holder: Any) -> dict[Any, Any]:
    """The state dict with containers of its own and the holder's tensors, so that changing it leaves the holder be."""
    return {key: _copied_structure(item) for key, item in holder.state_dict().items()}


def _copied_structure(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copied_structure(item) for key, item in value.items()}
    return [_copied_structure(item) for item in value] if type(value) is list else value


def _load_state(holder: Any, children: dict[Any, Any]) -> Any:
    """Give new contents to a torch module, optimizer, schedule …; if it refuses them, its old ones come back."""
    before = _state(holder)
    after = {key: _as_state(item) for key, item in {**before, **children}.items()}
    try:
        holder.load_state_dict(after)
    except BaseException:
        holder.load_state_dict(before)
        raise
    return holder


def _as_state(value: Any) -> Any:
    """New entries as an optimizer has them: torch tensors, under the number of their parameter."""
    if isinstance(value, dict):
        return {int(key) if str(key).isdecimal() else key: _as_state(item) for key, item in value.items()}
    is_new = isinstance(value, np.ndarray | np.generic)
    return torch_from_array(np.asarray(value)) if is_new and "torch" in sys.modules else value


def _update_mapping(mapping: Any, children: dict[Any, Any]) -> Any:
    if not isinstance(mapping, MutableMapping):
        return type(mapping)({**mapping, **children})
    for key, child in children.items():
        if key not in mapping or mapping[key] is not child:
            mapping[key] = child
    return mapping


def _update_sequence(sequence: Any, children: dict[Any, Any]) -> Any:
    items = [children.get(position, item) for position, item in enumerate(sequence)]
    if isinstance(sequence, MutableSequence):
        sequence[:] = items
        return sequence
    return type(sequence)(*items) if hasattr(sequence, "_fields") else type(sequence)(items)


def _named_children(value: Any) -> Children:
    return list(zip(value._fields, value, strict=True))


def _update_namedtuple(value: Any, children: dict[Any, Any]) -> Any:
    return value._replace(**children)


def _update_dataclass(value: Any, children: dict[Any, Any]) -> Any:
    if type(value).__dataclass_params__.frozen:
        return dataclasses.replace(value, **children)
    for name, child in children.items():
        setattr(value, name, child)
    return value


def _update_frame(frame: Any, children: dict[Any, Any]) -> Any:
    for column, series in children.items():
        frame[column] = series
    return frame


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


# The first row that matches counts. A module that is also a mapping (torch.nn.ModuleDict) goes by its state dict, a
# dataclass that JAX knows by JAX's own rules, which leave out fields that hold functions.
CONTAINER_KINDS: tuple[ContainerKind, ...] = (
    ContainerKind(
        "object with a state dict",
        has_state_dict,
        lambda value: list(_state(value).items()),
        _load_state,
        lambda value: not is_instance_of(value, "torch.nn", "Module"),
    ),
    ContainerKind(
        "dict",
        lambda value: isinstance(value, Mapping),
        lambda value: list(value.items()),
        _update_mapping,
        lambda value: isinstance(value, MutableMapping),
    ),
    ContainerKind(
        "named tuple",
        lambda value: isinstance(value, tuple) and hasattr(value, "_fields"),
        _named_children,
        _update_namedtuple,
    ),
    ContainerKind(
        "list", lambda value: isinstance(value, list | tuple), lambda value: list(enumerate(value)), _update_sequence
    ),
    ContainerKind("pytree", _is_pytree_node, _pytree_children, _update_pytree),
    ContainerKind(
        "dataclass",
        lambda value: dataclasses.is_dataclass(value) and not isinstance(value, type),
        lambda value: [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)],
        _update_dataclass,
    ),
    ContainerKind(
        "pandas DataFrame",
        lambda value: is_instance_of(value, "pandas", "DataFrame"),
        lambda frame: [(column, frame[column]) for column in frame.columns],
        _update_frame,
    ),
)


def container_kind(value: object) -> ContainerKind | None:
    """Return how to look into a value, or None when it holds no others."""
    return next((kind for kind in CONTAINER_KINDS if kind.matches(value)), None)
