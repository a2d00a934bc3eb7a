"""The values of tables, and of data files, of checkpoints.

Format: as `bundle_records`, `slice_records` and `string_data`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.bundle_records import HEADER_ENTRY_KEY, BundleEntry
from ckpt_magics.files.formats.dtypes import STRING, DType
from ckpt_magics.files.formats.entry_columns import EntryColumns
from ckpt_magics.files.formats.maps.byte_range import ByteRange
from ckpt_magics.files.formats.maps.cursor import FileCursor
from ckpt_magics.files.formats.maps.message_map import map_message, shortened_value
from ckpt_magics.files.formats.maps.table_map import checksum_of
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.string_data import CHECKSUM_SIZE, JOIN_LIMIT, decode_strings
from ckpt_magics.proto.messages import BundleEntryProto, BundleHeaderProto, SavedTensorSlices

__all__ = ["map_bundle_record", "map_bundle_value", "map_slice_record", "numbers_text"]

_MOST_STRINGS = 10_000
"""Elements of a tensor that are ranges of their own."""


def map_bundle_record(key: bytes, file: RandomAccessFile, start: int, end: int) -> Iterator[ByteRange]:
    """Yield what a value in the index of a V2 checkpoint consists of."""
    message = BundleHeaderProto if key == HEADER_ENTRY_KEY else BundleEntryProto
    return map_message(file, start, end, message)


def map_slice_record(_key: bytes, file: RandomAccessFile, start: int, end: int) -> Iterator[ByteRange]:
    """Yield what a value in a V1 checkpoint consists of."""
    return map_message(file, start, end, SavedTensorSlices)


def numbers_text(dtype: DType, shape: tuple[int, ...]) -> str:
    """Return what numbers of a tensor are, in words."""
    return f"{dtype.name} {format_shape(shape)}"


def map_bundle_value(entries: EntryColumns, big_endian: bool, row: int, file: RandomAccessFile) -> Iterator[ByteRange]:
    """Yield what the bytes of a tensor in a data file consist of, which are compared with the index' checksum."""
    entry = entries.entry(row)
    start, end = entry.offset, entry.offset + entry.size
    text = numbers_text(entry.dtype, entry.shape)
    if entry.dtype == STRING:
        problem = _string_problem(entry, file, big_endian=big_endian)
        yield from _map_strings(file, start, end, math.prod(entry.shape), problem)
    elif not entry.dtype.itemsize:
        yield ByteRange(start, end - start, "values", text=text)
    else:
        computed = checksum_of(file, start, end)
        words = f"the index says checksum {entry.crc32c:#010x}, the bytes give {computed:#010x}"
        problem = "" if computed == entry.crc32c else words
        state = "wrong" if problem else "good"
        yield ByteRange(start, end - start, "values", text=f"{text}; checksum {state}", problem=problem)


def _string_problem(entry: BundleEntry, file: RandomAccessFile, *, big_endian: bool) -> str:
    """What is wrong with strings; nothing is said of more than can be held."""
    if entry.size > JOIN_LIMIT:
        return ""
    try:
        data = file.read_at(entry.offset, entry.size, "strings")
        decode_strings(data, math.prod(entry.shape), entry.crc32c, big_endian=big_endian)
    except CheckpointError as error:
        return error.message
    return ""


def _map_strings(file: RandomAccessFile, start: int, end: int, count: int, problem: str) -> Iterator[ByteRange]:
    cursor = FileCursor(file, start, end)
    lengths = []
    for _ in range(count):
        place = cursor.position
        lengths.append(cursor.take_varint())
        if count <= _MOST_STRINGS:
            yield ByteRange(place, cursor.position - place, "length", text=f"{lengths[-1]:,} bytes")
    if count > _MOST_STRINGS:
        yield ByteRange(start, cursor.position - start, "lengths", text=f"of {count:,} strings")
    checksum = int.from_bytes(cursor.peek(CHECKSUM_SIZE), "little")
    place = cursor.skip(CHECKSUM_SIZE, "length checksum")
    words = f"CRC-32C {checksum:#010x}, masked"
    yield ByteRange(place, CHECKSUM_SIZE, "length checksum", text=words, problem=problem)
    if count > _MOST_STRINGS:
        yield ByteRange(cursor.position, cursor.left, "strings", text=f"{count:,} strings")
        return
    for length in lengths:
        data = cursor.peek(min(length, 64))
        yield ByteRange(cursor.skip(length, "string"), length, "string", text=shortened_value(data, length))
