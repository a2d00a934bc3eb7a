"""Fields of many small protocol-buffer messages, field by field for all messages at once.

For messages that the protobuf library has serialized: their fields stand in the order of their numbers, a field without
a value is left out, and nothing is in them that their type has not. They are trusted to be so; what comes from a file
goes through the library first.

Format: protobuf's wire format, as google/protobuf/wire_format_lite.h has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.wire.fields import LENGTH_DELIMITED, VARINT
from ckpt_magics.files.wire.varint import MAX_VARINT_SIZE

__all__ = ["Numbers", "SmallMessages", "spans_in_messages"]

Numbers = npt.NDArray[np.int64]


def spans_in_messages(data: bytes) -> tuple[int, dict[int, Numbers]]:
    r"""Return where the fields of a repeated field's messages lie.

    Args:
        data: A message that has nothing but one repeated field, whose messages have only length-delimited fields of
            the numbers 1 to 15.

    Returns:
        The number of messages; and by number of field, int64 [fields, 3]: the message's position among them, and where
        the field's bytes start and stop.

    >>> count, spans = spans_in_messages(b"\x0a\x03\x12\x01a\x0a\x00")
    >>> count, spans[2].tolist()
    (2, [[0, 4, 5]])
    """
    found: dict[int, list[int]] = {number << 3 | LENGTH_DELIMITED: [] for number in range(1, 16)}
    position, end, count = 0, len(data), 0
    # What a varint is, is written out here: a call for each would take most of the time.
    while position < end:
        stop = data[position + 1]
        position += 2
        if stop > 0x7F:
            stop, position = _long_varint(data, position - 1)
        stop += position
        while position < stop:
            spans = found[data[position]]
            size = data[position + 1]
            position += 2
            if size > 0x7F:
                size, position = _long_varint(data, position - 1)
            spans += (count, position, position + size)
            position += size
        count += 1
    return count, {tag >> 3: np.array(spans, np.int64).reshape(-1, 3) for tag, spans in found.items()}


def _long_varint(data: bytes, position: int) -> tuple[int, int]:
    value, shift = 0, 0
    while data[position] > 0x7F:
        value |= (data[position] & 0x7F) << shift
        shift += 7
        position += 1
    return value | data[position] << shift, position + 1


class SmallMessages:
    """Messages whose fields are taken one after the other, in the order of their numbers.

    Args:
        data: What they lie in.
        spans: int64 [messages, 3], of which the last two columns say where each starts and stops.
    """

    def __init__(self, data: bytes, spans: Numbers) -> None:
        self._data = data
        # The last field may end where the data does, and what would be behind it is looked at.
        self._bytes = np.frombuffer(data + bytes(MAX_VARINT_SIZE + 1), np.uint8)
        self._at = spans[:, 1].copy()
        self._stops = spans[:, 2]

    def take_int32(self, number: int) -> list[int]:
        """Return a field of numbers, 0 where it is left out."""
        values = np.zeros(self._at.size, np.int64)
        has = self._with_field(number << 3 | VARINT)
        values[has] = self._varints(has).astype(np.int32)
        return values.tolist()

    def take_texts(self, number: int) -> list[str]:
        """Return a field of texts, "" where it is left out."""
        sizes = np.zeros(self._at.size, np.int64)
        has = self._with_field(number << 3 | LENGTH_DELIMITED)
        sizes[has] = self._varints(has)
        starts, data = self._at, self._data
        self._at = starts + sizes
        pairs = zip(starts.tolist(), self._at.tolist(), strict=True)
        return [data[start:stop].decode() for start, stop in pairs]

    def _with_field(self, tag: int) -> npt.NDArray[np.intp]:
        """The messages whose next field has a tag; they are then at its value."""
        has = np.flatnonzero((self._at < self._stops) & (self._bytes[self._at] == tag))
        self._at[has] += 1
        return has

    def _varints(self, messages: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """The varints at which some messages are, int64; they are then behind them."""
        values = np.zeros(messages.size, np.int64)
        going = np.arange(messages.size)
        for group in range(MAX_VARINT_SIZE):
            at = self._at[messages[going]]
            self._at[messages[going]] += 1
            parts = self._bytes[at]
            values[going] |= (parts & 0x7F).astype(np.int64) << 7 * group
            going = going[parts > 0x7F]
        return values
