"""What TensorFlow's and Keras' objects hold and save, as TensorFlow's own checkpoints see them.

TensorFlow is never imported here: its objects exist only when somebody has imported it.

Format: tensorflow/python/checkpoint/trackable_view.py, tensorflow/python/training/saving/saveable_object_util.py.
"""

# ruff: noqa: ANN401, SLF001 - objects of a library that is not imported here, by names that it has for this purpose

from __future__ import annotations

import sys
from typing import Any

from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.objects.library_values import is_instance_of, is_variable
from ckpt_magics.files.objects.tensorflow_states import state_of

__all__ = ["is_tensorflow_object", "look_at_tensorflow"]


def is_tensorflow_object(value: object) -> bool:
    """Whether it is an object that TensorFlow's checkpoints hold: a model, a layer, a variable, an optimizer."""
    return is_instance_of(value, "tensorflow.python.trackable.base", "Trackable")


def look_at_tensorflow(value: Any) -> LiveObject:
    """Return what TensorFlow's checkpoints see of one of its objects."""
    view = sys.modules["tensorflow.python.checkpoint.trackable_view"].TrackableView
    children = list(view.children(value).items())
    if is_variable(value) and not _is_sharded(value):
        return LiveObject(value, children, _full_name(value))
    state = state_of(value)
    if hasattr(value, "get_slot_names"):
        return LiveObject(value, children, None, value.get_slot_names(), _slot_of(value), state)
    return LiveObject(value, children, state=state)


def _is_sharded(variable: Any) -> bool:
    """Whether it is a variable of several that hold a part each, and is saved in slices."""
    return is_instance_of(variable, "tensorflow.python.distribute.sharded_variable", "ShardedVariable")


def _full_name(variable: Any) -> str:
    info = getattr(variable, "_save_slice_info", None)
    name: str = variable._shared_name if info is None else info.full_name
    return name


def _slot_of(optimizer: Any) -> Any:
    def slot(variable: Any, name: str) -> Any:
        try:
            return optimizer.get_slot(variable, name)
        except (AttributeError, KeyError):
            return None  # what is no variable has none

    return slot
