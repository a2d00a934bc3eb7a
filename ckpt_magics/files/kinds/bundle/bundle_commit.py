"""Make the files of a V2 checkpoint visible, so that each save appears all at once.

A new prefix gets TensorFlow's own file names. Over a checkpoint of the same prefix the new data goes under another
number of shards (``-of-00002`` beside ``-of-00001``, the surplus shard empty), for two files cannot be renamed in one
step: the old index needs the old data until the rename of the new index, which is the commit. Then the old data goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.bundle_records import MAX_SHARDS, BundleHeader
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, write_index
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.kinds.claimed_names import claimed_count
from ckpt_magics.files.kinds.data_files import data_files
from ckpt_magics.files.kinds.former_files import remove_former_files
from ckpt_magics.files.storage.naming import data_filename, index_filename
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import NewFile, Stage

__all__ = ["claimed_shard_count", "data_of_index", "publish_bundle"]


def publish_bundle(
    stage: Stage,
    place: Place,
    files: Sequence[NewFile | str],
    *,
    header: BundleHeader,
    entries: EncodedEntries | Iterable[EncodedEntries],
    companions: Mapping[str, bytes] | None = None,
    claimed: int | None = None,
) -> list[str]:
    """Make data files and an index visible as a checkpoint, in place of the one that is there; returns the data files.

    Args:
        stage: Where the files were staged.
        place: Its prefix.
        files: The data files by shard: staged ones, or names of files to be moved.
        header: What the index begins with; its number of shards is set here.
        entries: What the index holds, see :func:`write_index`.
        companions: Contents of other files by path.
        claimed: Number of shards in the names that the files have already; None where they get their names here.
    """
    prefix = place.name
    with place.directory.lock():
        num_shards = claimed or _free_shard_count(place, len(files))
        index = stage.create(index_filename(prefix), decides=True)
        write_index(index.write, header._replace(num_shards=num_shards), entries)
        index.finish()
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
        former = None if stage.renames else data_of_index(place)
        stage.commit(index, index_filename(prefix), "index")
        # The version before, and what killed saves left.
        written = set(map(place.at, [index_filename(prefix), *paths]))
        remove_former_files(place, written, durable=stage.durable, former=former)
    return paths


def claimed_shard_count(stage: Stage, place: Place, wanted: int) -> int | None:
    """Return a number of shards whose names nobody else writes to; None where files get their names in the end."""
    if stage.renames:
        return None
    return claimed_count(stage, _free_shard_count(place, wanted), lambda count: data_filename(place.name, 0, count))


def data_of_index(prefix: Place) -> Collection[Place]:
    """Return the data files that the index of a prefix names and that are there; none if none can be read."""
    try:
        with closing(BundleIndex(prefix)) as index:
            count = index.header.num_shards
    except CheckpointError:
        return []
    return [place for place, shards in data_files(prefix).items() if shards == count]


def _free_shard_count(prefix: Place, wanted: int) -> int:
    """The least number of shards from ``wanted`` on whose file names are free to take."""
    if not prefix.at(index_filename(prefix.name)).is_taken:
        # Data without an index is what a save left that was killed before its commit.
        return wanted
    taken = set(data_files(prefix).values())
    while wanted in taken:
        wanted += 1
    if wanted > MAX_SHARDS:
        raise InvalidArgumentError(f"{wanted} data files are more than the {MAX_SHARDS} that a checkpoint may have")
    return wanted
