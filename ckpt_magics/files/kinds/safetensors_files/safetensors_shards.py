"""Several safetensors files that hold one model together, and the index that says which tensor is in which.

For ``model.safetensors`` these are ``model-00001-of-00002.safetensors`` and so on, counted from 1, and
``model.safetensors.index.json``, in the same directory. Over as many files of the same names there will be one more,
without tensors: names must not be reused before the old index goes, or a reader would find half of each.

Format: `safetensors_index`.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from ckpt_magics.errors import CheckpointError, DataLossError, NotFoundError
from ckpt_magics.files.formats.safetensors_index import ShardIndex, encode_index, parse_index
from ckpt_magics.files.kinds.byte_map import ByteRange, map_file
from ckpt_magics.files.kinds.data_files import remove_old_files
from ckpt_magics.files.kinds.flat_file import FlatFile
from ckpt_magics.files.kinds.flat_sink import FlatSink
from ckpt_magics.files.kinds.safetensors_files.safetensors_file import (
    OpenFile,
    SafetensorsWriter,
    header_of,
    in_order,
    is_file_start,
    json_key,
    map_one,
    read_file,
)
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.atomic import StagedFiles
from ckpt_magics.files.storage.files import LocalFile, list_directory, open_file, read_start
from ckpt_magics.files.storage.foreign import START_SIZE
from ckpt_magics.files.storage.locking import directory_lock
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.tensors.records import Record
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["SUFFIX", "find_shards", "map_shards", "open_shards", "open_shards_sink", "remove_other_version"]

SUFFIX = ".safetensors"
INDEX = ".index.json"
"""What the name of an index has behind the name that a single file would have."""

_SHARD = re.compile(r"(?P<stem>.*)-(?P<shard>\d{5,})-of-(?P<shards>\d{5,})\.safetensors", re.DOTALL | re.ASCII)


def open_shards(path: str) -> FlatFile:
    """Open an index and the header of each file that it names; a file that is not sound loses only its own tensors.

    Raises:
        DataLossError: It is no index.
    """
    index, entries = _read_index(path)
    opened: dict[str, OpenFile] = {}
    faults: dict[str, CheckpointError] = {}
    try:
        for name in sorted(set(entries.files.values())):
            try:
                # The index itself is file 0.
                opened[name] = read_file(_beside(path, name), len(opened) + 1)
            except CheckpointError as error:
                faults[name] = error
        return _joined(index, entries, opened, faults)
    except BaseException:
        for file in [index, *(one.file for one in opened.values())]:
            file.close()
        raise


def _read_index(path: str) -> tuple[LocalFile, ShardIndex]:
    file = open_file(path)
    try:
        return file, parse_index(file.read_at(0, file.size, "index"))
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=path)
        raise


def _joined(
    index: LocalFile, entries: ShardIndex, opened: Mapping[str, OpenFile], faults: Mapping[str, CheckpointError]
) -> FlatFile:
    """Return the tensors of several files as the index says them."""
    unread: dict[bytes, CheckpointError] = {
        json_key(name): error.locate(file=index.name, tensor=json_key(name)) for name, error in entries.damage.items()
    }
    members = {}
    for name, file in entries.files.items():
        key = json_key(name)
        if file in faults:
            unread[key] = copy.copy(faults[file]).locate(tensor=key)
        elif key in opened[file].members:
            members[key] = opened[file].members[key]
        else:
            unread[key] = opened[file].unread.get(key) or _lacking(opened[file], key)
    for key, error in _unlisted(entries, opened):
        members.pop(key, None)
        unread[key] = error
    files = [index, *(one.file for one in opened.values())]
    identity = b"".join(one.identity for one in opened.values()) + repr(sorted(entries.files.items())).encode()
    return FlatFile(files, members, identity, unread)


def _lacking(opened: OpenFile, key: bytes) -> CheckpointError:
    return DataLossError("the index says that it is here, and it is not", file=opened.file.name, tensor=key)


def _unlisted(entries: ShardIndex, opened: Mapping[str, OpenFile]) -> Iterator[tuple[bytes, CheckpointError]]:
    """Yield the tensors that are in another file than the index says, or in one without its saying."""
    listed = {json_key(name): file for name, file in entries.files.items()}
    for name, one in opened.items():
        for key in one.members:
            file = listed.get(key)
            if file is None:
                yield key, DataLossError("the index does not list it", file=one.file.name, tensor=key)
            elif file != name and key in opened.get(file, one).members:
                yield key, DataLossError("it is in two files", file=one.file.name, tensor=key)


def _beside(path: str, name: str) -> str:
    return os.path.join(os.path.dirname(path), name)


def map_shards(path: str) -> list[ByteRange]:
    """Return what each byte of an index and of the files that it names belongs to."""
    index, entries = _read_index(path)
    index.close()
    ranges = list(map_file(path, index.size, (), "index"))
    for name in sorted(set(entries.files.values())):
        with suppress(NotFoundError):
            ranges += map_one(_beside(path, name))
    return ranges


@contextmanager
def open_shards_sink(
    path: str, shards: Sequence[Sequence[Record]], options: SaveOptions, companions: Mapping[str, bytes] | None
) -> Iterator[FlatSink]:
    """Open a sink that makes several files and their index.

    Args:
        path: Name that a single file would have.
        shards: What is to be written to each.
        options: How.
        companions: Contents of other files by path that appear before the index.
    """
    shards = [in_order(records) for records in shards]
    headers = [header_of(records) for records in shards]
    sizes = [sum(record.size for record in records) for records in shards]
    meter = ProgressMeter(sum(sizes), options.progress)
    files: list[disk.OutputFile] = []
    with StagedFiles(os.path.dirname(path), durable=options.durable) as stage:
        disk.check_space(path, meter.total)

        def begin(shard_id: int) -> SafetensorsWriter:
            files.append(stage.create(_shard_path(path, shard_id, len(shards)), sizes[shard_id]))
            return SafetensorsWriter(files[-1], headers[shard_id])

        sink = FlatSink(path, shards, begin, meter)
        yield sink
        sink.finish()
        for other, contents in (companions or {}).items():
            stage.publish(stage.add(other, contents), other, "meta graph")
        _publish(stage, path, shards, files)
        meter.finish()
    sink.path = _index_path(path)
    sink.written = tuple(stage.written)


def _publish(
    stage: StagedFiles, path: str, shards: Sequence[Sequence[Record]], files: Sequence[disk.OutputFile]
) -> None:
    """Make files visible with an index, in place of the version that is there."""
    with directory_lock(os.path.dirname(path)):
        count = _free_count(path, len(files))
        paths = [_shard_path(path, shard_id, count) for shard_id in range(count)]
        names = {
            key_to_name(record.name): os.path.basename(paths[shard_id])
            for shard_id, records in enumerate(shards)
            for record in records
        }
        size = sum(record.size for records in shards for record in records)
        index_path = _index_path(path)
        index = stage.add(index_path, encode_index(names, size))
        surplus = [stage.add(one, header_of([])) for one in paths[len(files) :]]
        for file, one in zip([*files, *surplus], paths, strict=True):
            stage.publish(file, one, "values")
        stage.commit(index, index_path, "index")
        remove_other_version(path, [index_path, *paths])


def remove_other_version(path: str, written: Iterable[str]) -> None:
    """Remove what a name stood for before, as one file or as several, but for files that were just written."""
    single = [path] if _is_single(path) else []
    there = [*single, _index_path(path), *(_beside(path, name) for name in _shards_of(path))]
    kept = set(written)
    remove_old_files([one for one in there if one not in kept])


def _is_single(path: str) -> bool:
    try:
        return is_file_start(read_start(path, START_SIZE))
    except CheckpointError:
        return False


def _index_path(path: str) -> str:
    return path.removesuffix(SUFFIX) + SUFFIX + INDEX


def _free_count(path: str, wanted: int) -> int:
    """The least number of files from ``wanted`` on that is in the names of none that are there."""
    taken = set(_shards_of(path).values())
    while wanted in taken:
        wanted += 1
    return wanted


def _shards_of(path: str) -> dict[str, int]:
    """Return the names of the files that belong to a name, and how many each says there are."""
    directory, base = os.path.split(path)
    found = ((name, _SHARD.fullmatch(name)) for name in disk.list_names(directory))
    stem = base.removesuffix(SUFFIX)
    return {name: int(parts["shards"]) for name, parts in found if parts and parts["stem"] == stem}


def _shard_path(path: str, shard_id: int, count: int) -> str:
    return f"{path.removesuffix(SUFFIX)}-{shard_id + 1:05d}-of-{count:05d}{SUFFIX}"


def find_shards(path: str) -> str | None:
    """Return the path of the index that belongs to a directory, or to a name that a single file would have.

    The suffix of that name may be missing. None if there is none, and of a directory with several.
    """
    if os.path.isdir(path):
        with suppress(CheckpointError):
            found = [name for name in list_directory(path) if name.endswith(SUFFIX + INDEX)]
            return os.path.join(path, found[0]) if len(found) == 1 else None
        return None
    index = _index_path(path)
    return index if os.path.isfile(index) else None
