"""The object graph of a TF 2 checkpoint: which Python object had which variable.

``tf.train.Checkpoint`` stores a variable under the path of attributes that leads to it
(``model/dense/kernel/.ATTRIBUTES/VARIABLE_VALUE``) and, under one more key, the graph of the objects. A path part has
``.`` written as ``..`` and ``/`` as ``.S``. An object that several paths lead to is stored under the shortest.

Format: tensorflow/core/protobuf/trackable_object_graph.proto; tensorflow/python/checkpoint/trackable_view.py.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.message import DecodeError

from ckpt_magics.errors import DataLossError, TensorNotFoundError, visible
from ckpt_magics.files.tensors.suggestions import Suggester, nearest_sentence
from ckpt_magics.proto import messages

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

_VARIABLE_VALUE = "VARIABLE_VALUE"
_ATTRIBUTES = "/.ATTRIBUTES/"
_ROOT = "root"
_ESCAPE = re.compile(r"\.[.S]")
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
class SlotVariable:
    """An optimizer's variable that belongs to another one.

    Attributes:
        original_variable_node_id: Node of the variable that is optimized.
        slot_name: As ``m``.
        slot_variable_node_id: Node of the slot.
    """

    original_variable_node_id: int
    slot_name: str
    slot_variable_node_id: int


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


@dataclass(frozen=True)
class ObjectGraph:
    """The objects of a checkpoint.

    Attributes:
        nodes: All of them, by node id.
    """

    nodes: tuple[ObjectNode, ...]

    @cached_property
    def _parents(self) -> dict[int, tuple[int, str]]:
        """The node and attribute through which the shortest path reaches each node; paths themselves could be long."""
        parents: dict[int, tuple[int, str]] = {}
        waiting = deque([0] if self.nodes else [])
        while waiting:
            node_id = waiting.popleft()
            for name, child in self.nodes[node_id].children.items():
                if child and child not in parents:
                    parents[child] = node_id, name
                    waiting.append(child)
        return parents

    def path(self, node_id: int) -> tuple[str, ...]:
        """Return the attribute names that lead from the root to a node, by the shortest way.

        Raises:
            KeyError: No way leads there.
        """
        names = []
        while node_id:
            node_id, name = self._parents[node_id]
            names.append(name)
        return tuple(reversed(names))

    def node(self, path: str) -> ObjectNode:
        """Return the node that a path of attribute names leads to, as ``model/dense``; empty for the root.

        Raises:
            KeyError: There is none.
        """
        found = self.nodes[0]
        for name in filter(None, path.split("/")):
            found = self.nodes[found.children[name]]
        return found

    @cached_property
    def short_names(self) -> dict[str, str]:
        """Key in the checkpoint by short name: ``model/dense/kernel``; values that are no variable's add their own.

        Where two keys would have the same short name, each keeps its escaped path.
        """
        plain = {key: short_form(key) for key in self.checkpoint_keys}
        count = Counter(plain.values())
        return {short if count[short] == 1 else key.replace(_ATTRIBUTES, "/"): key for key, short in plain.items()}

    @cached_property
    def full_names(self) -> dict[str, str]:
        """Key in the checkpoint by the name that a name-based checkpoint would have: ``dense/kernel``."""
        return {
            attribute.full_name: attribute.checkpoint_key
            for node in self.nodes
            for attribute in node.attributes
            if attribute.full_name and attribute.name == _VARIABLE_VALUE
        }

    @cached_property
    def checkpoint_keys(self) -> tuple[str, ...]:
        """Keys of all values that the objects saved, in the order of the nodes."""
        keys = (attribute.checkpoint_key for node in self.nodes for attribute in node.attributes)
        return tuple(dict.fromkeys(keys))

    def checkpoint_key(self, short: str) -> str:
        """Return the key in the checkpoint for a short name, another path to the variable, a full name or a key.

        Raises:
            TensorNotFoundError: No object saved a value of that name; a KeyError too. The nearest names are in it.
        """
        found = self.key_at(short) or self.full_names.get(short)
        if found is not None:
            return found
        if short in self.checkpoint_keys:
            return short
        nearest = tuple(Suggester(dict.fromkeys((*self.short_names, *self.full_names), ())).nearest(short))
        hint = nearest_sentence(nearest) or "short_names has all."
        raise TensorNotFoundError(
            f"no object saved a value named {visible(short)}", name=short, suggestions=nearest, hint=hint
        )

    def key_at(self, path: str) -> str | None:
        """Return the key for a short name or any other path of attributes to a variable; None if there is none."""
        if path in self.short_names:
            return self.short_names[path]
        try:
            attributes = self.node(path).attributes if path and self.nodes else ()
        except KeyError:
            return None
        return next((item.checkpoint_key for item in attributes if item.name == _VARIABLE_VALUE), None)

    def short_name(self, key: str) -> str:
        """Return the short name of a key in the checkpoint.

        Raises:
            KeyError: No object saved a value under it.
        """
        return self._short_by_key[key]

    @cached_property
    def _short_by_key(self) -> dict[str, str]:
        return {key: short for short, key in self.short_names.items()}

    def tree(self, *, max_lines: int = 200) -> str:
        """Return the objects as an indented text, each where it was met first."""
        lines = [_ROOT]
        # The names of a node wait in reverse, so that the first is on top.
        children = self.nodes[0].children.items() if self.nodes else ()
        waiting = [(1, name, child, 0) for name, child in reversed(children)]
        while waiting:
            depth, name, node_id, parent = waiting.pop()
            if len(lines) == max_lines:
                lines.append(f"... {len(self.nodes)} objects in all")
                break
            node = self.nodes[node_id]
            first = self._parents.get(node_id) == (parent, name)
            values = "".join(f"  {visible(short_form(item.checkpoint_key))}" for item in node.attributes)
            seen = "" if first else "  (above or below, as another attribute)"
            lines.append("  " * min(depth, _MAX_INDENT) + visible(name) + values + seen)
            if first:
                held = reversed(node.children.items())
                waiting += ((depth + 1, child_name, child, node_id) for child_name, child in held)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.tree()

    def __repr__(self) -> str:
        return f"ObjectGraph({len(self.nodes)} objects, {len(self.checkpoint_keys)} values)"


def short_form(key: str) -> str:
    """Return a key without what only the format needs, its path unescaped.

    >>> short_form("net/a.Sb/kernel/.ATTRIBUTES/VARIABLE_VALUE"), short_form("table/.ATTRIBUTES/table-keys")
    ('net/a/b/kernel', 'table/table-keys')
    """
    path, _, attribute = key.rpartition(_ATTRIBUTES)
    if not path and not key.startswith(_ATTRIBUTES):
        return key
    path = _ESCAPE.sub(lambda found: "/" if found[0] == ".S" else ".", path)
    return path if attribute == _VARIABLE_VALUE and path else f"{path}/{attribute}".lstrip("/")


def parse_object_graph(data: bytes) -> ObjectGraph:
    """Return the graph in a serialized TrackableObjectGraph.

    Raises:
        DataLossError: It is not one, or it refers to objects that it has not.
    """
    try:
        graph = messages.TrackableObjectGraph.FromString(data)
    except DecodeError as error:
        raise DataLossError(f"object graph cannot be parsed: {error}", tensor=OBJECT_GRAPH_KEY) from error
    count = len(graph.nodes)
    nodes = []
    for node_id, node in enumerate(graph.nodes):
        slots = tuple(
            SlotVariable(slot.original_variable_node_id, slot.slot_name, slot.slot_variable_node_id)
            for slot in node.slot_variables
        )
        children = {child.local_name: child.node_id for child in node.children}
        referred = [*children.values()]
        referred += (slot.original_variable_node_id for slot in slots)
        referred += (slot.slot_variable_node_id for slot in slots)
        for other in referred:
            if not 0 <= other < count:
                raise DataLossError(
                    f"object graph: node {node_id} refers to node {other}, and there are {count}",
                    tensor=OBJECT_GRAPH_KEY,
                )
        attributes = tuple(SavedAttribute(item.name, item.full_name, item.checkpoint_key) for item in node.attributes)
        nodes.append(ObjectNode(node_id, children, attributes, slots))
    return ObjectGraph(tuple(nodes))
