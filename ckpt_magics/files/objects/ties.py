"""Tied tensors: names that stand for one array, or for arrays that share memory."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ckpt_magics.files.objects.library_values import is_instance_of, same_elements
from ckpt_magics.files.objects.state_values import has_state_dict
from ckpt_magics.files.objects.torch_values import torch_to_array
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.tensors.spec import Array

__all__ = ["Tie", "agree", "same_arrays", "ties_of"]

Place = tuple[object, ...]

# NumPy's stubs know any number here in some versions, and two names of numbers in others.
_MOST_WORK: Any = 10_000
"""Of a search for an element that two strided arrays share, in steps."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Places that are one, or share memory.

    Attributes:
        nodes: The places, in order.
        is_one: Whether they are one and the same; else they share a part of their memory.
    """

    nodes: tuple[Node, ...]
    is_one: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(node.name for node in self.nodes)


def ties_of(root: Node, nodes: Iterable[Node]) -> list[Tie]:
    """Return which of the places are one, or share memory.

    Args:
        root: The tree that they are in.
        nodes: The places that something is put in.
    """
    slots = _slots(root)
    by_place: dict[Place, list[Node]] = {}
    for node in nodes:
        by_place.setdefault(_place(node, slots), []).append(node)
    ones = [Tie(tuple(group), is_one=True) for group in by_place.values() if len(group) > 1]
    return [*ones, *_overlapping([group[0] for group in by_place.values()])]


def agree(tie: Tie, arrays: Mapping[str, Array]) -> bool:
    """Whether all of the arrays can be in the tied places at once.

    Args:
        tie: The places.
        arrays: What is to be put there, by name, in shape and dtype of the place.
    """
    values = [arrays[name] for name in tie.names]
    if tie.is_one:
        return all(same_elements(one, other) for one, other in pairwise(values))
    memories = [memory for node in tie.nodes if (memory := _memory(node.value)) is not None]
    if any(_is_reference(memory.dtype) for memory in memories):
        return _agree_by_address(memories, values)
    bounds = [_bounds(memory) for memory in memories]
    start = min(low for low, _ in bounds)
    # What is going to happen is done to bytes that lie as theirs do.
    scratch = np.zeros(max(high for _, high in bounds) - start, np.uint8)
    views = [
        np.ndarray(memory.shape, memory.dtype, scratch, _first(memory) - start, memory.strides) for memory in memories
    ]
    wanted = [value.astype(memory.dtype) for value, memory in zip(values, memories, strict=True)]
    for view, value in zip(views, wanted, strict=True):
        view[...] = value
    return all(same_elements(view, value) for view, value in zip(views, wanted, strict=True))


def same_arrays(arrays: Mapping[str, Array]) -> list[tuple[str, ...]]:
    """Return the names that stand for one array, in the order of the arrays; a part of one is another."""
    if len({*map(id, arrays.values())}) == len(arrays) and all(array.base is None for array in arrays.values()):
        return []
    groups: dict[Place, list[str]] = {}
    for name, array in arrays.items():
        groups.setdefault(_memory_place(array) if array.size else (id(array),), []).append(name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def _agree_by_address(memories: Sequence[Array], values: Sequence[Array]) -> bool:
    """The same for arrays of objects, which lie in memory as references."""
    held: dict[int, Any] = {}
    for memory, value in zip(memories, values, strict=True):
        steps = (
            np.arange(length).reshape(-1, *(1,) * (memory.ndim - axis - 1)) * memory.strides[axis]
            for axis, length in enumerate(memory.shape)
        )
        addresses = np.broadcast_to(sum(steps, np.array(_first(memory))), memory.shape).ravel().tolist()
        for address, item in zip(addresses, value.ravel().tolist(), strict=True):
            if held.setdefault(address, item) != item:
                return False
    return True


def _is_reference(dtype: np.dtype[Any]) -> bool:
    """Whether the memory of an array has references, not the values themselves."""
    return dtype.hasobject or dtype.kind == "T"


# Places


def _place(node: Node, slots: Mapping[Node, Place]) -> Place:
    """What tells whether two places are one: the memory, the object, or the slot of a holder that gets a new value."""
    memory = _memory(node.value) if node.in_place else None
    if memory is not None and memory.size:
        return _memory_place(memory)
    return ("object", id(node.value)) if node.in_place and not node.in_state else slots[node]


def _slots(root: Node) -> dict[Node, Place]:
    """Where each node is put: the innermost holder that can change, and the keys on the way from there."""
    slots: dict[Node, Place] = {root: (id(root.value),)}
    pending = [root]
    while pending:
        node = pending.pop()
        slot = (id(node.value),) if _is_mutable(node) and not node.in_state else slots[node]
        for key, child in node.children.items():
            slots[child] = (*slot, key)
            pending.append(child)
    return slots


def _is_mutable(node: Node) -> bool:
    value = node.value
    if dataclasses.is_dataclass(value):
        return not getattr(value, "__dataclass_params__").frozen  # noqa: B009 - no type declares it
    return isinstance(value, MutableMapping | MutableSequence) or has_state_dict(value)


# Memory


def _memory(value: Any) -> Array | None:
    """An array over the memory of a value that is changed in place; None where that cannot be told."""
    if isinstance(value, np.ndarray):
        return value.view(np.ndarray)
    if is_instance_of(value, "torch", "Tensor") and value.device.type == "cpu" and value.is_contiguous():
        return torch_to_array(value)
    return None


def _memory_place(memory: Array) -> Place:
    return ("memory", _first(memory), memory.shape, memory.strides, memory.dtype)


def _first(memory: Array) -> int:
    """Address of the element at the start of every dimension."""
    address: int = memory.__array_interface__["data"][0]
    return address


def _bounds(memory: Array) -> tuple[int, int]:
    """Addresses of the first byte that an element has, and behind the last."""
    spans = [(length - 1) * stride for length, stride in zip(memory.shape, memory.strides, strict=True)]
    low, high = (sum(side(0, span) for span in spans) for side in (min, max))
    return _first(memory) + low, _first(memory) + high + memory.itemsize


def _overlapping(nodes: Sequence[Node]) -> list[Tie]:
    """Groups of places that share memory without being one."""
    memories = {node: memory for node in nodes if node.in_place and (memory := _memory(node.value)) is not None}
    bounds = {node: _bounds(memory) for node, memory in memories.items() if memory.size}
    groups = {node: [node] for node in bounds}
    reaching: list[Node] = []
    for node in sorted(bounds, key=bounds.__getitem__):
        reaching = [one for one in reaching if bounds[one][1] > bounds[node][0]]
        for one in reaching:
            if groups[one] is not groups[node] and _share(memories[one], memories[node]):
                groups[one] += groups[node]
                groups |= dict.fromkeys(groups[one], groups[one])
        reaching.append(node)
    position = {node: at for at, node in enumerate(nodes)}
    distinct = {id(group): group for group in groups.values() if len(group) > 1}
    return [Tie(tuple(sorted(group, key=position.__getitem__)), is_one=False) for group in distinct.values()]


def _share(one: Array, other: Array) -> bool:
    try:
        return np.shares_memory(one, other, max_work=_MOST_WORK)
    except RuntimeError:
        # Too hard to tell: what would happen decides whether they may be restored.
        return True
