"""The nodes of a conditional: a variable's value if it has one, else another tensor.

Format: tensorflow/python/ops/cond.py and control_flow_ops.py, without the collection of its contexts.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import apply, identity, name_scope, output

__all__ = ["present_value"]


def present_value(has_value: Tensor, handle: Tensor, otherwise: Tensor) -> Tensor:
    """Add the choice between a variable's value and another tensor.

    Args:
        has_value: bool scalar, whether the variable has a value.
        handle: The variable, a reference or a resource handle.
        otherwise: What to take if it has none; as the variable's value in type.
    """
    with name_scope("cond"):
        branches = apply("Switch", has_value, has_value, name="Switch")
        identity(branches[1], name="switch_t")
        identity(branches[0], name="switch_f")
        chosen = identity(has_value, name="pred_id")
        with name_scope("read") as scope:
            switch = "Switch" if handle.dtype is RESOURCE else "RefSwitch"
            held = apply(switch, handle, chosen, name="Switch")[1]
            if handle.dtype is RESOURCE:
                held = output("ReadVariableOp", held, dtype=otherwise.dtype)
            read = identity(held, name=scope)
        first = apply("Switch", otherwise, chosen, name="Switch_1")[0]
        merged: Tensor = apply("Merge", [first, read], name="Merge")[0]
        return merged
