"""The entries of a whole V2 index at once, as columns.

Entries are small and many: a message object for each would cost more than everything else about opening a checkpoint.
All entries written as TensorFlow writes them (dtype, shape, then shard, offset and size without the zeros, then the
checksum) are decoded together, field after field, by NumPy; dtype and shape, which many have in common, are recognised
by their bytes. The others are decoded one by one.

Format: as bundle_records; tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.bundle_records import BundleEntry, decode_entry
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.tensor_slice import TensorSlice

_DTYPE_TAG, _SHAPE_TAG, _SHARD_TAG, _OFFSET_TAG, _SIZE_TAG, _CRC_TAG = 0x08, 0x12, 0x18, 0x20, 0x28, 0x35
_CRC_FIELD_SIZE = 5
_MOST_GROUPS = 9
"""Groups of seven bits in the largest number that a field of these can hold, 2**63 - 1."""

_WORDS = 3
"""Words of eight bytes that the head of an entry takes at most: dtype and a shape of five dimensions."""

_PADDING = 8 * _WORDS
"""Zeros behind the last entry, so that looking at what follows needs no check."""

_MASKS = np.array(
    [[(1 << 8 * min(max(size - 8 * word, 0), 8)) - 1 for word in range(_WORDS)] for size in range(8 * _WORDS + 1)],
    np.uint64,
)
"""By size of a head, the bits of its words that belong to it."""

Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
TensorType = tuple[DType, tuple[int, ...]]


class EntryColumns(NamedTuple):
    """The fields of many entries, each in the order of the entries.

    Attributes:
        types: The different pairs of dtype and full shape that there are.
        type_ids: Which of them each entry has, intp; -1 of an entry in ``damage``.
        shard_ids: Number of the data file, int64.
        offsets: Where the value begins there, in bytes, int64.
        sizes: Bytes of the value, int64.
        crcs: Their masked checksum, int64.
        slices: By row, the parts of the entries that have some.
        damage: By row, what is wrong with the entries that could not be decoded.
    """

    types: list[TensorType]
    type_ids: Rows
    shard_ids: Numbers
    offsets: Numbers
    sizes: Numbers
    crcs: Numbers
    slices: dict[int, tuple[TensorSlice, ...]]
    damage: dict[int, DataLossError]

    def entry(self, row: int) -> BundleEntry:
        """Return one entry.

        Raises:
            DataLossError: It could not be decoded.
        """
        type_id = self.type_ids[row]
        if type_id < 0:
            error = self.damage[row]
            raise DataLossError(error.message, offset=error.offset)
        dtype, shape = self.types[type_id]
        return BundleEntry(
            dtype,
            shape,
            int(self.shard_ids[row]),
            int(self.offsets[row]),
            int(self.sizes[row]),
            int(self.crcs[row]),
            self.slices.get(row, ()),
        )


def decode_entries(buffer: bytes, starts: Rows, ends: Rows) -> EntryColumns:
    """Return what BundleEntryProto messages say. One that cannot be decoded spoils its own row only.

    Args:
        buffer: Where the messages lie.
        starts: intp [entries], where each begins.
        ends: intp [entries], where each ends.
    """
    count = len(starts)
    # One more byte than any field of the last entry has.
    contents = np.frombuffer(buffer + bytes(_PADDING), np.uint8)
    usual, positions = _find_usual_heads(contents, starts, ends - starts)
    heads_end = positions.copy()
    shard_ids = _take_numbers(contents, positions, usual, _SHARD_TAG)
    offsets = _take_numbers(contents, positions, usual, _OFFSET_TAG)
    sizes = _take_numbers(contents, positions, usual, _SIZE_TAG)
    usual &= (contents[positions] == _CRC_TAG) & (positions + _CRC_FIELD_SIZE == ends) & (shard_ids >> 31 == 0)
    # Four bytes from anywhere: a number that starts at each byte of the buffer.
    words = np.ndarray((len(contents) - 3,), "<u4", contents, strides=(1,))
    crcs = np.where(usual, words[np.where(usual, positions + 1, 0)], 0).astype(np.int64)
    columns = EntryColumns([], np.full(count, -1, np.intp), shard_ids, offsets, sizes, crcs, {}, {})
    _decode_heads(buffer, contents, starts, heads_end, usual=usual, columns=columns)
    for row in np.flatnonzero(~usual).tolist():
        _decode_one(buffer[starts[row] : ends[row]], row, columns)
    return columns


def _find_usual_heads(contents: Bytes, starts: Rows, lengths: Rows) -> tuple[Flags, Rows]:
    """Tell which entries begin with a dtype and a shape of one-byte sizes, and where the next field of each begins."""
    usual = lengths >= 4 + _CRC_FIELD_SIZE
    # The start of an entry that is too short is as good as any place: what is found there is not used.
    shape_sizes = contents[starts + 3].astype(np.intp)
    usual &= (contents[starts] == _DTYPE_TAG) & (contents[starts + 1] < 0x80)
    usual &= (contents[starts + 2] == _SHAPE_TAG) & (shape_sizes < 0x80) & (4 + shape_sizes < lengths)
    return usual, np.where(usual, starts + 4 + shape_sizes, starts)


def _take_numbers(contents: Bytes, positions: Rows, usual: Flags, tag: int) -> Numbers:
    """Decode a varint field of every entry that has it next, and move the positions behind it; 0 of the others."""
    numbers = np.zeros(len(positions), np.int64)
    rows = np.flatnonzero(usual & (contents[positions] == tag))
    at = positions[rows] + 1
    for group in range(_MOST_GROUPS):
        if not rows.size:
            return numbers
        groups = contents[at].astype(np.int64)
        numbers[rows] |= (groups & 0x7F) << 7 * group
        at += 1
        positions[rows] = at
        more = groups >= 0x80
        rows, at = rows[more], at[more]
    # Negative, or more than 64 bits.
    usual[rows] = False
    positions[rows] = 0
    return numbers


def _decode_heads(
    buffer: bytes, contents: Bytes, starts: Rows, ends: Rows, *, usual: Flags, columns: EntryColumns
) -> None:
    """Fill in the types of the usual entries; one that has none leaves its row to the other decoder."""
    for head, rows in _group_heads(buffer, contents, starts, ends, np.flatnonzero(usual)):
        try:
            entry = decode_entry(head)
        except DataLossError:
            continue
        columns.type_ids[rows] = len(columns.types)
        columns.types.append((entry.dtype, entry.shape))
    usual &= columns.type_ids >= 0


def _group_heads(buffer: bytes, contents: Bytes, starts: Rows, ends: Rows, rows: Rows) -> Iterator[tuple[bytes, Rows]]:
    """Yield each different head, and the rows that begin with it.

    Most indexes have few of them: the first row that is left is compared with all that are left, in words of eight
    bytes, as long as that finds a quarter of them or more. The others, and long heads, are compared as bytes objects.
    """
    sizes = ends[rows] - starts[rows]
    is_long = sizes > _WORDS * 8
    long_rows = rows[is_long]
    rows, sizes = rows[~is_long], sizes[~is_long]
    width = -(-int(sizes.max(initial=1)) // 8)
    words = np.ndarray((len(buffer), width), "<u8", contents, strides=(1, 8))[starts[rows]]
    words &= _MASKS[sizes, :width]
    while rows.size:
        head = buffer[starts[rows[0]] : ends[rows[0]]]
        same = (words == words[0]).all(axis=1) & (sizes == len(head))
        yield head, rows[same]
        is_rare = 4 * np.count_nonzero(same) < len(same)
        rows, sizes, words = rows[~same], sizes[~same], words[~same]
        if is_rare:
            break
    rows = np.concatenate([long_rows, rows])
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, start, end in zip(rows.tolist(), starts[rows].tolist(), ends[rows].tolist(), strict=True):
        found[buffer[start:end]].append(row)
    for head, same_rows in found.items():
        yield head, np.array(same_rows, np.intp)


def _decode_one(value: bytes, row: int, columns: EntryColumns) -> None:
    """Decode an entry that is not as usual: one with slices, with other fields or damaged."""
    try:
        entry = decode_entry(value)
    except DataLossError as error:
        columns.damage[row] = error
        return
    columns.type_ids[row] = len(columns.types)
    columns.types.append((entry.dtype, entry.shape))
    columns.shard_ids[row], columns.offsets[row] = entry.shard_id, entry.offset
    columns.sizes[row], columns.crcs[row] = entry.size, entry.crc32c
    if entry.slices:
        columns.slices[row] = entry.slices
