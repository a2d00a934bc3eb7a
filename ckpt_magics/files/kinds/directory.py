"""Which checkpoints lie in a directory, found by their files and not by what a state file says."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple, Protocol, TypeVar

from ckpt_magics.errors import CheckpointError, NotFoundError
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.kinds.table_file import table_version
from ckpt_magics.files.storage.naming import (
    INDEX_SUFFIX,
    data_filename,
    index_filename,
    is_foreign_temporary,
    parse_data_filename,
    parse_v1_shard,
    split_step,
    v1_shard_filename,
    v1_shard_pattern,
)
from ckpt_magics.files.storage.place import Place

__all__ = [
    "DatedCheckpoint",
    "checkpoint_files",
    "find_checkpoints",
    "in_order",
    "is_committed",
    "is_whole",
]

MAX_LOOKS = 10
"""How often to look again when each time another save came between."""


class DatedCheckpoint(NamedTuple):
    """A checkpoint by its files.

    Attributes:
        place: Its prefix; a pattern for a V1 checkpoint in shards.
        version: 1 or 2.
        modified: When the file that makes it one was written, in seconds since 1970.
    """

    place: Place
    version: int
    modified: float

    @property
    def prefix(self) -> str:
        """The prefix as a name, the directory included."""
        return self.place.name


class Dated(Protocol):
    """What can be put in order: a prefix, and when it was written in seconds since 1970, None if nothing is there."""

    @property
    def prefix(self) -> str: ...

    @property
    def modified(self) -> float | None: ...


AnyDated = TypeVar("AnyDated", bound=Dated)


def in_order(found: Iterable[AnyDated]) -> list[AnyDated]:
    """Return checkpoints in the order in which they were saved, as far as files can tell, the latest last.

    The steps of one prefix follow one another, whatever their times say: a copy has other times. Prefixes follow one
    another by the time of their youngest; of one tick of the clock, the longer and the greater name is the later.
    """
    known = [(one, *split_step(one.prefix), float("-inf") if one.modified is None else one.modified) for one in found]
    youngest: dict[str, float] = {}
    for _, stem, _, written in known:
        youngest[stem] = max(written, youngest.get(stem, written))

    def key(one: tuple[AnyDated, str, int | None, float]) -> tuple[float, int, str, int, float, int, str]:
        found, stem, step, written = one
        name = found.prefix
        return (youngest[stem], len(stem), stem, -1 if step is None else step, written, len(name), name)

    return [one[0] for one in sorted(known, key=key)]


def find_checkpoints(directory: Place) -> list[DatedCheckpoint]:
    """Return the checkpoints in a directory, in order, the latest last; whether they are whole is not looked at.

    Raises:
        CheckpointError: The directory cannot be listed.
    """
    found = {}
    names = directory.names()
    present = set(names)
    for name in names:
        if is_foreign_temporary(name):
            continue
        if name.endswith(INDEX_SUFFIX) and len(name) > len(INDEX_SUFFIX):
            prefix, version = name.removesuffix(INDEX_SUFFIX), 2
        elif name.startswith(".") or parse_data_filename(name) or name + INDEX_SUFFIX in present:
            continue
        elif table_version(directory / name) == 1:
            shard = parse_v1_shard(name)
            prefix, version = (v1_shard_pattern(shard[0], shard[2]) if shard else name), 1
        else:
            continue
        found[prefix] = DatedCheckpoint(directory / prefix, version, (directory / name).modified)
    return in_order(found.values())


def checkpoint_files(place: Place) -> list[Place]:
    """Return the files whose presence makes a prefix a checkpoint: its index, or its V1 files; none if it is none.

    The prefix is a name, only the marks of a V1 pattern (``-?????-of-00002``) stand for anything else.
    """
    index = place.at(index_filename(place.name))
    if index.exists:
        return [index]
    if place.exists:
        return [place]
    pattern = parse_v1_shard(place.stem)
    if pattern is None or pattern[1] is not None:
        return []
    names = (v1_shard_filename(pattern[0], shard, pattern[2]) for shard in _shards_present(place))
    return [place.directory / name for name in names]


def missing_shards(prefix: str, present: Iterable[str]) -> list[str]:
    """Return the paths of the V1 files that a pattern stands for and that are not ``present``; none of another name."""
    pattern = parse_v1_shard(prefix)
    if pattern is None or pattern[1] is not None:
        return []
    there = set(present)
    names = (v1_shard_filename(pattern[0], shard, pattern[2]) for shard in range(pattern[2]))
    return [name for name in names if name not in there]


def _shards_present(pattern: Place) -> list[int]:
    """Numbers of the V1 shards that a pattern stands for and that are there."""
    wanted = parse_v1_shard(pattern.stem)
    try:
        names = pattern.directory.names()
    except CheckpointError:
        return []
    found = filter(None, map(parse_v1_shard, names))
    return sorted(
        shard for base, shard, shards in found if wanted and shard is not None and (base, shards) == wanted[::2]
    )


def is_committed(place: Place) -> bool:
    """Tell whether a checkpoint's tables are undamaged; of a V1 checkpoint, whether it is whole."""
    try:
        with closing(BundleIndex(place)) as index:
            return not index.listing().damage
    except NotFoundError:
        return is_whole(place)
    except CheckpointError:
        return False


def is_whole(place: Place) -> bool:
    """Tell whether a checkpoint's tables are undamaged and its files all there and as long as they should be.

    The values' own checksums are not computed.
    """
    if not place.at(index_filename(place.name)).is_file:
        files = checkpoint_files(place)
        shards = parse_v1_shard(place.name)
        wanted = shards[2] if shards and shards[1] is None else 1
        return len(files) == wanted and all(table_version(file) == 1 for file in files)
    for _ in range(MAX_LOOKS):
        try:
            table = BundleIndex(place)
        except CheckpointError:
            return False
        with closing(table):
            if _has_data(place, table):
                return True
            if not table.file.replaced():
                return False
        # Saved over meanwhile: the data of the one looked at is gone, and that of the other is there.
    return False


def _has_data(place: Place, index: BundleIndex) -> bool:
    """Whether an index is undamaged, and the data files that it needs are there and long enough."""
    count = index.header.num_shards
    # A damaged header may claim any number: the first file that is not there ends this.
    files = (place.at(data_filename(place.name, shard_id, count)) for shard_id in range(count))
    if not all(file.is_file for file in files):
        return False
    try:
        listing = index.listing()
        return not listing.damage and all(
            not needed or place.at(data_filename(place.name, shard_id, count)).size() >= needed
            for shard_id, needed in enumerate(listing.data_sizes(count).tolist())
        )
    except CheckpointError:
        return False
