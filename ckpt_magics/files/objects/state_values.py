"""Objects that are saved and loaded by a state dict, as torch modules, optimizers and schedules are."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import copy
import sys
from typing import Any

import numpy as np

from ckpt_magics.files.objects.array_values import undo_array
from ckpt_magics.files.objects.library_values import is_instance_of, same_elements
from ckpt_magics.files.objects.torch_values import snapshot_torch, torch_from_array, torch_to_array, undo_torch
from ckpt_magics.files.tensors.spec import Array
from ckpt_magics.files.tensors.text_values import TEXT_KINDS

__all__ = [
    "has_state_dict",
    "is_optimizer_state",
    "load_state",
    "new_entry",
    "optimizer_entries",
    "snapshot_state",
    "state_children",
    "undo_state",
]


def has_state_dict(value: object) -> bool:
    """Whether it is saved and loaded by a state dict."""
    return all(callable(getattr(type(value), name, None)) for name in ("state_dict", "load_state_dict"))


def is_optimizer_state(value: object) -> bool:
    """Whether it is the state dict of a torch optimizer."""
    return type(value) is dict and value.keys() == {"state", "param_groups"}


def state_children(holder: Any) -> list[tuple[Any, Any]]:
    """Return the entries of the state dict, in dicts and lists of its own but with the holder's tensors.

    A list with empty places cannot come back as it was; its holder makes it anew where it is missing, as LBFGS does.
    """
    return [(key, _with_own_structure(item)) for key, item in holder.state_dict().items()]


def _with_own_structure(value: Any) -> Any:
    if type(value) is dict:
        return {key: _with_own_structure(item) for key, item in value.items() if not _has_empty_places(item)}
    return [_with_own_structure(item) for item in value] if type(value) is list else value


def _has_empty_places(value: Any) -> bool:
    return type(value) is list and any(item is None for item in value)


def load_state(holder: Any, children: dict[Any, Any]) -> Any:
    """Give a holder new contents."""
    holder.load_state_dict({key: _as_entry(item) for key, item in {**dict(state_children(holder)), **children}.items()})
    return holder


def optimizer_entries(entries: dict[Any, Any]) -> dict[Any, Any]:
    """Return entries of an optimizer's state dict as the optimizer loads them."""
    return {key: _as_entry(_with_tensors(item)) for key, item in entries.items()}


def _with_tensors(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tensors(item) for key, item in value.items()}
    return new_entry(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value


def _as_entry(value: Any, *, by_parameter: bool = True) -> Any:
    """Numbers are those of parameters at first, further down they are places in lists."""
    if not isinstance(value, dict):
        return value
    entries = {
        int(key) if str(key).isdecimal() else key: _as_entry(item, by_parameter=False) for key, item in value.items()
    }
    places = range(len(entries))
    return [entries[at] for at in places] if entries and not by_parameter and entries.keys() == {*places} else entries


def new_entry(array: Array) -> Any:
    """Return an array as a state dict gets it that has no such entry yet, as an optimizer before its first step."""
    if "torch" in sys.modules and array.dtype.kind not in TEXT_KINDS:
        return torch_from_array(array)
    return array[()] if array.ndim == 0 else array


def snapshot_state(holder: Any) -> Any:
    """Return a copy of a holder's state dict in memory of its own, as it can be loaded again."""
    return _copied(holder.state_dict())


def _copied(value: Any) -> Any:
    if is_instance_of(value, "torch", "Tensor"):
        return snapshot_torch(value)
    if isinstance(value, dict):
        # A copy of its own kind: PyTorch's has the versions of its modules as an attribute.
        twin = copy.copy(value)
        for key, item in value.items():
            twin[key] = _copied(item)
        return twin
    if type(value) is list:
        return [_copied(item) for item in value]
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - what cannot be copied, such as a lock, is no value either
        return value


def undo_state(holder: Any, before: Any) -> None:
    """Give a holder its state back, past its own refusal if it has to be.

    Raises:
        BaseException: What the holder raises where it refuses its former state and has it only in part.
    """
    if _same(holder.state_dict(), before):
        return
    try:
        holder.load_state_dict(_copied(before))
    except BaseException:
        # What it hands out may be its own memory, which takes values without asking it.
        _write(holder.state_dict(), before)
        if not _same(holder.state_dict(), before):
            raise


def _write(value: Any, before: Any) -> None:
    """Copy the arrays of a state dict into those at the same places of another."""
    if isinstance(value, dict) and isinstance(before, dict):
        for key in value.keys() & before.keys():
            _write(value[key], before[key])
    elif isinstance(value, list) and isinstance(before, list):
        for item, former in zip(value, before, strict=False):
            _write(item, former)
    elif is_instance_of(value, "torch", "Tensor") and is_instance_of(before, "torch", "Tensor"):
        undo_torch(value, before)
    elif isinstance(value, np.ndarray) and isinstance(before, np.ndarray) and value.shape == before.shape:
        undo_array(value, before)


def _same(value: Any, before: Any) -> bool:
    """Whether two states are equal, element by element."""
    if type(value) is not type(before):
        return False
    if isinstance(value, dict):
        return value.keys() == before.keys() and all(_same(item, before[key]) for key, item in value.items())
    if isinstance(value, list | tuple):
        return len(value) == len(before) and all(map(_same, value, before))
    try:
        return same_elements(_as_array(value), _as_array(before))
    except Exception:  # noqa: BLE001 - a value of a kind that cannot be compared counts as changed
        return False


def _as_array(value: Any) -> Array:
    return torch_to_array(value) if is_instance_of(value, "torch", "Tensor") else np.asarray(value)
