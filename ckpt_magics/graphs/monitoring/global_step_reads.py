"""Reads of the global step that hooks share.

Format: tensorflow/python/training/training_util.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.variables.initialization import get_global_step
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["global_step_read"]


def global_step_read(user: str) -> Tensor:
    """Return the read of the global step, which is made once.

    Args:
        user: Who needs it, for the message.

    Raises:
        RuntimeError: The graph has no global step.
    """
    graph = get_default_graph()
    reads = graph.get_collection(GraphKeys.GLOBAL_STEP_READ_OP_CACHE)
    if reads:
        read: Tensor = reads[0]
        return read
    step: Any = get_global_step()
    if step is None:
        raise RuntimeError(f"Global step should be created to use {user}.")
    with graph.name_scope(None), graph.name_scope(f"{step.op.name}/"):
        value = step
        if isinstance(step, Variable):
            value = cond(step.is_initialized(), step.read_value, lambda: step.initial_value)
        made: Tensor = value + 0
    graph.add_to_collection(GraphKeys.GLOBAL_STEP_READ_OP_CACHE, made)
    return made
