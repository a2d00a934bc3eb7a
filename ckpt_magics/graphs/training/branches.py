"""Gradients of what leads into branches and loops, and out of branches.

Format: tensorflow/python/ops/control_flow_grad.py.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.flow import output_context
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.branch_context import CondContext
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, output
from ckpt_magics.graphs.nodes.loop_context import WhileContext
from ckpt_magics.graphs.nodes.mathematics import equal
from ckpt_magics.graphs.training.flow_slices import merged_gradients, switched_gradient, ways_of
from ckpt_magics.graphs.training.loop_gradient import loop_back
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]


def _switch(op: Operation, *grads: Gradient) -> Gradients:
    context = op.flow_context
    if isinstance(context, WhileContext):
        return [_loop_switch(op, *grads), None]
    if not isinstance(context, CondContext):
        ways = [ways_of(grad, op.inputs[1])[index] for index, grad in enumerate(grads)]
        return [merged_gradients(ways), None]
    if grads[1 - context.branch] is not None:
        return [merged_gradients(grads, "cond_grad"), None]
    if op.inputs[0].dtype is RESOURCE:
        return [merged_gradients([grads[context.branch]] * 2, "cond_resource_grad"), None]
    return [None, None]


def _loop_switch(op: Operation, last: Gradient | None, following: Gradient | None) -> Tensor | None:
    """Let the gradient from outside in; the second time, that of the iteration after takes its place."""
    loop = loop_back(op.graph)
    if loop is None:
        raise ValueError(
            f"'{op.name}' is in the loop that the gradients are asked for in: a loop's variables have gradients there "
            "by what is computed in one iteration, not by what they were before it."
        )
    merged = loop.merges.get(op)
    if merged is None and last is not None:
        entered = convert_to_tensor(last)
        loop.merges[op] = apply("Merge", [entered, entered], name="b_switch")[0]
        return loop.merges[op]
    if merged is not None and following is not None:
        merged.op.replace_input(1, output("NextIteration", dense(following)))
    return None


def _merge(op: Operation, grad: Gradient, _: Gradient | None) -> Gradients:
    context = output_context(op.inputs[0].op)
    loop = loop_back(op.graph)
    if isinstance(context, WhileContext):
        assert loop is not None  # noqa: S101 -- its Switch has refused already
        assert loop.context.pivot is not None  # noqa: S101 -- the loop is there
        return switched_gradient(grad, loop.context.pivot)
    if isinstance(context, CondContext):
        pred = context.pred if loop is None else loop.remembered_condition(context.pred)
        return switched_gradient(grad, pred, "cond_grad")
    chosen = [equal(op.outputs[1], index) for index in range(len(op.inputs))]
    return [switched_gradient(grad, pred)[1] for pred in chosen]


RULES: dict[str, Rule] = {"Merge": _merge, "RefMerge": _merge, "RefSwitch": _switch, "Switch": _switch}

NO_GRADIENT: frozenset[str] = frozenset()
