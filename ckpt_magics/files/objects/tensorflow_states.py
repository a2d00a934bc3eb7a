"""What TensorFlow's objects save that are no variables: tables, iterators, sharded variables, states of Python.

TensorFlow is never imported here: its objects exist only when somebody has imported it. A tensor goes to and from it as
a TensorProto where it is of variants, of which NumPy knows nothing.

Format: tensorflow/python/checkpoint/save_util.py, save_util_v1.py, tensorflow/python/training/saving/
saveable_object_util.py.
"""

# ruff: noqa: ANN401, SLF001 - objects of a library that is not imported here, by names that it has for this purpose

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ckpt_magics.errors import UnimplementedError, visible
from ckpt_magics.files.formats.dtypes import STRING, VARIANT, as_dtype
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_variants, variants_to_tensor_proto
from ckpt_magics.files.formats.tensor_slice import parse_shape_and_slice
from ckpt_magics.files.object_graph.graph_keys import PYTHON_STATE, escaped
from ckpt_magics.files.object_graph.live_state import LiveState, StatePart
from ckpt_magics.files.objects.library_values import is_instance_of
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.files.tensors.text_values import bytes_of
from ckpt_magics.proto.messages import TensorProto

__all__ = ["state_of"]

_SERIALIZED = ".TENSORS"
"""Under which TensorFlow has what an object serializes itself, rather than what is called by name."""


def state_of(value: Any) -> LiveState | None:
    """Return the state of an object that is no variable; None if it saves nothing of itself."""
    if is_instance_of(value, "tensorflow.python.trackable.python_state", "PythonState"):
        return _StateOfPython(value)
    saver = sys.modules["tensorflow.python.saved_model.registration"].get_registered_saver_name(value)
    if saver:
        return _RegisteredState(value, saver)
    saving = sys.modules["tensorflow.python.training.saving.saveable_object_util"]
    factories = saving.saveable_objects_from_trackable(value)
    if not factories:
        return None
    return _SerializedState(value) if _SERIALIZED in factories else _StateByName(value, factories)


class _StateOfPython:
    """Text that an object makes of itself."""

    attributes = (PYTHON_STATE,)
    full_name = ""
    is_last = True

    def __init__(self, value: Any) -> None:
        self._value = value

    def read(self) -> list[StatePart]:
        array: Array = np.empty((), object)
        array[()] = bytes_of(self._value.serialize())
        return [StatePart(PYTHON_STATE, "", STRING, array)]

    def assign(self, values: Mapping[str, Array]) -> None:
        self._value.deserialize(values[PYTHON_STATE].item())


class _RegisteredState:
    """What a saver that somebody registered for a class writes itself, into files of its own."""

    attributes = ()
    full_name = ""
    is_last = False

    def __init__(self, value: Any, saver: str) -> None:
        self._value = value
        self._saver = saver

    def read(self) -> list[StatePart]:
        raise UnimplementedError(
            f"{type(self._value).__name__} is saved by {visible(self._saver)}, a saver that was registered for it",
            hint="tf.train.Checkpoint runs it.",
        )

    def assign(self, values: Mapping[str, Array]) -> None:  # noqa: ARG002 - there are none
        self.read()


class _SerializedState:
    """What an object serializes itself: a table its keys and values, an iterator where it is."""

    is_last = False

    def __init__(self, value: Any) -> None:
        self._value = value
        # What had one name for all its tensors once has it still.
        self._one_name: str | None = getattr(value, "_LEGACY_SAVEABLE_NAME", None)

    @property
    def full_name(self) -> str:
        return _full_name(self._value)

    @property
    def attributes(self) -> Sequence[str]:
        if self._one_name is not None:
            return (self._one_name,)
        return tuple(map(escaped, self._value._serialize_to_tensors()))

    def _names(self, own: str) -> tuple[str, str]:
        """Attribute and suffix of what it calls a tensor."""
        return (escaped(own), "") if self._one_name is None else (self._one_name, escaped(own))

    def read(self) -> list[StatePart]:
        return [
            _part(*self._names(own), tensor, shape_and_slice)
            for own, found in self._value._serialize_to_tensors().items()
            for shape_and_slice, tensor in _slices(found)
        ]

    def assign(self, values: Mapping[str, Array]) -> None:
        tensors = {}
        for own, found in self._value._serialize_to_tensors().items():
            array = values["".join(self._names(own))]
            parts = {text: _to_tensor(_cut(array, text), like.dtype) for text, like in _slices(found)}
            tensors[own] = parts if isinstance(found, dict) else parts[""]
        self._value._restore_from_tensors(tensors)


class _StateByName:
    """What an object has a saver for by each name, as objects had in older versions of TensorFlow."""

    is_last = False

    def __init__(self, value: Any, factories: Mapping[str, Any]) -> None:
        self._value = value
        self._factories = factories

    @property
    def full_name(self) -> str:
        return _full_name(self._value)

    @property
    def attributes(self) -> Sequence[str]:
        return tuple(self._factories)

    def _savers(self) -> Iterator[tuple[str, Any]]:
        saving = sys.modules["tensorflow.python.training.saving.saveable_object_util"]
        for name, factory in self._factories.items():
            made = factory(name=name) if callable(factory) else factory
            for one in made if isinstance(made, list | tuple) else [made]:
                savers = [one] if hasattr(one, "specs") else saving.saveable_objects_for_op(one, name)
                yield from ((name, saver) for saver in savers)

    def read(self) -> list[StatePart]:
        return [
            _part(name, spec.name.removeprefix(name), spec.tensor, spec.slice_spec)
            for name, saver in self._savers()
            for spec in saver.specs
        ]

    def assign(self, values: Mapping[str, Array]) -> None:
        for _, saver in self._savers():
            saver.restore(
                [_to_tensor(_cut(values[spec.name], spec.slice_spec), spec.dtype) for spec in saver.specs], None
            )


def _full_name(value: Any) -> str:
    name: str = sys.modules["tensorflow.python.checkpoint.util"].get_full_name(value)
    return name


def _slices(found: Any) -> list[tuple[str, Any]]:
    """What is saved under one key: slices of a tensor, or it alone."""
    return [(text.strip(), tensor) for text, tensor in found.items()] if isinstance(found, dict) else [("", found)]


def _part(attribute: str, suffix: str, tensor: Any, shape_and_slice: str) -> StatePart:
    tensor = getattr(tensor, "tensor", tensor)
    return StatePart(attribute, suffix, as_dtype(tensor.dtype), _to_array(tensor), shape_and_slice.strip())


def _cut(array: Array, shape_and_slice: str) -> Array:
    """The part of a whole tensor that a slice is."""
    if not shape_and_slice.strip():
        return array
    shape, part, _ = parse_shape_and_slice(shape_and_slice)
    return array[part.resolve(shape)]


def _to_array(tensor: Any) -> Array:
    if as_dtype(tensor.dtype) != VARIANT:
        return np.asarray(tensor.numpy())
    serialized = sys.modules["tensorflow"].io.serialize_tensor(tensor).numpy()
    return tensor_proto_to_variants(TensorProto.FromString(serialized))


def _to_tensor(array: Array, dtype: Any) -> Any:
    tensorflow = sys.modules["tensorflow"]
    if as_dtype(dtype) != VARIANT:
        return tensorflow.constant(array, dtype)
    return tensorflow.io.parse_tensor(variants_to_tensor_proto(array).SerializeToString(), dtype)
