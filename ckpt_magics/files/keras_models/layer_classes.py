"""The class of a layer, which TensorFlow's format does not hold, by the names and shapes of its weights.

A name that Keras made itself (``conv2d_transpose_3``) tells the class if the weights can be such ones. Otherwise the
weights tell it if those of no other class look like that; what stays unclear has several classes, or none.

Follows: keras/src/layers of Keras 3.15.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ckpt_magics.files.keras_models.model_part import ModelPart

__all__ = ["class_name", "is_dictionary", "layer_name", "likely_classes"]

Shapes = Mapping[str, tuple[int, ...]]

_NUMBERED = re.compile(r"_\d+\Z", re.ASCII)


def _always(_: Shapes) -> bool:
    return True


def _has_channels_last(shapes: Shapes) -> bool:
    return "bias" not in shapes or shapes["bias"][0] == shapes["kernel"][-1]


def _has_channels_before_last(shapes: Shapes) -> bool:
    return "bias" not in shapes or shapes["bias"][0] == shapes["kernel"][-2]


def _has_channels_each(shapes: Shapes) -> bool:
    return "bias" not in shapes or shapes["bias"][0] == shapes["kernel"][-2] * shapes["kernel"][-1]


def _gates(count: int) -> Callable[[Shapes], bool]:
    def fits(shapes: Shapes) -> bool:
        *_, units, all_gates = shapes["cell/recurrent_kernel"]
        return all_gates == count * units

    return fits


@dataclass(frozen=True, slots=True)
class _LayerClass:
    """What the weights of a class look like.

    Attributes:
        name: Of the class, as Keras writes it in paths.
        needed: The rank of each weight that it always has, by the attributes that lead there.
        perhaps: The same of those that it may have.
        fits: Tells by the shapes whether weights with such names can be those of the class.
    """

    name: str
    needed: Mapping[str, int]
    perhaps: Mapping[str, int] = field(default_factory=dict)
    fits: Callable[[Shapes], bool] = _always

    def takes(self, shapes: Shapes) -> bool:
        """Tell whether a layer with weights of these shapes can be one of this class."""
        ranks = {**self.perhaps, **self.needed}
        known = shapes.keys() >= self.needed.keys() and shapes.keys() <= ranks.keys()
        return known and all(len(shape) == ranks[name] for name, shape in shapes.items()) and self.fits(shapes)


_BIAS = {"bias": 1}
_CELL = {"cell/kernel": 2, "cell/recurrent_kernel": 2}
_STATISTICS = {"moving_mean": 1, "moving_variance": 1}
_HEADS = {f"_{part}_dense/kernel": 3 for part in ("query", "key", "value", "output")}
_HEAD_BIASES = {f"_{part}_dense/bias": rank for part, rank in (("query", 2), ("key", 2), ("value", 2), ("output", 1))}

_CLASSES = (
    _LayerClass("dense", {"kernel": 2}, _BIAS, _has_channels_last),
    *(_LayerClass(f"conv{rank}d", {"kernel": rank + 2}, _BIAS, _has_channels_last) for rank in (1, 2, 3)),
    *(
        _LayerClass(f"conv{rank}d_transpose", {"kernel": rank + 2}, _BIAS, _has_channels_before_last)
        for rank in (1, 2, 3)
    ),
    *(_LayerClass(f"depthwise_conv{rank}d", {"depthwise_kernel": rank + 2}, _BIAS) for rank in (1, 2)),
    # Keras 3 calls it a kernel.
    *(_LayerClass(f"depthwise_conv{rank}d", {"kernel": rank + 2}, _BIAS, _has_channels_each) for rank in (1, 2)),
    *(
        _LayerClass(f"separable_conv{rank}d", {"depthwise_kernel": rank + 2, "pointwise_kernel": rank + 2}, _BIAS)
        for rank in (1, 2)
    ),
    *(_LayerClass("einsum_dense", {"kernel": rank}, {"bias": bias}) for rank, bias in ((3, 1), (3, 2), (4, 2), (4, 3))),
    _LayerClass("batch_normalization", _STATISTICS, {"gamma": 1, "beta": 1}),
    *(_LayerClass(f"{kind}_normalization", {}, {"gamma": 1, "beta": 1}) for kind in ("layer", "group")),
    _LayerClass("embedding", {"embeddings": 2}),
    *(_LayerClass("p_re_lu", {"alpha": rank}) for rank in (1, 2, 3)),
    _LayerClass("lstm", _CELL, {"cell/bias": 1}, _gates(4)),
    *(_LayerClass("gru", _CELL, {"cell/bias": rank}, _gates(3)) for rank in (1, 2)),
    _LayerClass("simple_rnn", _CELL, {"cell/bias": 1}, _gates(1)),
    *(
        _LayerClass(f"conv_lstm{rank}d", dict.fromkeys(_CELL, rank + 2), {"cell/bias": 1}, _gates(4))
        for rank in (1, 2, 3)
    ),
    _LayerClass("multi_head_attention", _HEADS, _HEAD_BIASES),
)
_NAMES = {one.name for one in _CLASSES} | {"attention", "additive_attention", "rms_normalization"}

_OF_WRAPPERS = {"bidirectional": {"forward_layer", "backward_layer"}, "time_distributed": {"layer"}, "rnn": {"cell"}}
"""What a layer of a class has that wraps others, whatever those are."""
_MODELS = {"sequential": "sequential", "model": "functional", "functional": "functional"}
"""The class of a model by the name that Keras makes for it."""


def class_name(text: str) -> str:
    """Return the name of a class as Keras writes it in paths.

    >>> class_name("Conv2DTranspose"), class_name("conv2d"), class_name("PReLU")
    ('conv2d_transpose', 'conv2d', 'p_re_lu')
    """
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", text))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def layer_name(part: ModelPart) -> str | None:
    """Return the name of a layer, out of the names of its variables; None if they do not tell."""
    path, weight = next(part.deep_weights(), ((), None))
    scopes = weight.full_name.split("/") if weight is not None else []
    # A list is no scope of its own.
    depth = sum(not name.isdecimal() for name in path)
    if len(scopes) > depth:
        return scopes[-depth - 1]
    return scopes[0] if len(scopes) == depth and part.parts.keys() == _OF_WRAPPERS["time_distributed"] else None


def likely_classes(part: ModelPart) -> list[str]:
    """Return the classes that a layer or a model may have; one is sure, none is one of the user's own."""
    named = _NUMBERED.sub("", layer_name(part) or "")
    if part.layers is not None:
        return _classes_of_model(part, named)
    shapes = {"/".join((*path[:-1], path[-1].lstrip("_"))): weight.shape for path, weight in part.deep_weights()}
    wrapping = [name for name, held in _OF_WRAPPERS.items() if part.parts.keys() == held and not part.weights]
    fitting = list(dict.fromkeys(one.name for one in _CLASSES if shapes and one.takes(shapes)))
    if named in wrapping or (named in _NAMES and (named in fitting or not fitting)):
        return [named]
    # A layer that is called a Dense, and has not the weights of one, may be anything.
    instead = [named] if named in _NAMES else []
    return instead + fitting or [name for name in wrapping if name == "bidirectional"]


def _classes_of_model(part: ModelPart, named: str) -> list[str]:
    if "_functional" in part.parts:
        return ["sequential"]
    if "_operations" in part.parts:
        return ["functional"]
    if named in _MODELS:
        return [_MODELS[named]]
    # The first layer of a functional model is its input, which has nothing.
    first = part.parts.get("layer-0")
    return ["sequential"] if first is not None and (first.has_weights or first.parts) else ["functional", "sequential"]


def is_dictionary(part: ModelPart) -> bool | None:
    """Tell whether what holds layers by name is no layer but a dictionary of them; None if that is not clear.

    The variables of a layer's layers have its name in theirs.
    """
    if part.weights or part.layers is not None or part.elements is not None or likely_classes(part):
        return False
    return None if layer_name(part) is None else False
