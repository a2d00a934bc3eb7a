"""Lay out an HDF5 file: HDF5 makes it in memory without the values, which are then written between the rest.

So a file is written front to back with a few pieces of values in memory, as every other one. Each dataset lies in one
piece, is neither packed nor dated, and equal tensors make equal files.

Format: HDF5 File Format Specification 3.0; `hdf5_file` for the types that HDF5 has not.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ckpt_magics.files.kinds.flat_sink import ValueParts
from ckpt_magics.files.kinds.hdf5_file import DTYPE_ATTRIBUTE, hdf5_library
from ckpt_magics.files.storage.store import NewFile
from ckpt_magics.files.tensors.records import Record

__all__ = ["Attributes", "Hdf5Layout", "Hdf5Writer"]

Attributes = Mapping[str, Mapping[str, Any]]
"""Attributes of groups: values that NumPy can make an array of, by name, by the path of the group ("/" for all)."""

_NO_ATTRIBUTES: Attributes = MappingProxyType({})
_PAGE = 1 << 12


class _Pages(io.RawIOBase):
    """What HDF5 writes, by page; the others are zeros, however many they are."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._place = 0
        self.end = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.end}[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def truncate(self, size: int | None = None) -> int:
        self.end = self._place if size is None else size
        return self.end

    def write(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        view = memoryview(buffer).cast("B")
        for page, start, stop, done in _cut(self._place, self._place + len(view)):
            self._pages.setdefault(page, bytearray(_PAGE))[start:stop] = view[done : done + stop - start]
        self._place += len(view)
        self.end = max(self.end, self._place)
        return len(view)

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        view = memoryview(buffer).cast("B")
        done = 0
        for part in self.parts(self._place, self._place + len(view)):
            view[done : done + len(part)] = part
            done += len(part)
        self._place += done
        return done

    def parts(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes between two places, a page at a time."""
        for page, first, last, _ in _cut(start, stop):
            found = self._pages.get(page)
            yield bytes(last - first) if found is None else bytes(found[first:last])


def _cut(start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut a range into pages: the number of each, where the part starts and stops in it, and the bytes before."""
    place = start
    while place < stop:
        page, first = divmod(place, _PAGE)
        last = min(_PAGE, first + stop - place)
        yield page, first, last, place - start
        place += last - first


class Hdf5Layout:
    """A file without its values.

    Args:
        records: What it is to hold.
        attributes: What groups say of themselves; a group that is not there is made.

    Attributes:
        records: The same in the order of the file.
        pages: All bytes but those of values.
        places: Where each value starts, in bytes; no value without elements is among them.

    Raises:
        FailedPreconditionError: h5py is not installed.
    """

    def __init__(self, records: Sequence[Record], attributes: Attributes = _NO_ATTRIBUTES) -> None:
        library = hdf5_library()
        self.pages = _Pages()
        with library.File(self.pages, "w") as file:
            found = {record.name: _create(library, file, record) for record in records}
            for path, own in attributes.items():
                file.require_group(path).attrs.update(own)
        self.places = {name: place for name, place in found.items() if place is not None}
        self.records = sorted(records, key=lambda record: self.places.get(record.name, 0))


def _create(library: Any, file: Any, record: Record) -> int | None:  # noqa: ANN401 - h5py has no types
    """Make the dataset of a tensor and return where its value starts."""
    properties = library.h5p.create(library.h5p.DATASET_CREATE)
    properties.set_alloc_time(library.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(library.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)
    links = library.h5p.create(library.h5p.LINK_CREATE)
    links.set_create_intermediate_group(True)
    links.set_char_encoding(library.h5t.CSET_UTF8)
    space = library.h5s.create_simple(record.shape) if record.shape else library.h5s.create(library.h5s.SCALAR)
    known = record.dtype.numpy.isbuiltin == 1
    stored = record.dtype.numpy.newbyteorder("<") if known else np.dtype(f"V{record.dtype.itemsize}")
    kind = library.h5t.py_create(stored, logical=True)
    dataset = library.h5d.create(file.id, record.name, kind, space, properties, links)
    if not known:
        library.Dataset(dataset).attrs[DTYPE_ATTRIBUTE] = record.dtype.name
    place = dataset.get_offset() if dataset.get_storage_size() else None
    return None if place is None else int(place)


class Hdf5Writer:
    """A file that is being written: values where the layout has their places, and the rest between them.

    Args:
        file: The file, empty.
        layout: Of all values.
    """

    def __init__(self, file: NewFile, layout: Hdf5Layout) -> None:
        self._file = file
        self._layout = layout

    def add(self, record: Record, value: ValueParts) -> None:
        """Write a value, and what stands before it."""
        self._fill(self._layout.places.get(record.name, 0))
        value.write_to(self._file)

    def finish(self) -> None:
        """Write what stands behind all values."""
        self._fill(self._layout.pages.end)
        self._file.finish()

    def _fill(self, end: int) -> None:
        for part in self._layout.pages.parts(self._file.size, end):
            self._file.write(part)
