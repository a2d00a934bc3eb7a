"""What checkpoints of objects see of any object: of this package's, of TensorFlow's and Keras', of an array."""

# ruff: noqa: ANN401 - any object of a program

from __future__ import annotations

from typing import Any

from ckpt_magics.files.object_graph.graph_nodes import encode_object_graph
from ckpt_magics.files.object_graph.object_graph import parse_object_graph
from ckpt_magics.files.object_graph.object_walk import LiveObject, walk_objects
from ckpt_magics.files.objects.tensorflow_objects import is_tensorflow_object, look_at_tensorflow

__all__ = ["holds_variables", "look_at", "variables_by_name"]

ARRAY_NAME = "Variable"
"""What TensorFlow calls a variable that got no name."""


def look_at(value: Any) -> LiveObject:
    """Return what a checkpoint sees of an object: what says that itself, TensorFlow's, or else an array."""
    if hasattr(type(value), "as_live_object"):
        live: LiveObject = value.as_live_object()
        return live
    return look_at_tensorflow(value) if is_tensorflow_object(value) else LiveObject(value, full_name=ARRAY_NAME)


def holds_variables(value: Any) -> bool:
    """Whether it is an object whose variables go by the ways that lead to them: a module, a model, an optimizer."""
    if is_tensorflow_object(value):
        return True
    return hasattr(type(value), "as_live_object") and not isinstance(value, dict | list | tuple)


def variables_by_name(value: Any) -> list[tuple[str, Any]]:
    """Return what an object holds, each once, by the names that a checkpoint of it shows.

    Returns:
        Variables, and what has another state as a `LiveObject`.
    """
    walked = walk_objects(value, look_at)
    names = parse_object_graph(encode_object_graph(walked.nodes)).names
    found: list[tuple[str, Any]] = []
    for key, live in walked.holders.items():
        if live.state is None:
            found.append((names[key], live.value))
        else:
            found.append((names[key].rpartition("/")[0], live))
    return found
