"""Blocks: sorted keys with values, each key written as its difference from the one before.

The bytes in order::

    entry               any number of times
        varint32        bytes shared with the previous key (0 at a restart)
        varint32        bytes of the key that follow
        varint32        bytes of the value
        key suffix, value
    fixed32             offset of each restart, from the start of the block; the first is 0, even in an empty block
    fixed32             count of restarts

A restart is an entry whose key is written whole, every ``restart_interval`` entries, so that a key can be found by
halving. Fixed numbers are little-endian.

Format: tensorflow/core/lib/io/block.cc, block_builder.cc.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire.varint import Buffer, decode_varint, encode_varint

_BUFFER_TYPES = (bytes, bytearray, memoryview)

LARGEST_EXPANSION, KEY_ALLOWANCE = 64, 1 << 20
"""Bytes that long shared keys may unfold to, per byte of the block and beside that: two bytes can ask for a copy of a
key of any size, so that a file of a megabyte could hold a terabyte of keys."""


class LatePiece:
    """A piece of a value that is made when it is written, and then again in pieces.

    Args:
        size: Its bytes.
        make: Gives them, each time it is called.
    """

    def __init__(self, size: int, make: Callable[[], Iterable[Buffer]]) -> None:
        self._size = size
        self._make = make

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Buffer]:
        return iter(self._make())


Piece = Buffer | LatePiece
Value = Buffer | Sequence[Piece]
"""A value in one piece, or in several that are written back to back."""


class BlockBuilder:
    """Collects sorted entries into one block.

    Args:
        restart_interval: Entries from one restart to the next.
    """

    def __init__(self, restart_interval: int) -> None:
        self._restart_interval = restart_interval
        self._parts: list[Piece] = []
        self._restarts = [0]
        self._since_restart = 0
        self._size = 0
        self._last_key = b""

    @property
    def is_empty(self) -> bool:
        """Whether no entry has been added."""
        return not self._parts

    @property
    def size_estimate(self) -> int:
        """Size of the block if it ended here, in bytes."""
        return self._size + 4 * len(self._restarts) + 4

    def add(self, key: bytes, value: Value) -> None:
        """Append an entry, whose key comes after all others. The pieces of the value are not copied."""
        if self._since_restart < self._restart_interval:
            shared = common_prefix(self._last_key, key)
        else:
            shared = self._since_restart = 0
            self._restarts.append(self._size)
        self._since_restart += 1
        self._last_key = key
        if type(value) is not bytes and not isinstance(value, _BUFFER_TYPES):
            pieces, value_size = value, sum(map(len, value))
        else:
            pieces, value_size = (value,), len(value)
        suffix_size = len(key) - shared
        if shared < 0x80 and suffix_size < 0x80 and value_size < 0x80:
            header = bytes((shared, suffix_size, value_size))
        else:
            header = encode_varint(shared) + encode_varint(suffix_size) + encode_varint(value_size)
        self._parts += (header, key[shared:], *pieces)
        self._size += len(header) + suffix_size + value_size

    def parts(self) -> Iterator[Buffer]:
        """Yield the block in pieces that belong back to back."""
        for part in self._parts:
            if isinstance(part, LatePiece):
                yield from part
            else:
                yield part
        yield struct.pack(f"<{len(self._restarts) + 1}I", *self._restarts, len(self._restarts))

    def finish(self) -> bytes:
        """Return the block in one piece."""
        return b"".join(self.parts())


def common_prefix(first: bytes, second: bytes) -> int:
    """Count the bytes that two keys share at their start."""
    size = min(len(first), len(second))
    # One subtraction of long numbers is quicker than any loop: the first bit that differs tells the byte.
    difference = int.from_bytes(first[:size], "big") ^ int.from_bytes(second[:size], "big")
    return size - (difference.bit_length() + 7) // 8


class Block:
    """A block that was read. Entries are decoded when they are asked for.

    Args:
        contents: The block, uncompressed, without its trailer. Values are views into it.
        restarts: uint32 [restarts], the offset of each from the start of the block; at least one.
        end: Where the entries end and the restarts begin.
        offset: Where the block lies in its file, for errors.
    """

    def __init__(self, contents: bytes, restarts: npt.NDArray[np.uint32], end: int, offset: int | None) -> None:
        self.contents = contents
        self.restarts = restarts
        self.end = end
        self._offset = offset

    def __iter__(self) -> Iterator[tuple[bytes, memoryview]]:
        return self.iter_entries()

    def iter_entries(self, position: int = 0) -> Iterator[tuple[bytes, memoryview]]:
        """Yield (key, value) in order, from the entry at ``position``, which must be a restart.

        Raises:
            DataLossError: As for ``iter_places``.
        """
        view = memoryview(self.contents)
        for key, start, end in self.iter_places(position):
            yield key, view[start:end]

    def iter_places(self, position: int = 0) -> Iterator[tuple[bytes, int, int]]:
        """Yield key, start and end of the value in the contents, from the entry at ``position`` on.

        Raises:
            DataLossError: An entry is malformed, its key does not come after the one before it, or the keys are out
                of all proportion to the block.
        """
        contents, end = self.contents, self.end
        allowance = KEY_ALLOWANCE + LARGEST_EXPANSION * end
        previous = None
        while position < end:
            start = position
            # The restarts behind the entries make three bytes always there.
            shared, suffix_size, value_size = contents[position], contents[position + 1], contents[position + 2]
            position += 3
            if (shared | suffix_size | value_size) >= 0x80:
                shared, suffix_size, value_size, position = self._long_sizes(start)
                allowance -= shared
            value_start = position + suffix_size
            if previous is None:
                key = contents[position:value_start]
                bad = shared > 0
            else:
                key = previous[:shared] + contents[position:value_start]
                bad = key <= previous or shared > len(previous) or allowance < 0
            position = value_start + value_size
            if bad or position > end:
                raise self._bad_entry(start, "it is malformed or misplaced")
            previous = key
            yield key, value_start, position

    def iter_from(self, target: bytes) -> Iterator[tuple[bytes, memoryview]]:
        """Yield (key, value) in order, from the first key that is not before ``target``.

        Raises:
            DataLossError: An entry on the way is malformed.
        """
        for key, value in self.iter_entries(self._restart_before(target)):
            if key >= target:
                yield key, value

    def seek(self, target: bytes) -> tuple[bytes, memoryview] | None:
        """Return the first (key, value) whose key is not before ``target``, or None if all are.

        Raises:
            DataLossError: An entry on the way is malformed.
        """
        return next(self.iter_from(target), None)

    def _restart_before(self, target: bytes) -> int:
        """Find the last restart whose key comes before ``target``, by halving."""
        low, high = 0, len(self.restarts) - 1
        while low < high:
            middle = (low + high + 1) // 2
            key = next(self.iter_entries(int(self.restarts[middle])), (target, None))[0]
            if key < target:
                low = middle
            else:
                high = middle - 1
        return int(self.restarts[low])

    def _long_sizes(self, start: int) -> tuple[int, int, int, int]:
        """Decode the three sizes of the entry at ``start``, and where its key begins."""
        position, sizes = start, [0, 0, 0]
        for which in range(3):
            try:
                sizes[which], position = decode_varint(self.contents, position)
            except DataLossError as error:
                raise self._bad_entry(start, error.message) from error
        return sizes[0], sizes[1], sizes[2], position

    def _bad_entry(self, start: int, reason: str) -> DataLossError:
        return DataLossError(f"bad entry in block: entry at byte {start} of the block: {reason}", offset=self._offset)


def parse_block(contents: bytes, size: int | None = None, *, offset: int | None = None) -> Block:
    """Return the block in the first ``size`` bytes of ``contents`` (all of them if None), its restarts checked.

    Args:
        contents: The block, uncompressed.
        size: Its size in bytes.
        offset: Where it lies in its file, for errors.

    Raises:
        DataLossError: The restarts do not fit in the block, or are not in order.
    """
    size = len(contents) if size is None else size
    count = int.from_bytes(contents[size - 4 : size], "little") if size >= 4 else 0
    end = size - 4 * (count + 1)
    if end < 0 or not count:
        raise DataLossError(f"bad block contents: {count} restarts in {size} bytes", offset=offset)
    restarts = np.frombuffer(contents, "<u4", count, end)
    if restarts[-1] > end or (restarts[1:] <= restarts[:-1]).any():
        raise DataLossError("bad block contents: restarts are not in order inside the block", offset=offset)
    return Block(contents, restarts, end, offset)
