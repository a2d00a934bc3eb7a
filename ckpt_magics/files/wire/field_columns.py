"""Fields of many small protocol-buffer messages, field by field for all messages at once.

For messages that the protobuf library has serialized: their fields stand in the order of their numbers, a field without
a value is left out, and nothing is in them that their type has not. They are trusted to be so; what comes from a file
goes through the library first.

Format: protobuf's wire format, as google/protobuf/wire_format_lite.h has it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.wire.fields import LENGTH_DELIMITED, VARINT
from ckpt_magics.files.wire.varint import MAX_VARINT_SIZE

__all__ = ["Numbers", "SmallMessages", "spans_in_messages"]

Numbers = npt.NDArray[np.int64]

_FEW = 64
"""Messages with fields left, from which on they are looked through one by one."""


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
    messages = _message_spans(data)
    fields = SmallMessages(data, messages)
    rounds = []
    going = np.flatnonzero(messages[:, 1] < messages[:, 2])
    # Most messages have few fields, and a long one has them nearly alone.
    while going.size >= _FEW:
        rounds.append(fields.take_fields(going))
        going = fields.unfinished(going)
    rounds += (_fields_of(data, message, *fields.rest(message)) for message in going.tolist())
    rows = np.concatenate([np.empty((0, 4), np.int64), *rounds])
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    tags = rows[:, 3].copy()
    return len(messages), {number: rows[tags == (number << 3 | LENGTH_DELIMITED), :3] for number in range(1, 16)}


def _message_spans(data: bytes) -> Numbers:
    """The position of each message among all, and where its bytes start and stop."""
    starts, stops = [], []
    position, end = 0, len(data)
    # What a varint is, is written out here: a call for each would take most of the time.
    while position < end:
        size = data[position + 1]
        position += 2
        if size > 0x7F:
            size, position = _long_varint(data, position - 1)
        starts.append(position)
        position += size
        stops.append(position)
    return np.stack([np.arange(len(starts)), np.array(starts, np.int64), np.array(stops, np.int64)], 1)


def _fields_of(data: bytes, message: int, position: int, stop: int) -> Numbers:
    """The fields of one message, as `SmallMessages.take_fields` gives those of many."""
    found: list[int] = []
    while position < stop:
        tag = data[position]
        size = data[position + 1]
        position += 2
        if size > 0x7F:
            size, position = _long_varint(data, position - 1)
        found += (message, position, position + size, tag)
        position += size
    return np.array(found, np.int64).reshape(-1, 4)


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

    @cached_property
    def _text(self) -> str:
        """All bytes as characters; those of ASCII are their own."""
        return self._data.decode("latin-1")

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
        starts = self._at
        self._at = starts + sizes
        texts = [self._text[start:stop] for start, stop in zip(starts.tolist(), self._at.tolist(), strict=True)]
        if not "".join(texts).isascii():
            texts = [text if text.isascii() else text.encode("latin-1").decode() for text in texts]
        return texts

    def take_fields(self, messages: npt.NDArray[np.intp]) -> Numbers:
        """Take the next field of some messages, which is one with a length.

        Returns:
            int64 [messages, 4]: which message, where the field's bytes start and stop, and its tag.
        """
        tags = self._bytes[self._at[messages]]
        self._at[messages] += 1
        sizes = self._varints(messages)
        starts = self._at[messages]
        self._at[messages] += sizes
        return np.stack([messages, starts, starts + sizes, tags.astype(np.int64)], 1)

    def unfinished(self, messages: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Return those of some messages that have fields left."""
        return messages[self._at[messages] < self._stops[messages]]

    def rest(self, message: int) -> tuple[int, int]:
        """Return where the fields of a message start that are left, and where they stop."""
        return int(self._at[message]), int(self._stops[message])

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
            if not going.size:
                break
            at = self._at[messages[going]]
            self._at[messages[going]] += 1
            parts = self._bytes[at]
            values[going] |= (parts & 0x7F).astype(np.int64) << 7 * group
            going = going[parts > 0x7F]
        return values
