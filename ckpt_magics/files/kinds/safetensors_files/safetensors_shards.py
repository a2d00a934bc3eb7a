"""Several safetensors files that hold one model together, and the index that says which tensor is in which.

For ``model.safetensors`` these are ``model-00001-of-00002.safetensors`` and so on, counted from 1, and
``model.safetensors.index.json``, in the same directory. Over as many files of the same names there will be one more,
without tensors: names must not be reused before the old index goes, or a reader would find half of each.

Format: `shard_index`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.shard_index import encode_index
from ckpt_magics.files.kinds.claimed_names import claimed_count, whole_sets
from ckpt_magics.files.kinds.data_files import remove_old_files
from ckpt_magics.files.kinds.flat_sink import FlatSink
from ckpt_magics.files.kinds.safetensors_files.safetensors_file import (
    SafetensorsWriter,
    header_of,
    in_order,
    is_file_start,
)
from ckpt_magics.files.kinds.sharded_files import index_path
from ckpt_magics.files.storage.foreign import START_SIZE
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.store import NewFile, Stage
from ckpt_magics.files.tensors.records import Record
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["SUFFIX", "open_shards_sink", "remove_other_version"]

SUFFIX = ".safetensors"

_SHARD = re.compile(r"(?P<stem>.*)-(?P<shard>\d{5,})-of-(?P<shards>\d{5,})\.safetensors", re.DOTALL | re.ASCII)


@contextmanager
def open_shards_sink(
    place: Place, shards: Sequence[Sequence[Record]], options: SaveOptions, companions: Mapping[str, bytes] | None
) -> Iterator[FlatSink]:
    """Open a sink that makes several files and their index.

    Args:
        place: Name that a single file would have.
        shards: What is to be written to each.
        options: How.
        companions: Contents of other files by path that appear before the index.
    """
    shards = [in_order(records) for records in shards]
    headers = [header_of(records) for records in shards]
    sizes = [sum(record.size for record in records) for records in shards]
    meter = ProgressMeter(sum(sizes), options.progress)
    files: list[NewFile] = []
    path = place.name
    with place.directory.stage(durable=options.durable) as stage:
        stage.check_space(path, meter.total)
        count = len(shards) if stage.renames else _claimed(stage, place, len(shards))

        def begin(shard_id: int) -> SafetensorsWriter:
            files.append(stage.create(_shard_path(path, shard_id, count), sizes[shard_id]))
            return SafetensorsWriter(files[-1], headers[shard_id])

        sink = FlatSink(path, shards, begin, meter, first_shard=1)
        yield sink
        sink.finish()
        for other, contents in (companions or {}).items():
            stage.publish(stage.add(other, contents), other, "meta graph")
        _publish(stage, place, shards, files, count)
        meter.finish()
    sink.path = index_path(path, SUFFIX)
    sink.written = tuple(stage.written)


def _publish(
    stage: Stage, place: Place, shards: Sequence[Sequence[Record]], files: Sequence[NewFile], count: int
) -> None:
    """Make files visible with an index, in place of the version that is there."""
    with place.directory.lock():
        if stage.renames:
            # Somebody else may have taken the names meanwhile.
            count = _free_count(place, len(files))
        paths = [_shard_path(place.name, shard_id, count) for shard_id in range(count)]
        names = {
            key_to_name(record.name): place.at(paths[shard_id]).stem
            for shard_id, records in enumerate(shards)
            for record in records
        }
        size = sum(record.size for records in shards for record in records)
        index_name = index_path(place.name, SUFFIX)
        index = stage.add(index_name, encode_index(names, size))
        surplus = [stage.add(one, header_of([])) for one in paths[len(files) :]]
        for file, one in zip([*files, *surplus], paths, strict=True):
            stage.publish(file, one, "values")
        stage.commit(index, index_name, "index")
        remove_other_version(place, [index_name, *paths])


def remove_other_version(place: Place, written: Iterable[str]) -> None:
    """Remove what a name stood for before, as one file or as several, but for files that were just written."""
    single = [place] if _is_single(place) else []
    shards = _shards_of(place)
    # Where there is no lock, those of which some are missing are somebody's who is saving.
    others = shards if place.store.is_local else whole_sets(shards)
    there = [*single, place.at(index_path(place.name, SUFFIX)), *map(place.beside, others)]
    kept = set(written)
    remove_old_files([one for one in there if one.name not in kept])


def _is_single(place: Place) -> bool:
    try:
        return is_file_start(place.read_start(START_SIZE))
    except CheckpointError:
        return False


def _free_count(place: Place, wanted: int) -> int:
    """The least number of files from ``wanted`` on that is in the names of none that are there."""
    taken = set(_shards_of(place).values())
    while wanted in taken:
        wanted += 1
    return wanted


def _claimed(stage: Stage, place: Place, wanted: int) -> int:
    """The same, where names are chosen before the first byte; nobody else writes to them then."""
    return claimed_count(stage, _free_count(place, wanted), lambda count: _shard_path(place.name, 0, count))


def _shards_of(place: Place) -> dict[str, int]:
    """Return the names of the files that belong to a name, and how many each says there are."""
    stem = place.stem.removesuffix(SUFFIX)
    try:
        names = place.beside(stem).siblings()
    except CheckpointError:
        return {}
    found = ((name, _SHARD.fullmatch(name)) for name in names)
    return {name: int(parts["shards"]) for name, parts in found if parts and parts["stem"] == stem}


def _shard_path(path: str, shard_id: int, count: int) -> str:
    return f"{path.removesuffix(SUFFIX)}-{shard_id + 1:05d}-of-{count:05d}{SUFFIX}"
