"""The data files of a V2 checkpoint: values, whole or in part.

The checksum of an entry covers the whole value. A value read whole is verified in the pass that copies it; of a value
above ``VERIFIED_SIZE`` a region costs the bytes of that region and is not verified, for that would mean to read all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np

from ckpt_magics.errors import (
    AbortedError,
    CheckpointError,
    ChecksumError,
    DataLossError,
    FailedPreconditionError,
    NotFoundError,
    TruncatedError,
    visible,
)
from ckpt_magics.files.formats.bundle_records import BundleEntry, BundleHeader
from ckpt_magics.files.formats.pieces import Box
from ckpt_magics.files.formats.string_data import check_crc
from ckpt_magics.files.formats.tensor_data import empty_array, iter_tensor, read_tensor, swap_bytes
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.regions_of_files import ROWS_SIZE, read_region
from ckpt_magics.files.storage.naming import data_filename, parse_data_filename
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array, store_into
from ckpt_magics.files.tensors.stored_pieces import ValueRange
from ckpt_magics.files.wire.crc32c import crc32c, unmask
from ckpt_magics.phrasing import names_text

VERIFIED_SIZE = 1 << 20
"""Values up to this size, in bytes, are read whole and verified even if only a part is asked for."""

MAX_HELD_FILES = 16
"""Data files up to which a reader opens all of them at once."""


class BundleData:
    """Reads values from the data files, each of which is opened when it is first needed.

    Args:
        place: Prefix of the checkpoint.
        header: Says how many data files there are, and the order of bytes in them.
        is_replaced: Tells whether the index was swapped since it was opened.
        mmap: Return numbers as read-only views of the mapped file.
    """

    def __init__(
        self, place: Place, header: BundleHeader, is_replaced: Callable[[], bool], *, mmap: bool = False
    ) -> None:
        self._place = place
        self._is_replaced = is_replaced
        self._header = header
        self._mmap = mmap
        self._files: dict[int, StoredFile] = {}
        self._maps: dict[int, memoryview] = {}
        self._verified: set[tuple[int, int, int]] = set()
        self._closed = False

    @property
    def can_batch(self) -> bool:
        """Whether small values may share a buffer: not where they are mapped, or turned around in place."""
        return not self._mmap and not self._header.big_endian

    def filename(self, shard_id: int) -> str:
        """Return the path of a data file."""
        return data_filename(self._place.name, shard_id, self._header.num_shards)

    def file(self, shard_id: int) -> StoredFile:
        """Return a data file, open.

        Raises:
            DataLossError: The header says that there is no such shard.
            NotFoundError: The file is missing.
            AbortedError: Another checkpoint was saved over this one, so that the file may be that one's.
            FailedPreconditionError: The files were closed.
        """
        if self._closed:
            raise FailedPreconditionError("the checkpoint is closed", file=self.filename(shard_id))
        if shard_id in self._files:
            return self._files[shard_id]
        if not 0 <= shard_id < self._header.num_shards:
            raise DataLossError(f"the value is in shard {shard_id}, and there are {self._header.num_shards} shards")
        try:
            file = self._place.at(self.filename(shard_id)).open()
        except NotFoundError as error:
            raise error.locate(
                hint=f"{self._describe_files()}; copy the missing ones from where it was saved."
            ) from None
        if self._is_replaced():
            raise AbortedError(
                "the index was replaced or removed before this data file was opened",
                file=file.name,
                hint="Open the checkpoint again.",
            )
        return self._files.setdefault(shard_id, file)

    def locate(self, error: CheckpointError, shard_id: int, name: bytes) -> CheckpointError:
        """Say in an error in which file it was, and what that seems to be if it is too short; return the error."""
        is_short = isinstance(error, TruncatedError) and error.hint is None and shard_id in self._files
        hint = self._files[shard_id].foreign_hint() if is_short else None
        return error.locate(file=self.filename(shard_id), tensor=name, hint=hint)

    def hold(self) -> None:
        """Open the data files that are there, so that a later save over this checkpoint takes nothing away.

        Of a checkpoint in very many files none is held.
        """
        if self._header.num_shards <= MAX_HELD_FILES:
            for shard_id in range(self._header.num_shards):
                with suppress(CheckpointError):
                    self.file(shard_id)

    def _describe_files(self) -> str:
        base = self._place.stem
        names = [name for name in self._place.siblings() if (data := parse_data_filename(name)) and data[0] == base]
        found = f": {names_text(names, 3)}" if names else ""
        return f"The checkpoint has {self._header.num_shards} data files, and {len(names)} are here{found}"

    def read(
        self, key: bytes, entry: BundleEntry, region: TensorSlice | None = None, out: Array | None = None
    ) -> Array:
        """Return the value of an entry that has no slices, or a region of it, into ``out`` if given."""
        file = self.file(entry.shard_id)
        if region is not None and region.is_full(entry.shape):
            region = None
        if self._mmap and out is None and entry.dtype.itemsize and not self._header.big_endian:
            value = self._map_value(key, entry, verify=region is None or entry.size <= VERIFIED_SIZE)
            return value if region is None else value[region.resolve(entry.shape)]
        if region is None:
            return self._read_whole(key, file, entry, out)
        if not entry.dtype.itemsize or entry.size <= VERIFIED_SIZE:
            return store_into(self._read_whole(key, file, entry, None)[region.resolve(entry.shape)], out)
        check_size(key, entry)
        file.check_range(entry.offset, entry.size, "tensor data")
        target = out
        if target is None or not target.flags.c_contiguous:
            target = empty_array(region.shape(entry.shape), entry.dtype)
        read_region(file, entry.offset, entry.shape, region.resolve(entry.shape), target)
        if self._header.big_endian:
            swap_bytes(target)
        return target if out is None or target is out else store_into(target, out)

    def _read_whole(self, key: bytes, file: StoredFile, entry: BundleEntry, out: Array | None) -> Array:
        check_size(key, entry)
        try:
            return read_tensor(
                file,
                entry.offset,
                entry.size,
                entry.dtype,
                entry.shape,
                big_endian=self._header.big_endian,
                out=out,
                expected_crc=entry.crc32c,
            )
        except ChecksumError as error:
            self._word_checksum(error, entry)
            raise

    def verify(self, key: bytes, entry: BundleEntry, advance: Callable[[int], object]) -> None:
        """Check the value of an entry that has no slices against its checksum; numbers are not kept.

        Args:
            key: Of the entry.
            entry: Where the value is.
            advance: Called with the bytes of each part that was checked.
        """
        if not entry.dtype.itemsize:
            self._read_whole(key, self.file(entry.shard_id), entry, None)
            advance(entry.size)
            return
        for _, piece in self.pieces(key, entry, ROWS_SIZE):
            advance(piece.nbytes)

    def place(self, key: bytes, entry: BundleEntry) -> ValueRange:
        """Return where the numbers of an entry without slices lie, in a file that has as many bytes."""
        file = self.file(entry.shard_id)
        check_size(key, entry)
        file.check_range(entry.offset, entry.size, "tensor data")
        return ValueRange(file, entry.offset, entry.size, entry.dtype, unmask(entry.crc32c))

    def pieces(self, key: bytes, entry: BundleEntry, at_most: int) -> Iterator[tuple[Box, Array]]:
        """Yield region and elements of an entry of numbers without slices, in C order; verified before the last."""
        place = self.place(key, entry)
        try:
            yield from iter_tensor(
                place.file,
                entry.offset,
                entry.dtype,
                entry.shape,
                expected_crc=entry.crc32c,
                at_most=at_most,
                big_endian=self._header.big_endian,
            )
        except ChecksumError as error:
            self._word_checksum(error, entry)
            raise

    def _word_checksum(self, error: ChecksumError, entry: BundleEntry) -> None:
        """Put TensorFlow's beginning before its sentence on checksums."""
        error.offset = entry.offset
        if error.message.startswith("Checksum does not match"):
            place = f"TensorBundle at {self._place} shard {entry.shard_id} ({entry.size} bytes): "
            error.message = place + error.message

    def _map_value(self, key: bytes, entry: BundleEntry, *, verify: bool) -> Array:
        """Return numbers as a read-only view of the file, verified once."""
        check_size(key, entry)
        file = self.file(entry.shard_id)
        file.check_range(entry.offset, entry.size, "tensor data")
        view = self._maps.get(entry.shard_id)
        if view is None:
            view = self._maps.setdefault(entry.shard_id, file.map())
        data = view[entry.offset : entry.offset + entry.size]
        place = entry.shard_id, entry.offset, entry.size
        if verify and place not in self._verified:
            try:
                check_crc(crc32c(data), entry.crc32c)
            except ChecksumError as error:
                self._word_checksum(error, entry)
                raise
            self._verified.add(place)
        return np.frombuffer(data, entry.dtype.numpy).reshape(entry.shape)

    def release(self) -> None:
        """Close the files until something is read again; what is mapped stays so."""
        for file in list(self._files.values()):
            file.release()

    def close(self) -> None:
        """Close the files; arrays that view a map keep it alive."""
        self._closed = True
        for file in list(self._files.values()):
            file.close()
        self._files.clear()
        self._maps.clear()


def check_size(key: bytes, entry: BundleEntry) -> None:
    """Refuse numbers that do not take the bytes which their shape says, before memory is allocated.

    Raises:
        DataLossError: In TensorFlow's words.
    """
    expected = math.prod(entry.shape) * entry.dtype.itemsize
    if entry.dtype.itemsize and entry.size != expected:
        raise DataLossError(
            f"Invalid size in bundle entry: key {visible(key)}; stored size {entry.size}; expected size {expected}"
        )
