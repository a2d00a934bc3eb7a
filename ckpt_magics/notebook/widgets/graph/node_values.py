"""The value of a variable of the graph: saved, in memory, and whether these are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.jobs.comparison import tensor_distance
from ckpt_magics.files.jobs.tensor_statistics import exact_extremes, tensor_statistics
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.notebook.pictures.model.outputs import format_dims
from ckpt_magics.notebook.widgets.graph.node_details import Section, fact
from ckpt_magics.notebook.widgets.graph.saved_variables import SavedVariables, is_variable
from ckpt_magics.proto import messages

__all__ = ["LiveValues", "describe_value"]

LiveValues = Mapping[str, npt.NDArray[Any]] | Callable[[], Mapping[str, npt.NDArray[Any]]]
"""Values by name of the variable's node, or what returns them as they are now."""

_MAX_COMPARED = 64 << 20
"""Bytes up to which a click compares a value in memory with the saved one."""


def describe_value(
    node: messages.NodeDef,
    saved: SavedVariables | None,
    tensors: NamedTensors[TensorSource] | None,
    live: LiveValues | None,
) -> Section:
    """Return what is known about the value of a variable's node; no facts for another node, or without a source."""
    facts: list[dict[str, Any]] = []
    if is_variable(node):
        tensor = "" if saved is None else saved.find(node).name
        if saved is not None:
            found = saved.find(node)
            facts.append(fact("saved", found.status if found.fits else f"\N{WARNING SIGN} {found.status}"))
        if live is not None:
            values = live() if callable(live) else live
            facts.extend(_live_facts(values.get(node.name), tensor, tensors))
    return {"title": "Value", "facts": facts}


def _live_facts(
    value: npt.NDArray[Any] | None, tensor: str, tensors: NamedTensors[TensorSource] | None
) -> list[dict[str, Any]]:
    if value is None:
        return [fact("in memory", "not initialized")]
    value = np.asarray(value)
    text = f"{value.dtype.name} {format_dims(value.shape)}"
    facts = [fact("in memory", text)]
    if value.dtype.kind in "fiub" and value.size:
        statistics = tensor_statistics(value)
        if statistics.minimum is not None and statistics.maximum is not None:
            rounded = [f"{statistics.minimum:g}", f"{statistics.maximum:g}"]
            low, high = exact_extremes(statistics, value.dtype) or rounded
            facts.append(fact("range", f"{low} to {high}, mean {statistics.mean:g}"))
        if statistics.nans or statistics.infs:
            facts.append(fact("not finite", f"{statistics.nans:,} NaN, {statistics.infs:,} infinite"))
    if tensor and tensors is not None and value.nbytes <= _MAX_COMPARED:
        facts.append(fact("against saved", _comparison(value, tensor, tensors)))
    return facts


def _comparison(value: npt.NDArray[Any], tensor: str, tensors: NamedTensors[TensorSource]) -> str:
    try:
        stored = tensors.read(tensor)
    except CheckpointError as error:
        return str(error)
    if stored.shape != value.shape:
        return "another shape"
    distance = tensor_distance(stored, value)
    if not distance.changed:
        return "the same"
    largest = "" if distance.largest is None else f", by up to {distance.largest:.3g}"
    return f"{distance.changed:,} of {value.size:,} elements differ{largest}"
