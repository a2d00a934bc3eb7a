"""What a checkpoint sees of any object: this package's, TensorFlow's, or an array."""

from __future__ import annotations

from typing import Any

from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.objects.tensorflow_objects import is_tensorflow_object, look_at_tensorflow
from ckpt_magics.graphs.trackable.trackable import Trackable

__all__ = ["look_at"]

ARRAY_NAME = "Variable"
"""What TensorFlow calls a variable that got no name."""


def look_at(value: Any) -> LiveObject:  # noqa: ANN401 - any object that checkpoints hold
    """Return what a checkpoint sees of an object that it holds."""
    if isinstance(value, Trackable):
        return value.as_live_object()
    return look_at_tensorflow(value) if is_tensorflow_object(value) else LiveObject(value, full_name=ARRAY_NAME)
