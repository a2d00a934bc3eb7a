"""Checks of ranks: while a graph is made where they are known, else while it runs.

Format: tensorflow/python/ops/check_ops.py, assert_rank and its like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import rank as rank_of
from ckpt_magics.graphs.nodes.arrays import stack
from ckpt_magics.graphs.nodes.assertions import assertion
from ckpt_magics.graphs.nodes.build import convert_to_tensor, identity, name_scope, no_op
from ckpt_magics.graphs.nodes.mathematics import equal, greater_equal
from ckpt_magics.graphs.nodes.reductions import reduce_any

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

__all__ = ["assert_rank", "assert_rank_at_least", "assert_rank_in", "assert_scalar"]

NO_SCALAR = "Rank must be a scalar."


@dataclass(frozen=True, slots=True)
class RankRule:
    """What a rank has to be.

    Attributes:
        words: How a message says it.
        known: Whether a rank fits some wanted ones.
        added: Adds that test to the graph.
    """

    words: str
    known: Callable[[int, Sequence[int]], bool]
    added: Callable[[Tensor, Sequence[Tensor]], Tensor]

    def check(
        self,
        name: str,
        x: object,
        wanted: Sequence[object],
        data: Sequence[object] | None,
        summarize: int | None,
        message: str | None,
    ) -> Operation:
        """Add the check, or refuse what is known already to have another rank.

        Raises:
            TypeError: A wanted rank is no int32.
            ValueError: A wanted rank is no scalar, or the tensor's rank is another.
        """
        with name_scope(name, None, [x, *wanted]):
            tensor = convert_to_tensor(x, name="x")
            ranks = [_wanted(each) for each in wanted]
            values = [constant_value(each) for each in ranks]
            said = f"{message or ''} {tensor.name} must have rank {self.words}".strip()
            if all(value is not None for value in values) and tensor.shape.ndims is not None:
                numbers = [int(value) for value in values if value is not None]
                if not self.known(tensor.shape.ndims, numbers):
                    listed = ", ".join(map(str, numbers))
                    raise ValueError(f"{said} {listed}. Received rank {tensor.shape.ndims}, shape {tensor.shape}")
                return no_op("static_checks_determined_all_ok")
            scalars = [_scalar_at_last(each) for each in ranks]
            own = rank_of(tensor)
            shown = list(data or ()) or [said, *scalars, "Received rank: ", own]
            return assertion(self.added(own, scalars), shown, summarize)


def _wanted(rank: object) -> Tensor:
    tensor = convert_to_tensor(rank, name="rank")
    if tensor.dtype != INT32:
        raise TypeError(f"{tensor.name}: a rank must be of type {INT32}, not {tensor.dtype}")
    if tensor.shape.ndims not in {None, 0}:
        raise ValueError(NO_SCALAR)
    return tensor


def _scalar_at_last(rank: Tensor) -> Tensor:
    """Return a wanted rank that stops the run if it turns out to be no scalar."""
    if rank.shape.ndims == 0:
        return rank
    check = assertion(equal(rank_of(rank), 0), [NO_SCALAR, " Received rank: ", rank])
    with get_default_graph().control_dependencies([check]):
        return identity(rank)


_EXACT = RankRule("", lambda rank, wanted: rank == wanted[0], lambda rank, wanted: equal(rank, wanted[0]))
_LEAST = RankRule(
    "at least", lambda rank, wanted: rank >= wanted[0], lambda rank, wanted: greater_equal(rank, wanted[0])
)
_AMONG = RankRule(
    "in", lambda rank, wanted: rank in wanted, lambda rank, wanted: reduce_any(equal(rank, stack(list(wanted))))
)


def assert_rank(
    x: object,
    rank: object,
    data: Sequence[object] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that a tensor has one rank.

    Args:
        x: The tensor.
        rank: The rank, a number or an int32 scalar.
        data: What a failed check shows.
        summarize: How many elements of each tensor it shows.
        message: What the message begins with.
        name: Scope of the nodes.

    Raises:
        TypeError: The wanted rank is no int32.
        ValueError: The wanted rank is no scalar, or the tensor's rank is known to be another.
    """
    return _EXACT.check(name or "assert_rank", x, [rank], data, summarize, message)


def assert_rank_at_least(
    x: object,
    rank: object,
    data: Sequence[object] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that a tensor has some rank or a higher one; see `assert_rank`."""
    return _LEAST.check(name or "assert_rank_at_least", x, [rank], data, summarize, message)


def assert_rank_in(
    x: object,
    ranks: Sequence[object],
    data: Sequence[object] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that a tensor has one of several ranks; see `assert_rank`."""
    return _AMONG.check(name or "assert_rank_in", x, ranks, data, summarize, message)


def assert_scalar(tensor: object, name: str | None = None, message: str | None = None) -> Tensor:
    """Return a tensor that is known to be a scalar.

    Raises:
        ValueError: It is none, or its shape is not known.
    """
    with name_scope(name, "assert_scalar", [tensor]):
        made = convert_to_tensor(tensor)
        if made.shape.ndims != 0:
            raise ValueError(f"{message or ''} Expected scalar shape for {made.name}, saw shape: {made.shape}.".strip())
        return made
