"""Files of weights that Keras loads: HDF5 with names, and attributes, of its own.

``keras`` is what Keras 3 calls ``.weights.h5``: the weights of a layer are ``vars/0``, ``vars/1`` … in the group that
is its path in the model, such as ``layers/dense_1/vars/0``.

``keras-h5`` is the layout of Keras 1 and 2, which Keras 3 still loads: a group per layer, whose attribute
``weight_names`` lists its weights in order, and the attribute ``layer_names`` lists the layers. Here layers and weights
are in the order in which the tensors come, and the first part of a tensor's name is its layer, the rest its weight.

Format: keras/src/saving/saving_lib.py, keras/src/legacy/saving/legacy_h5_format.py of Keras 3.15.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ckpt_magics.files.kinds.hdf5_file import LAYERS, OF_NO_LAYER, WEIGHTS_OF_LAYER, open_hdf5
from ckpt_magics.files.kinds.hdf5_kind import byte_map, can_hold, hdf5_sink
from ckpt_magics.files.kinds.hdf5_layout import Attributes
from ckpt_magics.files.kinds.holding import MAP_STEP, Unheld
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.tensors.records import Record
from ckpt_magics.files.tensors.source import TensorSpec

__all__ = ["KERAS", "KERAS_H5"]

_NAME = "keras"
_NAME_FORM = "layers/{}/vars/0"
_WEIGHTS = b"vars"

_LEGACY_NAME = "keras-h5"
_LEGACY_NAME_FORM = "layer/{}:0"

_MAX_ATTRIBUTE = 64512
"""Bytes of an attribute; HDF5 has no place for more in the header of a group."""

_VERSION = {"backend": "tensorflow", "keras_version": "2.15.0"}
"""By these Keras knows that nothing in the file is to be turned around; the last version that wrote this layout."""


def _unheld_paths(specs: Sequence[TensorSpec]) -> list[Unheld]:
    others = (spec for spec in specs if spec.key.split(b"/")[-2:-1] != [_WEIGHTS])
    return _misnamed(others, _NAME_FORM.format("dense")) + can_hold(specs)


def _unheld_weights(specs: Sequence[TensorSpec]) -> list[Unheld]:
    others = (spec for spec in specs if b"/" not in spec.key)
    return _misnamed(others, _LEGACY_NAME_FORM.format("kernel")) + can_hold(specs)


def _misnamed(specs: Iterable[TensorSpec], like: str) -> list[Unheld]:
    return [Unheld(spec.key, f"names that are not like {like}", MAP_STEP) for spec in specs]


def _attributes(records: Sequence[Record]) -> Attributes:
    """Return what the groups of a legacy file list."""
    layers: dict[bytes, list[bytes]] = {}
    for record in records:
        layer, _, weight = record.name.partition(b"/")
        layers.setdefault(layer, []).append(weight)
    listed = [layer for layer in layers if layer != OF_NO_LAYER]
    of_layers = {layer.decode(): dict(_in_parts(WEIGHTS_OF_LAYER, weights)) for layer, weights in layers.items()}
    return {"/": {**dict(_in_parts(LAYERS, listed)), **_VERSION}, **of_layers}


def _in_parts(name: str, texts: Sequence[bytes]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield an attribute that lists texts, in parts with numbers if it is too large for one."""
    parts = [np.array(texts, np.bytes_)]
    while any(part.nbytes > _MAX_ATTRIBUTE for part in parts):
        parts = np.array_split(parts[0] if len(parts) == 1 else np.concatenate(parts), len(parts) + 1)
    yield from [(name, parts[0])] if len(parts) == 1 else ((f"{name}{at}", part) for at, part in enumerate(parts))


KERAS = Kind(
    name=_NAME,
    suffixes=(".weights.h5",),
    name_form=_NAME_FORM,
    names_step="layers",
    open=open_hdf5,
    can_hold=_unheld_paths,
    sink=hdf5_sink(_NAME, _unheld_paths),
    byte_map=byte_map,
)
KERAS_H5 = Kind(
    name=_LEGACY_NAME,
    suffixes=(".h5",),
    name_form=_LEGACY_NAME_FORM,
    names_step="legacy-layers",
    is_ordered=True,
    open=open_hdf5,
    can_hold=_unheld_weights,
    sink=hdf5_sink(_LEGACY_NAME, _unheld_weights, _attributes),
    byte_map=byte_map,
)
