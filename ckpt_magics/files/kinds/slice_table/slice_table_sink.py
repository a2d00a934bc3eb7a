"""Write V1 checkpoints, byte for byte as TensorFlow writes them: one table in one file, in place by one rename.

Format: tensorflow/core/util/tensor_slice_writer.cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, InternalError, InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.formats.block import LatePiece, Piece
from ckpt_magics.files.formats.dtypes import UINT32, UINT64
from ckpt_magics.files.formats.slice_records import (
    META_KEY,
    V1_DTYPES,
    SliceMeta,
    check_saved_slice,
    encode_meta,
    encode_saved_slice,
)
from ckpt_magics.files.formats.table import TableWriter
from ckpt_magics.files.kinds.bundle.bundle_commit import data_of_index
from ckpt_magics.files.kinds.claimed_names import claimed_count
from ckpt_magics.files.kinds.data_files import v1_shards
from ckpt_magics.files.kinds.former_files import remove_former_files
from ckpt_magics.files.storage.naming import v1_shard_filename, v1_shard_pattern
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import NewFile, Stage, WrittenFile
from ckpt_magics.files.tensors.records import Record, Specs, records_of, shard_runs
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.sink import Pieces, elements_in_order
from ckpt_magics.files.tensors.stored_pieces import CopiedValue
from ckpt_magics.phrasing import names_text

__all__ = ["SliceTableSink", "open_slice_table_sink"]

_COPY_STEP = 1 << 20
"""Bytes of a value that are copied, checksummed and written at once."""


@contextmanager
def open_slice_table_sink(
    path: AnyPath, specs: Specs, options: SaveOptions, companions: Mapping[str, bytes] | None = None
) -> Iterator[SliceTableSink]:
    """Open a sink that makes a V1 checkpoint; see :func:`sinks.open_sink`.

    A V2 checkpoint of the same prefix, which would hide it from every reader, is removed in the end. Over as many files
    of the same prefix there will be one more, without tensors: names of files must not be reused before they go, or a
    reader would find half of each.
    """
    place = save_place(path)
    records = records_of(specs)
    _check_dtypes(records)
    _check_sizes(records)
    sizes = [max(record.size, 0) for record in records]
    runs = shard_runs(sizes, options)
    meter = ProgressMeter(sum(sizes), options.progress)
    with place.directory.stage(durable=options.durable) as stage:
        stage.check_space(place.name, meter.total)
        names = None if stage.renames else _claimed_names(stage, place, len(runs))
        sink = SliceTableSink(stage, place.name, [records[run.start : run.stop] for run in runs], meter, names)
        yield sink
        paths = _publish(stage, place, sink.finish(), companions, names or [])
        meter.finish()
    sink.written = tuple(stage.written)
    if len(runs) > 1:
        sink.path = v1_shard_pattern(place.name, len(paths))


def _check_dtypes(records: Sequence[Record]) -> None:
    """Refuse types that V1 files cannot hold, all of them at once, in TensorFlow's classes and words."""
    refused = [record for record in records if record.dtype not in V1_DTYPES]
    if not refused:
        return
    dtype = refused[0].dtype
    names = names_text([f"{visible(record.name)} ({record.dtype.name})" for record in refused], 10)
    hint = f"V1 files cannot hold {names}; save as V2, or convert them first."
    if dtype in {UINT32, UINT64}:
        raise InvalidArgumentError(
            f"Tensor slice serialization not implemented for dtype {dtype.number}", tensor=refused[0].name, hint=hint
        )
    raise UnimplementedError(f"Saving data type {dtype.c_name} not yet supported", tensor=refused[0].name, hint=hint)


def _check_sizes(records: Sequence[Record]) -> None:
    """Refuse values that are larger than a record can be."""
    for record in records:
        try:
            check_saved_slice(record.name, record.slice_or_full(), record.dtype, record.elements)
        except CheckpointError as error:
            raise error.locate(tensor=record.name) from None


class SliceTableSink:
    """Takes the values of a V1 checkpoint. Of a value of integers all varints are in memory, of floats a few pieces.

    Args:
        stage: Where the files are made.
        prefix: Of the checkpoint.
        shards: What is to be written to each file.
        meter: Is told of each value that was written.

    Attributes:
        path: The prefix, or the pattern that stands for several files, after the end.
        tensors: How many there are.
        written: The files, after the end.
        copied: Nothing: no other file has values as these do.
    """

    def __init__(
        self,
        stage: Stage,
        prefix: str,
        shards: Sequence[Sequence[Record]],
        meter: ProgressMeter,
        names: Sequence[str] | None,
    ) -> None:
        self._names = names or [prefix] * len(shards)
        self.path = prefix
        self.tensors = len({record.name for shard in shards for record in shard})
        self.written: tuple[WrittenFile, ...] = ()
        self.copied: Mapping[bytes, CopiedValue] = {}
        self._stage = stage
        self._shards = shards
        self._meter = meter
        self._sorted = [sorted(shard, key=_table_key) for shard in shards]
        self._order = [record.key for shard in self._sorted for record in shard]
        self._files: list[NewFile] = []
        self._writing = self._tables()

    @property
    def order(self) -> Sequence[bytes]:
        """The keys of all values, sorted as each file has them, one file after the other."""
        return self._order

    def batches(self) -> Iterator[Sequence[bytes]]:
        """Yield each key alone."""
        return ([key] for key in self._order)

    def write(self, key: bytes, value: Pieces) -> None:
        """Write a value into its file."""
        table, record = next(self._writing, (None, None))
        if table is None or record is None or record.key != key:
            raise InternalError("values are to be written in the order of the sink, each once", file=self.path)
        part = record.slice_or_full()
        try:
            arrays = elements_in_order(value, record.value_shape)
            pieces = encode_saved_slice(record.name, part, arrays, record.dtype, record.elements)
            table.add(_table_key(record), list(map(_unchanging, pieces)))
        except CheckpointError as error:
            raise error.locate(tensor=record.name) from None
        self._meter.advance(max(record.size, 0))

    def write_many(self, values: Mapping[bytes, npt.NDArray[Any]]) -> None:
        """Write values one by one."""
        for key, value in values.items():
            self.write(key, value)

    def finish(self) -> list[NewFile]:
        """Return the files, whole."""
        if next(self._writing, None) is not None:
            raise InternalError(f"not all of {len(self._order)} values were written", file=self.path)
        return self._files

    def _tables(self) -> Iterator[tuple[TableWriter, Record]]:
        """Yield each value with the table that it goes to, which begins before its first value and ends after all."""
        for shard, records, name in zip(self._shards, self._sorted, self._names, strict=False):
            size = sum(max(record.size, 0) for record in shard)
            file = self._stage.create(name, size, decides=name == self._names[-1])
            self._files.append(file)
            table = _begin_table(file, shard)
            for record in records:
                yield table, record
            table.finish()
            file.finish()


def _table_key(record: Record) -> bytes:
    return record.slice_or_full().encode_key(record.name)


def _begin_table(file: NewFile, records: Sequence[Record]) -> TableWriter:
    table = TableWriter(file.write)
    table.add(META_KEY, encode_meta(_list_tensors(records)))
    return table


def _publish(
    stage: Stage,
    place: Place,
    files: Sequence[NewFile],
    companions: Mapping[str, bytes] | None,
    paths: Sequence[str],
) -> Sequence[str]:
    """Make V1 files visible, after their companions, in place of the checkpoint that is there; return their paths."""
    with place.directory.lock():
        if stage.renames:
            # Somebody else may have taken the names meanwhile.
            paths = _free_names(place, len(files))
        tables = [*files, *(_empty_table(stage, path, decides=path == paths[-1]) for path in paths[len(files) :])]
        others = [(stage.add(*other), other[0]) for other in (companions or {}).items()]
        for other, other_path in others:
            stage.publish(other, other_path, "meta graph")
        for file, path in zip(tables[:-1], paths[:-1], strict=True):
            stage.publish(file, path, "V1")
        former = None if stage.renames else data_of_index(place)
        stage.commit(tables[-1], paths[-1], "V1")
        remove_former_files(place, set(map(place.at, paths)), durable=stage.durable, former=former)
    return paths


def _empty_table(stage: Stage, path: str, *, decides: bool) -> NewFile:
    file = stage.create(path, 0, decides=decides)
    _begin_table(file, []).finish()
    file.finish()
    return file


def _free_names(prefix: Place, wanted: int) -> list[str]:
    """The prefix for one V1 file; else free names for as many or more: the old set stays whole until it goes."""
    if wanted == 1:
        return [prefix.name]
    taken = set(v1_shards(prefix).values())
    while wanted in taken:
        wanted += 1
    return _names_of(prefix, wanted)


def _names_of(prefix: Place, count: int) -> list[str]:
    return [v1_shard_filename(prefix.name, shard_id, count) for shard_id in range(count)]


def _claimed_names(stage: Stage, prefix: Place, wanted: int) -> list[str]:
    """The same, of several files names that nobody else writes to."""
    names = _free_names(prefix, wanted)
    if wanted == 1:
        return names
    count = claimed_count(stage, len(names), lambda count: v1_shard_filename(prefix.name, 0, count))
    return _names_of(prefix, count)


def _unchanging(piece: Piece) -> Piece:
    """Return a piece that is copied when it is written, if it is a view of an array: that may change meanwhile.

    The table computes the checksum first and writes then, and both must be done with the same bytes.
    """
    return piece if isinstance(piece, bytes) else LatePiece(len(piece), partial(_copies, piece))


def _copies(piece: Piece) -> Iterator[bytes]:
    for view in piece if isinstance(piece, LatePiece) else (piece,):
        yield from (bytes(view[start : start + _COPY_STEP]) for start in range(0, len(view), _COPY_STEP))


def _list_tensors(records: Sequence[Record]) -> list[SliceMeta]:
    """The list of tensors that the file begins with, by name; slices of one in the order given."""
    slices: dict[bytes, list[Record]] = {}
    for record in records:
        slices.setdefault(record.name, []).append(record)
    return [
        SliceMeta(name, found[0].shape, found[0].dtype, tuple(record.slice_or_full() for record in found))
        for name, found in sorted(slices.items())
    ]
