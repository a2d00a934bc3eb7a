"""The bytes of a table: blocks with their trailers, entries with the bytes that their keys share, restarts, footer.

Format: as `table` and `block`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.block import KEY_ALLOWANCE, LARGEST_EXPANSION
from ckpt_magics.files.formats.maps.byte_range import ByteRange, unreadable
from ckpt_magics.files.formats.maps.cursor import FileCursor
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.table import (
    FOOTER_SIZE,
    NO_COMPRESSION,
    SNAPPY_COMPRESSION,
    TRAILER_SIZE,
    BlockHandle,
    Footer,
    decode_handle,
    read_footer,
)
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.files.wire.varint import encode_varint

__all__ = ["MapValue", "checksum_of", "key_text", "map_table"]

_CHUNK = 1 << 20
"""Bytes that a checksum is made of at a time."""

MapValue = Callable[[bytes, RandomAccessFile, int, int], Iterable[ByteRange]]
"""Yields what a value consists of, by key, from one place to another."""


class _EntryPlace(NamedTuple):
    """Where the parts of an entry are: bytes shared with the key before, sizes' ends, key, value."""

    key: bytes
    shared: int
    sizes: tuple[int, int, int]
    key_start: int
    value_start: int
    end: int


def key_text(key: bytes) -> str:
    """Return a key as people read it: that of a slice as the tensor's name and the slice.

    >>> key_text(b"w"), key_text(TensorSlice.parse("0,2:-").encode_key(b"w"))
    ('w', 'w [0,2:-]')
    """
    plain = key.decode("utf-8", "backslashreplace")
    if not key.startswith(b"\0"):
        return plain
    try:
        name, part = TensorSlice.decode_key(key)
    except DataLossError:
        return plain
    return f"{name.decode('utf-8', 'backslashreplace')} [{part}]"


def checksum_of(file: RandomAccessFile, start: int, end: int) -> int:
    """Return the masked CRC-32C of bytes of a file, which are read in pieces."""
    crc = 0
    for place in range(start, end, _CHUNK):
        crc = crc32c(file.read_at(place, min(_CHUNK, end - place), "checksummed bytes"), crc)
    return mask(crc)


def map_table(file: RandomAccessFile, map_value: MapValue) -> Iterator[ByteRange]:
    """Yield the blocks of a table and its footer; of a damaged one what can be told.

    Args:
        file: The table.
        map_value: Tells what the values of its data blocks consist of.

    Raises:
        DataLossError: It has no footer.
        TruncatedError: It is too short for one.
    """
    footer = read_footer(file)
    yield ByteRange(file.size - FOOTER_SIZE, FOOTER_SIZE, "footer", inside=partial(_map_footer, footer))
    yield _block("metaindex block", footer.metaindex, _map_nothing, "holds nothing, and no reader looks here")
    index = _block("index block", footer.index_block, _map_handle, "where the data blocks are")
    yield index
    yield from _data_blocks(file, footer, map_value)


def _data_blocks(file: RandomAccessFile, footer: Footer, map_value: MapValue) -> Iterator[ByteRange]:
    start, size = footer.index_block
    try:
        for entry in _entries(file, start, start + size):
            value = file.read_at(entry.value_start, entry.end - entry.value_start, "block handle")
            handle = decode_handle(value)
            words = f"keys up to {key_text(entry.key)!r}"
            yield _block("data block", handle, map_value, words)._replace(last_key=entry.key)
    except CheckpointError:
        # The index block says so itself; what it does not lead to belongs to nothing.
        return


def _block(what: str, handle: BlockHandle, map_value: MapValue, text: str) -> ByteRange:
    inside = partial(_map_block, handle, map_value)
    return ByteRange(handle.offset, handle.size + TRAILER_SIZE, what, text=text, inside=inside)


def _map_block(handle: BlockHandle, map_value: MapValue, file: RandomAccessFile) -> Iterator[ByteRange]:
    start, end = handle.offset, handle.offset + handle.size
    trailer = file.read_at(end, TRAILER_SIZE, "trailer of a block")
    yield _trailer(file, start, end, trailer)
    if trailer[0] == SNAPPY_COMPRESSION:
        yield ByteRange(start, handle.size, "compressed entries", text=f"Snappy, of {_unpacked(file, start, end)}")
        return
    if trailer[0] != NO_COMPRESSION:
        yield unreadable(start, end, f"there is no compression {trailer[0]}")
        return
    restarts, count = _restarts(file, start, end)
    words = f"{count:,} restarts: offsets of the entries with whole keys, and their number"
    yield ByteRange(
        restarts, end - restarts, "restart points", text=words, inside=partial(_map_restarts, restarts, end)
    )
    yield from _map_entries(file, start, end, map_value)


def _trailer(file: RandomAccessFile, start: int, end: int, trailer: bytes) -> ByteRange:
    stored, computed = int.from_bytes(trailer[1:], "little"), checksum_of(file, start, end + 1)
    state = "good" if stored == computed else "wrong"
    problem = "" if stored == computed else f"checksum {stored:#010x} is stored, the block gives {computed:#010x}"
    parts = [
        ByteRange(end, 1, "compression", text={0: "none", 1: "Snappy"}.get(trailer[0], str(trailer[0]))),
        ByteRange(end + 1, 4, "checksum", text=f"CRC-32C {stored:#010x}, masked: {state}", problem=problem),
    ]
    return ByteRange(end, TRAILER_SIZE, "trailer", text=f"checksum {state}", problem=problem, inside=lambda _: parts)


def _unpacked(file: RandomAccessFile, start: int, end: int) -> str:
    return f"{FileCursor(file, start, end).take_varint():,} bytes"


def _restarts(file: RandomAccessFile, start: int, end: int) -> tuple[int, int]:
    """Where the restarts begin, and how many there are."""
    count = int.from_bytes(file.read_at(end - 4, 4, "count of restarts"), "little") if end - start >= 4 else 0
    place = end - 4 * (count + 1)
    if place < start or not count:
        raise DataLossError(f"bad block contents: {count:,} restarts in {end - start:,} bytes", offset=start)
    return place, count


def _map_restarts(start: int, end: int, file: RandomAccessFile) -> Iterator[ByteRange]:
    cursor = FileCursor(file, start, end - 4)
    while cursor.left > 0:
        offset = int.from_bytes(cursor.peek(4), "little")
        yield ByteRange(cursor.skip(4, "restart"), 4, "restart", text=f"entry at byte {offset:,} of the block")
    yield ByteRange(end - 4, 4, "count of restarts")


def _entries(file: RandomAccessFile, start: int, end: int) -> Iterator[_EntryPlace]:
    """Yield the entries of a block that is not compressed.

    Raises:
        DataLossError: One is malformed, or the keys are out of all proportion to the block.
    """
    cursor = FileCursor(file, start, _restarts(file, start, end)[0])
    key, allowance = b"", KEY_ALLOWANCE + LARGEST_EXPANSION * (end - start)
    while cursor.left > 0:
        place, ends, sizes = cursor.position, [], []
        for _ in range(3):
            sizes.append(cursor.take_varint())
            ends.append(cursor.position)
        shared, suffix, value = sizes
        allowance -= shared
        if shared > len(key) or allowance < 0:
            raise DataLossError("bad entry in block: it shares more than the key before it has", offset=place)
        data = cursor.peek(suffix)
        key_start = cursor.skip(suffix, "key of an entry")
        key = key[:shared] + data
        value_start = cursor.skip(value, "value of an entry")
        yield _EntryPlace(key, shared, (ends[0], ends[1], ends[2]), key_start, value_start, cursor.position)


def _map_entries(file: RandomAccessFile, start: int, end: int, map_value: MapValue) -> Iterator[ByteRange]:
    place = start
    for entry in _entries(file, start, end):
        words = f", {entry.shared} bytes as in the key before" if entry.shared else ""
        text = f"{key_text(entry.key)!r}{words}"
        inside = partial(_map_entry, place, entry, map_value)
        yield ByteRange(place, entry.end - place, "entry", key=entry.key, text=text, inside=inside)
        place = entry.end


def _map_entry(start: int, entry: _EntryPlace, map_value: MapValue, file: RandomAccessFile) -> Iterator[ByteRange]:
    shared, suffix, value = entry.sizes
    yield ByteRange(start, shared - start, "shared", text=f"{entry.shared} bytes of the key before")
    yield ByteRange(
        shared, suffix - shared, "key length", text=f"{entry.value_start - entry.key_start} bytes of its own"
    )
    yield ByteRange(suffix, value - suffix, "value length", text=f"{entry.end - entry.value_start:,} bytes")
    own = entry.key[entry.shared :].decode("utf-8", "backslashreplace")
    yield ByteRange(entry.key_start, entry.value_start - entry.key_start, "key", text=f"'{own}'")
    yield from map_value(entry.key, file, entry.value_start, entry.end)


def _map_nothing(_key: bytes, _file: RandomAccessFile, start: int, end: int) -> Iterator[ByteRange]:
    yield ByteRange(start, end - start, "value")


def _map_handle(_key: bytes, file: RandomAccessFile, start: int, end: int) -> Iterator[ByteRange]:
    cursor = FileCursor(file, start, end)
    for what in ("block offset", "block size"):
        place = cursor.position
        number = cursor.take_varint()
        yield ByteRange(place, cursor.position - place, what, text=f"{number:,}")


def _map_footer(footer: Footer, file: RandomAccessFile) -> Iterator[ByteRange]:
    place = file.size - FOOTER_SIZE
    for what, handle in (("metaindex handle", footer.metaindex), ("index handle", footer.index_block)):
        size = sum(len(encode_varint(number)) for number in handle)
        yield ByteRange(place, size, what, text=f"offset {handle.offset:,}, {handle.size:,} bytes")
        place += size
    padding = "" if not footer.padding.strip(b"\0") else "it is not zeros"
    yield ByteRange(place, file.size - 8 - place, "padding", problem=padding)
    yield ByteRange(file.size - 8, 8, "magic number", text="of a table")
