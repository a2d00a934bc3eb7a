"""Pairs of a model's weights and those of a checkpoint in the order of their layers, whatever they are called.

That is how a Keras model takes the weights of an older one: `Model.weights` on the one side, on the other the variables
in the order in which the saved objects hold them. Names of layers have an order too where they differ in numbers, all
of them or those of one kind: `dense`, `dense_1`, `dense_2` beside `conv2d`. Optimizers, steps and metrics have no part
in it. Nothing is guessed: there have to be as many on both sides, and each two of one shape.
"""

# ruff: noqa: ANN401 - any object of a program

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.object_graph.groups import MOVING_AVERAGE, WEIGHTS
from ckpt_magics.files.object_graph.object_graph import ObjectGraph
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.restore.renaming.layer_order import layer_orders
from ckpt_magics.files.restore.renaming.sides import SideTensor, side_of
from ckpt_magics.files.restore.renaming.situation import Situation
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.files.tensors.spec import dtype_family, shape_text

__all__ = ["pairs_in_order"]

_MODEL_GROUPS = frozenset({WEIGHTS, MOVING_AVERAGE})
_SHOWN = 12
"""Pairs that are listed in an error."""


def pairs_in_order(stored: StoredTensors, root: Node) -> dict[str, str]:
    """Return the stored name by the name of each weight of a model.

    Args:
        stored: A checkpoint.
        root: The places, among them a model's.

    Raises:
        InvalidArgumentError: Its names tell no order, the numbers of weights differ, or two shapes.
    """
    mine = _weights_of_model(root)
    if stored.object_graph is None:
        pairs = _pairs_by_names(stored, mine)
    else:
        theirs = [stored.known_name(key) for key in _weights_of(stored.object_graph)]
        pairs = list(zip_longest(mine, theirs))
    if not pairs or any(not _agree(mine, one, stored.shapes, other) for one, other in pairs):
        raise InvalidArgumentError(_difference(mine, pairs, stored.shapes), hint="Nothing was restored.")
    return {str(one): str(other) for one, other in pairs}


def _weights_of(graph: ObjectGraph) -> list[str]:
    """Keys of the weights, as the saved objects hold them: each layer with all that is below it."""
    weights = [key for key, group in graph.groups.items() if group in _MODEL_GROUPS]
    return sorted(weights, key=lambda key: _position(graph, graph.names[key]))


def _pairs_by_names(stored: StoredTensors, mine: Mapping[str, Node]) -> list[tuple[str | None, str | None]]:
    """Pairs in the order that the names of stored layers tell.

    Raises:
        InvalidArgumentError: They tell none, or another number of layers, or layers of other weights.
    """
    theirs = side_of(
        SideTensor(name, shape, dtype_family(stored.dtypes[name])) for name, shape in stored.shapes.items()
    )
    situation = Situation(side_of(_numbered(mine)), theirs, frozenset(), frozenset())
    proposal = next(layer_orders(situation), None)
    if proposal is None:
        raise InvalidArgumentError(
            "the tensors have no order of layers: this is no checkpoint of objects, and names of layers with the same "
            "weights do not differ in numbers alone",
            hint="--map NEW=OLD pairs by name.",
        )
    found = {one.tensor.name: other.tensor.name for one, other in proposal.pairs if one.tensor and other.tensor}
    return [(name, found.get(name)) for name in mine]


def _numbered(mine: Mapping[str, Node]) -> Iterator[SideTensor]:
    """A model's weights, called by the position of their layer and what they are there."""
    positions: dict[str, int] = {}
    for name, node in mine.items():
        layer, _, role = name.rpartition("/")
        position = positions.setdefault(layer, len(positions))
        yield SideTensor(name, node.spec.shape, node.spec.wanted_family, called=f"layers/{position}/{role}")


def _position(graph: ObjectGraph, name: str) -> tuple[int, ...]:
    """Where a way stands among all ways: the place of each edge among those of its object."""
    places, node_id = [], 0
    for part in name.split("/"):
        children = graph.nodes[node_id].children
        if part not in children:
            break
        places.append(list(children).index(part))
        node_id = children[part]
    return tuple(places)


def _weights_of_model(root: Node) -> dict[str, Node]:
    """The places of the weights that models have, in the models' own order; of what is no model, all places."""
    leaves = {id(_variable(leaf.value)): leaf for leaf in root.leaves()}
    listed = [weight for node in root.nodes() for weight in _listed_weights(node.value)]
    found = (leaves.get(id(_variable(weight))) for weight in listed)
    ordered = {leaf.name: leaf for leaf in found if leaf is not None}
    return ordered or {leaf.name: leaf for leaf in root.leaves()}


def _listed_weights(value: Any) -> list[Any]:
    weights = getattr(value, "weights", None) if callable(getattr(value, "get_weights", None)) else None
    return list(weights) if isinstance(weights, list) else []


def _variable(value: Any) -> Any:
    """What a variable of Keras 3 has behind it, which TensorFlow sees."""
    behind = getattr(value, "_value", None)
    return value if behind is None or not hasattr(value, "path") else behind


def _agree(mine: Mapping[str, Node], one: str | None, shapes: Mapping[str, tuple[int, ...]], other: str | None) -> bool:
    return one is not None and other is not None and mine[one].spec.accepts_shape(shapes[other])


def _difference(
    mine: Mapping[str, Node], pairs: list[tuple[str | None, str | None]], shapes: Mapping[str, tuple[int, ...]]
) -> str:
    lines = [f"the weights are not the same in order: {len(mine)} here, {sum(b is not None for _, b in pairs)} there"]
    for one, other in pairs[:_SHOWN]:
        here = "nothing" if one is None else f"{visible(one)} {shape_text(mine[one].spec.shape)}"
        there = "nothing" if other is None else f"{visible(other)} {shape_text(shapes[other])}"
        sign = "=" if _agree(mine, one, shapes, other) else "≠"
        lines.append(f"  {here} {sign} {there}")
    if len(pairs) > _SHOWN:
        lines.append(f"  … and {len(pairs) - _SHOWN:,} more")
    return "\n".join(lines)
