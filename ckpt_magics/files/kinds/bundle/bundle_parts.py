"""V2 checkpoints by several workers: each writes a data file and an index of what is in it, and one joins them.

Workers write into a directory beside the checkpoint, which has the name of a temporary file of whoever put it there, so
that a later save sweeps it if that process is gone. Every attempt has names of its own: of a part that was written
twice, the one counts of which the writer's word came. Nothing reads a data file before there is an index, and the index
comes last.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from ckpt_magics.errors import AbortedError, CheckpointError, DataLossError
from ckpt_magics.files.formats.bundle_records import BundleHeader
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, sorted_entries, write_index
from ckpt_magics.files.kinds.bundle.bundle_commit import claimed_shard_count, publish_bundle
from ckpt_magics.files.kinds.bundle.bundle_sink import BundleSink
from ckpt_magics.files.kinds.bundle.index_merge import IndexPart, merge_indexes
from ckpt_magics.files.kinds.bundle.value_writer import ValueWriter
from ckpt_magics.files.storage.atomic import forget_names, is_temporary_name, temporary_name
from ckpt_magics.files.storage.naming import data_filename, index_filename
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.store import EntryKind, Stage, WrittenFile
from ckpt_magics.files.tensors.records import Record, columns_of_records
from ckpt_magics.files.tensors.sink import Values, write_values
from ckpt_magics.files.tensors.stored_pieces import CopiedValue

__all__ = ["WrittenPart", "begin_parts", "parts_directory", "publish_parts", "remove_parts", "write_part"]

_DAY = 86400.0
"""Seconds after which parts in a store that does not know whose they are belong to no save under way."""


class WrittenPart(NamedTuple):
    """What a worker wrote.

    Attributes:
        prefix: Of its two files.
        size: Bytes of the data file.
        first_key: The first of the keys in its index.
        copied: Values whose bytes were copied from another file and read back, by key.
    """

    prefix: Place
    size: int
    first_key: bytes
    copied: Mapping[bytes, CopiedValue]

    @property
    def data_file(self) -> Place:
        """The data file."""
        return self.prefix.at(data_filename(self.prefix.name, 0, 1))

    @property
    def index_file(self) -> Place:
        """The index, in which the data file has the number that it is to have in the checkpoint."""
        return self.prefix.at(index_filename(self.prefix.name))


@contextmanager
def parts_directory(prefix: Place) -> Iterator[Place]:
    """Give a directory for the parts of a checkpoint; at the end it goes, with whatever is in it."""
    directory = begin_parts(prefix)
    try:
        yield directory
    finally:
        remove_parts(directory)


def begin_parts(prefix: Place) -> Place:
    """Make a directory for the parts of a checkpoint, and return it."""
    if not prefix.store.is_local:
        _sweep(prefix.directory)
    directory = prefix.beside(temporary_name()).plain
    directory.store.make_directory(directory.name)
    return directory


def remove_parts(directory: Place) -> None:
    """Remove a directory of parts; what cannot go is swept by a later save."""
    _remove_tree(directory)
    forget_names([directory.stem])


def _remove_tree(directory: Place) -> None:
    with suppress(CheckpointError):
        for inner, names in [*directory.walk()][::-1]:
            for name in names:
                with suppress(CheckpointError):
                    (inner / name).remove()
            inner.store.remove_empty(inner.name)


def _sweep(directory: Place) -> None:
    """Remove the parts of saves that are a day old or more."""
    with suppress(CheckpointError):
        for name, kind in directory.scan().items():
            if kind is EntryKind.DIRECTORY and is_temporary_name(name) and _is_old(directory / name):
                _remove_tree(directory / name)


def _is_old(directory: Place) -> bool:
    times = [(inner / name).modified for inner, names in directory.walk() for name in names]
    return max(times, default=0.0) < time.time() - _DAY


def write_part(
    directory: Place, shard_id: int, records: Sequence[Record], values: Values, *, durable: bool = True
) -> WrittenPart:
    """Write some values of a checkpoint to files of their own.

    Args:
        directory: Where parts of it are written.
        shard_id: Number that the data file is to have.
        records: The values, in the order of the file.
        values: What gives them.
        durable: Sync them.

    Raises:
        AbortedError: The directory is gone: nobody waits for the part any more.
        CheckpointError: A value cannot be had or is something else than was said, or the disk refuses.
    """
    if directory.store.is_local and not directory.is_directory:
        raise AbortedError("the save that this is a part of is over", file=directory.name)
    prefix = directory / f"part-{shard_id:05d}-{secrets.token_hex(6)}"
    columns = columns_of_records(records)
    slices = [record for record in records if not record.is_whole]
    with directory.stage(durable=durable) as stage, ValueWriter(ProgressMeter(0, None)) as writer:
        sink = BundleSink(stage, prefix.name, columns, slices, [range(len(records))], writer, count=1)
        write_values(sink, values)
        (data,), entries = sink.finish_values(shard_id)
        entries = sorted_entries(entries)
        part = WrittenPart(prefix, data.size, entries.keys[0], sink.copied)
        index = stage.create(part.index_file.name, decides=True)
        write_index(index.write, BundleHeader(), entries)
        stage.publish(data, part.data_file.name, "data")
        stage.commit(index, part.index_file.name, "index")
    return part


def publish_parts(
    stage: Stage,
    prefix: Place,
    parts: Sequence[WrittenPart],
    partitioned: EncodedEntries,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[WrittenFile, ...]:
    """Make parts visible as one checkpoint, in place of the one that is there.

    Args:
        stage: Of the checkpoint's directory.
        prefix: Of the checkpoint.
        parts: By the numbers of their data files.
        partitioned: Entries of the tensors that are in slices, sorted.
        companions: Contents of other files by path.

    Returns:
        The files of the checkpoint.

    Raises:
        DataLossError: A data file is not what was written.
        CheckpointError: The store refuses. What was there before is as it was.
    """
    for part in parts:
        info = part.data_file.info()
        if info is None or info.size != part.size:
            found = "not there" if info is None else f"of {info.size:,} bytes"
            raise DataLossError(f"a data file of {part.size:,} bytes is {found}", file=part.data_file.name)
    indexes = [IndexPart(part.index_file, part.first_key) for part in parts]
    claimed = claimed_shard_count(stage, prefix, len(parts))
    paths = publish_bundle(
        stage,
        prefix,
        [part.data_file.name for part in parts],
        header=BundleHeader(),
        entries=merge_indexes(indexes, partitioned),
        companions=companions,
        claimed=claimed,
    )
    moved = (WrittenFile(path, "data", part.size) for path, part in zip(paths, parts, strict=False))
    return (*moved, *stage.written)
