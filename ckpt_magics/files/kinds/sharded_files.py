"""Several files that hold one model together, and the index beside them that says which tensor is in which.

Format: `shard_index`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, DataLossError, NotFoundError
from ckpt_magics.files.formats.maps.text_map import map_lines
from ckpt_magics.files.formats.shard_index import ShardIndex, parse_index
from ckpt_magics.files.kinds.byte_map import FileMap, map_structure
from ckpt_magics.files.kinds.flat_file import FlatFile, Member
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.tensor_names import json_key

__all__ = ["OpenFile", "find_index", "index_path", "map_indexed", "open_indexed"]

_INDEX = ".index.json"
"""What the name of an index has behind the name that a single file would have."""


class OpenFile(NamedTuple):
    """One of the files, opened.

    Attributes:
        file: The file.
        members: Its tensors by key.
        unread: The tensors that cannot be read, by key.
        identity: What tells these contents from any others.
    """

    file: StoredFile
    members: Mapping[bytes, Member]
    unread: Mapping[bytes, CheckpointError]
    identity: bytes


def open_indexed(place: Place, open_shard: Callable[[Place, int], OpenFile]) -> FlatFile:
    """Open an index and each file that it names; a file that is not sound loses only its own tensors.

    Args:
        place: Of the index.
        open_shard: Opens a file by its place, and its number among those that belong together, from 1 on: the index
            itself is file 0.

    Raises:
        DataLossError: It is no index.
    """
    index, entries = _read_index(place)
    opened: dict[str, OpenFile] = {}
    faults: dict[str, CheckpointError] = {}
    try:
        for name in sorted(set(entries.files.values())):
            try:
                opened[name] = open_shard(place.beside(name), len(opened) + 1)
            except CheckpointError as error:
                faults[name] = error
        return _joined(index, entries, opened, faults)
    except BaseException:
        for file in [index, *(one.file for one in opened.values())]:
            file.close()
        raise


def _read_index(place: Place) -> tuple[StoredFile, ShardIndex]:
    file = place.open()
    try:
        return file, parse_index(file.read_at(0, file.size, "index"))
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=place.name)
        raise


def _joined(
    index: StoredFile, entries: ShardIndex, opened: Mapping[str, OpenFile], faults: Mapping[str, CheckpointError]
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


def map_indexed(place: Place, map_shard: Callable[[Place], FileMap]) -> list[FileMap]:
    """Return what each byte of an index and of the files that it names belongs to."""
    index, entries = _read_index(place)
    index.close()
    maps = [map_structure(place, map_lines)]
    for name in sorted(set(entries.files.values())):
        with suppress(NotFoundError):
            maps.append(map_shard(place.beside(name)))
    return maps


def find_index(place: Place, suffix: str) -> Place | None:
    """Return the place of the index that belongs to a directory, or to a name that a single file would have.

    The suffix of that name may be missing. None if there is none, and of a directory with several.
    """
    if place.is_directory:
        with suppress(CheckpointError):
            found = [name for name in place.names() if name.endswith(suffix + _INDEX)]
            return place / found[0] if len(found) == 1 else None
        return None
    index = place.at(index_path(place.name, suffix))
    return index if index.is_file else None


def index_path(path: str, suffix: str) -> str:
    """Return the path of the index that belongs to the name of a single file, whose suffix may be missing."""
    return path.removesuffix(suffix) + suffix + _INDEX
