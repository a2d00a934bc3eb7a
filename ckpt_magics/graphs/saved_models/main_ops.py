"""Operations for a SavedModel to run when it is loaded.

Format: tensorflow/python/saved_model/main_op_impl.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.nodes.build import group
from ckpt_magics.graphs.variables.initialization import global_variables_initializer, local_variables_initializer

__all__ = ["main_op", "main_op_with_restore"]


def main_op() -> Operation:
    """Add an operation that initializes all variables and tables."""
    tables = get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(global_variables_initializer(), local_variables_initializer(), *tables)


def main_op_with_restore(restore_op_name: str) -> Operation:
    """Add an operation that initializes all variables and tables, and runs one more afterwards.

    Args:
        restore_op_name: The operation or its name.
    """
    graph = get_default_graph()
    with graph.control_dependencies([main_op()]):
        return group(graph.as_graph_element(restore_op_name))
