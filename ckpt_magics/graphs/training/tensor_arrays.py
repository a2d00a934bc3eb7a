"""Gradients of what is written into arrays of tensors, and read from them: they lie in an array of their own.

Format: tensorflow/python/ops/tensor_array_grad.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import identity
from ckpt_magics.graphs.nodes.tensor_arrays import TensorArray
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]


def _array(op: Operation, attr: str, flow: Tensor, gradient: Tensor) -> TensorArray:
    """Return the array of the gradients.

    Args:
        op: What reads or writes.
        attr: Its attribute that has the type of the tensors.
        flow: After what the array of the tensors has its size.
        gradient: What tells this call of `gradients` from others, by its name.
    """
    dtype = op.get_attr(attr)
    array = TensorArray(dtype, handle=op.inputs[0], flow=flow, colocate_with_first_write_call=False)
    return array.grad(_source(gradient))


def _source(gradient: Tensor) -> str:
    """Return the scope of the call of `gradients` that a tensor was made in."""
    parts = gradient.name.split("/")
    last = max((index for index, part in enumerate(parts) if part.startswith("gradients")), default=None)
    if last is None:
        raise ValueError(
            f"{gradient.name} is in no scope that begins with 'gradients', which the gradients of arrays are told by; "
            "let the `name` of tf.gradients begin so."
        )
    return "/".join(parts[: last + 1])


def _read(put: Callable[[TensorArray, Operation, Tensor], TensorArray], flow: int) -> Rule:
    """Return the rule of an op that reads: its gradient is put into the array."""

    def rule(op: Operation, grad: Gradient, *_: Gradient | None) -> Gradients:
        array = put(_array(op, "dtype", op.inputs[flow], dense(grad)), op, dense(grad))
        return [*[None] * flow, array.flow]

    return rule


def _written(take: Callable[[TensorArray, Operation], Tensor], value: int) -> Rule:
    """Return the rule of an op that writes: the gradient is taken from the array, once everything is written."""

    def rule(op: Operation, flow: Tensor) -> Gradients:
        done = identity(op.outputs[0], "flow_out")
        with op.graph.control_dependencies([done]):
            barrier = identity(flow, "write_barrier")
        backs: list[Gradient | None] = [None] * len(op.inputs)
        backs[value], backs[-1] = take(_array(op, "T", barrier, flow), op), barrier
        return backs

    return rule


_RULES = {
    "TensorArrayConcat": _read(lambda array, op, grad: array.split(grad, op.outputs[1]), 1),
    "TensorArrayGather": _read(lambda array, op, grad: array.scatter(op.inputs[1], grad), 2),
    "TensorArrayRead": _read(lambda array, op, grad: array.write(op.inputs[1], grad), 2),
    "TensorArrayScatter": _written(lambda array, op: array.gather(op.inputs[1]), 2),
    "TensorArraySplit": _written(lambda array, _: array.concat(), 1),
    "TensorArrayWrite": _written(lambda array, op: array.read(op.inputs[1]), 2),
}

RULES: dict[str, Rule] = {f"{name}{version}": rule for name, rule in _RULES.items() for version in ("", "V2", "V3")}

NO_GRADIENT = frozenset({
    "TensorArray", "TensorArrayClose", "TensorArrayCloseV2", "TensorArrayCloseV3", "TensorArrayGrad",
    "TensorArrayGradV2", "TensorArrayGradV3", "TensorArrayGradWithShape", "TensorArraySize", "TensorArraySizeV2",
    "TensorArraySizeV3", "TensorArrayV2", "TensorArrayV3",
})  # fmt: skip
