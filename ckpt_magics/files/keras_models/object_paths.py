"""Where ``tf.train.Checkpoint(model=…)`` looks for the weights of a Keras model.

====================================  =====================================================
layer ``N`` of a Keras 3 functional   ``PATH/_operations/N``
layer ``N`` of a Keras 3 Sequential   ``PATH/_functional/_operations/N+1``: its input is 0
layer of Keras 2 with weights         ``PATH/layer_with_weights-N``, counted from 0
layer that is an attribute            ``PATH/ATTRIBUTE``
variable of a layer                   ``PATH/ATTRIBUTE``, which some classes of each call otherwise
====================================  =====================================================

Layers in lists and dictionaries are not there in Keras 3: TensorFlow does not see them.

Follows: keras/src/ops/function.py, keras/src/layers of Keras 3.15; tf_keras/src/engine/functional.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.keras_models.layer_classes import likely_classes
from ckpt_magics.files.keras_models.model_part import ModelPart
from ckpt_magics.files.keras_models.unclear_classes import held_elements, unclear_classes
from ckpt_magics.phrasing import names_text

__all__ = ["KERAS_2", "KERAS_3", "ObjectStyle", "object_paths"]

_SEQUENTIAL = "sequential"

Path = tuple[str, ...]

_NAMES: Mapping[str, Mapping[str, str]] = {
    **{layer: {"kernel": "_kernel"} for layer in ("dense", "einsum_dense", "conv1d", "conv2d", "conv3d")},
    **{layer: {"depthwise_kernel": "kernel"} for layer in ("depthwise_conv1d", "depthwise_conv2d")},
    "embedding": {"embeddings": "_embeddings"},
}
"""What Keras 3 calls the variables of Keras 2, by the classes of their layers."""


@dataclass(frozen=True, slots=True)
class ObjectStyle:
    """How a version of Keras holds what it has.

    Attributes:
        layers: Yields the layers of a model, whose class is a Sequential or not, with their paths in it.
        name: Returns what a variable of a class is called.
        keeps_lists: Whether TensorFlow sees layers in lists.
    """

    layers: Callable[[ModelPart, bool], Iterator[tuple[Path, ModelPart]]]
    name: Callable[[str, str], str]
    keeps_lists: bool


def _layers_of_2(part: ModelPart, is_sequential: bool) -> Iterator[tuple[Path, ModelPart]]:  # noqa: ARG001 - as below
    held = [layer for layer in part.layers or () if layer.has_weights]
    yield from (((f"layer_with_weights-{number}",), layer) for number, layer in enumerate(held))


def _layers_of_3(part: ModelPart, is_sequential: bool) -> Iterator[tuple[Path, ModelPart]]:
    path = ("_functional", "_operations") if is_sequential else ("_operations",)
    yield from (((*path, str(at)), layer) for at, layer in enumerate(part.layers or (), start=int(is_sequential)))


def _name_of_2(layer: str, name: str) -> str:
    return next((old for old, new in _NAMES.get(layer, {}).items() if new == name), name)


def _name_of_3(layer: str, name: str) -> str:
    return _NAMES.get(layer, {}).get(name, name)


KERAS_2 = ObjectStyle(_layers_of_2, _name_of_2, keeps_lists=True)
KERAS_3 = ObjectStyle(_layers_of_3, _name_of_3, keeps_lists=False)


def object_paths(model: ModelPart, classes: Mapping[str, str], style: ObjectStyle) -> dict[str, Path]:
    """Return the attributes that lead from a model to each of its variables, by what the caller calls its tensor.

    Args:
        model: The model.
        classes: What the user says of layers, by their paths.
        style: Of the version of Keras whose model is to find them.

    Raises:
        InvalidArgumentError: The class of a layer is not clear, and makes a difference.
        UnimplementedError: Layers lie in lists, where that version loses them.
    """
    walk = _StyledWalk(classes, style)
    found = dict(walk.variables(model, ()))
    if walk.unclear:
        raise unclear_classes(walk.unclear)
    if walk.listed and not style.keeps_lists:
        raise UnimplementedError(
            f"TensorFlow sees no layers in lists of a Keras 3 model, such as {names_text(walk.listed)}",
            hint="Files that end in .weights.h5 hold them, for load_weights.",
        )
    return found


class _StyledWalk:
    """A walk through a model, which meets each layer once.

    Attributes:
        unclear: Layers whose class is not clear, each with those that it may have.
        listed: Paths of lists and dictionaries of layers.
    """

    def __init__(self, classes: Mapping[str, str], style: ObjectStyle) -> None:
        self._classes = classes
        self._style = style
        self._met: set[ModelPart] = set()
        self.unclear: dict[ModelPart, Sequence[str]] = {}
        self.listed: list[str] = []

    def variables(self, part: ModelPart, path: Path) -> Iterator[tuple[str, Path]]:
        """Yield the variables in a model or a layer, each with its path."""
        if part in self._met:
            return
        self._met.add(part)
        likely = [self._classes[part.path]] if part.path in self._classes else likely_classes(part)
        self._check_clear(part, likely)
        layer = likely[0] if likely else ""
        yield from ((weight.tensor, (*path, self._style.name(layer, name))) for name, weight in part.weights.items())
        for below, held in self._style.layers(part, layer == _SEQUENTIAL):
            yield from self.variables(held, (*path, *below))
        for name, held in part.attributes.items():
            if held_elements(held, self._classes, self.unclear) is not None:
                self.listed.append(held.path)
            yield from self.variables(held, (*path, name))

    def _check_clear(self, part: ModelPart, likely: Sequence[str]) -> None:
        """Note a layer of which several classes are likely that have other names, or places, for what it has."""
        names = {tuple(self._style.name(layer, name) for name in part.weights) for layer in likely}
        places = {tuple(path for path, _ in self._style.layers(part, layer == _SEQUENTIAL)) for layer in likely}
        if max(len(names), len(places)) > 1:
            self.unclear[part] = likely
