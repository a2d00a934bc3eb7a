"""Checks of sizes that several tensors share: while a graph is made where they are known, else while it runs.

Format: tensorflow/python/ops/check_ops.py, assert_shapes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.dimension import Dimension
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import group, shape
from ckpt_magics.graphs.nodes.assertions import assertion
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.mathematics import equal
from ckpt_magics.graphs.nodes.rank_assertions import assert_rank, assert_rank_at_least, assert_rank_in

__all__ = ["assert_shapes"]

ANY_SIZE = {None, "."}
MORE_BEFORE = {Ellipsis, "*"}

Told = tuple[Sequence[object] | None, int | None, str | None]
"""What a failed check tells, how many elements of it, and what its message begins with."""


def assert_shapes(
    shapes: Any,  # noqa: ANN401 -- pairs, or a dict
    data: Sequence[object] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that tensors have shapes in which equal symbols stand for equal sizes.

    Args:
        shapes: Pairs of a tensor and its shape: numbers, symbols, None or "." for any size; first may stand "..." or
            "*" for any dimensions. A scalar counts as one element.
        data: What a failed check tells. Default: the sizes.
        summarize: How many elements of it.
        message: What the message begins with.
        name: Name of the scope.

    Raises:
        ValueError: A size that is known already is another one, or a shape is none.
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    told = data, summarize, message
    with name_scope(name, "assert_shapes"):
        wanted = [_SizedTensor.of(x, symbols, message) for x, symbols in pairs if symbols is not None]
        ranks = [check for each in wanted for check in each.rank_checks(told)]
        sizes = _size_checks(wanted, ranks, told)
        with get_default_graph().control_dependencies(ranks):
            return group(*sizes)


@dataclass(frozen=True, slots=True)
class _SizedTensor:
    """The shape that one tensor is to have.

    Attributes:
        x: The tensor.
        symbols: Sizes and symbols.
        is_inner: There may be more dimensions before these.
    """

    x: Tensor
    symbols: tuple[Any, ...]
    is_inner: bool

    @classmethod
    def of(cls, x: object, symbols: object, message: str | None) -> _SizedTensor:
        tensor = convert_to_tensor(x)
        if not isinstance(symbols, Iterable):
            raise ValueError(  # noqa: TRY004 -- the class that TensorFlow raises
                f"{_prefix(message)}Tensor {tensor.name}.  Specified shape must be an iterable.  An iterable has the "
                f"attribute `__iter__` or `__getitem__`.  Received specified shape: {symbols}"
            )
        entries = [entry.value if isinstance(entry, Dimension) else entry for entry in symbols]
        for index, entry in enumerate(entries):
            if index and isinstance(entry, Hashable) and entry in MORE_BEFORE:
                raise ValueError(
                    f"{_prefix(message)}Tensor {tensor.name} specified shape index {index}.  Symbol `...` or `*` for a "
                    "variable number of unspecified dimensions is only allowed as the first entry"
                )
        is_inner = bool(entries) and entries[0] in MORE_BEFORE
        return cls(tensor, tuple(entries[1:] if is_inner else entries or [1]), is_inner)

    def rank_checks(self, told: Told) -> list[Operation]:
        """Add the check of the rank; a scalar will do for one dimension."""
        data, summarize, message = told
        options: dict[str, Any] = {"data": data, "summarize": summarize, "message": message}
        if self.is_inner:
            return [assert_rank_at_least(self.x, len(self.symbols), **options)] if len(self.symbols) > 1 else []
        if len(self.symbols) <= 1:
            return [assert_rank_in(self.x, [0, 1], **options)]
        return [assert_rank(self.x, len(self.symbols), **options)]

    def size(self, place: int) -> Any:  # noqa: ANN401 -- an int if it is known, else a tensor
        """Return the size at a place, which may be counted from the end."""
        known = self.x.shape
        if known.ndims == 0:
            return 1
        if known.ndims is not None and known[place].value is not None:
            return known[place].value
        return shape(self.x)[place]


def _size_checks(wanted: Sequence[_SizedTensor], ranks: Sequence[Operation], told: Told) -> list[Operation]:
    checks: list[Operation] = []
    seen: dict[object, tuple[Any, str]] = {}
    for each in wanted:
        for index, symbol in enumerate(each.symbols):
            place = index - len(each.symbols) if each.is_inner else index
            if symbol in ANY_SIZE:
                continue
            with get_default_graph().control_dependencies(ranks):
                actual = each.size(place)
            number = _number(symbol)
            if number is not None:
                checks += _compared(each, place, actual, (number, "Specified explicitly"), told)
            elif symbol in seen:
                checks += _compared(each, place, actual, seen[symbol], told)
            else:
                seen[symbol] = actual, f"Specified by tensor {each.x.name} dimension {place}"
    return checks


def _compared(each: _SizedTensor, place: int, actual: Any, specified: tuple[Any, str], told: Told) -> list[Operation]:  # noqa: ANN401 -- as size
    data, summarize, message = told
    size, why = specified
    if isinstance(actual, int) and isinstance(size, int):
        if actual == size:
            return []
        raise ValueError(
            f"{_prefix(message)}{why}.  Tensor {each.x.name} dimension {place} must have size {size}.  Received size "
            f"{actual}, shape {each.x.shape}"
        )
    shown = data or [_prefix(message), why, f"Tensor {each.x.name} dimension", place, "must have size", size]
    return [assertion(equal(actual, size), [*shown, *([] if data else ["Received size: ", actual])], summarize)]


def _number(symbol: object) -> int | None:
    try:
        return int(symbol)  # type: ignore[call-overload,no-any-return]  # what is no number is a symbol
    except (TypeError, ValueError):
        return None


def _prefix(message: str | None) -> str:
    return f"{message}.  " if message else ""
