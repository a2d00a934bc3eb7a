"""Write V2 checkpoints, byte for byte as TensorFlow writes them, so that each save appears all at once.

A new prefix gets TensorFlow's own file names. Over a checkpoint of the same prefix the new data goes under another
number of shards (``-of-00002`` beside ``-of-00001``, the surplus shard empty), for two files cannot be renamed in one
step: the old index needs the old data until the rename of the new index, which is the commit. Then the old data goes.

Format: tensorflow/core/util/tensor_bundle/tensor_bundle.cc (BundleWriter, MergeBundles).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.bundle_records import MAX_SHARDS, BundleEntry, BundleHeader
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, encode_entries, write_index
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.bundle.value_writer import ValueWriter, write_plain_values
from ckpt_magics.files.kinds.data_files import data_files
from ckpt_magics.files.kinds.former_files import remove_former_files
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.atomic import StagedFiles, WrittenFile
from ckpt_magics.files.storage.locking import directory_lock
from ckpt_magics.files.storage.naming import data_filename, index_filename
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import Progress, ProgressMeter
from ckpt_magics.files.tensors.tensors_to_save import (
    Part,
    PlainTensors,
    TensorToSave,
    check_parts,
    parse_part,
    path_text,
    plain_columns,
    split_into_shards,
)

__all__ = ["TensorToSave", "WrittenFile", "publish_bundle", "write_bundle", "write_shards"]


def write_bundle(
    prefix: AnyPath,
    tensors: Sequence[TensorToSave] | PlainTensors,
    *,
    num_shards: int = 1,
    durable: bool = True,
    progress: Progress | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[WrittenFile, ...]:
    """Write tensors as one V2 checkpoint. The data files hold them in the order given.

    Args:
        prefix: Of the checkpoint; one missing directory is created.
        tensors: What to write; slices of a partitioned tensor are separate items.
        num_shards: Number of data files, each a run of the tensors of about the same size.
        durable: Sync files and directory, so that a power loss after the return takes nothing.
        progress: Called with (bytes done, bytes in all).
        companions: Contents of other files by path, in the same directory, that appear with the checkpoint.

    Raises:
        InvalidArgumentError: A name is empty or given twice, or a shape_and_slice does not fit its tensor.
        InternalError: Slices of one tensor do not fit together.
        UnimplementedError: Files cannot hold a tensor's type.
        CheckpointError: The disk refuses; see :func:`disk.writing_to`. The old version is as it was.
    """
    plain = tensors if isinstance(tensors, PlainTensors) else plain_columns(tensors)
    if num_shards == 1 and plain is not None and plain.is_sound:
        return _write_plain(prefix, plain, durable=durable, progress=progress, companions=companions)
    parts = list(map(parse_part, tensors.one_by_one() if isinstance(tensors, PlainTensors) else tensors))
    return write_shards(
        prefix, split_into_shards(parts, num_shards), durable=durable, progress=progress, companions=companions
    )


def write_shards(
    prefix: AnyPath,
    shards: Sequence[Sequence[Part]],
    *,
    durable: bool = True,
    progress: Progress | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[WrittenFile, ...]:
    """Write one V2 checkpoint whose data files hold the parts given for each; else as :func:`write_bundle`."""
    name = path_text(prefix, may_be_bare=True)
    check_parts([part for shard in shards for part in shard])
    meter = ProgressMeter(sum(part.size for shard in shards for part in shard), progress)
    with StagedFiles(os.path.dirname(name), durable=durable) as stage:
        index = _IndexBuilder()
        files = []
        for shard_id, shard in enumerate(shards):
            file = stage.create(data_filename(name, shard_id, len(shards)), sum(part.size for part in shard))
            with ValueWriter(file, meter) as writer:
                for part in shard:
                    offset = file.size
                    try:
                        crc = writer.write(part.tensor.array, part.tensor.dtype)
                    except CheckpointError as error:
                        raise error.locate(tensor=part.tensor.name) from None
                    index.add(part, shard_id, offset, file.size - offset, crc)
            stage.finish(file)
            files.append(file)
        publish_bundle(
            stage, name, files, header=BundleHeader(), entries=encode_entries(index.entries()), companions=companions
        )
        meter.finish()
    return tuple(stage.written)


def _write_plain(
    prefix: AnyPath,
    tensors: PlainTensors,
    *,
    durable: bool,
    progress: Progress | None,
    companions: Mapping[str, bytes] | None,
) -> tuple[WrittenFile, ...]:
    """Write whole tensors into one data file."""
    name = path_text(prefix, may_be_bare=True)
    size = tensors.count_bytes()
    meter = ProgressMeter(size, progress)
    with StagedFiles(os.path.dirname(name), durable=durable) as stage:
        file = stage.create(data_filename(name, 0, 1), size)
        entries = write_plain_values(file, tensors, meter)
        stage.finish(file)
        publish_bundle(stage, name, [file], header=BundleHeader(), entries=entries, companions=companions)
        meter.finish()
    return tuple(stage.written)


class _IndexBuilder:
    """Collects the entries of the tensors written, by key."""

    def __init__(self) -> None:
        self._entries: dict[bytes, BundleEntry] = {}
        self._slices: dict[bytes, list[TensorSlice]] = {}

    def add(self, part: Part, shard_id: int, offset: int, size: int, crc: int) -> None:
        """Add where a part was written; for a slice also its place in the entry of the whole tensor."""
        name = part.tensor.name
        entry = BundleEntry(part.tensor.dtype, part.tensor.array.shape, shard_id, offset, size, crc)
        if part.is_whole or part.tensor_slice is None:
            # Also a slice that spells out all of its tensor.
            self._entries[name] = entry
            return
        self._entries[part.tensor_slice.encode_key(name)] = entry
        if name not in self._slices:
            # TensorFlow's merge leaves the shard of the first slice in the whole tensor's entry.
            self._entries[name] = BundleEntry(entry.dtype, part.shape, entry.shard_id)
        self._slices.setdefault(name, []).append(part.tensor_slice)

    def entries(self) -> dict[bytes, BundleEntry]:
        """Return all entries by key."""
        for name, slices in self._slices.items():
            self._entries[name] = self._entries[name]._replace(slices=tuple(slices))
        return self._entries


def publish_bundle(
    stage: StagedFiles,
    prefix: str,
    files: Sequence[disk.OutputFile | str],
    *,
    header: BundleHeader,
    entries: EncodedEntries,
    companions: Mapping[str, bytes] | None = None,
) -> None:
    """Make data files and an index visible as the checkpoint ``prefix``, in place of the one that is there.

    Args:
        stage: Where the files were staged.
        prefix: Of the checkpoint.
        files: The data files by shard: staged ones, or paths of files to be moved.
        header: What the index begins with; its number of shards is set here.
        entries: What the index holds.
        companions: Contents of other files by path.
    """
    with directory_lock(os.path.dirname(prefix)):
        num_shards = _free_shard_count(prefix, len(files))
        index = stage.create(index_filename(prefix))
        write_index(index.write, header._replace(num_shards=num_shards), entries)
        stage.finish(index)
        others = [(stage.add(*other), other[0]) for other in (companions or {}).items()]
        paths = [data_filename(prefix, shard_id, num_shards) for shard_id in range(num_shards)]
        for shard_id, path in enumerate(paths):
            shard = files[shard_id] if shard_id < len(files) else stage.create(path)
            if isinstance(shard, str):
                stage.adopt(shard, path)
            else:
                stage.publish(shard, path, "data")
        for file, path in others:
            stage.publish(file, path, "meta graph")
        stage.commit(index, index_filename(prefix), "index")
        # The version before, and what killed saves left.
        remove_former_files(prefix, {index_filename(prefix), *paths}, durable=stage.durable)


def _free_shard_count(prefix: str, wanted: int) -> int:
    """The least number of shards from ``wanted`` on whose file names are free to take."""
    if not os.path.lexists(index_filename(prefix)):
        # Data without an index is what a save left that was killed before its commit.
        return wanted
    taken = set(data_files(prefix).values())
    while wanted in taken:
        wanted += 1
    if wanted > MAX_SHARDS:
        raise InvalidArgumentError(f"{wanted} data files are more than the {MAX_SHARDS} that a checkpoint may have")
    return wanted
