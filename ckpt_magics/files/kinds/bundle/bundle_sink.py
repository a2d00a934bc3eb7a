"""Write V2 checkpoints, byte for byte as TensorFlow writes them: values in the order given, then an index by key.

What a tensor of a few bytes costs is the Python around it, so small ones go through a few calls for each batch of them;
large ones go one by one.

Format: tensorflow/core/util/tensor_bundle/tensor_bundle.cc (BundleWriter, MergeBundles).
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, InternalError, UnimplementedError
from ckpt_magics.files.formats.bundle_records import BundleEntry, BundleHeader
from ckpt_magics.files.formats.dtypes import STRING, VARIANT, DType
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, encode_columns, encode_entries
from ckpt_magics.files.kinds.bundle.bundle_commit import claimed_shard_count, publish_bundle
from ckpt_magics.files.kinds.bundle.value_writer import ValueWriter
from ckpt_magics.files.storage.naming import data_filename
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import NewFile, Stage, WrittenFile
from ckpt_magics.files.tensors.records import (
    Record,
    RecordColumns,
    Specs,
    columns_of_records,
    records_of,
    shard_runs,
)
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.sink import Pieces, elements_in_order, neighbours
from ckpt_magics.files.tensors.stored_pieces import CopiedValue, copies_of
from ckpt_magics.files.wire.crc32c import mask, masked_crcs

__all__ = ["BundleSink", "is_held", "open_bundle_sink"]

_to_bytes = operator.methodcaller("tobytes")
_dtype_of = operator.attrgetter("dtype")


@contextmanager
def open_bundle_sink(
    path: AnyPath, specs: Specs, options: SaveOptions, companions: Mapping[str, bytes] | None = None
) -> Iterator[BundleSink]:
    """Open a sink that makes a V2 checkpoint; see :func:`sinks.open_sink`."""
    place = save_place(path, may_be_bare=True)
    is_plain = isinstance(specs, RecordColumns) and specs.is_sound
    records = [] if is_plain else records_of(specs)
    columns = specs if isinstance(specs, RecordColumns) and is_plain else columns_of_records(records)
    _check_dtypes(columns)
    sizes = np.maximum(columns.sizes, 0).tolist()
    runs = shard_runs(sizes, options)
    meter = ProgressMeter(sum(sizes), options.progress)
    with place.directory.stage(durable=options.durable) as stage:
        stage.check_space(data_filename(place.name, 0, len(runs)), meter.total)
        claimed = claimed_shard_count(stage, place, len(runs))
        with ValueWriter(meter) as writer:
            slices = [record for record in records if not record.is_whole]
            sink = BundleSink(stage, place.name, columns, slices, runs, writer, count=claimed or len(runs))
            yield sink
            files, entries = sink.finish()
        publish_bundle(
            stage, place, files, header=BundleHeader(), entries=entries, companions=companions, claimed=claimed
        )
        meter.finish()
    sink.written = tuple(stage.written)


def is_held(dtype: DType) -> bool:
    """Tell whether files of this format hold values of a dtype."""
    return bool(dtype.itemsize) or dtype in {STRING, VARIANT}


def _check_dtypes(columns: RecordColumns) -> None:
    """Refuse types that files cannot hold."""
    for number, (dtype, _) in enumerate(columns.types):
        if not is_held(dtype):
            name = columns.keys[columns.type_ids.tolist().index(number)]
            raise UnimplementedError(f"Saving data type {dtype.c_name} not supported", tensor=name)


class BundleSink:
    """Takes the values of a V2 checkpoint.

    Args:
        stage: Where the data files are made.
        prefix: Of the checkpoint.
        columns: What is to be written.
        slices: Those of the records that are slices of tensors.
        runs: Which rows each data file has.
        writer: Writes them.
        count: The number of data files in their names.

    Attributes:
        path: The prefix.
        tensors: How many there are.
        written: The files, after the end.
        copied: Values whose bytes were copied, by key.
    """

    def __init__(  # noqa: PLR0917 -- made in one place
        self,
        stage: Stage,
        prefix: str,
        columns: RecordColumns,
        slices: Sequence[Record],
        runs: Sequence[range],
        writer: ValueWriter,
        *,
        count: int,
    ) -> None:
        self._count = count
        self.path = prefix
        self.written: tuple[WrittenFile, ...] = ()
        self.copied: dict[bytes, CopiedValue] = {}
        self._stage = stage
        self._columns = columns
        self._slices = {record.key: record for record in slices}
        self.tensors = len(columns.keys) - len(slices) + len({record.name for record in slices})
        self._runs = runs
        self._writer = writer
        self._as_stored = [dtype.numpy if dtype.itemsize else None for dtype, _ in columns.types]
        self._files: list[NewFile] = []
        self._row = 0
        self._places = np.zeros((len(columns.keys), 3), np.int64)
        """Shard, offset and size of each value."""
        self._crcs = np.zeros(len(columns.keys), np.uint32)

    @property
    def order(self) -> Sequence[bytes]:
        """The keys of all values, one data file after the other."""
        return self._columns.keys

    def batches(self) -> Iterator[Sequence[bytes]]:
        """Yield small neighbours together, others alone."""
        return neighbours(self.order, self._columns.sizes, self._runs)

    def write(self, key: bytes, value: Pieces) -> None:
        """Write a value behind the one before it."""
        row = self._row
        if self.order[row : row + 1] != [key]:
            raise InternalError("values are to be written in the order of the sink, each once", tensor=self._name(key))
        file = self._file_of(row)
        dtype, shape = self._columns.types[self._columns.type_ids[row]]
        offset, size = file.size, int(self._columns.sizes[row])
        try:
            copies = copies_of(value, dtype, size)
            if copies is not None:
                crc = self._writer.copy(file, copies)
                self.copied[key] = CopiedValue(len(self._files) - 1, offset, size, crc)
                self._crcs[row] = mask(crc)
            else:
                self._crcs[row] = self._writer.write(file, elements_in_order(value, shape), dtype, size)
        except CheckpointError as error:
            raise error.locate(tensor=self._name(key)) from None
        self._places[row] = len(self._files) - 1, offset, file.size - offset
        self._row += 1

    def write_many(self, values: Mapping[bytes, npt.NDArray[Any]]) -> None:
        """Write small values of numbers in a few calls; what is not in memory as it is in the file, one by one."""
        rows = slice(self._row, self._row + len(values))
        keys = self.order[rows]
        arrays = list(map(values.__getitem__, keys))
        stored = map(self._as_stored.__getitem__, self._columns.type_ids[rows].tolist())
        if not all(map(operator.is_, map(_dtype_of, arrays), stored)):
            for key, array in zip(keys, arrays, strict=True):
                self.write(key, array)
            return
        file = self._file_of(rows.start)
        sizes = self._columns.sizes[rows]
        pieces = list(map(_to_bytes, arrays))
        self._crcs[rows] = masked_crcs(pieces)
        places = self._places[rows]
        places[:, 0] = len(self._files) - 1
        places[:, 1] = file.size + np.cumsum(sizes) - sizes
        places[:, 2] = sizes
        data = b"".join(pieces)
        if len(data) != sizes.sum():
            raise InternalError("a value has another size than its spec says", file=self.path)
        self._writer.write_bytes(file, data)
        self._row = rows.stop

    def finish(self) -> tuple[list[NewFile], EncodedEntries]:
        """Return the data files, whole, and the entries of the index."""
        files, entries = self.finish_values()
        return files, entries if not self._slices else entries.with_others(encode_entries(self._partitioned()))

    def finish_values(self, first_shard: int = 0) -> tuple[list[NewFile], EncodedEntries]:
        """Return the data files, whole, and the entries of what is in them, without those of tensors in slices.

        Args:
            first_shard: Number of the first of these files among those of the checkpoint.
        """
        if self._row != len(self.order):
            raise InternalError(f"{self._row} of {len(self.order)} values were written", file=self.path)
        for shard_id in range(len(self._files), len(self._runs)):
            self._open(shard_id)
        self._files[-1].finish()
        keys, types, type_ids, _ = self._columns
        places = self._places + np.array([first_shard, 0, 0])
        return self._files, encode_columns(keys, types, type_ids, places, self._crcs)

    def _name(self, key: bytes) -> bytes:
        return self._slices[key].name if key in self._slices else key

    def _file_of(self, row: int) -> NewFile:
        """Return the data file that a row belongs to, a new one if it is the first one there."""
        while not self._files or row >= self._runs[len(self._files) - 1].stop:
            self._open(len(self._files))
        return self._files[-1]

    def _open(self, shard_id: int) -> None:
        if self._files:
            self._files[-1].finish()
        run = self._runs[shard_id]
        size = int(np.maximum(self._columns.sizes[run.start : run.stop], 0).sum())
        self._files.append(self._stage.create(data_filename(self.path, shard_id, self._count), size))

    def _partitioned(self) -> dict[bytes, BundleEntry]:
        """Return the entries of the tensors that are stored in slices."""
        tensors: dict[bytes, list[Record]] = {}
        for record in self._slices.values():
            tensors.setdefault(record.name, []).append(record)
        shards = dict(zip(self.order, self._places[:, 0].tolist(), strict=True))
        return {
            # TensorFlow's merge leaves the shard of the first slice in the whole tensor's entry.
            name: BundleEntry(
                records[0].dtype,
                records[0].shape,
                shards[records[0].key],
                slices=tuple(record.slice_or_full() for record in records),
            )
            for name, records in tensors.items()
        }
