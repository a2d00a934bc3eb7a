"""Frozen graphs, as TensorFlow's ``convert_variables_to_constants`` makes them."""

import numpy as np

from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto
from ckpt_magics.proto.messages import GraphDef, NodeDef

WEIGHTS = np.arange(6, dtype=np.float32).reshape(3, 2)


def constant(name, value):
    node = NodeDef(name=name, op="Const")
    node.attr["dtype"].type = dtype_of(value).number
    node.attr["value"].tensor.CopyFrom(array_to_tensor_proto(value, dtype_of(value)))
    return node


def frozen_graph(*more):
    return GraphDef(
        node=[
            constant("conv/weights", WEIGHTS),
            NodeDef(name="conv/weights/read", op="Identity", input=["conv/weights"]),
            constant("steps", np.array(7, np.int64)),
            NodeDef(name="add/ReadVariableOp", op="Identity", input=["steps"]),
            constant("folded", np.ones(4, np.float16)),
            constant("axis", np.array([0, 1], np.int32)),
            constant("factor", np.array(0.5, np.float32)),
            constant("words", np.array([b"a", b"b"], object)),
            NodeDef(name="copy", op="Identity", input=["axis"]),
            *more,
        ]
    )
