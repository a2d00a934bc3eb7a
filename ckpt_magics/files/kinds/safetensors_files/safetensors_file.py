"""One safetensors file: a header that says where each tensor lies, then the values of all of them.

Format: `safetensors_header`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats.maps.safetensors_map import map_safetensors
from ckpt_magics.files.formats.safetensors_header import (
    DTYPES,
    MAX_HEADER,
    encode_header,
    library_order,
    parse_header,
    read_header,
)
from ckpt_magics.files.formats.tensor_data import empty_array
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.byte_map import FileMap, map_structure
from ckpt_magics.files.kinds.flat_file import FlatFile, flat_parts
from ckpt_magics.files.kinds.flat_sink import ValueParts
from ckpt_magics.files.kinds.regions_of_files import read_region
from ckpt_magics.files.kinds.sharded_files import OpenFile
from ckpt_magics.files.storage.foreign import START_SIZE
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import NewFile
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.records import Record
from ckpt_magics.files.tensors.source import Array, TensorSpec
from ckpt_magics.files.tensors.stored_pieces import ValueRange
from ckpt_magics.files.tensors.tensor_names import json_key, key_to_name

__all__ = [
    "SafetensorsWriter",
    "header_of",
    "in_order",
    "is_file_start",
    "map_one",
    "open_one",
    "read_file",
]


@dataclass(frozen=True, slots=True)
class _StoredMember:
    """A tensor in the file; ``spec`` has the place of its value, from the start of the file."""

    file: StoredFile
    spec: TensorSpec

    @property
    def value_range(self) -> ValueRange:
        """Where it lies."""
        return ValueRange(self.file, self._offset, self.spec.nbytes, self.spec.dtype)

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it."""
        shape = self.spec.shape
        if region is None or region.is_full(shape):
            value = empty_array(shape, self.spec.dtype)
            self.file.read_into(self._offset, value.reshape(-1).view(np.uint8).data, "tensor data")
            return value
        value = empty_array(region.shape(shape), self.spec.dtype)
        read_region(self.file, self._offset, shape, region.resolve(shape), value)
        return value

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements in flat arrays."""
        done = 0

        def read(count: int) -> bytes:
            nonlocal done
            data = self.file.read_at(self._offset + done, count, "tensor data")
            done += count
            return data

        return flat_parts(read, self.spec.dtype.numpy, self.spec.elements, size)

    @property
    def _offset(self) -> int:
        assert self.spec.offset is not None  # noqa: S101 - every one has its place
        return self.spec.offset


def is_file_start(start: bytes) -> bool:
    """Tell a safetensors file from its first bytes."""
    size = int.from_bytes(start[:8], "little")
    text = start[8:].lstrip(b" ")
    return 2 <= size <= MAX_HEADER and text[:1] == b"{" and text[1:].lstrip()[:1] in {b'"', b"}"}


def open_one(place: Place) -> FlatFile:
    """Open a file by itself; else as :func:`read_file`."""
    file, members, unread, identity = read_file(place)
    return FlatFile([file], members, identity, unread)


def read_file(place: Place, shard_id: int = 0) -> OpenFile:
    """Open a file and read its header.

    Args:
        place: Of the file.
        shard_id: Its number among those that belong together.

    Raises:
        DataLossError: It is none, or damaged.
    """
    file = place.open()
    try:
        header = read_header(file)
        specs, unread = _specs(header, file.size, shard_id)
    except BaseException as error:
        if isinstance(error, CheckpointError):
            error.locate(file=place.name, hint=_other_file(file))
        file.close()
        raise
    # Without checksums only the header and the time tell one version from another.
    identity = header + repr((file.size, file.info.modified)).encode()
    return OpenFile(file, {spec.key: _StoredMember(file, spec) for spec in specs}, unread, identity)


def _other_file(file: StoredFile) -> str | None:
    """Return what a file seems to be in place of one of this kind, and what to do."""
    start = file.read_at(0, min(START_SIZE, file.size), "start of the file")
    return None if is_file_start(start) else file.foreign_hint()


def _specs(header: bytes, file_size: int, shard_id: int) -> tuple[list[TensorSpec], dict[bytes, CheckpointError]]:
    base = 8 + len(header)
    specs: list[TensorSpec] = []
    unread: dict[bytes, CheckpointError] = {}
    for name, kind, shape, start, end in parse_header(header, file_size - base):
        key = json_key(name)
        if kind in DTYPES:
            specs.append(TensorSpec(key, DTYPES[kind], shape, (), shard_id, base + start, end - start))
        else:
            unread[key] = UnimplementedError(f"dtype {kind} has no counterpart in NumPy and TensorFlow", tensor=key)
    return specs, unread


def map_one(place: Place) -> FileMap:
    """Return what each byte of a file is."""
    return map_structure(place, map_safetensors)


def in_order(records: Sequence[Record]) -> list[Record]:
    """Return what goes into one file in the library's order."""
    return sorted(records, key=lambda record: library_order(record.name, record.dtype))


def header_of(records: Sequence[Record]) -> bytes:
    """Return the start of a file, up to the values, for tensors in order.

    Raises:
        InvalidArgumentError: Readers would refuse one of this size.
    """
    header = encode_header([(key_to_name(record.name), record.dtype, record.shape) for record in records])
    if len(header) - 8 > MAX_HEADER:
        raise InvalidArgumentError(
            f"the header would have {len(header) - 8:,} bytes, and readers take {MAX_HEADER:,} at most",
            hint="Save fewer tensors, or in several files.",
        )
    return header


class SafetensorsWriter:
    """A file that is being written: values behind the header.

    Args:
        file: The file, empty.
        header: What it begins with.
    """

    def __init__(self, file: NewFile, header: bytes) -> None:
        self._file = file
        file.write(header)

    def add(self, record: Record, value: ValueParts) -> None:  # noqa: ARG002 - as layouts
        """Write a value."""
        value.write_to(self._file)

    def finish(self) -> None:
        """End the file."""
        self._file.finish()
