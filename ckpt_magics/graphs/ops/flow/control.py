"""Ops that pass values on, order others, or check and report while a graph runs."""

from __future__ import annotations

import logging

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import like_input, no_outputs
from ckpt_magics.graphs.ops.sharing import each_input, first_input

__all__ = ["ROWS"]

LOG = logging.getLogger(__name__)


def _given(_ctx: KernelContext, value: Array) -> Array:
    return value


def _all_given(_ctx: KernelContext, *values: Array) -> tuple[Array, ...]:
    return values


def _nothing(_ctx: KernelContext) -> None:
    return None


def _all_inputs(ctx: ShapeContext) -> list[Shape]:
    return [ctx.shape(index) for index in range(len(ctx.attr("T")))]


def _summary(value: Array, limit: int) -> str:
    """Return the first elements of a tensor as text; a negative limit means all."""
    flat = np.asarray(value).reshape(-1)
    shown = flat if limit < 0 else flat[:limit]
    texts = [visible(item) if isinstance(item, bytes) else str(item) for item in shown]
    return f"[{' '.join(texts)}{'...' if len(shown) < len(flat) else ''}]"


def _assert(ctx: KernelContext, condition: Array, *data: Array) -> None:
    if not condition:
        texts = "".join(f" {_summary(value, ctx.attr('summarize'))}" for value in data)
        raise InvalidArgumentError(f"assertion failed:{texts}")


def _print(ctx: KernelContext, value: Array, *data: Array) -> Array:
    texts = "".join(_summary(item, ctx.attr("summarize")) for item in data)
    LOG.warning("%s%s", visible(ctx.attr("message")), texts)
    return value


PASS = (types("T"),)

ROWS: tuple[Op, ...] = (
    Op("Identity", "input: T -> output: T", PASS, like_input(), _given, sharing=first_input),
    Op(
        "IdentityN",
        "input: list(T) -> output: list(T)",
        (Attr("T", "list(type)", minimum=1),),
        _all_inputs,
        _all_given,
        sharing=each_input,
    ),
    Op("Snapshot", "input: T -> output: T", PASS, like_input(), _given),
    Op("StopGradient", "input: T -> output: T", PASS, like_input(), _given, sharing=first_input),
    Op(
        "PreventGradient",
        "input: T -> output: T",
        (*PASS, Attr("message", "string", b"")),
        like_input(),
        _given,
        sharing=first_input,
    ),
    Op("NoOp", "->", (), no_outputs, _nothing),
    Op("ControlTrigger", "->", (), no_outputs, _nothing),
    Op(
        "Assert",
        "condition: bool, data: list(T) ->",
        (Attr("T", "list(type)", minimum=1), Attr("summarize", "int", 3)),
        no_outputs,
        _assert,
        is_stateful=True,
    ),
    Op(
        "Print",
        "input: T, data: list(U) -> output: T",
        (
            types("T"),
            Attr("U", "list(type)", minimum=0),
            Attr("message", "string", b""),
            Attr("first_n", "int", -1),
            Attr("summarize", "int", 3),
        ),
        like_input(),
        _print,
        sharing=first_input,
        is_stateful=True,
    ),
)
