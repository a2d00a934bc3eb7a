"""The weights of a model as Keras 1 and 2 write them to ``.h5`` files, which Keras 3 still loads.

A layer is a group of the file. Keras takes layers by their order, or by their names if it is asked to; and the weights
of a layer by their order: those that are trained, however deep they lie, and then the others. A variable that two
layers share is in both groups.

Follows: keras/src/legacy/saving/legacy_h5_format.py of Keras 3.15.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence

from ckpt_magics.errors import UnimplementedError, visible
from ckpt_magics.files.keras_models.layer_classes import layer_name
from ckpt_magics.files.keras_models.model_part import UNTRAINED, ModelPart, Weight
from ckpt_magics.files.keras_models.unclear_classes import held_elements, unclear_classes

__all__ = ["legacy_weights"]

_OF_NO_LAYER = "top_level_model_weights"


def legacy_weights(model: ModelPart, classes: Mapping[str, str]) -> dict[str, str]:
    """Return the tensors of a model in the order of a file: what the caller calls each, by ``LAYER/WEIGHT``.

    Args:
        model: The model.
        classes: What the user says of objects, by their paths: that one is a dictionary, or anything else of a layer.

    Raises:
        InvalidArgumentError: It is not clear what the layers are.
        UnimplementedError: Keras 2 and 3 would take them in different orders.
    """
    layers = _layers(model, classes)
    names = [layer_name(layer) or "" for layer in layers]
    count = Counter(names)
    groups = {
        name if name and count[name] == 1 else layer.path.replace("/", "_"): _weights(layer)
        for name, layer in zip(names, layers, strict=True)
    }
    own = {_OF_NO_LAYER: list(model.weights.items())} if model.weights else {}
    return {
        f"{group}/{name}": weight.tensor
        for group, weights in {**groups, **own}.items()
        for name, weight in _named(weights)
    }


def _layers(model: ModelPart, classes: Mapping[str, str]) -> list[ModelPart]:
    unclear: dict[ModelPart, Sequence[str]] = {}
    listed = [layer for layer in model.layers or () if layer.has_weights]
    others = [one for part in model.attributes.values() for one in _flat(part, classes, unclear)]
    if unclear:
        raise unclear_classes(unclear)
    return list(dict.fromkeys([*listed, *others]))


def _flat(
    part: ModelPart, classes: Mapping[str, str], unclear: MutableMapping[ModelPart, Sequence[str]]
) -> Iterator[ModelPart]:
    """Yield a layer, or those in a list or a dictionary, however deep."""
    elements = held_elements(part, classes, unclear)
    if elements is not None and part.elements is None and list(part.parts) != sorted(part.parts):
        raise UnimplementedError(
            f"Keras 2 takes the layers in {visible(part.path)} by the order of their keys, Keras 3 as they came",
            hint="Files that end in .weights.h5 have one order for them.",
        )
    if elements is None:
        yield part
    for held in elements or ():
        yield from _flat(held, classes, unclear)


def _weights(layer: ModelPart) -> list[tuple[str, Weight]]:
    """Return the variables in a layer in the order of Keras, each with the attributes that lead there."""
    found = [("/".join(path), weight) for path, weight in layer.deep_weights()]
    return sorted(found, key=lambda item: item[0].rpartition("/")[2] in UNTRAINED)


def _named(weights: Sequence[tuple[str, Weight]]) -> Iterator[tuple[str, Weight]]:
    """Yield variables by the names that Keras 2 gives them; by attributes where those are not known or equal."""
    full = [weight.full_name for _, weight in weights]
    is_usable = all(full) and len(set(full)) == len(full)
    yield from ((f"{weight.full_name if is_usable else path}:0", weight) for path, weight in weights)
