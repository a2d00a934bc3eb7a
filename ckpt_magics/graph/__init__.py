"""Graphs as TensorFlow 1 has them: operations and tensors, variables, and MetaGraphs in and out.

Reading order: ``node`` (what a graph is made of), ``graph`` (names, scopes, collections), ``build`` (functions that
add nodes), then ``variable`` and ``variable_scope``, then ``import_graph``, ``meta_graph`` and ``meta_graph_export``.
What an op's outputs are is asked of `ckpt_magics.ops` in ``inference``; nothing here computes values.
"""

from ckpt_magics.graph.arithmetic import binary_operator, strided_slice, unary_operator
from ckpt_magics.graph.operators import OperatorNodes, Operators

Operators.nodes = OperatorNodes(binary_operator, unary_operator, strided_slice)
