"""The file that PyTorch wrote before version 1.6: five pickles, then the storages.

In file order: a pickle of `MAGIC`; one of the version, 1001; one of a dict about the machine; one of the object, whose
tensors name their storages; one of the list of all storages' keys, in the order of the file. Then for each key an
int64, how many elements there are, and the elements, all little-endian whatever the machine was. How many bytes an
element has is said in the object alone.

Format: torch/serialization.py (_legacy_save, _legacy_load) and torch/csrc/serialization.cpp of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, DataLossError, TruncatedError, UnimplementedError
from ckpt_magics.files.formats.pickle_tree import MAX_PICKLE, Persistent, Pickle, read_pickle
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.torch_pickle import storage_id

__all__ = ["LegacyLayout", "StoredRange", "begins_as_legacy", "read_legacy"]

MAGIC = 0x1950A86A20F9469CFC6C
_MAGIC_BYTES = MAGIC.to_bytes(10, "little")
_VERSION = 1001

_FIRST_READ = 1 << 16
"""Bytes in which a pickle is looked for; as it does not say how long it is, in eight times as many if it goes on."""


class StoredRange(NamedTuple):
    """Where the elements of a storage are, in bytes from the start of the file."""

    start: int
    size: int


class LegacyLayout(NamedTuple):
    """What lies where in a file.

    Attributes:
        pickle: The object.
        pickle_size: Its bytes.
        storages: Where the elements of each storage lie, by key.
        fault: Why there are no more of them than those; None if they are all there.
    """

    pickle: Pickle
    pickle_size: int
    storages: dict[str, StoredRange]
    fault: CheckpointError | None


def begins_as_legacy(start: bytes) -> bool:
    """Tell such a file from its first bytes: a pickle of the magic number, with a frame around it or not."""
    return start[:1] == b"\x80" and start.find(b"\x8a\x0a" + _MAGIC_BYTES, 0, 16 + len(_MAGIC_BYTES)) > 0


def read_legacy(file: RandomAccessFile) -> LegacyLayout:
    """Return what lies where in a file.

    Raises:
        DataLossError: A pickle is damaged, or is not what it should be.
        UnimplementedError: It is of another version.
    """
    magic = _pickle_at(file, 0)
    version = _pickle_at(file, magic.end)
    if magic.root != MAGIC or not isinstance(version.root, int):
        raise DataLossError("the file does not begin with the numbers of a PyTorch file", offset=0)
    if version.root != _VERSION:
        raise UnimplementedError(f"the file is of version {version.root} of the old format; {_VERSION} is read")
    machine = _pickle_at(file, version.end)
    found = _pickle_at(file, machine.end)
    keys = _pickle_at(file, found.end)
    names = keys.root
    if type(names) is not list or not all(isinstance(key, str) for key in names):
        raise DataLossError("the list of storages is no list of names", offset=found.end)
    storages, fault = _storages(file, names, keys.end, _item_sizes(found.persistent))
    return LegacyLayout(found, found.end - machine.end, storages, fault)


def _pickle_at(file: RandomAccessFile, place: int) -> Pickle:
    """Return the pickle at a byte of the file; its end counts from the start of the file too."""
    size = _FIRST_READ
    while True:
        data = file.read_at(place, min(size, max(file.size - place, 0)), "pickle")
        try:
            found = read_pickle(data)
        except TruncatedError:
            if place + size >= file.size or size >= MAX_PICKLE:
                raise
            size = min(size * 8, MAX_PICKLE)
        else:
            return found._replace(end=place + found.end)


def _item_sizes(persistent: list[Persistent]) -> dict[str, int]:
    """Return how many bytes an element has, by key of the storage; those of unknown classes are not there."""
    sizes = {}
    for one in persistent:
        with suppress(UnimplementedError):
            found = storage_id(one.value)
            sizes[found.key] = found.itemsize
    return sizes


def _storages(
    file: RandomAccessFile, keys: list[str], place: int, item_sizes: Mapping[str, int]
) -> tuple[dict[str, StoredRange], CheckpointError | None]:
    """Return the storages up to the first that is not whole, and why it is not."""
    storages: dict[str, StoredRange] = {}
    for key in keys:
        try:
            if key not in item_sizes:
                raise DataLossError("the pickle does not say how large the elements of a storage are", offset=place)
            count = int.from_bytes(file.read_at(place, 8, "size of a storage"), "little", signed=True)
            size = count * item_sizes[key]
            if not 0 <= size <= file.size - place - 8:
                raise TruncatedError(f"a storage has {count} elements, and the file ends before them", offset=place)
        except CheckpointError as error:
            return storages, error
        storages[key] = StoredRange(place + 8, size)
        place += 8 + size
    return storages, None
