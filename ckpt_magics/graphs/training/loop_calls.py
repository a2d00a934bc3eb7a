"""Gradients of loops that call functions: While and StatelessWhile of TensorFlow 2.

The gradient is another loop, of as many iterations, which takes the gradients of the loop's variables from the last
iteration to the first. The loop itself counts its iterations from then on, and keeps in lists, one element for each
iteration, what the way back takes. What every iteration hands on as it is, what the functions take from outside, has
one value in all of them: its gradients of all iterations are added up.

Follows tensorflow/python/ops/while_v2.py, _WhileGrad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest

from ckpt_magics.files.formats.dtypes import INT32, RESOURCE
from ckpt_magics.graphs.graph.attributes import attr_value
from ckpt_magics.graphs.graph.function_export import export_function
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import apply, output, placeholder
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import add_n
from ckpt_magics.graphs.session.function_body import FunctionBody, library_body
from ckpt_magics.graphs.training.calls import give_more, given_positions, lowering, placed
from ckpt_magics.graphs.training.differentiated_body import (
    Differentiate,
    DifferentiatedBody,
    add_function,
    zeros_at,
)
from ckpt_magics.graphs.training.rule import Gradient, Gradients, dense, is_differentiable
from ckpt_magics.proto.messages import FunctionDef

__all__ = ["RULES"]


def _through_loop(differentiate: Differentiate, op: Operation, *grads: Gradient | None) -> Gradients:
    body = library_body(op.graph, op.attrs["body"].func, [tensor.shape for tensor in op.outputs])
    same = _handed_on(body)
    result = [grad if index in same else None for index, grad in enumerate(grads)]
    variables = _variables(body, [index for index in given_positions(op, grads) if index not in same])
    if variables:
        constants = [index for index in sorted(same) if is_differentiable(body.inputs[index])]
        differentiated = DifferentiatedBody(differentiate, body, variables, [*variables, *constants])
        for index in variables:
            differentiated.fill(index, body.inputs[index].dtype)
        way = _WayThroughLoop(op, differentiated, variables)
        way.keep()
        found = placed(op.inputs, [*variables, *way.constants], way.back(grads))
        # The loop takes more than before.
        return [before if gradient is None else gradient for before, gradient in zip_longest(result, found)]
    return result


def _source(tensor: Tensor) -> Tensor:
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor


def _handed_on(body: FunctionBody) -> set[int]:
    """Return the positions of what is the same in all iterations."""
    pairs = enumerate(zip(body.inputs, body.outputs, strict=True))
    return {index for index, (before, after) in pairs if _source(after) is before}


def _variables(body: FunctionBody, given: Sequence[int]) -> list[int]:
    """Return the positions of the variables that get a gradient, in the last iteration or in an earlier one."""
    positions = {tensor.op: index for index, tensor in enumerate(body.inputs)}
    same, found, seen = _handed_on(body), set(given), set[Operation]()
    queue = [body.outputs[index].op for index in given]
    while queue:
        op = queue.pop()
        if op in seen:
            continue
        seen.add(op)
        queue.extend(tensor.op for tensor in op.inputs if is_differentiable(tensor))
        index = positions.get(op)
        if index is not None and index not in same and is_differentiable(body.inputs[index]):
            found.add(index)
            queue.append(body.outputs[index].op)
    return sorted(found)


class _WayThroughLoop:
    """The way forward through a loop, and the way back.

    Args:
        op: The loop.
        body: What one iteration does, with its gradients.
        variables: Positions of the loop's variables that have a gradient.

    Attributes:
        constants: Positions of what is the same in all iterations and has a gradient.
    """

    def __init__(self, op: Operation, body: DifferentiatedBody, variables: Sequence[int]) -> None:
        self._op, self._body, self._variables = op, body, variables
        self._first = len(op.outputs)
        self._names = {kind: op.attrs[kind].func.name for kind in ("cond", "body")}
        self.constants = [index for index in body.gradients if index not in variables]
        self._forward = body.forward()
        self._back = body.back(self._forward)
        same, positions = _handed_on(body.body), body.arguments
        needed = body.needed(self._back)
        self._arguments = [positions[tensor] for tensor in needed if positions.get(tensor) in same]
        self._needed = [tensor for tensor in needed if positions.get(tensor) not in same]

    def keep(self) -> None:
        """Let the loop count its iterations, and keep what the way back takes of each."""
        op = self._op
        with op.graph.control_dependencies(None), op.graph.in_flow_context(op.flow_context):
            empty = [output("EmptyTensorList", -1, -1, element_dtype=tensor.dtype) for tensor in self._needed]
            begin = [constant(0, INT32), *empty]
        shapes = [tensor.shape for tensor in op.outputs]
        condition = library_body(op.graph, op.attrs["cond"].func, shapes)
        functions = {"cond": self._wider_condition(condition, begin), "body": self._keeping_body(begin)}
        for kind, function in functions.items():
            op.set_attr(kind, attr_value(add_function(op.graph, function), "func"))
        op.add_inputs(begin)
        op.set_attr("T", attr_value([tensor.dtype for tensor in op.inputs], "list(type)"))
        give_more(op, begin)

    def _wider_condition(self, condition: FunctionBody, begin: Sequence[Tensor]) -> FunctionDef:
        inputs = [*condition.inputs, *_placeholders(condition.graph, begin)]
        outside = {tensor.op for tensor in inputs}
        own = [op for op in condition.graph.get_operations() if op not in outside]
        return export_function(f"{self._names['cond']}_rewritten", inputs, condition.outputs, own, condition.effects)

    def _keeping_body(self, begin: Sequence[Tensor]) -> FunctionDef:
        body = self._body.body
        count, *lists = _placeholders(body.graph, begin)
        with body.graph.as_default():
            kept = [count + 1]
            kept += [output("TensorListPushBack", *pair) for pair in zip(lists, self._needed, strict=True)]
        outputs = [*body.outputs, *kept]
        own = self._forward | _new([kept[0].op.inputs[1], *kept])
        return export_function(
            f"{self._names['body']}_rewritten", [*body.inputs, count, *lists], outputs, own, body.effects
        )

    def back(self, grads: Gradients) -> Sequence[Tensor]:
        """Add the loop back, and return the gradients of the variables, then those of the constants."""
        op, first = self._op, self._first
        inputs = [op.outputs[first]]
        inputs += [self._start(op.outputs, grads, index) for index in self._variables]
        inputs += [self._start(op.inputs, grads, index) for index in self.constants]
        inputs += [op.inputs[index] for index in self._arguments]
        inputs += op.outputs[first + 1 :]
        step = self._export_back(inputs)
        go_on = add_function(op.graph, _while_some_are_left(f"gradients_{self._names['cond']}_grad", inputs))
        results = apply(
            op.type,
            inputs,
            cond=go_on,
            body=add_function(op.graph, step),
            output_shapes=self._shapes(),
            parallel_iterations=op.attrs["parallel_iterations"].i or None,
            **lowering(op),
        )
        found: Sequence[Tensor] = results[1 : 1 + len(self._variables) + len(self.constants)]
        return found

    def _start(self, tensors: Sequence[Tensor], grads: Gradients, index: int) -> Tensor:
        """Return the gradient that reached an output of the loop, or zeros."""
        gradient = grads[index]
        if gradient is None:
            return zeros_at(tensors[index], self._body.gradients[index].dtype)
        return dense(gradient)

    def _shapes(self) -> list[TensorShape]:
        op, scalar = self._op, TensorShape([])
        constants = [op.inputs[index] for index in self.constants]
        return [
            scalar,
            *(op.outputs[index].shape for index in self._variables),
            *(TensorShape(None) if tensor.dtype is RESOURCE else tensor.shape for tensor in constants),
            *(op.inputs[index].shape for index in self._arguments),
            *[scalar] * len(self._needed),
        ]

    def _export_back(self, like: Sequence[Tensor]) -> FunctionDef:
        body = self._body
        found = [body.gradients[index] for index in self._variables]
        added = [body.gradients[index] for index in self.constants]
        with body.body.graph.as_default():
            left = placeholder(INT32, (), name="left")
            sums = [placeholder(tensor.dtype, None, name="sum") for tensor in added]
            lists = [placeholder(tensor.dtype, (), name="kept") for tensor in like[len(like) - len(self._needed) :]]
            fewer = left - 1
            totals = [add_n(pair) for pair in zip(sums, added, strict=True)]
            popped = [
                apply("TensorListPopBack", kept, -1, element_dtype=tensor.dtype)
                for kept, tensor in zip(lists, self._needed, strict=True)
            ]
        arguments = [body.body.inputs[index] for index in self._arguments]
        self._back |= _new([fewer, *totals, *(rest for rest, _ in popped)])
        return body.export_back(
            f"gradients_{self._names['body']}_grad",
            self._back,
            replaced={tensor: value for tensor, (_, value) in zip(self._needed, popped, strict=True)},
            inputs=[left, *body.seeds, *sums, *arguments, *lists],
            outputs=[fewer, *found, *totals, *arguments, *(rest for rest, _ in popped)],
        )


def _new(tensors: Iterable[Tensor]) -> set[Operation]:
    return {tensor.op for tensor in tensors}


def _placeholders(graph: Graph, like: Sequence[Tensor]) -> list[Tensor]:
    with graph.as_default():
        return [placeholder(tensor.dtype, None, name="kept") for tensor in like]


def _while_some_are_left(name: str, like: Sequence[Tensor]) -> FunctionDef:
    graph = Graph()
    arguments = _placeholders(graph, like)
    with graph.as_default():
        some_left = arguments[0] > 0
    own = _new([some_left, some_left.op.inputs[1]])
    return export_function(name, arguments, [some_left], own)


RULES: Mapping[str, Callable[..., Gradients]] = {"While": _through_loop, "StatelessWhile": _through_loop}
"""Called as ``rule(differentiate, op, *gradients)``; a gradient is None for an output that has none."""
