"""What ops keep in their session between runs, under names: tables, queues, readers, iterators."""

from __future__ import annotations

from collections.abc import Callable

from ckpt_magics.graphs.ops.row import Attr, KernelContext

__all__ = ["HOLDER_ATTRS", "held"]

HOLDER_ATTRS = (Attr("container", "string", b""), Attr("shared_name", "string", b""))


def held(ctx: KernelContext, kind: str, make: Callable[[str], object]) -> object:
    """Return what a session keeps under an operation's shared name, or else under its own.

    Args:
        ctx: The operation and its session.
        kind: What it is; things of different kinds may have one name.
        make: Makes it, given its name, where there is none yet.
    """
    name = ctx.attr("shared_name").decode() or ctx.node_name
    return ctx.variables.resource((kind, ctx.attr("container").decode(), name), lambda: make(name))
