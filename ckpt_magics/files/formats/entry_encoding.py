"""Writing all records of a V2 index at once.

Entries that are columns already are encoded by NumPy, field after field: what entry_columns is for reading.

Format: as bundle_records.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.bundle_records import (
    HEADER_ENTRY_KEY,
    BundleEntry,
    BundleHeader,
    encode_entry,
    encode_header,
    encode_type,
)
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.table_columns import ColumnTableWriter
from ckpt_magics.files.wire.ragged import Bytes, interleave, take
from ckpt_magics.files.wire.varint import Buffer, encode_tagged_varints

__all__ = ["EncodedEntries", "encode_columns", "encode_entries", "sorted_entries", "write_index"]

_SHARD_TAG, _OFFSET_TAG, _SIZE_TAG, _CRC_TAG = 0x18, 0x20, 0x28, 0x35

Numbers = npt.NDArray[np.int64]
Sizes = npt.NDArray[np.intp]


class EncodedEntries(NamedTuple):
    """BundleEntryProto messages by key.

    Attributes:
        keys: In any order, no two the same.
        messages: One per key, back to back.
        sizes: Bytes of each.
    """

    keys: list[bytes]
    messages: Bytes
    sizes: Sizes

    def with_others(self, others: EncodedEntries) -> EncodedEntries:
        """Return these and others together."""
        return EncodedEntries(
            self.keys + others.keys,
            np.concatenate([self.messages, others.messages]),
            np.concatenate([self.sizes, others.sizes]),
        )


def write_index(
    sink: Callable[[Buffer], object], header: BundleHeader, entries: EncodedEntries | Iterable[EncodedEntries]
) -> None:
    """Write the index of a V2 checkpoint.

    Args:
        sink: Called with each piece of the file, in order.
        header: What it begins with.
        entries: What it holds; or some of it after the other, each with keys behind those of the ones before.

    Raises:
        InvalidArgumentError: Keys of one stand before those of the one before it.
    """
    first = encode_header(header)
    table = ColumnTableWriter(sink)
    table.add([HEADER_ENTRY_KEY], np.frombuffer(first, np.uint8), np.array([len(first)], np.intp))
    for some in [entries] if isinstance(entries, EncodedEntries) else entries:
        table.add(*sorted_entries(some))
    table.finish()


def sorted_entries(entries: EncodedEntries) -> EncodedEntries:
    """Return entries sorted by key."""
    keys, messages, sizes = entries
    if all(map(operator.lt, keys, keys[1:])):
        return entries
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ends = np.cumsum(sizes)
    data = messages.tobytes()
    parts = [data[start:end] for start, end in zip((ends - sizes)[order].tolist(), ends[order].tolist(), strict=True)]
    return EncodedEntries([keys[row] for row in order], np.frombuffer(b"".join(parts), np.uint8), sizes[order])


def encode_entries(entries: Mapping[bytes, BundleEntry]) -> EncodedEntries:
    """Encode entries of any kind one by one."""
    messages = list(map(encode_entry, entries.values()))
    sizes = np.fromiter(map(len, messages), np.intp, len(messages))
    return EncodedEntries(list(entries), np.frombuffer(b"".join(messages), np.uint8), sizes)


def encode_columns(
    keys: list[bytes],
    types: Sequence[tuple[DType, tuple[int, ...]]],
    type_ids: Sizes,
    places: Numbers,
    crcs: npt.NDArray[np.uint32],
) -> EncodedEntries:
    """Encode the entries of tensors without slices.

    Args:
        keys: Name of each.
        types: The different pairs of dtype and shape that there are.
        type_ids: intp [tensors], which of them each has.
        places: int64 [tensors, 3]: shard, offset and size of the values.
        crcs: Their masked checksums.
    """
    heads = [encode_type(dtype.number, shape) for dtype, shape in types]
    head_sizes = np.array([len(head) for head in heads], np.intp)[type_ids]
    # As in any message of proto3, what is 0 is left out.
    present = places != 0
    tags = np.broadcast_to(np.array([_SHARD_TAG, _OFFSET_TAG, _SIZE_TAG], np.uint8), places.shape)
    fields, sizes = encode_tagged_varints(tags[present], places[present])
    by_entry = np.zeros(places.shape, np.intp)
    by_entry[present] = sizes
    field_sizes = by_entry.sum(axis=1)
    checked = crcs != 0
    checksums = np.empty((len(keys), 5), np.uint8)
    checksums[:, 0] = _CRC_TAG
    checksums[:, 1:] = crcs.astype("<u4").view(np.uint8).reshape(-1, 4)
    checksum_sizes = np.where(checked, 5, 0)
    messages = interleave(
        [
            (take(heads, type_ids), head_sizes),
            (fields, field_sizes),
            (checksums[checked].reshape(-1), checksum_sizes),
        ]
    )
    return EncodedEntries(keys, messages, head_sizes + field_sizes + checksum_sizes)
