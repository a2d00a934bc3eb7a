"""What kinds of files share whose tensors each lie in one piece: taking values in order, in files that appear together.

What a kind adds is a `FlatLayout`: how a value and the end of a file are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, InternalError
from ckpt_magics.files.formats.number_bytes import number_copies
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.store import NewFile, WrittenFile
from ckpt_magics.files.tensors.records import Record
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.sink import Pieces, elements_in_order, neighbours
from ckpt_magics.files.tensors.stored_pieces import CopiedValue, StoredPieces, copies_of
from ckpt_magics.files.wire.varint import Buffer

__all__ = ["FlatLayout", "FlatSink", "ValueParts", "open_file_sink"]

_STEP = 2 << 20
"""Bytes of a value that are copied, and written in one call; between two, progress is told and Ctrl-C heard."""


class FlatLayout(Protocol):
    """One file that is being written."""

    def add(self, record: Record, value: ValueParts) -> None:
        """Write a value."""
        ...

    def finish(self) -> None:
        """Write what stands behind all values."""
        ...


class ValueParts:
    """The bytes of a value in C order, little-endian: parts that are used up at once, or what a file has of them.

    Args:
        parts: The parts.
        advance: Called with the bytes of each part that was written.
        copies: The same value where its bytes need only be copied.
        copied: Called with offset and checksum of what was copied.
    """

    def __init__(
        self,
        parts: Iterable[Buffer],
        advance: Callable[[int], object],
        copies: StoredPieces | None = None,
        copied: Callable[[int, int], object] = lambda *_: None,
    ) -> None:
        self._parts = parts
        self._advance = advance
        self._copies = copies
        self._copied = copied

    def __iter__(self) -> Iterator[Buffer]:
        for part in self._parts:
            yield part
            self._advance(len(part))

    def write_to(self, file: NewFile) -> None:
        """Append the bytes to a file."""
        if self._copies is None:
            for part in self:
                file.write(part)
            return
        offset = file.size
        self._copied(offset, self._copies.copy_to(file, self._advance))


class FlatSink:
    """Takes the values of one or several files; a few pieces of a value are in memory at a time.

    Args:
        path: What the result is called.
        shards: What is to be written to each file, in order.
        begin: Begins a file by its place among those.
        meter: Is told of each piece that was written.
        first_shard: Number of the first file for readers.

    Attributes:
        path: As given.
        tensors: How many there are.
        written: The files, after the end.
        copied: Values whose bytes were copied, by key.
    """

    def __init__(
        self,
        path: str,
        shards: Sequence[Sequence[Record]],
        begin: Callable[[int], FlatLayout],
        meter: ProgressMeter,
        *,
        first_shard: int = 0,
    ) -> None:
        self.path = path
        self.written: tuple[WrittenFile, ...] = ()
        self.copied: dict[bytes, CopiedValue] = {}
        self._shard_id = first_shard - 1
        self._shards = shards
        self._order = [record.key for shard in shards for record in shard]
        self.tensors = len(self._order)
        self._begin = begin
        self._meter = meter
        self._buffer = np.empty(_STEP, np.uint8)
        self._writing = self._places()

    @property
    def order(self) -> Sequence[bytes]:
        """The keys of all values, one file after the other."""
        return self._order

    def batches(self) -> Iterator[Sequence[bytes]]:
        """Yield small neighbours together, others alone."""
        sizes = np.array([record.size for shard in self._shards for record in shard], np.int64)
        return neighbours(self._order, sizes, [range(len(self._order))])

    def write(self, key: bytes, value: Pieces) -> None:
        """Write a value behind the one before it."""
        self._add(*self._next(key), value)

    def _add(self, layout: FlatLayout, record: Record, value: Pieces) -> None:
        try:
            arrays = elements_in_order(value, record.value_shape)
            parts = number_copies(arrays, record.dtype, [self._buffer])
            copies = copies_of(value, record.dtype, record.size)
            layout.add(record, ValueParts(parts, self._meter.advance, copies, partial(self._note_copied, record)))
        except CheckpointError as error:
            raise error.locate(tensor=record.name) from None

    def _note_copied(self, record: Record, offset: int, crc: int) -> None:
        self.copied[record.key] = CopiedValue(self._shard_id, offset, record.size, crc)

    def write_many(self, values: Mapping[bytes, npt.NDArray[Any]]) -> None:
        """Write small values, those that are in memory as they are in the file with less ado."""
        for key, array in values.items():
            layout, record = self._next(key)
            if array.dtype is record.dtype.numpy and array.shape == record.value_shape:
                layout.add(record, ValueParts([array.tobytes()], self._meter.advance))
            else:
                self._add(layout, record, array)

    def finish(self) -> None:
        """End the last file.

        Raises:
            InternalError: Values are missing.
        """
        if next(self._writing, None) is not None:
            raise InternalError(f"not all of {len(self._order)} values were written", file=self.path)

    def _next(self, key: bytes) -> tuple[FlatLayout, Record]:
        layout, record = next(self._writing, (None, None))
        if layout is None or record is None or record.key != key:
            raise InternalError("values are to be written in the order of the sink, each once", file=self.path)
        return layout, record

    def _places(self) -> Iterator[tuple[FlatLayout, Record]]:
        """Yield each value with the file that it goes to, which begins before its first value and ends after all."""
        for shard_id, records in enumerate(self._shards):
            layout = self._begin(shard_id)
            self._shard_id += 1
            for record in records:
                yield layout, record
            layout.finish()


@contextmanager
def open_file_sink(
    place: Place,
    records: Sequence[Record],
    options: SaveOptions,
    companions: Mapping[str, bytes] | None,
    begin: Callable[[NewFile], FlatLayout],
) -> Iterator[FlatSink]:
    """Open a sink that makes one file, which is in place in one step.

    Args:
        place: Of the file.
        records: What is to be written, in order; strings are none of it.
        options: How.
        companions: Contents of other files by path that appear before it.
        begin: Begins with the file.
    """
    size = sum(record.size for record in records)
    meter = ProgressMeter(size, options.progress)
    path = place.name
    with place.directory.stage(durable=options.durable) as stage:
        stage.check_space(path, size)
        file = stage.create(path, size, decides=True)
        sink = FlatSink(path, [records], lambda _: begin(file), meter)
        yield sink
        sink.finish()
        for other, contents in (companions or {}).items():
            stage.publish(stage.add(other, contents), other, "meta graph")
        stage.commit(file, path, "values")
        meter.finish()
    sink.written = tuple(stage.written)
