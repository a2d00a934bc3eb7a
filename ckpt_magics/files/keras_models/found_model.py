"""Which object of a checkpoint is the Keras model that it was saved for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.keras_models.model_part import ModelPart, Weight, model_part
from ckpt_magics.files.keras_models.optimizer_state import is_optimizer
from ckpt_magics.files.object_graph.graph_nodes import GraphNode
from ckpt_magics.phrasing import names_text

__all__ = ["found_model", "found_optimizer"]

ROOT = "model"
"""What a model is called that was saved by itself."""


def found_model(nodes: Sequence[GraphNode], weights: Mapping[str, Weight]) -> ModelPart:
    """Return the model: the object that was saved, as by ``save_weights``, or the one that it holds.

    Args:
        nodes: The graph of objects.
        weights: The variables that count, by their keys in the checkpoint.

    Raises:
        InvalidArgumentError: There is none, or several.
    """
    whole = model_part(nodes, weights) if nodes else None
    if whole is None or not whole.has_weights:
        raise InvalidArgumentError("there are no weights of a Keras model", hint="Steps may have left out all.")
    names = {edge.name: edge.node_id for edge in nodes[0].children}
    if names.get("root") == 0 or whole.layers is not None:
        return replace(whole, path=ROOT)
    held = [one for name, one in whole.parts.items() if one.has_weights and not is_optimizer(nodes[names[name]])]
    if len(held) == 1 and all(weight.shape == () for weight in whole.weights.values()):
        return held[0]
    if "save_counter" in names or sum(one.layers is not None for one in held) > 1:
        raise InvalidArgumentError(
            f"there are several models or layers: {names_text([one.path for one in held])}",
            hint=f"Choose one, as with --include {held[0].path}/" if held else None,
        )
    return replace(whole, path=ROOT)


def found_optimizer(nodes: Sequence[GraphNode], model: ModelPart) -> GraphNode | None:
    """Return the optimizer that was saved with a model; None if there is none, or several."""
    root = nodes[0]
    holders = [root, *(nodes[edge.node_id] for edge in root.children if edge.name == model.path)]
    found = {edge.node_id for node in holders for edge in node.children if is_optimizer(nodes[edge.node_id])}
    return nodes[found.pop()] if len(found) == 1 else None
