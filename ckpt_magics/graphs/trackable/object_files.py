"""Files of a checkpoint of objects: values in the order of the objects, then the graph of the objects.

Format: tensorflow/python/checkpoint/checkpoint.py (TrackableSaver), tensorflow/python/checkpoint/functional_saver.py.
"""

from __future__ import annotations

from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import record_of_nodes
from ckpt_magics.files.object_graph.object_walk import WalkedObjects
from ckpt_magics.files.objects.collected import array_to_save
from ckpt_magics.files.objects.leaves import leaf_kind
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.tensors.arrays_to_save import ArraysToSave, arrays_by_name

__all__ = ["objects_to_save"]


def objects_to_save(walked: WalkedObjects) -> ArraysToSave:
    """Return the values of objects, and their graph behind them, in TensorFlow's order.

    Raises:
        InvalidArgumentError: A value has no dtype that a checkpoint can hold, or a name is no text.
    """
    arrays = {
        key: array_to_save(Node(key, key, live.value, leaf_kind(live.value))) for key, live in walked.variables.items()
    }
    return arrays_by_name({**arrays, OBJECT_GRAPH_KEY: record_of_nodes(walked.nodes)}, as_given=True)
