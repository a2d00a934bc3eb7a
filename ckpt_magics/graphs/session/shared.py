"""Tensors that have the memory of a reference variable.

TensorFlow hands a reference variable's buffer to whatever reads it, and a kernel that only passes its input on, as
Identity or Reshape do, hands on the same buffer. An assignment writes into the buffer, so that all of these show the
new value to kernels that start afterwards, and to the program that fetches them.

Follows tensorflow/core/common_runtime/executor.cc, PrepareInputs, and tensorflow/core/kernels/assign_op.h.
"""

from __future__ import annotations

from collections.abc import Callable

from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.variable_values import Buffer

__all__ = ["Shared"]

Remake = Callable[[Array], Array]


class Shared:
    """A value that is worked out anew whenever the buffer behind it has changed.

    Args:
        buffer: The variable's memory; it holds a value.

    Attributes:
        seen: What the buffer held when the value was worked out.
        value: The value.
        source: What the value is made from, if not from what the buffer holds.
    """

    __slots__ = ("_buffer", "_remake", "seen", "source", "value")

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self.seen: Array = buffer.value
        self.value: Array = self.seen
        self.source: Shared | None = None
        # No method of its own: a circle of references would hold the array until a collection, and no update could
        # work in the variable's memory.
        self._remake: Remake | None = None

    def derive(self, value: Array, remake: Remake) -> Shared:
        """Return a value in the same memory.

        Args:
            value: What ``remake`` makes from the value that this one had when it was read last.
            remake: Makes it from another.
        """
        derived = Shared(self._buffer)
        derived.seen, derived.value = self.seen, value
        derived.source, derived._remake = self, remake
        return derived

    def read(self) -> Array:
        """Return the value as it is now, an array that nobody may write to."""
        held = self._buffer.value
        outdated = []
        shared: Shared | None = self
        # No recursion: graphs have longer rows of such ops than Python has frames.
        while shared is not None and shared.seen is not held:
            outdated.append(shared)
            shared = shared.source
        for item in reversed(outdated):
            item.renew(held)
        return self.value

    def renew(self, held: Array) -> None:
        """Work the value out for what the buffer holds now; its source is up to date."""
        if self._remake is None:
            # An assignment may change the variable's shape, but not that of a tensor which exists.
            self.value = held.reshape(self.value.shape)
        else:
            self.value = self._remake(held if self.source is None else self.source.value)
        self.seen = held
