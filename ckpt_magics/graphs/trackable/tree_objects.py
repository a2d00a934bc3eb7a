"""Anything that is saved by name, as the objects of a checkpoint: what ``tf.train.Checkpoint(**tree)`` would see.

Dicts, lists and tuples are objects, and what is one tensor is a variable. TensorFlow leaves out what is no variable of
its own; here numbers, text and arrays are saved.
"""

# ruff: noqa: ANN401 - anything that is saved

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.object_graph.object_walk import LiveObject, WalkedObjects, walk_objects
from ckpt_magics.files.objects.leaves import NEW_VALUE
from ckpt_magics.files.objects.live_objects import holds_variables, look_at
from ckpt_magics.files.objects.tree import Node, take_apart
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable

__all__ = ["tree_objects"]

_COUNTER = "save_counter"


def tree_objects(tensors: Any, step: int | None) -> tuple[WalkedObjects, list[str]]:
    """Return what is to be saved as objects, and the names under which there is None instead of a tensor.

    Args:
        tensors: By name: a dict, or what has children by name.
        step: Number of the save, which is saved as its counter too; None for none.

    Raises:
        InvalidArgumentError: It is one tensor alone, or a part of it is none.
    """
    root = take_apart(tensors)
    if root.leaf is not None:
        raise InvalidArgumentError("one tensor alone has no name to be saved under", hint="Give it one, as a dict")
    tree = _Tree(root, step)
    gaps = [leaf.name for leaf in root.leaves() if leaf.leaf is NEW_VALUE]
    return walk_objects(root.value if holds_variables(root.value) else root, tree.look), gaps


class _Tree:
    """Says of the nodes of a tree what they hold; one object at several places is one."""

    def __init__(self, root: Node, step: int | None) -> None:
        self._root = root
        self._counter = None if step is None else EagerVariable(step, dtype="int64", name=_COUNTER)
        self._first: dict[int, Node] = {}

    def look(self, value: Any) -> LiveObject:
        if not isinstance(value, Node):
            live = look_at(value)
            return live if value is not self._root.value else self._as_root(live)
        if value.leaf is not None:
            return replace(look_at(value.value), children=())
        children = list(self._children(value))
        if value is not self._root:
            return LiveObject(value.value, children)
        return LiveObject(value.value, [*sorted(children, key=lambda child: child[0]), *self._new_children(children)])

    def _as_root(self, live: LiveObject) -> LiveObject:
        """What a checkpoint makes of an object that it has as its root."""
        return replace(live, children=[*live.children, ("root", live.value), *self._new_children(live.children)])

    def _new_children(self, children: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
        is_there = self._counter is None or _COUNTER in dict(children)
        return [] if is_there else [(_COUNTER, self._counter)]

    def _children(self, node: Node) -> Iterator[tuple[str, Any]]:
        held = [(key, self._held(child)) for key, child in node.children.items() if child.leaf is not NEW_VALUE]
        yield from ((str(key), child) for key, child in held)
        if node.container is not None and node.container.word == "named tuple":
            fields = list(node.children)
            yield from ((str(fields.index(key)), child) for key, child in held)

    def _held(self, node: Node) -> Any:
        if holds_variables(node.value) or hasattr(type(node.value), "as_live_object"):
            return node.value
        # Numbers and empty tuples are one object wherever they stand, and not the same thing.
        is_own = node.in_place or (node.leaf is None and not isinstance(node.value, tuple))
        return self._first.setdefault(id(node.value), node) if is_own else node
