"""Ops of stacks, in which a loop keeps what the gradient of each of its iterations needs.

Format: tensorflow/core/kernels/stack.cc, core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, no_outputs, reference, unknown

__all__ = ["ROWS"]


class StackState:
    """One stack of tensors.

    Args:
        dtype: Type of every element.
        limit: How many it can have; negative for any number.
    """

    def __init__(self, dtype: DType, limit: int) -> None:
        self.dtype = dtype
        self.limit = limit
        self.elements: list[Array] = []


def _stack(handle: object, dtype: DType) -> StackState:
    if not isinstance(handle, StackState):
        raise InvalidArgumentError("the handle is none of a Stack")
    if handle.dtype != dtype:
        raise InvalidArgumentError(f"Must have type {handle.dtype.c_name} but got {dtype.c_name}")
    return handle


def _make(ctx: KernelContext, limit: int = -1) -> StackState:
    return StackState(ctx.attr("elem_type"), int(limit))


def _push(ctx: KernelContext, handle: object, value: Array) -> Array:
    stack = _stack(handle, ctx.attr("T"))
    if 0 <= stack.limit <= len(stack.elements):
        raise InvalidArgumentError(f"Stack overflowed when its max_size is {stack.limit}")
    stack.elements.append(value)
    return value


def _pop(ctx: KernelContext, handle: object) -> Array:
    stack = _stack(handle, ctx.attr("elem_type"))
    if not stack.elements:
        raise InvalidArgumentError("Stack is empty when calling Pop()")
    return stack.elements.pop()


def _close(_ctx: KernelContext, handle: object) -> None:
    if isinstance(handle, StackState):
        handle.elements.clear()


ELEMENT, NAME = types("elem_type"), Attr("stack_name", "string", b"")
PUSHED = (types("T"), flag("swap_memory"))

ROWS: tuple[Op, ...] = (
    Op("Stack", "-> handle: Ref(string)", (ELEMENT, NAME), reference, _make, is_stateful=True),
    Op("StackV2", "max_size: int32 -> handle: resource", (ELEMENT, NAME), reference, _make, is_stateful=True),
    Op("StackPush", "handle: Ref(string), elem: T -> output: T", PUSHED, like_input(1), _push),
    Op("StackPushV2", "handle: resource, elem: T -> output: T", PUSHED, like_input(1), _push, is_stateful=True),
    Op("StackPop", "handle: Ref(string) -> elem: elem_type", (ELEMENT,), unknown, _pop),
    Op("StackPopV2", "handle: resource -> elem: elem_type", (ELEMENT,), unknown, _pop, is_stateful=True),
    Op("StackClose", "handle: Ref(string) ->", (), no_outputs, _close),
    Op("StackCloseV2", "handle: resource ->", (), no_outputs, _close, is_stateful=True),
)
