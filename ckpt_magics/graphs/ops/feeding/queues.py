"""Ops of queues, between the threads that prepare the input of a training and the training.

A queue lives as long as its session, under its shared name or its node's.

Format: tensorflow/core/kernels/queue_ops.cc, core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.feeding.dataset_values import Element, rows_of
from ckpt_magics.graphs.ops.feeding.queue_states import QueueState
from ckpt_magics.graphs.ops.holders import HOLDER_ATTRS, held
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, shape_from_proto
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, ShapeRule, flag
from ckpt_magics.graphs.ops.shape_rules import no_outputs, reference, scalar
from ckpt_magics.graphs.ops.values.sampling import SEEDS

__all__ = ["ROWS", "as_queue"]

Make = Callable[[KernelContext, str], QueueState]


def as_queue(handle: object) -> QueueState:
    """Return the queue of a handle.

    Raises:
        InvalidArgumentError: It is none of a queue.
    """
    if not isinstance(handle, QueueState):
        raise InvalidArgumentError("the handle is none of a queue")
    return handle


def _maker(make: Make) -> Kernel:
    def kernel(ctx: KernelContext) -> QueueState:
        return as_queue(held(ctx, "queue", lambda name: make(ctx, name)))

    return kernel


def _shapes(ctx: KernelContext) -> list[Shape]:
    return [shape_from_proto(shape) for shape in ctx.attr("shapes")]


def _fifo(ctx: KernelContext, name: str) -> QueueState:
    return QueueState(name, ctx.attr("component_types"), _shapes(ctx), ctx.attr("capacity"))


def _padding(ctx: KernelContext, name: str) -> QueueState:
    return QueueState(name, ctx.attr("component_types"), _shapes(ctx), ctx.attr("capacity"), pads=True)


def _shuffling(ctx: KernelContext, name: str) -> QueueState:
    kept = ctx.attr("min_after_dequeue")
    return QueueState(name, ctx.attr("component_types"), _shapes(ctx), ctx.attr("capacity"), ctx.random, kept)


def _put(_ctx: KernelContext, handle: object, *components: Array) -> None:
    as_queue(handle).put([components])


def _put_many(_ctx: KernelContext, handle: object, *components: Array) -> None:
    sizes = {np.shape(component)[:1] for component in components}
    if len(sizes) != 1 or sizes == {()}:
        raise InvalidArgumentError("All input tensors must have the same size in the 0th dimension.")
    as_queue(handle).put(zip(*map(rows_of, components), strict=True))


def _take(ctx: KernelContext, handle: object) -> Element:
    return _checked(ctx, handle).take()


def _take_many(ctx: KernelContext, handle: object, count: Array) -> Element:
    return _checked(ctx, handle).take_many(int(count))


def _take_up_to(ctx: KernelContext, handle: object, count: Array) -> Element:
    return _checked(ctx, handle).take_many(int(count), or_fewer=True)


def _checked(ctx: KernelContext, handle: object) -> QueueState:
    queue = as_queue(handle)
    if list(queue.dtypes) != list(ctx.output_dtypes):
        raise InvalidArgumentError(
            f"Queue has component types {[dtype.c_name for dtype in queue.dtypes]}, and "
            f"{[dtype.c_name for dtype in ctx.output_dtypes]} are wanted"
        )
    return queue


def _close(ctx: KernelContext, handle: object) -> None:
    as_queue(handle).close(ctx.attr("cancel_pending_enqueues"))


def _is_closed(_ctx: KernelContext, handle: object) -> Array:
    return np.bool_(as_queue(handle).is_closed)


def _size(_ctx: KernelContext, handle: object) -> Array:
    return np.int32(len(as_queue(handle)))


def _unknown_components(ctx: ShapeContext) -> list[Shape]:
    return [None] * len(ctx.attr("component_types"))


COMPONENTS = Attr("component_types", "list(type)", minimum=1)
TAKEN = (COMPONENTS, Attr("timeout_ms", "int", -1))
GIVEN = (Attr("Tcomponents", "list(type)", minimum=1), Attr("timeout_ms", "int", -1))
HELD = (COMPONENTS, Attr("shapes", "list(shape)", (), minimum=0), Attr("capacity", "int", -1))
KEPT = (Attr("min_after_dequeue", "int", 0), *SEEDS)


def _rows(version: str, kind: str, handle_shape: ShapeRule, *, is_stateful: bool) -> tuple[Op, ...]:
    """Return the rows for one kind of handle."""
    handle = f"handle: {kind}"

    def made(name: str, attrs: tuple[Attr, ...], make: Make) -> Op:
        return Op(f"{name}{version}", f"-> {handle}", attrs, handle_shape, _maker(make), is_stateful=True)

    def using(name: str, signature: str, attrs: tuple[Attr, ...], rule: ShapeRule, kernel: Kernel) -> Op:
        return Op(f"Queue{name}{version}", f"{handle}{signature}", attrs, rule, kernel, is_stateful=is_stateful)

    out = "-> components: list(component_types)"
    return (
        made("FIFOQueue", (*HELD, *HOLDER_ATTRS), _fifo),
        made("PaddingFIFOQueue", (*HELD, *HOLDER_ATTRS), _padding),
        made("RandomShuffleQueue", (*HELD, *KEPT, *HOLDER_ATTRS), _shuffling),
        using("Enqueue", ", components: list(Tcomponents) ->", GIVEN, no_outputs, _put),
        using("EnqueueMany", ", components: list(Tcomponents) ->", GIVEN, no_outputs, _put_many),
        using("Dequeue", f" {out}", TAKEN, _unknown_components, _take),
        using("DequeueMany", f", n: int32 {out}", TAKEN, _unknown_components, _take_many),
        using("DequeueUpTo", f", n: int32 {out}", TAKEN, _unknown_components, _take_up_to),
        using("Close", " ->", (flag("cancel_pending_enqueues"),), no_outputs, _close),
        using("Size", " -> size: int32", (), scalar, _size),
        using("IsClosed", " -> is_closed: bool", (), scalar, _is_closed),
    )


ROWS: tuple[Op, ...] = (
    *_rows("", "Ref(string)", reference, is_stateful=False),
    *_rows("V2", "resource", scalar, is_stateful=True),
)
