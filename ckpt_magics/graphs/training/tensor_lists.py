"""Gradients of ops of lists of tensors: the gradient of a list is a list, with the gradients of its elements.

Format: tensorflow/python/ops/list_ops.py.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import concat, part, shape, zeros_like
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.training.rule import Gradients, Rule, dense, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _element_shape(items: Tensor) -> Tensor:
    return output("TensorListElementShape", items, shape_type=INT32)


def _rows(tensor: Tensor) -> Tensor:
    """Return the shape of the parts of a tensor along its first axis."""
    return part(shape(tensor), [1], [-1])


def _push_back(op: Operation, grad: Tensor) -> Gradients:
    attrs = given_attrs(op, "element_dtype")
    popped: Gradients = apply("TensorListPopBack", grad, shape(op.inputs[1]), **attrs)
    return popped


def _pop_back(_: Operation, items: Tensor, element: Tensor) -> Gradients:
    return [output("TensorListPushBack", items, dense(element)), None]


def _stack(_: Operation, grad: Tensor) -> Gradients:
    sizes = grad.shape[1:]
    known: object = constant(-1, INT32)
    if sizes.ndims is not None:
        known = constant([-1 if size is None else size for size in sizes.as_list()], INT32)
    return [output("TensorListFromTensor", dense(grad), known), None]


def _from_tensor(op: Operation, grad: Tensor) -> Gradients:
    tensor = op.inputs[0]
    first = tensor.shape.as_list()[0] if tensor.shape.ndims else None
    count = -1 if first is None else first
    stacked = output("TensorListStack", grad, _rows(tensor), element_dtype=tensor.dtype, num_elements=count)
    return [stacked, None]


def _concat(op: Operation, grad: Tensor, _: Tensor | None) -> Gradients:
    split = output("TensorListSplit", dense(grad), _element_shape(op.inputs[0]), op.outputs[1])
    return [split, *[None] * (len(op.inputs) - 1)]


def _split(op: Operation, grad: Tensor) -> Gradients:
    tensor, _, lengths = op.inputs
    sizes = concat([[-1], _rows(tensor)], axis=0)
    joined = apply("TensorListConcatV2", grad, sizes, lengths, element_dtype=tensor.dtype)
    return [joined[0], None, None]


def _get_item(op: Operation, grad: Tensor) -> Gradients:
    items, index = op.inputs[:2]
    length = output("TensorListLength", items)
    empty = output("TensorListReserve", _element_shape(items), length, element_dtype=grad.dtype)
    return [output("TensorListSetItem", empty, index, dense(grad)), None, None]


def _set_item(op: Operation, grad: Tensor) -> Gradients:
    items, index, item = op.inputs
    rest = output("TensorListSetItem", grad, index, zeros_like(item))
    element = output("TensorListGetItem", grad, index, shape(item), element_dtype=item.dtype)
    if op.attrs["resize_if_index_out_of_bounds"].b:
        rest = output("TensorListResize", rest, output("TensorListLength", items))
    return [rest, None, element]


def _resize(op: Operation, grad: Tensor) -> Gradients:
    return [output("TensorListResize", grad, output("TensorListLength", op.inputs[0])), None]


def _gather(op: Operation, grad: Tensor) -> Gradients:
    items, indices = op.inputs[:2]
    empty = output(
        "TensorListReserve", _element_shape(items), output("TensorListLength", items), element_dtype=grad.dtype
    )
    return [output("TensorListScatterIntoExistingList", empty, dense(grad), indices), None, None]


def _scatter(op: Operation, grad: Tensor) -> Gradients:
    tensor, indices = op.inputs[:2]
    gathered = output("TensorListGather", grad, indices, _rows(tensor), element_dtype=tensor.dtype)
    return [gathered, *[None] * (len(op.inputs) - 1)]


def _scatter_into(op: Operation, grad: Tensor) -> Gradients:
    _, tensor, indices = op.inputs
    gathered = output("TensorListGather", grad, indices, _rows(tensor), element_dtype=tensor.dtype)
    rest = output("TensorListScatterIntoExistingList", grad, zeros_like(tensor), indices)
    return [rest, gathered, None]


RULES: dict[str, Rule] = {
    "TensorListConcat": _concat,
    "TensorListConcatV2": _concat,
    "TensorListFromTensor": _from_tensor,
    "TensorListGather": _gather,
    "TensorListGetItem": _get_item,
    "TensorListPopBack": _pop_back,
    "TensorListPushBack": _push_back,
    "TensorListResize": _resize,
    "TensorListScatter": _scatter,
    "TensorListScatterIntoExistingList": _scatter_into,
    "TensorListScatterV2": _scatter,
    "TensorListSetItem": _set_item,
    "TensorListSplit": _split,
    "TensorListStack": _stack,
}

NO_GRADIENT = frozenset({"TensorListConcatLists", "TensorListElementShape", "TensorListLength"})
"""What is asked of lists; TensorFlow has no rule for joining them either."""
