"""Ops of conditionals: what a run computes depends on values of the run.

A Switch gives its input to one of its two outputs; the other one is dead. An operation with a dead input, or one that
waits for a dead operation, is dead itself and isn't computed. A Merge passes on the input that isn't dead.

Format: tensorflow/core/kernels/control_flow_ops.cc, core/ops/control_flow_ops.cc, core/common_runtime/executor.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.sharing import only_if

__all__ = ["DEAD", "MERGES", "ROWS", "SWITCHES", "is_dead"]


class _Dead:
    """What the outputs of an operation hold that isn't computed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<dead>"


DEAD = _Dead()

SWITCHES = frozenset({"Switch", "RefSwitch"})
"""Ops that have a dead output."""

MERGES = frozenset({"Merge", "RefMerge"})
"""Ops that pass on the input that isn't dead."""


def is_dead(op_type: str, inputs: Sequence[object]) -> bool:
    """Tell whether an operation with these inputs is dead, given that it waits for no dead one."""
    if op_type in MERGES:
        return all(item is DEAD for item in inputs)
    return any(item is DEAD for item in inputs)


def _switch_shape(ctx: ShapeContext) -> list[Shape]:
    return [ctx.shape(0), ctx.shape(0)]


def _switch(_ctx: KernelContext, data: Array, pred: Array) -> tuple[object, object]:
    if np.ndim(pred):
        raise InvalidArgumentError(
            f"The second input must be a scalar, but it has shape {format_shape(np.shape(pred))}"
        )
    return (DEAD, data) if pred else (data, DEAD)


def _merge_shape(ctx: ShapeContext) -> list[Shape]:
    shapes = [ctx.shape(index) for index in range(ctx.attr("N"))]
    ranks = {None if shape is None else len(shape) for shape in shapes}
    if None in ranks or len(ranks) > 1:
        return [None, ()]
    return [tuple(_common(sizes) for sizes in zip(*(shape or () for shape in shapes), strict=True)), ()]


def _common(sizes: tuple[int | None, ...]) -> int | None:
    return sizes[0] if len(set(sizes)) == 1 else None


def _merge(_ctx: KernelContext, *inputs: Array) -> tuple[Array, Array]:
    index = _alive(*inputs)
    return inputs[index], np.array(index, np.int32)


def _alive(*inputs: Array) -> int:
    return next(index for index, item in enumerate(inputs) if item is not DEAD)


T = types("T")

ROWS: tuple[Op, ...] = (
    Op(
        "Switch",
        "data: T, pred: bool -> output_false: T, output_true: T",
        (T,),
        _switch_shape,
        _switch,
        sharing=only_if(lambda *_: True),
    ),
    Op(
        "RefSwitch",
        "data: Ref(T), pred: bool -> output_false: Ref(T), output_true: Ref(T)",
        (T,),
        _switch_shape,
        _switch,
        allows_uninitialized_input=True,
    ),
    Op(
        "Merge",
        "inputs: N * T -> output: T, value_index: int32",
        (T, Attr("N", "int", minimum=1)),
        _merge_shape,
        _merge,
        sharing=lambda _, *inputs: (_alive(*inputs),),
    ),
    Op(
        "RefMerge",
        "inputs: N * Ref(T) -> output: Ref(T), value_index: int32",
        (T, Attr("N", "int", minimum=1)),
        _merge_shape,
        _merge,
    ),
)
