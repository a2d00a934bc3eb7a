"""Finding what a name, or an object, stands for in a graph; the messages are TensorFlow's.

Format: tensorflow/python/framework/ops.py, Graph._as_graph_element_locked.
"""

from __future__ import annotations

from typing import Protocol

from ckpt_magics.graphs.graph.node import Operation, Tensor

__all__ = ["HoldsOperations", "find_element", "find_operation"]


class HoldsOperations(Protocol):
    """What a graph has to offer to be searched."""

    def find_operation(self, name: str) -> Operation | None:
        """Return the operation called ``name``, or None."""
        ...


def find_element(
    graph: HoldsOperations, obj: object, *, allow_tensor: bool, allow_operation: bool
) -> Tensor | Operation:
    """Return what ``obj`` stands for; see `Graph.as_graph_element`."""
    element = _graph_element(obj)
    if (isinstance(element, Tensor) and allow_tensor) or (isinstance(element, Operation) and allow_operation):
        if element.graph is not graph:
            raise ValueError(f"{type(element).__name__} {obj} is not an element of this graph.")
        return element
    if not (allow_tensor or allow_operation):
        raise ValueError("allow_tensor and allow_operation can't both be False.")
    kinds = " or ".join(name for name, allowed in (("Tensor", allow_tensor), ("Operation", allow_operation)) if allowed)
    if isinstance(element, str):
        return _find_name(graph, element, kinds)
    raise TypeError(f"Can not convert a {type(obj).__name__} into a {kinds}.")


def _graph_element(obj: object) -> object:
    """Return the name, tensor or operation that an object is or, as a variable, stands for."""
    if isinstance(obj, (Tensor, Operation, str)):
        return obj
    if isinstance(obj, bytes):
        return obj.decode("utf-8", "surrogateescape")
    as_graph_element = getattr(obj, "as_graph_element", None)
    return as_graph_element() if as_graph_element is not None else obj


def _find_name(graph: HoldsOperations, name: str, kinds: str) -> Tensor | Operation:
    if ":" in name:
        if "Tensor" not in kinds:
            raise ValueError(f"Name {name!r} appears to refer to a Tensor, not a {kinds}.")
        return _find_tensor(graph, name)
    op = graph.find_operation(name)
    if "Operation" in kinds:
        if op is None:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        return op
    if op is not None:
        message = f"The name {name!r} refers to an Operation, not a {kinds}."
    else:
        message = f"The name {name!r} looks like an (invalid) Operation name, not a {kinds}."
    raise ValueError(f'{message} Tensor names must be of the form "<op_name>:<output_index>".')


def _find_tensor(graph: HoldsOperations, name: str) -> Tensor:
    op_name, _, index = name.partition(":")
    if not index.isdecimal():
        raise ValueError(
            f"The name {name!r} looks a like a Tensor name, but is not a valid one. "
            'Tensor names must be of the form "<op_name>:<output_index>".'
        )
    op = graph.find_operation(op_name)
    if op is None:
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. "
            f"The operation, {op_name!r}, does not exist in the graph."
        )
    if int(index) >= len(op.outputs):
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. "
            f"The operation, {op_name!r}, exists but only has {len(op.outputs)} outputs."
        )
    return op.outputs[int(index)]


def find_operation(graph: HoldsOperations, item: object) -> Operation:
    """Return the operation behind a name, tensor, operation or variable.

    Raises:
        TypeError: ``item`` is none of these.
    """
    behind = getattr(item, "control_operation", None)
    element = find_element(graph, item if behind is None else behind, allow_tensor=True, allow_operation=True)
    return element.op if isinstance(element, Tensor) else element
