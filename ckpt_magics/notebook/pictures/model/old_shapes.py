"""Shapes in graphs of old: an empty one could mean any shape, and is drawn as that."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.graphs.ops.values.constants import PLACEHOLDERS_ARE_TOLD
from ckpt_magics.proto import messages

__all__ = ["with_told_shapes"]


def with_told_shapes(graph_def: messages.GraphDef) -> Sequence[messages.NodeDef]:
    """Return a graph's nodes; those whose empty shape means any are copies that say so, unless they tell their outputs.

    Such are the first op for variables and, in graphs older than version `PLACEHOLDERS_ARE_TOLD`, placeholders.
    """
    ambiguous = {"Variable"} if graph_def.versions.producer >= PLACEHOLDERS_ARE_TOLD else {"Variable", "Placeholder"}
    return [_told(node) if node.op in ambiguous else node for node in graph_def.node]


def _told(node: messages.NodeDef) -> messages.NodeDef:
    if "_output_shapes" in node.attr or node.attr["shape"].shape.dim:
        return node
    copy = messages.NodeDef()
    copy.CopyFrom(node)
    copy.attr["shape"].shape.unknown_rank = True
    return copy
