"""The entries of a whole V2 index at once, as columns.

Entries are small and many: a message object for each would cost more than everything else about opening a checkpoint.
All entries written as TensorFlow writes them (dtype, shape, then shard, offset and size without the zeros, then the
checksum) are decoded together, field after field, by NumPy; dtype and shape, which many have in common, are recognised
by their bytes. The others are decoded one by one.

Format: as bundle_records; tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError
from ckpt_magics.formats.bundle_records import BundleEntry, decode_entry
from ckpt_magics.formats.dtypes import DType
from ckpt_magics.formats.tensor_slice import TensorSlice
from ckpt_magics.wire.varint import Buffer

_DTYPE_TAG, _SHAPE_TAG, _SHARD_TAG, _OFFSET_TAG, _SIZE_TAG, _CRC_TAG = 0x08, 0x12, 0x18, 0x20, 0x28, 0x35
_CRC_FIELD_SIZE = 5
_MOST_GROUPS = 9
"""Groups of seven bits in the largest number that a field of these can hold, 2**63 - 1."""

_PADDING = 16
"""Zeros behind the last entry, so that looking at the next byte needs no check."""

Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


class EntryColumns(NamedTuple):
    """The fields of many entries, each in the order of the entries.

    Attributes:
        dtypes: Type; None of an entry in ``damage``.
        shapes: Full shape.
        shard_ids: Number of the data file, int64.
        offsets: Where the value begins there, in bytes, int64.
        sizes: Bytes of the value, int64.
        crcs: Their masked checksum, int64.
        slices: By row, the parts of the entries that have some.
        damage: By row, what is wrong with the entries that could not be decoded.
    """

    dtypes: list[DType | None]
    shapes: list[tuple[int, ...]]
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
        dtype = self.dtypes[row]
        if dtype is None:
            error = self.damage[row]
            raise DataLossError(error.message, offset=error.offset)
        return BundleEntry(
            dtype,
            self.shapes[row],
            int(self.shard_ids[row]),
            int(self.offsets[row]),
            int(self.sizes[row]),
            int(self.crcs[row]),
            self.slices.get(row, ()),
        )


def decode_entries(messages: Sequence[Buffer]) -> EntryColumns:
    """Return what BundleEntryProto messages say. One that cannot be decoded spoils its own row only."""
    values = list(map(bytes, messages))
    count = len(values)
    lengths = np.fromiter(map(len, values), np.intp, count)
    ends = np.cumsum(lengths)
    buffer = np.frombuffer(b"".join(values) + bytes(_PADDING), np.uint8)
    usual, positions = _find_usual_heads(buffer, ends - lengths, lengths)
    head_sizes = (positions - ends + lengths).tolist()
    shard_ids = _take_numbers(buffer, positions, usual, _SHARD_TAG)
    offsets = _take_numbers(buffer, positions, usual, _OFFSET_TAG)
    sizes = _take_numbers(buffer, positions, usual, _SIZE_TAG)
    usual &= (buffer[positions] == _CRC_TAG) & (positions + _CRC_FIELD_SIZE == ends) & (shard_ids >> 31 == 0)
    crcs = np.zeros(count, np.int64)
    for byte in range(4):
        crcs[usual] |= buffer[positions[usual] + 1 + byte].astype(np.int64) << 8 * byte
    columns = EntryColumns([None] * count, [()] * count, shard_ids, offsets, sizes, crcs, {}, {})
    _decode_heads(values, head_sizes, usual, columns)
    for row in np.flatnonzero(~usual).tolist():
        _decode_one(values[row], row, columns)
    return columns


def _find_usual_heads(buffer: Bytes, starts: Rows, lengths: Rows) -> tuple[Flags, Rows]:
    """Tell which entries begin with a dtype and a shape of one-byte sizes, and where the next field of each begins."""
    usual = lengths >= 4 + _CRC_FIELD_SIZE
    # The start of an entry that is too short is as good as any place: what is found there is not used.
    first = np.where(usual, starts, 0)
    if not usual.any():
        return usual, first
    shape_sizes = buffer[first + 3].astype(np.intp)
    usual &= (buffer[first] == _DTYPE_TAG) & (buffer[first + 1] < 0x80)
    usual &= (buffer[first + 2] == _SHAPE_TAG) & (shape_sizes < 0x80) & (4 + shape_sizes < lengths)
    return usual, np.where(usual, starts + 4 + shape_sizes, starts)


def _take_numbers(buffer: Bytes, positions: Rows, usual: Flags, tag: int) -> Numbers:
    """Decode a varint field of every entry that has it next, and move the positions behind it; 0 of the others."""
    numbers = np.zeros(len(positions), np.int64)
    rows = np.flatnonzero(usual & (buffer[positions] == tag))
    positions[rows] += 1
    for group in range(_MOST_GROUPS):
        groups = buffer[positions[rows]]
        numbers[rows] |= (groups & 0x7F).astype(np.int64) << 7 * group
        positions[rows] += 1
        rows = rows[groups >= 0x80]
        if not rows.size:
            return numbers
    # Negative, or more than 64 bits.
    usual[rows] = False
    positions[rows] = 0
    return numbers


def _decode_heads(values: list[bytes], head_sizes: list[int], usual: Flags, columns: EntryColumns) -> None:
    """Fill in dtype and shape of the usual entries; one that has none leaves its row to the other decoder."""
    known: dict[bytes, BundleEntry | None] = {}
    dtypes, shapes = columns.dtypes, columns.shapes
    for row in np.flatnonzero(usual).tolist():
        head = values[row][: head_sizes[row]]
        entry = known.get(head)
        if entry is None:
            if head not in known:
                try:
                    known[head] = entry = decode_entry(head)
                except DataLossError:
                    known[head] = None
            if entry is None:
                usual[row] = False
                continue
        dtypes[row], shapes[row] = entry.dtype, entry.shape


def _decode_one(value: bytes, row: int, columns: EntryColumns) -> None:
    """Decode an entry that is not as usual: one with slices, with other fields or damaged."""
    try:
        entry = decode_entry(value)
    except DataLossError as error:
        columns.damage[row] = error
        return
    columns.dtypes[row], columns.shapes[row] = entry.dtype, entry.shape
    columns.shard_ids[row], columns.offsets[row] = entry.shard_id, entry.offset
    columns.sizes[row], columns.crcs[row] = entry.size, entry.crc32c
    if entry.slices:
        columns.slices[row] = entry.slices
