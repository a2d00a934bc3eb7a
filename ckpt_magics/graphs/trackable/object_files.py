"""Files of a checkpoint of objects: values in the order of the objects, then the graph of the objects.

Format: tensorflow/python/checkpoint/checkpoint.py (TrackableSaver), tensorflow/python/checkpoint/functional_saver.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import STRING, dtype_of
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import record_of_nodes
from ckpt_magics.files.object_graph.live_state import LiveState, StatePart
from ckpt_magics.files.object_graph.object_walk import LiveObject, WalkedObjects
from ckpt_magics.files.objects.collected import array_to_save
from ckpt_magics.files.objects.leaves import leaf_kind
from ckpt_magics.files.objects.library_errors import as_ours
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.tensors.arrays_to_save import ArraysToSave, PartToSave, arrays_by_name, arrays_in_parts
from ckpt_magics.files.tensors.source import Array

__all__ = ["objects_to_save"]


def objects_to_save(walked: WalkedObjects) -> ArraysToSave:
    """Return the values of objects, and their graph behind them, in TensorFlow's order.

    Raises:
        InvalidArgumentError: A value has no dtype that a checkpoint can hold, or a name is no text.
    """
    record = record_of_nodes(walked.nodes)
    if all(live.state is None for live in walked.objects):
        arrays = {key: _array(key, live) for key, live in walked.holders.items()}
        return arrays_by_name({**arrays, OBJECT_GRAPH_KEY: record}, as_given=True)
    in_order = sorted(_parts(walked), key=lambda of_object: of_object[0])
    parts = [part for _, found in in_order for part in found]
    return arrays_in_parts([*parts, PartToSave(OBJECT_GRAPH_KEY.encode(), record, STRING)])


def _parts(walked: WalkedObjects) -> Iterator[tuple[bool, list[PartToSave]]]:
    """Yield what objects save, each with whether it belongs behind what others do."""
    for node, live in zip(walked.nodes, walked.objects, strict=True):
        if live.state is not None:
            keys = {saved.name: saved.checkpoint_key for saved in node.attributes}
            yield live.state.is_last, [_part(keys[part.attribute], part) for part in _read(live.state, live.value)]
        elif node.attributes:
            key = node.attributes[0].checkpoint_key
            array = _array(key, live)
            yield False, [PartToSave(key.encode(), array, dtype_of(array))]


def _part(key: str, part: StatePart) -> PartToSave:
    return PartToSave(f"{key}{part.suffix}".encode(), part.array, part.dtype, part.shape_and_slice)


def _read(state: LiveState, value: object) -> list[StatePart]:
    try:
        return state.read()
    except CheckpointError:
        raise
    except Exception as error:
        raise as_ours(error, f"{type(value).__name__} cannot be saved") from error


def _array(key: str, live: LiveObject) -> Array:
    return array_to_save(Node(key, key, live.value, leaf_kind(live.value)))
