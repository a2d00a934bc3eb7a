"""The variables of a graph as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckpt_magics.files.object_graph.groups import GROUPS
from ckpt_magics.graphs.meta_graph.declared_variables import declared_variables
from ckpt_magics.proto.messages import MetaGraphDef

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["graph_variables_frame"]


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
    import pandas as pd

    variables = declared_variables(meta_graph)
    listed = [variable.listed for variable in variables]
    return pd.DataFrame(
        {
            "name": pd.Series([one.name for one in listed], dtype=object),
            "dtype": pd.Categorical([one.dtype for one in listed]),
            "shape": pd.Series([one.shape for one in listed], dtype=object),
            "elements": pd.array([one.elements for one in listed], dtype="Int64"),
            "bytes": pd.array([one.bytes for one in listed], dtype="Int64"),
            "group": pd.Categorical([one.group for one in listed], list(GROUPS)),
            "trainable": pd.Series([variable.trainable for variable in variables], dtype=bool),
            "op": pd.Categorical([variable.op for variable in variables]),
        }
    )
