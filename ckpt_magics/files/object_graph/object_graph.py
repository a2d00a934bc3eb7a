"""The object graph of a TF 2 checkpoint: which Python object had which variable.

``tf.train.Checkpoint`` stores a variable under the path of attributes that leads to it
(``model/dense/kernel/.ATTRIBUTES/VARIABLE_VALUE``) and, under one more key, the graph of the objects. An object that
several paths lead to is stored under the shortest; it is called by the shortest on which a model reaches it, which with
Keras 3 is another: ``model/_functional/_operations/1/_kernel``, not ``model/optimizer/_trainable_variables/0``.

Format: tensorflow/core/protobuf/trackable_object_graph.proto; tensorflow/python/checkpoint/trackable_view.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from ckpt_magics.errors import TensorNotFoundError, visible
from ckpt_magics.files.object_graph.graph_columns import GraphColumns, SlotVariable, decode_columns
from ckpt_magics.files.object_graph.graph_keys import VARIABLE_VALUE, readable_key, short_form
from ckpt_magics.files.object_graph.value_names import ValueNames
from ckpt_magics.files.tensors.suggestions import Suggester, nearest_sentence

__all__ = ["ObjectGraph", "ObjectNode", "SavedAttribute", "parse_object_graph"]

_ROOT = "root"
_MAX_INDENT = 40


@dataclass(frozen=True, slots=True)
class SavedAttribute:
    """A value that an object saved.

    Attributes:
        name: Of the attribute; ``VARIABLE_VALUE`` of a variable.
        full_name: Name of the variable in a graph, under which a name-based checkpoint would have it; may be empty.
        checkpoint_key: Name of the tensor in this checkpoint.
        unknown: Fields of other versions of TensorFlow, serialized; only where the graph is to be edited.
    """

    name: str
    full_name: str
    checkpoint_key: str
    unknown: bytes = b""


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """One object.

    Attributes:
        node_id: Its position in the graph; 0 is the object that was saved.
        children: Node ids of what it holds, by attribute name.
        attributes: The values that it saved.
        slot_variables: Those of an optimizer.
    """

    node_id: int
    children: dict[str, int]
    attributes: tuple[SavedAttribute, ...]
    slot_variables: tuple[SlotVariable, ...]


@dataclass(frozen=True, eq=False)
class ObjectGraph:
    """The objects of a checkpoint.

    Attributes:
        columns: What is known of them, as it is kept.
    """

    columns: GraphColumns

    @cached_property
    def nodes(self) -> tuple[ObjectNode, ...]:
        """All of them, by node id."""
        return tuple(map(self._node, range(self.columns.count)))

    def _node(self, node_id: int) -> ObjectNode:
        columns = self.columns
        attributes = (
            SavedAttribute(columns.value_names[at], columns.full_names[at], columns.keys[at])
            for at in columns.values(node_id)
        )
        slots = columns.slots.get(node_id, ())
        return ObjectNode(node_id, columns.children(node_id), tuple(attributes), tuple(slots))

    @cached_property
    def _names(self) -> ValueNames:
        return ValueNames(self.columns)

    def path(self, node_id: int) -> tuple[str, ...]:
        """Return the attribute names that lead from the root to a node, by the shortest way.

        Raises:
            KeyError: No way leads there.
        """
        names = self._names.everything.names(node_id)
        if names is None:
            raise KeyError(node_id)
        return tuple(names)

    def node(self, path: str) -> ObjectNode:
        """Return the node that a path of attribute names leads to, as ``model/dense``; empty for the root.

        Raises:
            KeyError: There is none.
        """
        node_id = self._node_at(path)
        if node_id is None:
            raise KeyError(path)
        return self.nodes[node_id]

    def _node_at(self, path: str) -> int | None:
        node_id: int | None = 0 if self.columns.count else None
        for name in filter(None, path.split("/")):
            if node_id is None:
                break
            node_id = self.columns.children(node_id).get(name)
        return node_id

    @cached_property
    def names(self) -> dict[str, str]:
        """What each key is called: ``model/dense/kernel``; values that are no variable's add their own name.

        Where two keys would be called the same, each keeps its escaped path.
        """
        # A key that stands twice is called by what has it first.
        plain = dict(zip(reversed(self.columns.keys), reversed(self._names.names()), strict=True))
        return _told_apart({key: plain[key] for key in self.checkpoint_keys})

    @cached_property
    def groups(self) -> dict[str, str]:
        """What the value under each key is for, one of `GROUPS`."""
        values = dict(zip(reversed(self.columns.keys), reversed(self.columns.value_nodes), strict=True))
        return {key: self._names.group(values[key], name) for key, name in self.names.items()}

    @cached_property
    def short_names(self) -> dict[str, str]:
        """Key in the checkpoint by short name, which is what it is called."""
        return {name: key for key, name in self.names.items()}

    @cached_property
    def _short_forms(self) -> dict[str, str]:
        """Key by what it says itself, without what only the format needs."""
        forms = _told_apart({key: short_form(key) for key in self.checkpoint_keys})
        return {form: key for key, form in forms.items()}

    @cached_property
    def full_names(self) -> dict[str, str]:
        """Key in the checkpoint by the name that a name-based checkpoint would have: ``dense/kernel``."""
        columns = self.columns
        rows = zip(columns.full_names, columns.value_names, columns.keys, strict=True)
        return {full: key for full, name, key in rows if full and name == VARIABLE_VALUE}

    @cached_property
    def own_full_names(self) -> dict[str, str]:
        """The same of the names that one variable alone has; unnamed ones are all called ``Variable``."""
        columns = self.columns
        rows = {*zip(columns.full_names, columns.keys, strict=True)}
        count = Counter(full for full, _ in rows)
        return {full: key for full, key in self.full_names.items() if count[full] == 1}

    @cached_property
    def checkpoint_keys(self) -> tuple[str, ...]:
        """Keys of all values that the objects saved, in the order of the nodes."""
        return tuple(dict.fromkeys(self.columns.keys))

    def checkpoint_key(self, short: str) -> str:
        """Return the key in the checkpoint for a short name, another path to the variable, a full name or a key.

        Raises:
            TensorNotFoundError: No object saved a value of that name; a KeyError too. The nearest names are in it.
        """
        found = self.key_at(short)
        if found is not None:
            return found
        if short in self.full_names:
            return self.full_names[short]
        if short in self.names:
            return short
        nearest = tuple(Suggester(dict.fromkeys((*self.short_names, *self.full_names), ())).nearest(short))
        hint = nearest_sentence(nearest) or "short_names has all."
        raise TensorNotFoundError(
            f"no object saved a value named {visible(short)}", name=short, suggestions=nearest, hint=hint
        )

    def key_at(self, name: str) -> str | None:
        """Return the key for a short name, another path of attributes to a variable, or a full name that is its own.

        None if there is none.
        """
        for keys in (self.short_names, self._short_forms):
            if name in keys:
                return keys[name]
        found = self._variable_at(name)
        return self.own_full_names.get(name) if found is None else found

    def _variable_at(self, path: str) -> str | None:
        node_id = self._node_at(path) if path else None
        values = () if node_id is None else self.columns.values(node_id)
        return next((self.columns.keys[at] for at in values if self.columns.value_names[at] == VARIABLE_VALUE), None)

    def short_name(self, key: str) -> str:
        """Return the short name of a key in the checkpoint.

        Raises:
            KeyError: No object saved a value under it.
        """
        return self.names[key]

    def tree(self, *, max_lines: int = 200) -> str:
        """Return the objects as an indented text, each where it was met first."""
        columns = self.columns
        lines = [_ROOT]
        # The edges of a node wait in reverse, so that the first is on top.
        waiting = [(1, edge) for edge in reversed(columns.edges(0))] if columns.count else []
        while waiting:
            depth, edge = waiting.pop()
            if len(lines) == max_lines:
                lines.append(f"... {columns.count} objects in all")
                break
            node_id = columns.edge_ids[edge]
            first = self._names.everything.edges[node_id] == edge
            values = "".join(f"  {visible(self.names[columns.keys[at]])}" for at in columns.values(node_id))
            seen = "" if first else "  (above or below, as another attribute)"
            lines.append("  " * min(depth, _MAX_INDENT) + visible(columns.edge_names[edge]) + values + seen)
            if first:
                waiting += ((depth + 1, held) for held in reversed(columns.edges(node_id)))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.tree()

    def __repr__(self) -> str:
        return f"ObjectGraph({self.columns.count} objects, {len(self.checkpoint_keys)} values)"


def _told_apart(names: dict[str, str]) -> dict[str, str]:
    """Return what keys are called, where nothing is called as something else is, or as the key of something else."""
    called = set(names.values())
    if len(called) == len(names) and called.isdisjoint(names):
        return names
    count = Counter(names.values())
    apart = {key: name if count[name] == 1 else readable_key(key) for key, name in names.items()}
    count = Counter(apart.values())
    return {
        key: name if count[name] == 1 and (name == key or name not in names) else key for key, name in apart.items()
    }


def parse_object_graph(data: bytes) -> ObjectGraph:
    """Return the graph in a serialized TrackableObjectGraph.

    Raises:
        DataLossError: It is not one, or it refers to objects that it has not.
    """
    return ObjectGraph(decode_columns(data))
