"""Ops of iterators, by which runs of a graph get the elements of a dataset one after the other.

An iterator lives as long as its session, under its shared name or its node's.

Format: tensorflow/core/kernels/data/iterator_ops.cc; core/ops/dataset_ops.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

from ckpt_magics.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    visible,
)
from ckpt_magics.graphs.ops.feeding.dataset_values import (
    ELEMENTS,
    DatasetValue,
    Element,
    as_dataset,
    element_shapes,
)
from ckpt_magics.graphs.ops.holders import HOLDER_ATTRS, held
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op
from ckpt_magics.graphs.ops.shape_rules import no_outputs, scalar
from ckpt_magics.graphs.ops.values.strings import text_scalar

__all__ = ["ROWS"]

HANDLE = b"iterator:"
"""Begins the string that stands for an iterator."""


class IteratorState:
    """One iterator.

    Args:
        name: Under which its session finds it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._elements: Iterator[Element] | None = None
        self._lock = threading.Lock()

    def begin(self, dataset: DatasetValue) -> None:
        """Begin at a dataset's first element."""
        with self._lock:
            self._elements = iter(dataset)

    def begin_once(self, make: Callable[[], DatasetValue]) -> None:
        """Begin at the first element of what ``make`` returns, if it was not begun: several runs may ask at once."""
        with self._lock:
            if self._elements is None:
                self._elements = iter(make())

    def advance(self) -> Element:
        """Return the next element.

        Raises:
            FailedPreconditionError: It was not begun.
            OutOfRangeError: There is none.
        """
        with self._lock:
            if self._elements is None:
                raise FailedPreconditionError(
                    "GetNext() failed because the iterator has not been initialized. Ensure that you have run the "
                    "initializer operation for this iterator before getting the next element."
                )
            item = next(self._elements, None)
        if item is None:
            raise OutOfRangeError("End of sequence")
        return item


def _iterator(handle: object) -> IteratorState:
    if not isinstance(handle, IteratorState):
        raise InvalidArgumentError("the handle is none of an iterator")
    return handle


def _named(ctx: KernelContext) -> IteratorState:
    return _iterator(held(ctx, "iterator", IteratorState))


def _one_shot(ctx: KernelContext) -> IteratorState:
    iterator = _named(ctx)
    iterator.begin_once(lambda: as_dataset(ctx.call(ctx.attr("dataset_factory"))[0]))
    return iterator


def _begin(_ctx: KernelContext, dataset: object, handle: object) -> None:
    _iterator(handle).begin(as_dataset(dataset))


def _next(ctx: KernelContext, handle: object) -> Element:
    element = _iterator(handle).advance()
    if len(element) != len(ctx.output_dtypes):
        raise InvalidArgumentError(f"an element has {len(element)} components, and {len(ctx.output_dtypes)} are wanted")
    for value, dtype in zip(element, ctx.output_dtypes, strict=True):
        if getattr(value, "dtype", dtype.numpy) != dtype.numpy:
            raise InvalidArgumentError(f"a component is {value.dtype.name}, and {dtype.name} is wanted")
    return element


def _to_string(_ctx: KernelContext, handle: object) -> Array:
    return text_scalar(HANDLE + _iterator(handle).name.encode())


def _from_string(ctx: KernelContext, handle: Array) -> IteratorState:
    text: bytes = handle.item() if hasattr(handle, "item") else handle
    name = text.removeprefix(HANDLE).decode("utf-8", "replace")

    def missing() -> NoReturn:
        raise NotFoundError(f"no iterator of this session has the handle {visible(text)!r}")

    return _iterator(ctx.variables.resource(("iterator", "", name), missing))


NAMED = (Attr("shared_name", "string"), Attr("container", "string"), *ELEMENTS)
TOLD = (Attr("output_types", "list(type)", (), minimum=0), Attr("output_shapes", "list(shape)", (), minimum=0))
ONE_SHOT = (Attr("dataset_factory", "func"), *ELEMENTS, *HOLDER_ATTRS)
NEXT = "iterator: resource -> components: list(output_types)"
FROM_STRING = "string_handle: string -> resource_handle: resource"

ROWS: tuple[Op, ...] = (
    Op("Iterator", "-> handle: resource", NAMED, scalar, _named, is_stateful=True),
    Op("IteratorV2", "-> handle: resource", NAMED, scalar, _named, is_stateful=True),
    Op("OneShotIterator", "-> handle: resource", ONE_SHOT, scalar, _one_shot, is_stateful=True),
    Op("MakeIterator", "dataset: variant, iterator: resource ->", (), no_outputs, _begin, is_stateful=True),
    Op("IteratorGetNext", NEXT, ELEMENTS, element_shapes, _next, is_stateful=True),
    Op("IteratorGetNextSync", NEXT, ELEMENTS, element_shapes, _next, is_stateful=True),
    Op(
        "IteratorToStringHandle",
        "resource_handle: resource -> string_handle: string",
        (),
        scalar,
        _to_string,
        is_stateful=True,
    ),
    Op("IteratorFromStringHandle", FROM_STRING, TOLD, scalar, _from_string, is_stateful=True),
    Op("IteratorFromStringHandleV2", FROM_STRING, TOLD, scalar, _from_string, is_stateful=True),
)
