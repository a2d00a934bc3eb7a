"""A PyTorch file: a zip archive with a pickle and a member per storage, or the format of before version 1.6.

In an archive everything lies under one directory, whatever it is called: ``data.pkl``; ``data/KEY`` for each storage,
not packed, from a multiple of 64 bytes on; ``byteorder``, little or big, without which it is little; ``version``. A
checksum of 0 is none: PyTorch can be told not to compute them.

Format: torch/serialization.py (_save, _load) and caffe2/serialize/inline_container.cc of PyTorch 2.13; `torch_pickle`,
`torch_legacy`.
"""

from __future__ import annotations

import copy
import math
import zipfile
from collections.abc import Callable
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, DataLossError, UnimplementedError
from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.files.formats.pickle_tree import MAX_PICKLE, read_pickle
from ckpt_magics.files.formats.torch_contents import Contents, read_contents
from ckpt_magics.files.formats.torch_legacy import begins_as_legacy, read_legacy
from ckpt_magics.files.formats.torch_pickle import StridedPlace
from ckpt_magics.files.kinds.byte_map import FileMap, map_file, tensor_ranges
from ckpt_magics.files.kinds.flat_file import FlatFile, Member
from ckpt_magics.files.kinds.sharded_files import OpenFile
from ckpt_magics.files.kinds.torch_files.torch_storage import NumberMember, PackedMember, Storage, StridedMember
from ckpt_magics.files.kinds.zip_archive import MOST_PACKED, member_start, open_archive, opening_archive
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import TensorSpec

__all__ = ["BYTE_ORDER", "PICKLE", "STORAGE", "is_torch_start", "map_torch", "open_torch", "read_torch"]

PICKLE, BYTE_ORDER, STORAGE = "data.pkl", "byteorder", "data/"
"""Names in an archive, behind the name of the directory: the pickle, the order of bytes, the start of all storages."""

_FIRST_MEMBERS = (PICKLE, BYTE_ORDER, STORAGE, ".data/", "version", ".format_version", ".storage_alignment")

_MOST_UNFOLDED = 100
_ALWAYS_UNFOLDED = 64 << 20
"""Bytes that all tensors may have for each byte of the file, and in any case: a storage may be many tensors, and one
element a tensor of any size."""


class _Layout(NamedTuple):
    """What a file holds, and where.

    Attributes:
        contents: What the pickle says.
        storage: Returns a storage by its key.
        big_endian: Whether the bytes of an element come in that order.
        identity: What tells these contents from any others.
    """

    contents: Contents
    storage: Callable[[str], Storage]
    big_endian: bool
    identity: bytes


def is_torch_start(start: bytes) -> bool:
    """Tell a PyTorch file from its first bytes: an archive whose first member lies where PyTorch puts it."""
    if not start.startswith(b"PK\x03\x04"):
        return begins_as_legacy(start)
    name = start[30 : 30 + int.from_bytes(start[26:28], "little")].decode("utf-8", "replace")
    return name.partition("/")[2].startswith(_FIRST_MEMBERS) or b"/data.pkl" in start


def open_torch(place: Place) -> FlatFile:
    """Open a file and read its pickle, without running anything of it.

    Raises:
        DataLossError: It is none, or damaged.
        UnimplementedError: It holds an object, and not tensors in containers.
    """
    one = read_torch(place)
    return FlatFile([one.file], one.members, one.identity, one.unread)


def read_torch(place: Place, shard_id: int = 0) -> OpenFile:
    """Open a file and read its pickle, without running anything of it.

    Args:
        place: Of the file.
        shard_id: Its number among those that belong together.

    Raises:
        DataLossError: It is none, or damaged.
        UnimplementedError: It holds an object, and not tensors in containers.
    """
    file = place.open()
    with opening_archive(file):
        layout = _read_layout(file)
        members, unread = _members(layout, file.size, shard_id)
    return OpenFile(file, members, unread, layout.identity)


def map_torch(place: Place) -> FileMap:
    """Return what each byte of a file belongs to; the bytes of two tensors belong to one of them."""
    file = place.open()
    with opening_archive(file):
        members, _ = _members(_read_layout(file), file.size, 0)
    file.close()
    values = [(*_stored_range(one), key) for key, one in members.items() if isinstance(one, StridedMember)]
    return map_file(place, tensor_ranges(values), "archive")


def _stored_range(member: StridedMember) -> tuple[int, int]:
    """Return offset and size of the bytes of a tensor, in the file."""
    storage = member.storage
    if storage.packed is not None:
        return storage.start, storage.packed.info.compress_size
    return storage.start + member.place.offset, member.place.span


def _read_layout(file: StoredFile) -> _Layout:
    return _archive_layout(file) if file.read_at(0, 2, "magic number") == b"PK" else _legacy_layout(file)


def _archive_layout(file: StoredFile) -> _Layout:
    archive = open_archive(file)
    root = _root(archive)

    def storage(key: str) -> Storage:
        info = archive.NameToInfo.get(f"{root}{STORAGE}{key}")
        if info is None:
            raise DataLossError(f"the archive has no storage {key[:100]!r}")
        return _member_storage(file, archive, info)

    data = _small_member(file, archive, f"{root}{PICKLE}", MAX_PICKLE)
    order = b"little"
    if f"{root}{BYTE_ORDER}" in archive.NameToInfo:
        order = _small_member(file, archive, f"{root}{BYTE_ORDER}", len("little"))
    if order not in {b"little", b"big"}:
        raise DataLossError(f"the order of bytes is {order!r}, neither little nor big")
    identity = repr([(info.filename, info.CRC, info.file_size) for info in archive.infolist()]).encode()
    contents = read_contents(read_pickle(data), len(data))
    # Where there are no checksums, the time tells versions apart.
    is_checked = all(info.CRC for info in archive.infolist() if info.file_size)
    time = b"" if is_checked else repr(file.info.modified).encode()
    return _Layout(contents, storage, order == b"big", identity + data + time)


def _root(archive: zipfile.ZipFile) -> str:
    """Return what all names of an archive begin with."""
    found = (name for name in archive.NameToInfo if name == PICKLE or name.partition("/")[2] == PICKLE)
    name = next(found, None)
    if name is None:
        raise DataLossError(f"the archive has no {PICKLE}, and is none of PyTorch")
    return name.removesuffix(PICKLE)


def _small_member(file: StoredFile, archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    storage = _member_storage(file, archive, archive.NameToInfo[name])
    if storage.size > most:
        raise DataLossError(f"{name[:100]!r} has {storage.size:,} bytes; {most:,} are the most")
    return storage.all_bytes()


def _member_storage(file: StoredFile, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Storage:
    """Return a member of an archive as a storage."""
    start, size = member_start(file, info), info.file_size
    if info.compress_type == zipfile.ZIP_STORED:
        if info.compress_size != size or info.flag_bits & 1:
            raise DataLossError("a member of the archive has two sizes, or is encrypted", offset=start)
        file.check_range(start, size, "storage")
        return Storage(file, start, size, info.CRC or None)
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise UnimplementedError("a member of the archive is compressed, and not by deflate", hint="Unpack it first.")
    if size > info.compress_size * MOST_PACKED or info.compress_size > file.size:
        raise DataLossError("a member of the archive says that it unpacks to more than it can", offset=start)
    return Storage(file, start, size, info.CRC or None, PackedMember(archive, info))


def _legacy_layout(file: StoredFile) -> _Layout:
    found = read_legacy(file)

    def storage(key: str) -> Storage:
        if key not in found.storages:
            raise found.fault or DataLossError(f"the file has no storage {key[:100]!r}")
        return Storage(file, *found.storages[key])

    contents = read_contents(found.pickle, found.pickle_size)
    data = file.read_at(found.pickle.end - found.pickle_size, found.pickle_size, "pickle")
    return _Layout(contents, storage, False, data + repr((file.size, file.info.modified)).encode())


def _members(
    layout: _Layout, file_size: int, shard_id: int
) -> tuple[dict[bytes, Member], dict[bytes, CheckpointError]]:
    unread = dict(layout.contents.refused)
    members: dict[bytes, Member] = {}
    for key, value in layout.contents.numbers.items():
        members[key] = NumberMember(TensorSpec(key, as_dtype(value.dtype), (), shard_id=shard_id), value)
    left = max(_ALWAYS_UNFOLDED, file_size * _MOST_UNFOLDED)
    storages: dict[str, Storage] = {}
    for key, place in layout.contents.tensors.items():
        try:
            name = place.storage.key
            storage = storages[name] if name in storages else storages.setdefault(name, layout.storage(name))
            member = _member(key, place, storage, shard_id, big_endian=layout.big_endian)
            cost = member.spec.nbytes if storage.packed is None else max(member.spec.nbytes, storage.size)
            if cost > left:
                raise DataLossError("the tensors would have many times the bytes of the file")
            left -= cost
            members[key] = member
        except CheckpointError as error:
            # One error may be that of many tensors.
            unread[key] = copy.copy(error).locate(tensor=key)
    return members, unread


def _member(key: bytes, place: StridedPlace, storage: Storage, shard_id: int, *, big_endian: bool) -> StridedMember:
    said = place.storage.elements * place.storage.itemsize
    if said != storage.size:
        raise DataLossError(f"the storage has {storage.size} bytes, and the pickle says {said}", offset=storage.start)
    is_packed = storage.packed is not None
    spec = TensorSpec(
        key,
        place.dtype,
        place.shape,
        shard_id=shard_id,
        offset=None if is_packed else storage.start + place.offset,
        size=None if is_packed else place.dtype.itemsize * math.prod(place.shape),
    )
    return StridedMember(spec, storage, place, big_endian)
