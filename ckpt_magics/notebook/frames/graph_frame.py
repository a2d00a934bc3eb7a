"""The variables of a graph as a table."""

from __future__ import annotations

import math

import pandas as pd
from google.protobuf.message import DecodeError

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DType, dtype_by_number
from ckpt_magics.files.object_graph.groups import GROUPS, variable_group
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.meta_graph.frozen import frozen_names
from ckpt_magics.graphs.ops.variable_kinds import VARIABLE_OPS
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, NodeDef, VariableDef

__all__ = ["graph_variables_frame"]

COLUMNS = ("name", "dtype", "shape", "elements", "bytes", "group", "trainable", "op")

_TRAINABLE = "trainable_variables"


def graph_variables_frame(meta_graph: MetaGraphDef) -> pd.DataFrame:
    """Return one row per variable, sorted by name; variables inside of functions are not among them.

    Of a frozen graph these are the constants that were variables.

    Args:
        meta_graph: The graph; from its collections is known what is trainable.

    Returns:
        Columns ``name`` (str), ``dtype`` (category), ``shape`` (tuples, None for an unknown dimension; None for an
        unknown rank), ``elements`` and ``bytes`` (Int64, missing where the shape leaves it open or elements are
        strings), ``group`` (category), ``trainable`` (bool) and ``op`` (category, the variable's operation).
    """
    trainable = _trainable(meta_graph)
    nodes = sorted(_variables(meta_graph.graph_def), key=lambda node: node.name)
    dtypes = [_dtype(node) for node in nodes]
    shapes = [_shape(node) for node in nodes]
    elements = [_count(shape) for shape in shapes]
    sizes = [
        None if count is None or dtype is None or not dtype.itemsize else count * dtype.itemsize
        for count, dtype in zip(elements, dtypes, strict=True)
    ]
    return pd.DataFrame(
        {
            "name": pd.Series([node.name for node in nodes], dtype=object),
            "dtype": pd.Categorical(["" if dtype is None else dtype.name for dtype in dtypes]),
            "shape": pd.Series(shapes, dtype=object),
            "elements": pd.array(elements, dtype="Int64"),
            "bytes": pd.array(sizes, dtype="Int64"),
            "group": pd.Categorical([variable_group(node.name) for node in nodes], list(GROUPS)),
            "trainable": pd.Series([node.name in trainable for node in nodes], dtype=bool),
            "op": pd.Categorical([node.op for node in nodes]),
        },
        columns=list(COLUMNS),
    )


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
