"""Copy some tensors of an open checkpoint to a new one of the same format, each value verified on the way.

Of numbers a few pieces are in memory at a time; of strings, and of a record of a V1 checkpoint, one value.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.bundle_records import BundleEntry, BundleHeader
from ckpt_magics.files.formats.entry_encoding import encode_entries
from ckpt_magics.files.formats.number_bytes import number_bytes
from ckpt_magics.files.formats.slice_records import META_KEY, encode_meta
from ckpt_magics.files.formats.table import TableWriter
from ckpt_magics.files.formats.tensor_data import encode_tensor
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.bundle.bundle_writer import publish_bundle
from ckpt_magics.files.kinds.slice_table.slice_table import SliceTableStore
from ckpt_magics.files.kinds.slice_table.slice_table_writer import publish_tables
from ckpt_magics.files.storage.atomic import StagedFiles, WrittenFile
from ckpt_magics.files.storage.naming import data_filename
from ckpt_magics.files.storage.progress import Progress, ProgressMeter
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.files.wire.varint import Buffer

__all__ = ["copy_bundle", "copy_slice_table"]


def copy_bundle(
    store: BundleStore,
    tensors: Sequence[TensorSpec],
    prefix: str,
    *,
    progress: Progress | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[WrittenFile, ...]:
    """Write tensors of a V2 checkpoint as one of a single data file, little-endian, in the order of the old files.

    Args:
        store: Where they are.
        tensors: Which; slices stay slices.
        prefix: Of the new checkpoint.
        progress: Called with bytes done and bytes in all.
        companions: Contents of other files by path, in the same directory, that appear with the checkpoint.

    Raises:
        DataLossError: A value is damaged; nothing was written.
        CheckpointError: The disk refuses.
    """
    records = {key: (tensor.key, entry) for tensor in tensors for key, entry in store.records(tensor.key)}
    places = sorted(records, key=lambda key: (records[key][1].shard_id, records[key][1].offset, key))
    size = sum(entry.size for _, entry in records.values())
    meter = ProgressMeter(size, progress)
    copied: dict[bytes, BundleEntry] = {}
    with StagedFiles(os.path.dirname(prefix), durable=True) as stage:
        file = stage.create(data_filename(prefix, 0, 1), size)

        def write(data: Buffer) -> None:
            file.write(data)
            meter.advance(len(data))

        for key in places:
            name, entry = records[key]
            offset = file.size
            crc = 0 if entry.slices else _copy_value(store, name, key, entry, write)
            copied[key] = entry._replace(shard_id=0, offset=offset, size=file.size - offset, crc32c=crc)
            if entry.slices:
                copied[key] = copied[key]._replace(offset=0)
        stage.finish(file)
        entries = encode_entries(copied)
        publish_bundle(stage, prefix, [file], header=BundleHeader(), entries=entries, companions=companions)
        meter.finish()
    return tuple(stage.written)


def _copy_value(
    store: BundleStore, name: bytes, key: bytes, entry: BundleEntry, write: Callable[[Buffer], object]
) -> int:
    """Write the bytes of one entry and return their masked checksum."""
    if not entry.dtype.itemsize:
        buffers, checksum = encode_tensor(store.read_value(name, key, entry), entry.dtype)
        for data in buffers:
            write(data)
        return checksum
    crc = 0
    for _, piece in store.value_pieces(name, key, entry):
        numbers = number_bytes(piece, entry.dtype)
        write(numbers)
        crc = crc32c(numbers, crc)
    return mask(crc)


def copy_slice_table(
    store: SliceTableStore,
    tensors: Sequence[TensorSpec],
    path: str,
    *,
    progress: Progress | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[WrittenFile, ...]:
    """Write tensors of a V1 checkpoint as one in a single file, their records as they are; else as `copy_bundle`."""
    names = sorted(tensor.key for tensor in tensors)
    listed = encode_meta([store.meta(name) for name in names])
    keys = sorted(place for name in names for place in store.record_places(name))
    meter = ProgressMeter(store.size, progress)

    with StagedFiles(os.path.dirname(path), durable=True) as stage:
        file = stage.create(path, store.size)
        table = TableWriter(file.write)
        table.add(META_KEY, listed)
        for key, shard_id in keys:
            record = store.find_record(key, shard_id)
            if record is None:
                raise DataLossError("a slice that was there a moment ago is not", file=store.prefix)
            table.add(key, record)
            meter.advance(len(record))
        table.finish()
        stage.finish(file)
        publish_tables(stage, path, [file], companions=companions)
        meter.finish()
    return tuple(stage.written)
