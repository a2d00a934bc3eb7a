"""A Keras model out of a graph of objects, or out of names: what it holds, and the variables of each part.

TensorFlow's format has no classes and no names of layers, only the attributes by which each object holds the next, in
the order in which they were set, and the names of variables in a graph (``dense_1/kernel``):

==============================  ========================================================================
model                           what leads to its layers
==============================  ========================================================================
Keras 2 Sequential, functional  ``layer-N`` to all, ``layer_with_weights-N`` to those with weights
Keras 3 Sequential              ``_functional``, ``_operations``, ``N``
Keras 3 functional              ``_operations``, ``N``
subclass                        its attributes; lists have the attributes ``0``, ``1`` …, dictionaries their keys
==============================  ========================================================================

Follows: tf_keras/src/engine/functional.py (_layer_checkpoint_dependencies) of tf_keras 2.21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.object_graph.graph_keys import VARIABLE_VALUE, value_key
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode
from ckpt_magics.files.object_graph.object_graph import SavedAttribute

__all__ = ["UNTRAINED", "ModelPart", "Weight", "is_layer", "model_part", "nodes_of_names", "unordered"]

Held = TypeVar("Held")

_ATTRIBUTE = value_key("")

MAX_DEPTH = 64
"""Parts inside parts."""

_LAYER = re.compile(r"layer(?:_with_weights)?-(\d{1,9})", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_FUNCTIONAL, _OPERATIONS = "_functional", "_operations"

# fmt: off
_ASIDE = frozenset({
    "optimizer", "_optimizer", "keras_api", "signatures", "root", "save_counter", "variables",
    "trainable_variables", "non_trainable_variables", "_all_variables", "_trainable_variables",
    "_non_trainable_variables", "regularization_losses", "metrics", "_metrics", "compiled_metrics",
    "compiled_loss", "_compile_metrics", "_compile_loss", "_loss_tracker", "_random_generator",
    ".OPTIMIZER_SLOT",
})
"""Attributes that lead to what is no weight of a model, or to its weights once more."""


_COUNTED = (
    "depthwise_kernel", "pointwise_kernel", "kernel", "recurrent_kernel", "bias", "gamma", "beta",
    "moving_mean", "moving_variance", "embeddings", "alpha", "_query_dense", "_key_dense", "_value_dense",
    "_output_dense", "forward_layer", "backward_layer",
)
# fmt: on
"""What layers of Keras have, in the order in which Keras counts it."""
_ORDER = {name: at for at, name in enumerate(_COUNTED)}

UNTRAINED = frozenset({"moving_mean", "moving_variance"})
"""Attributes of variables that are not trained, which Keras counts behind those that are."""


class Weight(NamedTuple):
    """A variable of a model.

    Attributes:
        tensor: What the caller calls its tensor.
        full_name: Its name in a graph; empty if that is not known.
        shape: Its shape.
    """

    tensor: str
    full_name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ModelPart:
    """A model, a layer, or what holds layers, such as a list.

    Attributes:
        path: The attributes that lead to it from the model, as ``encoder/layer_with_weights-0``.
        weights: Its own variables by attribute, in the order in which Keras counts them.
        parts: What else it holds, by attribute, in such an order; one part may have several.
        has_weights: Whether variables lie in it, however deep.
    """

    path: str
    weights: Mapping[str, Weight]
    parts: Mapping[str, ModelPart]
    has_weights: bool

    @property
    def layers(self) -> list[ModelPart] | None:
        """Its layers in their order if it is a Sequential or functional model; None if it is anything else."""
        if _FUNCTIONAL in self.parts:
            return self.parts[_FUNCTIONAL].layers
        if _OPERATIONS in self.parts:
            return self.parts[_OPERATIONS].elements
        names = sorted((int(found[1]), name) for name in self.parts if (found := _LAYER.fullmatch(name)))
        # The same layers by both names, of which the plain one has them all and counts otherwise.
        plain = [name for _, name in names if name.startswith("layer-")]
        counted = [name for _, name in names if name not in plain]
        return list(dict.fromkeys(self.parts[name] for name in (*plain, *counted))) or None

    @property
    def elements(self) -> list[ModelPart] | None:
        """What it holds in order if it is a list; None if it is anything else."""
        if self.weights or not self.parts or not all(map(_is_number, self.parts)):
            return None
        return [self.parts[name] for name in sorted(self.parts, key=int)]

    @property
    def attributes(self) -> Mapping[str, ModelPart]:
        """What it holds besides the layers of a Sequential or functional model."""
        return {name: one for name, one in self.parts.items() if name != _FUNCTIONAL and not is_layer(name)}

    @property
    def parts_in_order(self) -> Mapping[str, ModelPart]:
        """What it holds, the layers of a Sequential or functional model in their order and first."""
        names = {one: name for name, one in reversed(list(self.parts.items()))}
        return {**{names.get(one, one.path): one for one in self.layers or ()}, **self.attributes}

    def deep_weights(self) -> Iterator[tuple[tuple[str, ...], Weight]]:
        """Yield each variable in it once, with attributes that lead there: its own, then those of each part in turn."""
        met: set[ModelPart] = set()
        waiting: list[tuple[tuple[str, ...], ModelPart]] = [((), self)]
        while waiting:
            path, part = waiting.pop()
            if part not in met:
                met.add(part)
                yield from (((*path, name), weight) for name, weight in part.weights.items())
                waiting += reversed([((*path, name), one) for name, one in part.parts_in_order.items()])


def model_part(nodes: Sequence[GraphNode], weights: Mapping[str, Weight], root: int = 0) -> ModelPart:
    """Return what a node of a graph of objects holds.

    Args:
        nodes: The graph.
        weights: The variables that count, by their keys in the checkpoint.
        root: The node.

    Raises:
        InvalidArgumentError: Objects lie in too many others.
    """
    return _GraphWalk(nodes, weights).part(root, ())


class _GraphWalk:
    """A walk through a graph, in which objects may hold each other."""

    def __init__(self, nodes: Sequence[GraphNode], weights: Mapping[str, Weight]) -> None:
        self._nodes = nodes
        self._weights = weights
        self._found: dict[int, ModelPart | None] = {}

    def part(self, node_id: int, path: tuple[str, ...]) -> ModelPart:
        """Return what a node holds that has not been met."""
        if len(path) > MAX_DEPTH:
            raise InvalidArgumentError(f"objects lie in more than {MAX_DEPTH} others, which those of a model do not")
        self._found[node_id] = None
        edges = [edge for edge in self._nodes[node_id].children if edge.name not in _ASIDE]
        variables = {edge.name: weight for edge in edges if (weight := self._weight(edge))}
        parts = {edge.name: part for edge in edges if (part := self._held(edge, path)) and _counts(edge, part)}
        has_weights = bool(variables) or any(part.has_weights for part in parts.values())
        made = ModelPart("/".join(path), _in_order(variables), _in_order(parts), has_weights)
        self._found[node_id] = made
        return made

    def _held(self, edge: Edge, path: tuple[str, ...]) -> ModelPart | None:
        """Return what an edge leads to; None if that holds the node where the edge begins."""
        if edge.node_id not in self._found:
            return self.part(edge.node_id, (*path, edge.name))
        return self._found[edge.node_id]

    def _weight(self, edge: Edge) -> Weight | None:
        saved = self._nodes[edge.node_id].attributes
        keys = (one.checkpoint_key for one in saved if one.name == VARIABLE_VALUE)
        return next((self._weights[key] for key in keys if key in self._weights), None)


def _counts(edge: Edge, part: ModelPart) -> bool:
    """Whether a part matters: layers without weights have a number too, and models are counted."""
    return part.has_weights or is_layer(edge.name) or _is_number(edge.name) or edge.name == _FUNCTIONAL


def is_layer(name: str) -> bool:
    """Tell whether an attribute leads to layers that are counted."""
    return name == _OPERATIONS or _LAYER.fullmatch(name) is not None


def _is_number(name: str) -> bool:
    return _NUMBER.fullmatch(name) is not None


def _in_order(held: Mapping[str, Held]) -> dict[str, Held]:
    """Put what a layer has into the order of Keras: the known one of its own layers, else what is trained first."""
    places = [_ORDER.get(_public(name)) for name in held]
    order = [name in UNTRAINED for name in held] if None in places else places
    return {name: held[name] for _, _, name in sorted(zip(order, range(len(held)), held, strict=True))}


def _public(name: str) -> str:
    """Return the name that Keras 2 has for an attribute: ``kernel`` for the ``_kernel`` of Keras 3."""
    return name if name in _ORDER else name.removeprefix("_")


def nodes_of_names(names: Sequence[str]) -> list[GraphNode]:
    """Return a graph in which the parts of names are the attributes that lead to variables.

    Args:
        names: As TensorFlow's format has them, with or without ``/.ATTRIBUTES/VARIABLE_VALUE``.
    """
    children: list[dict[str, int]] = [{}]
    saved: dict[int, str] = {}
    for name in names:
        node_id = 0
        parts = name.removesuffix(_ATTRIBUTE).split("/")
        if not _ASIDE.isdisjoint(parts):
            continue
        for part in parts:
            if part not in children[node_id]:
                children[node_id][part] = len(children)
                children.append({})
            node_id = children[node_id][part]
        saved[node_id] = name
    return [_node_of(edges, saved.get(node_id)) for node_id, edges in enumerate(children)]


def unordered(nodes: Sequence[GraphNode], *, also_parts: bool) -> list[str]:
    """Return names of what comes in an order that only a graph of objects tells, out of a graph made of names.

    Args:
        nodes: The graph.
        also_parts: Whether the order of all matters, or only that of the variables in one object.
    """
    found: list[str] = []
    for node in nodes:
        names = [edge.name for edge in node.children if also_parts or nodes[edge.node_id].attributes]
        unknown = [name for name in names if not (_public(name) in _ORDER or is_layer(name) or _is_number(name))]
        found += unknown if len(names) > 1 else ()
    return found


def _node_of(edges: Mapping[str, int], key: str | None) -> GraphNode:
    attributes = () if key is None else (SavedAttribute(VARIABLE_VALUE, "", key),)
    return GraphNode(tuple(Edge(name, child) for name, child in edges.items()), attributes)
