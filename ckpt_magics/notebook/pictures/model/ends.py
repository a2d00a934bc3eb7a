"""What a graph takes and gives: its signatures say so, or else what is likely by its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ckpt_magics.graphs.saver.model_start import INIT_SIGNATURE
from ckpt_magics.notebook.pictures.model.hierarchy import Hierarchy
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.outputs import (
    OpDefs,
    dtype_name,
    format_shape,
    output_dtype,
    output_shape,
)
from ckpt_magics.proto import messages

__all__ = ["End", "GraphEnds", "find_ends"]

_OUTSIDE: Final = frozenset({"gradients", "initializers", "optimizer", "save", "summaries"})
"""Groups whose nodes take what a graph gives without being what it is for."""
_ASIDE: Final = _OUTSIDE | {"constants", "functions"}
_NO_RESULT: Final = frozenset({"Assert", "NoOp", "Print", "PrintV2", "Rank", "Shape", "ShapeN", "Size"})
"""Ops that a graph is not run for; programs leave shapes behind that nothing takes."""
_PIVOTS: Final = ("switch_t", "switch_f")
"""Last parts of the names of what a conditional has for its branches to wait for; only one of two has a value."""


class End(NamedTuple):
    """A tensor that a graph takes or gives.

    Attributes:
        name: As a session takes it, such as ``x:0``.
        dtype: TensorFlow's name of its type, or "".
        shape: As ``[?, 10]``, or "".
    """

    name: str
    dtype: str
    shape: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))


@dataclass(frozen=True, slots=True)
class GraphEnds:
    """What a graph takes and gives.

    Attributes:
        inputs: What it takes.
        outputs: What it gives.
        told: Whether its signatures say so; else they are likely.
    """

    inputs: Sequence[End] = ()
    outputs: Sequence[End] = ()
    told: bool = False


def find_ends(
    hierarchy: Hierarchy,
    consumers: Mapping[int, Sequence[int]],
    op_defs: OpDefs,
    meta_graph: messages.MetaGraphDef | None = None,
) -> GraphEnds:
    """Return what a graph takes and gives.

    Where no signature tells, it takes its placeholders, and gives what comes of them and nothing takes but saving,
    gradients, optimizers, initializers and summaries.

    Args:
        hierarchy: Its nodes.
        consumers: Ids of the leaves that take an output or wait for it, by id of the leaf.
        op_defs: Its definitions of ops.
        meta_graph: What came with the nodes, if there is more.
    """
    told = _told(() if meta_graph is None else _signatures(meta_graph))
    if told.outputs:
        return told
    leaves = [item for item in hierarchy.nodes() if item.node is not None and item.group not in _ASIDE]
    inputs = [item for item in leaves if item.kind == "placeholder"]
    # Queues and data sets have no placeholders: then anything may be a result.
    reached = _reached(inputs, consumers) if inputs else {item.id for item in leaves}
    outputs = [
        item
        for item in leaves
        if item.id in reached
        and _is_result(item, hierarchy.items)
        and not any(_counts(hierarchy.items[each]) for each in consumers.get(item.id, ()))
    ]
    return GraphEnds([_end(item, op_defs) for item in inputs], [_end(item, op_defs) for item in outputs])


def _signatures(meta_graph: messages.MetaGraphDef) -> Iterator[messages.SignatureDef]:
    for name in sorted(meta_graph.signature_def):
        if name != INIT_SIGNATURE:
            yield meta_graph.signature_def[name]


def _told(signatures: Iterable[messages.SignatureDef]) -> GraphEnds:
    inputs: dict[str, End] = {}
    outputs: dict[str, End] = {}
    for signature in signatures:
        for ends, infos in ((inputs, signature.inputs), (outputs, signature.outputs)):
            for _, info in sorted(infos.items()):
                shape = format_shape(info.tensor_shape) if info.HasField("tensor_shape") else ""
                ends.setdefault(info.name, End(info.name, dtype_name(info.dtype), shape))
    return GraphEnds(list(inputs.values()), list(outputs.values()), told=True)


def _reached(inputs: Iterable[Item], consumers: Mapping[int, Sequence[int]]) -> set[int]:
    """Ids of the leaves that something of the inputs comes to."""
    reached = {item.id for item in inputs}
    waiting = list(reached)
    while waiting:
        further = [each for each in consumers.get(waiting.pop(), ()) if each not in reached]
        reached.update(further)
        waiting += further
    return reached


def _is_result(item: Item, items: Sequence[Item]) -> bool:
    """Whether a node computes something; a variable, with what reads and sets it, is not what a graph is for."""
    if item.kind not in {"op", "function"} or item.op in _NO_RESULT or item.op.startswith("Assign"):
        return False
    if item.op == "Identity" and item.name.rpartition("/")[2] in _PIVOTS:
        return False
    return items[item.parent].kind != "variable"


def _counts(consumer: Item) -> bool:
    return consumer.group not in _OUTSIDE and consumer.op not in _NO_RESULT


def _end(item: Item, op_defs: OpDefs) -> End:
    node = item.node
    assert node is not None  # noqa: S101 - it is a leaf
    return End(f"{node.name}:0", output_dtype(node, 0, op_defs), output_shape(node, 0))
