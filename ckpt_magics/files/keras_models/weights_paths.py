"""Where Keras 3 looks for the weights of a model in a ``.weights.h5`` file.

=====================================  ==========================================
variable ``i`` of a layer               ``PATH/vars/i``
layer of a Sequential or functional     ``PATH/layers/CLASS``, ``CLASS_1`` …
element of a list or dictionary         ``PATH/ATTRIBUTE/CLASS``, ``CLASS_1`` …
list in a list or dictionary            ``PATH/ATTRIBUTE/container``, …
layer that is an attribute              ``PATH/ATTRIBUTE``
=====================================  ==========================================

So what lies in a list needs its class, which is told by its weights or by the user.

Follows: keras/src/saving/saving_lib.py of Keras 3.15 (_save_state, _save_container_state).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ckpt_magics.files.keras_models.layer_classes import likely_classes
from ckpt_magics.files.keras_models.model_part import ModelPart
from ckpt_magics.files.keras_models.unclear_classes import held_elements, unclear_classes

__all__ = ["weights_paths"]

_OF_ATTENTION = {f"_{part}_dense": f"{part}_dense" for part in ("query", "key", "value", "output")}
"""Attributes of Keras 2 that have other names in Keras 3."""


def weights_paths(model: ModelPart, classes: Mapping[str, str]) -> dict[str, str]:
    """Return the path of each variable of a model in a file, by what the caller calls its tensor.

    Args:
        model: The model.
        classes: What the user says of layers, by their paths: the class, or what it is.

    Raises:
        InvalidArgumentError: The class of a layer is not clear; all such ones are named, with what may help.
    """
    walk = _ModelWalk(classes)
    found = dict(walk.variables(model, ""))
    if walk.unclear:
        raise unclear_classes(walk.unclear)
    return found


class _ModelWalk:
    """A walk through a model as Keras makes it, which meets each layer once.

    Attributes:
        unclear: What was said of layers whose class is not clear: each with the classes that it may have.
    """

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes
        self._met: set[ModelPart] = set()
        self.unclear: dict[ModelPart, Sequence[str]] = {}

    def variables(self, part: ModelPart, path: str) -> Iterator[tuple[str, str]]:
        """Yield the variables in a model or a layer, each with its path."""
        if part in self._met:
            return
        self._met.add(part)
        yield from ((weight.tensor, f"{path}vars/{at}") for at, weight in enumerate(part.weights.values()))
        yield from self._elements(part.layers or (), f"{path}layers/")
        for name, held in part.attributes.items():
            elements = held_elements(held, self._classes, self.unclear)
            below = f"{path}{_OF_ATTENTION.get(name, name)}/"
            yield from self.variables(held, below) if elements is None else self._elements(elements, below)

    def _elements(self, elements: Iterable[ModelPart], path: str) -> Iterator[tuple[str, str]]:
        count: Counter[str] = Counter()
        parts = list(elements)
        has_models = any(part.has_weights and part.layers is not None for part in parts)
        for part in parts:
            held = part.elements
            name = "container" if held is not None else self._class_of(part, has_models=has_models)
            if name is None:
                continue
            below = f"{path}{name}_{count[name]}/" if count[name] else f"{path}{name}/"
            count[name] += 1
            yield from self.variables(part, below) if held is None else self._elements(held, below)

    def _class_of(self, part: ModelPart, *, has_models: bool) -> str | None:
        """Return the class of a layer; None of one that has no weights and can be of no class with weights there."""
        if part.path in self._classes:
            return self._classes[part.path]
        if not part.has_weights and (part.layers is None or not has_models):
            return None
        likely = likely_classes(part)
        if len(likely) != 1:
            self.unclear[part] = likely
        return likely[0] if likely else ""
