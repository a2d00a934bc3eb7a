"""The variables that a graph declares; of a frozen one, the constants that were variables."""

from __future__ import annotations

import math
from typing import NamedTuple

from google.protobuf.message import DecodeError

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DType, dtype_by_number
from ckpt_magics.files.object_graph.groups import variable_group
from ckpt_magics.files.object_graph.listed_tensors import ListedTensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.meta_graph.frozen import frozen_names
from ckpt_magics.graphs.ops.variable_kinds import VARIABLE_OPS
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, NodeDef, VariableDef

__all__ = ["DeclaredVariable", "declared_variables"]

_TRAINABLE = "trainable_variables"


class DeclaredVariable(NamedTuple):
    """A variable of a graph.

    Attributes:
        listed: Its name, dtype, shape, size and group.
        trainable: Whether it is in the collection of what is trained.
        op: Its operation.
    """

    listed: ListedTensor
    trainable: bool
    op: str


def declared_variables(meta_graph: MetaGraphDef) -> list[DeclaredVariable]:
    """Return the variables of a graph, sorted by name; those inside of functions are not among them."""
    trainable = _trainable(meta_graph)
    nodes = sorted(_variables(meta_graph.graph_def), key=lambda node: node.name)
    return [DeclaredVariable(_listed(node), node.name in trainable, node.op) for node in nodes]


def _listed(node: NodeDef) -> ListedTensor:
    dtype, shape = _dtype(node), _shape(node)
    elements = _count(shape)
    size = None if elements is None or dtype is None or not dtype.itemsize else elements * dtype.itemsize
    name = "" if dtype is None else dtype.name
    return ListedTensor(node.name, name, shape, elements, size, variable_group(node.name))


def _variables(graph: GraphDef) -> list[NodeDef]:
    frozen = frozenset(frozen_names(graph))
    return [node for node in graph.node if node.op in VARIABLE_OPS or node.name in frozen]


def _count(shape: tuple[int | None, ...] | None) -> int | None:
    known = None if shape is None else [size for size in shape if size is not None]
    count = None if shape is None or known is None or len(known) != len(shape) else math.prod(known)
    # A graph may claim anything; what no memory could hold has no size here.
    return None if count is None or count >= 1 << 56 else count


def _dtype(node: NodeDef) -> DType | None:
    try:
        return dtype_by_number(node.attr["dtype"].type) if "dtype" in node.attr else None
    except CheckpointError:
        return None


def _shape(node: NodeDef) -> tuple[int | None, ...] | None:
    if node.op == "Const":
        return tuple(dim.size for dim in node.attr["value"].tensor.tensor_shape.dim)
    if "shape" not in node.attr or node.attr["shape"].shape.unknown_rank:
        return None
    sizes = TensorShape(node.attr["shape"].shape)
    return None if sizes.ndims is None else tuple(sizes.as_list())


def _trainable(meta_graph: MetaGraphDef) -> set[str]:
    """Names of operations in the collection of what is trained."""
    names: set[str] = set()
    if _TRAINABLE not in meta_graph.collection_def:  # reading an entry of a map makes it
        return names
    for value in meta_graph.collection_def[_TRAINABLE].bytes_list.value:
        try:
            names.add(VariableDef.FromString(value).variable_name.partition(":")[0])
        except DecodeError:
            continue
    return names
