"""Queues of one session: elements that some threads put in and others take out.

Who has to wait does so until another thread puts in, takes out, closes the queue, or closes the session.

Follows tensorflow/core/kernels/queue_base.cc, fifo_queue.cc, random_shuffle_queue_op.cc, padding_fifo_queue.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np

from ckpt_magics.errors import CancelledError, InvalidArgumentError, OutOfRangeError, visible
from ckpt_magics.files.formats.dtypes import STRING, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.feeding.dataset_values import Element, padded, stacked
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, fits

__all__ = ["QueueState"]


class QueueState:
    """One queue.

    Args:
        name: Its name in messages.
        dtypes: Types of an element's components.
        shapes: Their shapes; none where any will do.
        capacity: Elements that it holds at most; negative for any number.
        random: Draws which element is taken out; None for the first.
        kept: Elements that stay in it, for the draw to be from many, until it is closed.
        pads: Whether batches are filled up to the largest sizes.
    """

    kind = "FIFOQueue"

    def __init__(  # noqa: PLR0917 -- the attributes of a node
        self,
        name: str,
        dtypes: Sequence[DType],
        shapes: Sequence[Shape],
        capacity: int,
        random: np.random.Generator | None = None,
        kept: int = 0,
        pads: bool = False,
    ) -> None:
        self.name = name
        self.dtypes = dtypes
        self._shapes = shapes
        self._capacity = capacity
        self._random = random
        self._kept = kept
        self._pads = pads
        self._elements: list[Element] = []
        self._changed = threading.Condition()
        self._taking = threading.Lock()
        self._closed = self._refuses = self._cancelled = False

    def __len__(self) -> int:
        return len(self._elements)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is put in."""
        return self._closed

    def close(self, cancel_pending: bool) -> None:
        """Take no more elements; those that wait to be put in come in still, or are refused."""
        with self._changed:
            self._closed = True
            self._refuses = self._refuses or cancel_pending
            self._changed.notify_all()

    def cancel(self) -> None:
        """Let everybody who waits go with an error: the session is closed."""
        with self._changed:
            self._closed = self._refuses = self._cancelled = True
            self._changed.notify_all()

    def put(self, elements: Iterable[Element]) -> None:
        """Put elements in, one after the other, as there is room.

        Raises:
            CancelledError: The queue is closed.
            InvalidArgumentError: An element is not what the queue takes.
        """
        checked = [self._checked(element) for element in elements]
        with self._changed:
            if self._closed:
                raise CancelledError(f"{self.kind} '{visible(self.name)}' is closed.")
            for element in checked:
                while 0 <= self._capacity <= len(self._elements) and not self._refuses:
                    self._changed.wait()
                if self._refuses:
                    raise CancelledError("Enqueue operation was cancelled")
                self._elements.append(element)
                self._changed.notify_all()

    def _checked(self, element: Element) -> Element:
        if len(element) != len(self.dtypes):
            raise InvalidArgumentError(
                f"Wrong number of components in tuple. Expected {len(self.dtypes)}, got {len(element)}"
            )
        for index, (value, dtype) in enumerate(zip(element, self.dtypes, strict=True)):
            if np.asarray(value).dtype != dtype.numpy:
                raise InvalidArgumentError(
                    f"Type mismatch in tuple component {index}. Expected {dtype.c_name}, got {np.asarray(value).dtype}"
                )
        for index, (value, shape) in enumerate(zip(element, self._shapes, strict=False)):
            if not fits(np.shape(value), shape):
                raise InvalidArgumentError(
                    f"Shape mismatch in tuple component {index}. Expected "
                    f"{'<unknown>' if shape is None else format_shape(shape)}, got {format_shape(np.shape(value))}"
                )
        return element

    def take(self) -> Element:
        """Take one element out.

        Raises:
            CancelledError: The session is closed.
            OutOfRangeError: The queue is closed, and there is none.
        """
        with self._taking:
            return self._taken(1, False)[0]

    def take_many(self, count: int, or_fewer: bool = False) -> Element:
        """Take elements out, as one with a new first dimension.

        Args:
            count: How many.
            or_fewer: Whether the last ones of a closed queue may be fewer.

        Raises:
            CancelledError: The session is closed.
            InvalidArgumentError: The elements can be of any shape.
            OutOfRangeError: The queue is closed, and there are too few, which stay.
        """
        if count < 0:
            raise InvalidArgumentError(f"Cannot dequeue a negative number of elements: {count}")
        if len(self._shapes) != len(self.dtypes):
            raise InvalidArgumentError(
                f"{self.kind}'s DequeueMany and DequeueUpTo require the components to have specified shapes."
            )
        if not count:
            return tuple(
                np.zeros((0, *(size or 0 for size in shape or ())), dtype.numpy)
                for shape, dtype in zip(self._shapes, self.dtypes, strict=True)
            )
        # One after the other: two that collect at once would each keep what the other waits for.
        with self._taking:
            elements = self._taken(count, or_fewer)
        columns = enumerate(zip(*elements, strict=True))
        return tuple(self._batch(index, values) for index, values in columns)

    def _batch(self, index: int, values: Sequence[Array]) -> Array:
        if not self._pads:
            return stacked(values, index)
        return padded(values, b"" if self.dtypes[index] == STRING else 0)

    def _taken(self, count: int, or_fewer: bool) -> list[Element]:
        found: list[Element] = []
        with self._changed:
            try:
                while len(found) < count and self._wait(count, found, or_fewer):
                    found.append(self._elements.pop(self._place()))
                    self._changed.notify_all()
            except BaseException:
                self._elements[:0] = found
                raise
        return found

    def _place(self) -> int:
        return 0 if self._random is None else int(self._random.random() * len(self._elements))

    def _wait(self, count: int, found: list[Element], or_fewer: bool) -> bool:
        """Wait for an element that can be taken; returns whether there is one, or else the others are enough."""
        while not (self._elements if self._closed else len(self._elements) > self._kept):
            if self._cancelled:
                raise CancelledError("Dequeue operation was cancelled")
            if self._closed:
                if or_fewer and found:
                    return False
                raise OutOfRangeError(
                    f"{self.kind} '{visible(self.name)}' is closed and has insufficient elements "
                    f"(requested {count}, current size {len(found)})"
                )
            self._changed.wait()
        return True
