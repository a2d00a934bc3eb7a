"""Join several V2 checkpoints into one without copying their data: the end of a save in shards.

Format: tensorflow/core/util/tensor_bundle/tensor_bundle.cc (MergeBundles); kernels/save_restore_v2_ops.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from ckpt_magics.errors import CheckpointError, InternalError, InvalidArgumentError, NotFoundError, visible
from ckpt_magics.files.formats.bundle_records import BundleEntry, BundleHeader
from ckpt_magics.files.formats.entry_encoding import encode_entries
from ckpt_magics.files.kinds.bundle.bundle_commit import publish_bundle
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.storage.naming import data_filename, index_filename
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import WrittenFile

__all__ = ["merge_bundles"]


def merge_bundles(
    prefixes: Sequence[AnyPath],
    destination: AnyPath,
    *,
    delete_old_dirs: bool = True,
    allow_missing_files: bool = False,
    durable: bool = True,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[WrittenFile, ...]:
    """Make one checkpoint of several, whose data files are moved and whose indexes are removed.

    Args:
        prefixes: Of the checkpoints, which hold different tensors, or different slices of the same.
        destination: Prefix of the result; a checkpoint that is there is replaced in one step.
        delete_old_dirs: Remove the directories that the checkpoints were in, if they are empty then.
        allow_missing_files: Pass over prefixes without a checkpoint.
        durable: Sync files and directory.
        companions: Contents of other files by path, in the same directory, that appear with the checkpoint.

    Returns:
        What was written besides the data files that were moved.

    Raises:
        InvalidArgumentError: A checkpoint is missing; or two hold the same tensor, or differ in byte order or version.
        InternalError: One holds a tensor whole of which another has slices.
        CheckpointError: A checkpoint is damaged, or the disk refuses.
    """
    place = save_place(destination, may_be_bare=True)
    merged = _Merged()
    found = [
        prefix for prefix in map(save_place, prefixes) if merged.add_if_there(prefix, allow_missing=allow_missing_files)
    ]
    if not found:
        raise InvalidArgumentError("At least one prefix checkpoint file must exist, but none existed.")
    with place.directory.stage(durable=durable) as stage:
        entries = encode_entries(merged.entries)
        publish_bundle(stage, place, merged.data_files, header=merged.header, entries=entries, companions=companions)
    for prefix in found:
        if prefix.name != place.name:
            # TensorFlow ignores a refusal too: what is left is an index without data.
            with suppress(CheckpointError):
                prefix.at(index_filename(prefix.name)).remove()
    if delete_old_dirs:
        for directory in {prefix.directory for prefix in found} - {place.directory}:
            directory.store.remove_empty(directory.name)
    return tuple(stage.written)


class _Merged:
    """The checkpoints read so far as one: header, entries by key, data files by shard."""

    def __init__(self) -> None:
        self.header = BundleHeader()
        self.entries: dict[bytes, BundleEntry] = {}
        self.data_files: list[str] = []

    def add_if_there(self, prefix: Place, *, allow_missing: bool) -> bool:
        """Add a checkpoint; False if it is not there and need not be."""
        try:
            index = BundleIndex(prefix)
        except NotFoundError:
            if allow_missing:
                return False
            raise InvalidArgumentError(
                f"allow_missing_files was set to false and {visible(prefix.name)} did not exist."
                f"NOT_FOUND: {visible(prefix.name)} not found"
            ) from None
        try:
            self._add(prefix, index)
        finally:
            index.close()
        return True

    def _add(self, prefix: Place, index: BundleIndex) -> None:
        self._check_header(index.header)
        listing = index.listing()
        if listing.damage:
            raise listing.damage[0]
        # Numbers shards in the order in which entries mention them, as TensorFlow does.
        shards: dict[int, int] = {}
        for row, key in enumerate(listing.keys):
            entry = listing.entries.entry(row)
            if entry.shard_id not in shards:
                shards[entry.shard_id] = len(self.data_files)
                self.data_files.append(data_filename(prefix.name, entry.shard_id, index.header.num_shards))
            self._add_entry(key, entry._replace(shard_id=shards[entry.shard_id]), prefix.name)
        # Data files that no entry mentions count too, and move along.
        for shard_id in range(index.header.num_shards):
            file = prefix.at(data_filename(prefix.name, shard_id, index.header.num_shards))
            if shard_id not in shards and file.exists:
                self.data_files.append(file.name)

    def _check_header(self, header: BundleHeader) -> None:
        if not self.data_files:
            self.header = header
        elif header.big_endian != self.header.big_endian:
            raise InvalidArgumentError("Merging bundles with conflicting endianness; inputs corrupted?")
        elif header.versions != self.header.versions:
            raise InvalidArgumentError(
                f"Merging bundles with different format versions: merged {self.header.versions} "
                f"vs. curr {header.versions}"
            )

    def _add_entry(self, key: bytes, entry: BundleEntry, prefix: str) -> None:
        known = self.entries.get(key)
        if known is None:
            self.entries[key] = entry
            return
        if not known.slices:
            raise InvalidArgumentError(
                f"Duplicate tensor keyed by {visible(key)} encountered, when merging prefix: {visible(prefix)}"
            )
        if not entry.slices:
            raise InternalError(
                f"Duplicate tensor keyed by {visible(key)}; attempting to merge in a non-slice bundle entry"
            )
        if (known.dtype, known.shape) != (entry.dtype, entry.shape):
            raise InternalError(f"Slices of tensor {visible(key)} differ in dtype or full shape, in {visible(prefix)}")
        self.entries[key] = known._replace(slices=known.slices + entry.slices)
