"""The storages of a PyTorch file, and the tensors that lie in them with an offset and strides."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np

from ckpt_magics.errors import CheckpointError, ChecksumError, DataLossError
from ckpt_magics.files.formats.pieces import PIECE_SIZE, cut_shape, elements_of, region_shape
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.shapes import is_dense
from ckpt_magics.files.formats.tensor_data import CRC_STEP, empty_array, swap_bytes
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.formats.torch_pickle import StridedPlace
from ckpt_magics.files.kinds.flat_file import flat_parts
from ckpt_magics.files.kinds.regions_of_files import ByteSource, read_strided
from ckpt_magics.files.kinds.zip_archive import BROKEN_ARCHIVE, damaged_archive
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array, TensorSpec

__all__ = ["NumberMember", "Storage", "StridedMember"]

_BLOCK = PIECE_SIZE
"""Bytes at a time of a tensor whose elements do not lie in C order: each time much of its storage is read."""


class PackedMember(NamedTuple):
    """A member of an archive that is compressed."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo


@dataclass(slots=True)
class Storage:
    """Elements in a file.

    Attributes:
        file: The file.
        start: Where they start, in bytes from the start of the file.
        size: How many bytes they are, unpacked.
        crc: Their CRC-32 in the archive; None where there is none.
        packed: The member that is to be unpacked; None if they lie in the file as they are.
        is_sound: Whether the checksum was compared.
    """

    file: StoredFile
    start: int
    size: int
    crc: int | None = None
    packed: PackedMember | None = None
    is_sound: bool = False

    def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
        """Fill ``buffer`` with the bytes that start at ``offset`` in the storage, which lies in the file as it is."""
        self.file.read_into(self.start + offset, buffer, what)

    def anywhere(self) -> ByteSource:
        """Return what can be read from any place: the storage, or if it is packed all of it in memory."""
        return self if self.packed is None else BytesFile(self.all_bytes())

    def all_bytes(self) -> bytes:
        """Return the whole storage."""
        return b"".join(self.in_order(max(self.size, 1)))

    def check(self) -> None:
        """Compare the checksum of a storage of which parts are to be read; once is enough.

        Raises:
            ChecksumError: It differs.
        """
        if self.crc is not None and self.packed is None and not self.is_sound:
            for _ in self.in_order(CRC_STEP):
                pass

    def in_order(self, step: int) -> Iterator[bytes]:
        """Yield all bytes, so many at a time; the checksum is compared before the last are given out.

        Raises:
            ChecksumError: It differs.
            DataLossError: They cannot be unpacked.
        """
        read = self.reader()
        for place in range(0, self.size, step):
            yield read(min(step, self.size - place))

    def reader(self) -> Callable[[int], bytes]:
        """Return a function for the next bytes, from the first on; else as :meth:`in_order`."""
        return self._unpacked() if self.packed is not None else self._stored()

    def _stored(self) -> Callable[[int], bytes]:
        place, crc = 0, 0

        def read(count: int) -> bytes:
            nonlocal place, crc
            data = self.file.read_at(self.start + place, count, "tensor data")
            place += count
            if self.crc is not None:
                crc = crc32(data, crc)
                self._compare(crc, at_end=place == self.size)
            return data

        return read

    def _compare(self, crc: int, *, at_end: bool) -> None:
        if not at_end:
            return
        if crc != self.crc:
            assert self.crc is not None  # noqa: S101 - nothing is computed otherwise
            raise ChecksumError(
                f"CRC-32 of the storage is {self.crc:#x}, and its contents give {crc:#x}",
                stored=self.crc,
                computed=crc,
                offset=self.start,
            )
        self.is_sound = True

    def _unpacked(self) -> Callable[[int], bytes]:
        assert self.packed is not None  # noqa: S101 - see reader
        archive, info = self.packed
        left = self.size
        try:
            stream = archive.open(info)
        except BROKEN_ARCHIVE as error:
            raise damaged_archive(error) from error

        def read(count: int) -> bytes:
            nonlocal left
            try:
                data = stream.read(count)
                left -= len(data)
                # At its end zipfile compares the checksum.
                if len(data) < count or (not left and stream.read(1)):
                    raise DataLossError("the storage is not as long as the archive says", offset=self.start)
            except CheckpointError:
                raise
            except BROKEN_ARCHIVE as error:
                raise damaged_archive(error) from error
            return data

        return read


@dataclass(frozen=True, slots=True)
class StridedMember:
    """A tensor in a storage.

    Attributes:
        spec: What is known of it.
        storage: Where it lies.
        place: Where in that.
        big_endian: Whether the bytes of an element come in that order.
    """

    spec: TensorSpec
    storage: Storage
    place: StridedPlace
    big_endian: bool

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its storage, in C order."""
        return is_dense(self.spec.shape, self.place.strides) and self.spec.nbytes == self.storage.size

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it. The checksum is that of a storage, so a region alone has none."""
        shape = self.spec.shape
        box = (TensorSlice.full(len(shape)) if region is None else region).resolve(shape)
        if region is not None and not region.is_full(shape):
            return self._box(self.storage.anywhere(), box)
        if not self.is_whole:
            self.storage.check()
            return self._box(self.storage.anywhere(), box)
        value = empty_array(shape, self.spec.dtype)
        target, filled = value.reshape(-1).view(np.uint8), 0
        for data in self.storage.in_order(CRC_STEP):
            target[filled : filled + len(data)] = np.frombuffer(data, np.uint8)
            filled += len(data)
        return self._native(value)

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements in flat arrays; those that do not lie in C order come in blocks, whatever the size."""
        if self.is_whole:
            parts = flat_parts(self.storage.reader(), self.spec.dtype.numpy, self.spec.elements, size)
            yield from map(self._native, parts)
            return
        self.storage.check()
        source = self.storage.anywhere()
        for box in cut_shape(self.spec.shape, elements_of(_BLOCK, self.spec.dtype.itemsize)):
            yield self._box(source, box).reshape(-1)

    def _box(self, source: ByteSource, box: tuple[slice, ...]) -> Array:
        value = empty_array(region_shape(box), self.spec.dtype)
        strides = self.place.strides
        first = sum(part.start * stride for part, stride in zip(box, strides, strict=True))
        read_strided(source, self.place.offset + first * value.itemsize, strides, value)
        return self._native(value)

    def _native(self, value: Array) -> Array:
        """Return elements that were read as they are stored in the order of bytes of this machine."""
        if not self.big_endian:
            return value
        own = value if value.flags.writeable else value.copy()
        swap_bytes(own)
        return own


@dataclass(frozen=True, slots=True)
class NumberMember:
    """A number of Python, which the pickle itself holds."""

    spec: TensorSpec
    value: Array

    def read(self, region: TensorSlice | None) -> Array:  # noqa: ARG002 - there is but one
        """Return it."""
        return self.value.copy()

    def parts(self, size: int) -> Iterator[Array]:  # noqa: ARG002 - it is one element
        """Yield it."""
        yield self.value.reshape(-1)
