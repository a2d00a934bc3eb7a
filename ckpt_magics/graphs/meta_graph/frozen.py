"""The values in a frozen graph, whose variables have become constants.

TensorFlow's ``convert_variables_to_constants`` puts a Const in the place of a variable, under its name, and leaves the
ops that read it as Identity: ``conv/weights/read``, ``add/ReadVariableOp``. Optimizers of graphs take those away too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, TensorNotFoundError, visible
from ckpt_magics.files.formats.dtypes import dtype_by_number
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.graphs.ops.variable_kinds import KNOWN_VARIABLE_OPS
from ckpt_magics.proto.messages import GraphDef, NodeDef

__all__ = ["Constants", "frozen_names"]

_READ = re.compile(r"/read(?:_\d+)?$|(?:^|/)ReadVariableOp(?:_\d+)?$")


def frozen_names(graph: GraphDef) -> list[str]:
    """Return the names of the constants that were variables, sorted; none in a graph that has variables.

    They are those that are read as variables are, and those of more than one floating-point or complex value: the rest
    are axes, shapes and factors.
    """
    if any(node.op in KNOWN_VARIABLE_OPS for node in graph.node):
        return []
    read = {node.input[0] for node in graph.node if node.op == "Identity" and node.input and _READ.search(node.name)}
    constants = (node for node in graph.node if node.op == "Const")
    return sorted(node.name for node in constants if node.name in read or _may_be_weight(node))


def _may_be_weight(node: NodeDef) -> bool:
    tensor = node.attr["value"].tensor
    try:
        dtype = dtype_by_number(tensor.dtype)
    except CheckpointError:
        return False
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    return (dtype.is_floating or dtype.is_complex) and any(size > 1 for size in sizes)


class Constants(Mapping[str, npt.NDArray[Any]]):
    """The values of a graph's constants by the names of their nodes; iterates over those that were variables.

    Args:
        graph: The graph; its messages are kept, and decoded when a value is asked for.
    """

    def __init__(self, graph: GraphDef) -> None:
        self._nodes = {node.name: node for node in graph.node if node.op == "Const"}
        self._names = frozen_names(graph)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return the value of any constant, a new array.

        Raises:
            TensorNotFoundError: There is none of this name.
            CheckpointError: It is damaged, or its type cannot be read.
        """
        return tensor_proto_to_array(self._node(name).attr["value"].tensor)

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _node(self, name: str) -> NodeDef:
        if name not in self._nodes:
            raise TensorNotFoundError(f"the graph has no constant {visible(name)}", name=name)
        return self._nodes[name]
