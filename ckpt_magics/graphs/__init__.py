"""TensorFlow's graph world, run with NumPy; knows no DataFrame and no notebook.

Reading order: ``graph`` (first ``node``, what a graph is made of), ``nodes`` (what adds nodes; first ``build``),
``variables``, ``meta_graph``, ``session``, ``saver``. What an op's outputs are is asked of ``ops``.
"""

from ckpt_magics.graphs.graph.operators import OperatorNodes, Operators
from ckpt_magics.graphs.nodes.arithmetic import binary_operator, strided_slice, unary_operator

Operators.nodes = OperatorNodes(binary_operator, unary_operator, strided_slice)
