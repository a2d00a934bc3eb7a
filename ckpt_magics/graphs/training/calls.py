"""Gradients of ops that call functions of the graph's library: conditionals of TensorFlow 2, and plain calls.

The gradient is another call, of functions that are the gradients of those that were called. What they need of the way
forward becomes further outputs of the operation, which from then on calls functions that give them. Only one branch of
a conditional has run: each gives what its gradient needs as one optional value, and none for the others.

Follows tensorflow/python/ops/cond_v2.py, _IfGrad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import RESOURCE, VARIANT
from ckpt_magics.graphs.graph.attributes import attr_value
from ckpt_magics.graphs.graph.function_export import export_function
from ckpt_magics.graphs.graph.node import Operation, OutputType, Tensor
from ckpt_magics.graphs.nodes.build import apply, output, placeholder
from ckpt_magics.graphs.session.function_body import called_functions, library_body
from ckpt_magics.graphs.training.differentiated_body import Differentiate, DifferentiatedBody, add_function
from ckpt_magics.graphs.training.rule import Gradient, Gradients, dense, is_differentiable
from ckpt_magics.proto.messages import AttrValue, FunctionDef, NameAttrList

__all__ = ["RULES", "Branch", "give_more", "given_positions", "lowering", "placed"]

FUNCTIONS = {
    "If": ("then_branch", "else_branch"),
    "StatelessIf": ("then_branch", "else_branch"),
    "Case": ("branches",),
    "StatelessCase": ("branches",),
    "PartitionedCall": ("f",),
    "StatefulPartitionedCall": ("f",),
}
"""The attributes that name the functions of each op."""

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
"""Ops of which all inputs are arguments; the first one of the others tells what to call."""


def given_positions(op: Operation, grads: Gradients) -> list[int]:
    """Return the positions of the outputs with a gradient that can change by little."""
    pairs = enumerate(zip(op.outputs, grads, strict=True))
    return [
        index
        for index, (tensor, grad) in pairs
        if grad is not None and is_differentiable(tensor) and tensor.dtype is not RESOURCE
    ]


def give_more(op: Operation, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Let a call give tensors of its function besides what it gives, and return the new outputs."""
    added = op.add_outputs(OutputType(tensor.dtype) for tensor in tensors)
    for result, tensor in zip(added, tensors, strict=True):
        result.set_shape(tensor.shape)
    if "Tout" in op.attrs:
        op.set_attr("Tout", attr_value([item.dtype for item in op.outputs], "list(type)"))
    if "output_shapes" in op.attrs:
        op.set_attr("output_shapes", attr_value([item.shape for item in op.outputs], "list(shape)"))
    return added


def lowering(op: Operation) -> dict[str, Any]:
    """Return the attribute by which TensorFlow runs a call as Switches and Merges, if the operation has it."""
    name = "_lower_using_switch_merge"
    return {name: op.attrs[name]} if name in op.attrs else {}


def placed(tensors: Sequence[Tensor], positions: Sequence[int], found: Sequence[Tensor]) -> list[Any]:
    """Return one gradient per input, None for those at no position."""
    result: list[Gradient | None] = [None] * len(tensors)
    for position, gradient in zip(positions, found, strict=True):
        result[position] = gradient
        if tensors[position].dtype is not RESOURCE:
            gradient.set_shape(tensors[position].shape)
    return result


class Branch:
    """One of the functions that an operation calls, with its gradients.

    Attributes:
        body: The function with its gradients.
        needed: What the way back takes of the way forward, besides constants and arguments.
        arguments: Positions of the arguments that the way back takes.
    """

    def __init__(self, name: str, body: DifferentiatedBody) -> None:
        self.name, self.body = name, body
        self.forward = body.forward()
        self.back = body.back(self.forward)
        positions = body.arguments
        taken = body.needed(self.back)
        self.needed = [tensor for tensor in taken if tensor not in positions]
        self.arguments = {positions[tensor] for tensor in taken if tensor in positions}

    def keep(self, keeping: Sequence[Branch]) -> list[Tensor]:
        """Add the optional values that the function forward gives, one for each branch that has something to keep."""
        with self.body.body.graph.as_default():
            kept = [
                output("OptionalFromValue", self.needed) if branch is self else output("OptionalNone")
                for branch in keeping
            ]
        self.forward.update(tensor.op for tensor in kept)
        return kept

    def export_forward(self, kept: Sequence[Tensor]) -> FunctionDef:
        """Return the function that gives what the branch gives, and what it keeps."""
        body = self.body.body
        return export_function(
            f"{self.name}_rewritten", body.inputs, [*body.outputs, *kept], self.forward, body.effects
        )

    def export_back(self, keeping: Sequence[Branch], arguments: Sequence[int], results: Sequence[int]) -> FunctionDef:
        """Return the function of gradients, arguments and optional values that gives the gradients of the arguments."""
        body, replaced = self.body, {}
        with body.body.graph.as_default():
            optionals = [placeholder(VARIANT, (), name="kept") for _ in keeping]
            if self.needed:
                types, shapes = [item.dtype for item in self.needed], [item.shape for item in self.needed]
                kept = optionals[keeping.index(self)]
                values = apply("OptionalGetValue", kept, output_types=types, output_shapes=shapes)
                replaced = dict(zip(self.needed, values, strict=True))
                self.back.add(values[0].op)
        inputs = [*body.seeds, *(body.body.inputs[index] for index in arguments), *optionals]
        outputs = [body.gradients[index] for index in results]
        name = f"gradients_{self.name}_grad"
        return body.export_back(name, self.back, replaced=replaced, inputs=inputs, outputs=outputs)


def _through_functions(differentiate: Differentiate, op: Operation, *grads: Gradient | None) -> Gradients:
    values = op.inputs if op.type in CALLS else op.inputs[1:]
    selector = op.inputs[: len(op.inputs) - len(values)]
    given = given_positions(op, grads)
    bodies = _bodies(differentiate, op, values, given)
    found = {index: gradient.dtype for body in bodies for index, gradient in sorted(body.gradients.items())}
    if not found:
        return [None] * len(op.inputs)
    for body in bodies:
        for index, dtype in found.items():
            body.fill(index, dtype)
    names = [function.name for function in _functions(op)]
    branches = [Branch(name, body) for name, body in zip(names, bodies, strict=True)]
    keeping = [branch for branch in branches if branch.needed]
    arguments = sorted({index for branch in branches for index in branch.arguments})
    optionals = _rewrite(op, branches, keeping)
    backs = [add_function(op.graph, branch.export_back(keeping, arguments, sorted(found))) for branch in branches]
    seeds = [dense(grad) for index in given if (grad := grads[index]) is not None]
    inputs = [*seeds, *(values[index] for index in arguments), *optionals]
    results = _call(op, selector, inputs, backs, [bodies[0].gradients[index] for index in sorted(found)])
    return [*[None] * len(selector), *placed(values, sorted(found), results)]


def _functions(op: Operation) -> list[NameAttrList]:
    return list(called_functions({name: op.attrs[name] for name in FUNCTIONS[op.type]}))


def _bodies(
    differentiate: Differentiate, op: Operation, values: Sequence[Tensor], given: Sequence[int]
) -> list[DifferentiatedBody]:
    wanted = [index for index, tensor in enumerate(values) if is_differentiable(tensor)]
    shapes = [tensor.shape for tensor in values]
    return [
        DifferentiatedBody(differentiate, library_body(op.graph, function, shapes), given, wanted)
        for function in _functions(op)
    ]


def _function_attrs(op: Operation, functions: Sequence[NameAttrList]) -> dict[str, AttrValue]:
    names = FUNCTIONS[op.type]
    if names == ("branches",):
        return {"branches": attr_value(functions, "list(func)")}
    return {name: attr_value(function, "func") for name, function in zip(names, functions, strict=True)}


def _rewrite(op: Operation, branches: Sequence[Branch], keeping: Sequence[Branch]) -> list[Tensor]:
    """Let the operation call functions that give what the ways back take, and return what it gives besides."""
    if not keeping:
        return []
    kept = [branch.keep(keeping) for branch in branches]
    functions = [
        add_function(op.graph, branch.export_forward(items)) for branch, items in zip(branches, kept, strict=True)
    ]
    for name, value in _function_attrs(op, functions).items():
        op.set_attr(name, value)
    return give_more(op, kept[0])


def _call(
    op: Operation,
    selector: Sequence[Tensor],
    inputs: Sequence[Tensor],
    functions: Sequence[NameAttrList],
    like: Sequence[Tensor],
) -> Sequence[Tensor]:
    attrs: dict[str, Any] = _function_attrs(op, functions)
    attrs["Tout"] = [tensor.dtype for tensor in like]
    results: Sequence[Tensor] = apply(op.type, *selector, inputs, **attrs, **lowering(op))
    return results


RULES: Mapping[str, Callable[..., Gradients]] = dict.fromkeys(FUNCTIONS, _through_functions)
"""Called as ``rule(differentiate, op, *gradients)``; a gradient is None for an output that has none."""
