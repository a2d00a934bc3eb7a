"""What a dataset is while a graph runs: elements that can be gone through again and again.

An element is a tuple of arrays. What goes through them are iterators that keep their place when one element fails or
the user interrupts: the next one follows then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ckpt_magics.errors import DataLossError, InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, shape_from_proto
from ckpt_magics.graphs.ops.row import Attr, ShapeContext
from ckpt_magics.graphs.ops.values.strings import text_scalar
from ckpt_magics.proto.messages import (
    TFT_DATASET,
    TFT_FOR_EACH,
    TFT_PRODUCT,
    TFT_STRING,
    TFT_TENSOR,
    TFT_VAR,
    FullTypeDef,
)

__all__ = [
    "ELEMENTS",
    "METADATA",
    "STRINGS",
    "DatasetValue",
    "Element",
    "as_dataset",
    "dataset_of",
    "element_shapes",
    "one_by_one",
    "padded",
    "rows_of",
    "stacked",
]

Element = tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class DatasetValue:
    """A dataset.

    Attributes:
        start: Returns an iterator that begins at the first element.
    """

    start: Callable[[], Iterator[Element]]

    def __iter__(self) -> Iterator[Element]:
        return self.start()


def as_dataset(value: object) -> DatasetValue:
    """Return a dataset that an input stands for.

    Raises:
        InvalidArgumentError: It is none.
    """
    if not isinstance(value, DatasetValue):
        raise InvalidArgumentError("the input is none of a dataset")
    return value


def one_by_one(take: Callable[[], Element | None]) -> Iterator[Element]:
    """Return an iterator over what a function gives until it gives None."""
    return iter(take, None)


def rows_of(array: Array) -> Iterable[Array]:
    """Return the entries of an array's first dimension as tensors."""
    return map(text_scalar, array) if array.dtype == object and array.ndim == 1 else array


def stacked(values: Sequence[Array], component: int) -> Array:
    """Return tensors as one, with a new first dimension.

    Raises:
        InvalidArgumentError: They are of different shapes.
    """
    shape = np.shape(values[0])
    for index, value in enumerate(values):
        if np.shape(value) != shape:
            raise InvalidArgumentError(
                f"Cannot batch tensors with different shapes in component {component}. First element had shape "
                f"{format_shape(shape)} and element {index} had shape {format_shape(np.shape(value))}."
            )
    result = np.empty((len(values), *shape), np.asarray(values[0]).dtype)
    for index, value in enumerate(values):
        result[index] = value[()] if result.dtype == object and not shape else value
    return result


def padded(values: Sequence[Array], filling: object, wanted: Sequence[int | None] | None = None) -> Array:
    """Return tensors as one, with a new first dimension, each at the beginning of its part.

    Args:
        values: The tensors, of one rank.
        filling: What stands where one has no elements.
        wanted: Their shape; None for the largest size.

    Raises:
        DataLossError: One is larger.
        InvalidArgumentError: They are of different ranks.
    """
    rank = np.ndim(values[0]) if wanted is None else len(wanted)
    if any(np.ndim(value) != rank for value in values):
        raise InvalidArgumentError(
            f"All elements in a batch must have the same rank as the padded shape, {rank}, got "
            + ", ".join(format_shape(np.shape(value)) for value in values)
        )
    largest = [max(sizes) for sizes in zip(*map(np.shape, values), strict=True)]
    told = [None] * rank if wanted is None else wanted
    sizes = [size if told_size is None else told_size for size, told_size in zip(largest, told, strict=True)]
    if any(size > limit for size, limit in zip(largest, sizes, strict=True)):
        raise DataLossError(
            f"Attempted to pad to a smaller size than the input element: {format_shape(tuple(largest))} to "
            f"{format_shape(tuple(sizes))}"
        )
    result = np.full((len(values), *sizes), filling, np.asarray(values[0]).dtype)
    for index, value in enumerate(values):
        beginning: tuple[Any, ...] = (slice(index, index + 1), *map(slice, np.shape(value)))
        result[beginning] = value
    return result


def element_shapes(ctx: ShapeContext) -> list[Shape]:
    """Rule of an op whose outputs are the components of an element."""
    return [shape_from_proto(shape) for shape in ctx.attr("output_shapes")]


def dataset_of(attr: str) -> FullTypeDef:
    """Return the full type of a dataset whose components' types an attribute lists."""
    held = FullTypeDef(type_id=TFT_VAR, s=attr)
    each = [FullTypeDef(type_id=TFT_PRODUCT), FullTypeDef(type_id=TFT_TENSOR, args=[held]), held]
    return FullTypeDef(type_id=TFT_DATASET, args=[FullTypeDef(type_id=TFT_FOR_EACH, args=each)])


STRINGS = FullTypeDef(
    type_id=TFT_DATASET, args=[FullTypeDef(type_id=TFT_TENSOR, args=[FullTypeDef(type_id=TFT_STRING)])]
)
ELEMENTS = (Attr("output_types", "list(type)", minimum=1), Attr("output_shapes", "list(shape)", minimum=1))
METADATA = Attr("metadata", "string", b"")
