"""Functions of the program as functions of its graph, which a node can name.

Format: tensorflow/python/data/ops/structured_function.py, tensorflow/python/framework/function.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.function_graph import FunctionGraph, function_name
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.pipelines.elements import ElementKind
from ckpt_magics.proto.messages import NameAttrList

__all__ = ["TracedFunction", "copied_function", "trace"]


@dataclass(frozen=True)
class TracedFunction:
    """A function of a graph's library.

    Attributes:
        attr: What a node names it by.
        captured: What a node hands over besides the arguments.
        result: What the program's function returned, made of the function's own tensors.
    """

    attr: NameAttrList
    captured: list[Tensor]
    result: Any


def trace(
    function: Callable[..., Any], kind: ElementKind, finish: Callable[[Any], tuple[Any, list[Tensor]]], wish: str
) -> TracedFunction:
    """Add a function to the default graph's library.

    Args:
        function: Called once, with tensors for an element; a tuple's parts are arguments of their own.
        kind: What the elements are.
        finish: Makes of what the function returns the result, and the tensors that the graph's function gives.
        wish: What its name begins with.
    """
    outer = get_default_graph()
    inner = FunctionGraph(outer)
    with inner.as_default():
        arguments = [
            inner.add_argument(dtype, shape, f"args_{index}")
            for index, (dtype, shape) in enumerate(zip(kind.flat_types, kind.flat_shapes, strict=True))
        ]
        element = kind.packed(arguments)
        returned = function(*element) if type(element) is tuple else function(element)
        result, tensors = finish(tuple(returned) if isinstance(returned, list) else returned)
        tensors = [tensor if tensor.graph is inner else inner.taken(tensor) for tensor in tensors]
    name = function_name(outer, f"{wish}_{getattr(function, '__name__', 'function')}")
    return TracedFunction(_added(inner, outer, name, tensors), inner.captured_outside(), result)


def _added(inner: FunctionGraph, outer: Graph, name: str, tensors: list[Tensor]) -> NameAttrList:
    outer.library.function.append(inner.definition(name, tensors))
    return NameAttrList(name=name)


def copied_function(tensor: Tensor, wish: str) -> NameAttrList:
    """Add a function without arguments that computes a tensor anew, by copies of all that it is made of.

    Raises:
        ValueError: That needs something that is fed, or has a state.
    """
    outer = tensor.graph
    inner = FunctionGraph(outer)
    copies: dict[Tensor, Tensor] = {}
    for op in _needed(tensor):
        _check_copied(op)
        inputs = [copies[item] for item in op.inputs]
        copy = inner.create_op(op.type, inputs, attrs=_attrs(op), name=f"{op.name}/")
        copies.update(zip(op.outputs, copy.outputs, strict=True))
    return _added(inner, outer, function_name(outer, wish), [copies[tensor]])


def _needed(tensor: Tensor) -> list[Operation]:
    """Return what a tensor is made of, each after what it takes."""
    found: dict[Operation, None] = {}
    waiting = [tensor.op]
    while waiting:
        op = waiting.pop()
        if op not in found:
            found[op] = None
            waiting.extend(item.op for item in op.inputs)
    return sorted(found, key=lambda op: op.position)


_KEPT_STATE = ("Dataset", "DatasetV2", "DatasetV3", "Generator", "MemoryCache", "PyFunc")
"""What the names of ops with a state end with that can be copied: each copy begins anew."""


def _check_copied(op: Operation) -> None:
    if op.type in {"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"}:
        raise ValueError(f"Cannot capture a placeholder (name:{op.name}, type:{op.type}) by value.")
    if op.op_def is not None and op.op_def.is_stateful and not op.type.endswith(_KEPT_STATE):
        raise ValueError(
            f"Cannot capture a stateful node (name:{op.name}, type:{op.type}) by value. A likely cause of this error "
            "is that the dataset for which you are calling `make_one_shot_iterator()` captures a stateful object, such "
            "as a `tf.Variable` or `tf.lookup.StaticHashTable`, which is not supported. Use "
            "`make_initializable_iterator()` instead."
        )


def _attrs(op: Operation) -> dict[str, Any]:
    return {name: value for name, value in op.node_def.attr.items() if name != "_class"}
