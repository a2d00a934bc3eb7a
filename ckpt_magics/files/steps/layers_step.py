"""The steps that name the weights of a Keras model as a version of Keras does, in a file or a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.keras_models.found_model import found_model, found_optimizer
from ckpt_magics.files.keras_models.layer_classes import class_name, layer_name
from ckpt_magics.files.keras_models.legacy_weights import legacy_weights
from ckpt_magics.files.keras_models.model_part import ModelPart, Weight, is_layer, nodes_of_names, unordered
from ckpt_magics.files.keras_models.object_paths import KERAS_2, KERAS_3, ObjectStyle, object_paths
from ckpt_magics.files.keras_models.optimizer_state import optimizer_state
from ckpt_magics.files.keras_models.weights_paths import weights_paths
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY, object_path, value_key
from ckpt_magics.files.object_graph.graph_nodes import GraphNode, nodes_of_record
from ckpt_magics.files.object_graph.object_graph import parse_object_graph
from ckpt_magics.files.object_graph.shown_names import shown_names
from ckpt_magics.files.steps.lazy_tensor import SourceTensor
from ckpt_magics.files.steps.patterns import Names, Pattern
from ckpt_magics.files.steps.step import Step, StepKind, at_last
from ckpt_magics.files.steps.stepped_tensors import Dropped, SteppedTensors
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.phrasing import names_text

__all__ = ["KERAS_2_OBJECTS", "KERAS_3_OBJECTS", "LAYERS", "LEGACY_LAYERS"]

_ASIDE = "it is no weight of the model"

_OPTIMIZER = "optimizer"


def _layers(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    if all(name.split("/")[-2:-1] == ["vars"] for name in tensors):
        return tensors
    saved = _saved_model(tensors, also_parts=False)
    paths = weights_paths(saved.model, _said(saved.model, step))
    state = {f"{_OPTIMIZER}/vars/{at}": name for at, name in enumerate(saved.state.values())}
    return _named(tensors, saved.model, {**{path: name for name, path in paths.items()}, **state})


def _legacy_layers(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    if all("/" in name and name.endswith(":0") for name in tensors):
        return tensors
    model = _saved_model(tensors, also_parts=True).model
    return _named(tensors, model, legacy_weights(model, _said(model, step)))


def _keras_objects(tensors: SteppedTensors, step: Step, style: ObjectStyle) -> SteppedTensors:
    saved = _saved_model(tensors, also_parts=False)
    paths = object_paths(saved.model, _said(saved.model, step), style)
    weights = {value_key(object_path((saved.model.path, *path))): name for name, path in paths.items()}
    state = {value_key(object_path((_OPTIMIZER, *path))): name for path, name in saved.state.items()}
    return _named(tensors, saved.model, {**weights, **(state if style is KERAS_3 else {})})


def _named(tensors: SteppedTensors, model: ModelPart, names: Mapping[str, str]) -> SteppedTensors:
    """Return the tensors of a model under other names, in the order of those; no weight of it gets lost."""
    used = set(names.values())
    lost = [weight.tensor for part in _parts(model) for weight in part.weights.values() if weight.tensor not in used]
    if lost:
        raise InvalidArgumentError(
            f"{names_text(lost)} has no place in a Keras model", hint="Leave it out: --exclude NAME."
        )
    aside = (Dropped(name, _ASIDE) for name in tensors if name not in used)
    return tensors.with_tensors({new: tensors[old] for new, old in names.items()}, aside)


class _SavedModel(NamedTuple):
    """What tensors are the weights of.

    Attributes:
        model: The model.
        state: Names of the tensors of its optimizer's state by where Keras 3 has them, in order; none if that is not
            known.
    """

    model: ModelPart
    state: Mapping[tuple[str, ...], str]


def _saved_model(tensors: SteppedTensors, *, also_parts: bool) -> _SavedModel:
    """Return the Keras model whose weights are among tensors.

    Args:
        tensors: With their graph of objects, or under names of TensorFlow's format with numbers that tell an order.
        also_parts: Whether the order of layers matters too where an attribute leads to each.
    """
    graph = tensors.get(OBJECT_GRAPH_KEY)
    if graph is not None:
        record = graph.values.read(graph.values.whole)
        nodes: Sequence[GraphNode] = nodes_of_record(record)
        names = dict(_names_by_key(tensors, record))
    else:
        nodes = nodes_of_names(list(tensors))
        names = {name: name for name in tensors}
        _check_order(nodes, also_parts=also_parts)
    saved = (one for node in nodes for one in node.attributes if one.checkpoint_key in names)
    full_names = {one.checkpoint_key: one.full_name for one in saved}
    variables = {key: Weight(names[key], full, tensors[names[key]].values.shape) for key, full in full_names.items()}
    model = found_model(nodes, variables)
    optimizer = found_optimizer(nodes, model)
    return _SavedModel(model, optimizer_state(nodes, optimizer, variables, model) if optimizer is not None else {})


def _names_by_key(tensors: SteppedTensors, record: Array) -> Iterator[tuple[str, str]]:
    """Yield keys in the checkpoint, whose record of objects is given, with what their tensors are called by now."""
    graph = parse_object_graph(record.item())
    shown = {name: key for key, name in shown_names(graph.checkpoint_keys, graph).names.items()}
    for name, one in tensors.items():
        if isinstance(one.values, SourceTensor):
            yield key_to_name(one.values.key), name
        elif len(one.origins) == 1:
            yield shown.get(one.origins[0], one.origins[0]), name


def _check_order(nodes: Sequence[GraphNode], *, also_parts: bool) -> None:
    """Refuse names that do not tell the order of layers as a graph would."""
    if not any(is_layer(edge.name) for node in nodes for edge in node.children):
        raise InvalidArgumentError(
            "these are no names of layers such as layer_with_weights-0/kernel, and there is no graph of objects",
            hint="Files for load_weights are made of TensorFlow's format, or of names as they have them (--map).",
        )
    unknown = unordered(nodes, also_parts=also_parts)
    if unknown:
        raise InvalidArgumentError(
            f"which of {names_text(unknown)} comes first in a Keras model is not known",
            hint="A graph of objects tells it, which TensorFlow's format has: convert the checkpoint itself.",
        )


def _said(model: ModelPart, step: Step) -> dict[str, str]:
    """Return what the user says of layers, by their paths."""
    parts = {part.path: part for part in _parts(model)}
    names = Names(parts, {path: name for path, part in parts.items() if (name := layer_name(part))})
    said = {}
    for pattern, text in step.pairs:
        found = names.matching(Pattern(pattern))
        if not found and not step.may_miss:
            raise InvalidArgumentError(
                f"{pattern} matches no layer", hint=f"There are {names_text([path for path in parts if path])}."
            )
        said.update(dict.fromkeys(found, class_name(text)))
    return said


def _parts(model: ModelPart) -> Iterator[ModelPart]:
    """Yield all that a model holds."""
    met, waiting = {model}, [model]
    while waiting:
        part = waiting.pop()
        yield part
        held = [one for one in part.parts.values() if one not in met]
        met.update(held)
        waiting += reversed(held)


_FIELDS, _METAVAR = ("layer", "class"), "LAYER=CLASS"

LAYERS = StepKind(
    "layers",
    _FIELDS,
    _METAVAR,
    "Name the weights of a Keras model as .weights.h5 files do, where a layer that a pattern matches has the class, as "
    "in 'stem=Conv2D'; of most layers the weights tell it.",
    _layers,
    at_last,
    may_be_bare=True,
)
LEGACY_LAYERS = StepKind(
    "legacy-layers",
    _FIELDS,
    _METAVAR,
    "Name the weights of a Keras model as .h5 files of Keras 2 do.",
    _legacy_layers,
    at_last,
    may_be_bare=True,
)
KERAS_2_OBJECTS = StepKind(
    "keras-2-objects",
    _FIELDS,
    _METAVAR,
    "Make a checkpoint of a Keras model one of a Keras 2 model, for tf.train.Checkpoint(model=...).",
    partial(_keras_objects, style=KERAS_2),
    at_last,
    may_be_bare=True,
    makes_objects=True,
)
KERAS_3_OBJECTS = StepKind(
    "keras-3-objects",
    _FIELDS,
    _METAVAR,
    "Make it one of a Keras 3 model, with the state of its optimizer.",
    partial(_keras_objects, style=KERAS_3),
    at_last,
    may_be_bare=True,
    makes_objects=True,
)
