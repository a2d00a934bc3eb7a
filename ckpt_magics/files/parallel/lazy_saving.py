"""Arrays of dask that are to be saved: workers write chunks as slices of partitioned tensors, a task a data file."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, UnavailableError
from ckpt_magics.files.formats.bundle_records import BundleEntry
from ckpt_magics.files.formats.dtypes import STRING, DType, as_dtype
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, encode_entries, sorted_entries
from ckpt_magics.files.formats.pieces import region_shape
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.tensor_slice import MAX_SLICES
from ckpt_magics.files.kinds.bundle.bundle_parts import WrittenPart, write_part
from ckpt_magics.files.parallel.lazy_arrays import chunk_boxes, region_slice
from ckpt_magics.files.parallel.tensor_tasks import cut_files, is_lost_worker
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.array_source import stored_array
from ckpt_magics.files.tensors.arrays_to_save import ArraysToSave
from ckpt_magics.files.tensors.records import Record, record_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import Array, TensorSpec
from ckpt_magics.files.tensors.tensor_names import encode_name
from ckpt_magics.files.tensors.text_values import TEXT_KINDS

if TYPE_CHECKING:
    from dask.array import Array as LazyArray
    from dask.delayed import Delayed

__all__ = ["LazyTensors", "is_lazy_array"]


def is_lazy_array(value: object) -> bool:
    """Tell whether a value is an array of dask, which nobody has who has not imported it."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(value, module.Array)


ASSEMBLED = frozenset({
    "float32", "float64", "bfloat16", "complex64", "complex128", "bool",
    "int4", "int8", "int16", "int32", "int64", "uint4", "uint8",
})  # fmt: skip
"""Types of which TensorFlow puts slices together; of others a tensor has to be in one piece.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc (BundleReader::GetSliceValue).
"""


class _Chunk(NamedTuple):
    """A value to be written, and where a task finds it.

    Attributes:
        record: What it is.
        key: Of dask's task that makes it; or the array itself.
    """

    record: Record
    key: Any


class LazyTensors:
    """Arrays of dask, and others, with what has to be known of them before the first is computed.

    Args:
        tensors: By name.
        options: How they are saved.

    Attributes:
        specs: What they are, by name.

    Raises:
        InvalidArgumentError: No checkpoint has an array's dtype; the lengths of its chunks are not known; or there are
            too many of them.
    """

    def __init__(self, tensors: Mapping[str, LazyArray | Array], options: SaveOptions) -> None:
        names = sorted(tensors)
        self._arrays: dict[str, LazyArray] = {name: tensors[name] for name in names if is_lazy_array(tensors[name])}
        self.specs: dict[str, TensorSpec] = {}
        chunks: list[_Chunk] = []
        for name in names:
            found = self._lazy_chunks(name) if name in self._arrays else [self._here(name, np.asarray(tensors[name]))]
            chunks += found
        self._options = options
        runs = cut_files([max(chunk.record.size, 0) for chunk in chunks], options)
        self._shards = [chunks[run.start : run.stop] for run in runs if len(run)]

    def _here(self, name: str, array: Array) -> _Chunk:
        """Return what to write of an array that is in memory, and travels with its task."""
        spec = TensorSpec(encode_name(name), _dtype(array.dtype, name), array.shape)
        self.specs[name] = spec
        return _Chunk(record_of(spec, None), array)

    def _lazy_chunks(self, name: str) -> list[_Chunk]:
        array = self._arrays[name]
        dtype = _dtype(array.dtype, name)
        if any(map(math.isnan, array.shape)):
            words = "the lengths of its chunks are not known before they are computed"
            raise InvalidArgumentError(words, tensor=name, hint="array.compute_chunk_sizes() finds them out.")
        if dtype.name not in ASSEMBLED and array.npartitions > 1:
            array = self._arrays[name] = array.rechunk(-1)
        key, shape = encode_name(name), tuple(map(int, array.shape))
        boxes = [(at, box) for at, box in chunk_boxes(array.chunks) if math.prod(region_shape(box))]
        if len(boxes) > MAX_SLICES:
            words = f"{len(boxes):,} chunks; a reader takes more than {MAX_SLICES:,} slices for damage"
            raise InvalidArgumentError(words, tensor=name, hint="array.rechunk(...) makes larger ones.")
        slices = tuple(part for _, box in boxes if (part := region_slice(box, shape)) is not None)
        spec = self.specs[name] = TensorSpec(key, dtype, shape, slices)
        if not boxes:
            return [_Chunk(record_of(spec, None), np.empty(shape, dtype.numpy))]
        return [
            _Chunk(record_of(spec, part), (array.name, *at)) for (at, _), part in itertools.zip_longest(boxes, slices)
        ]

    @property
    def partitioned(self) -> EncodedEntries:
        """The entries of the tensors that are stored in slices, sorted by key."""
        shards: dict[bytes, int] = {}
        for shard_id, chunks in enumerate(self._shards):
            for chunk in chunks:
                shards.setdefault(chunk.record.name, shard_id)
        return sorted_entries(
            encode_entries(
                {
                    spec.key: BundleEntry(spec.dtype, spec.shape, shards[spec.key], slices=spec.slices)
                    for spec in self.specs.values()
                    if spec.slices
                }
            )
        )

    def parts(self, directory: Place) -> list[WrittenPart]:
        """Let workers compute and write everything, and return what they wrote.

        Raises:
            UnavailableError: They were lost.
            CheckpointError: One could not write.
        """
        import dask

        try:
            (parts,) = dask.compute(self._graph(directory, list))
        except Exception as error:
            if not is_lost_worker(error):
                raise
            raise UnavailableError(f"the workers were lost: {error}") from error
        return list(parts)

    def later(self, begin: Callable[[], Place], end: Callable[[Place, Sequence[WrittenPart]], Any]) -> Delayed:
        """Return all that as a task of dask, between what is done first and what is done last."""
        return self._graph(begin, end)

    def _graph(self, directory: Place | Callable[[], Place], last: Callable[..., Any]) -> Delayed:
        """Return the task behind those that write: given what they wrote, and the directory if it is made in a task."""
        from dask._task_spec import List, Task, TaskRef
        from dask.base import tokenize
        from dask.delayed import Delayed
        from dask.highlevelgraph import HighLevelGraph

        name = f"save-{tokenize(np.random.default_rng().bytes(16))}"
        begin, end = f"{name}-directory", f"{name}-all"
        layer = dict(self._tasks())
        is_later = not isinstance(directory, Place)
        where = TaskRef(begin) if is_later else directory
        if is_later:
            layer[begin] = Task(begin, directory)
        for shard_id, chunks in enumerate(self._shards):
            records = [chunk.record for chunk in chunks]
            given = {row: chunk.key for row, chunk in enumerate(chunks) if isinstance(chunk.key, np.ndarray)}
            write = partial(_write, shard_id, records, given, durable=self._options.durable)
            computed = [TaskRef(chunk.key) for row, chunk in enumerate(chunks) if row not in given]
            layer[name, shard_id] = Task((name, shard_id), write, where, List(*computed))
        done = List(*(TaskRef((name, shard_id)) for shard_id in range(len(self._shards))))
        layer[end] = Task(end, last, where, done) if is_later else Task(end, last, done)
        return Delayed(end, HighLevelGraph({name: layer}, {name: set()}), layer=name)

    def _tasks(self) -> Mapping[Any, Any]:
        """Return the tasks that make all chunks: of all arrays together, so that what two of them need is made once."""
        from dask.array import Array
        from dask.core import flatten
        from dask.highlevelgraph import HighLevelGraph

        arrays = self._arrays.values()
        graph = HighLevelGraph.merge(*(array.__dask_graph__() for array in arrays))
        keys = list(flatten([array.__dask_keys__() for array in arrays]))
        return dict(Array.__dask_optimize__(graph, keys))


def _dtype(dtype: np.dtype[Any], name: str) -> DType:
    if dtype.kind in TEXT_KINDS:
        return STRING
    try:
        return as_dtype(dtype.newbyteorder("="))
    except TypeError as error:
        raise InvalidArgumentError(f"arrays of {dtype} cannot be saved", tensor=name) from error


def _write(
    shard_id: int,
    records: Sequence[Record],
    given: Mapping[int, Array],
    directory: Place,
    computed: Sequence[Any],
    *,
    durable: bool,
) -> WrittenPart:
    """Do one task: write chunks that were computed where it runs, and arrays that came with it."""
    rest = iter(computed)
    arrays = [given[row] if row in given else next(rest) for row in range(len(records))]
    keys = [record.key for record in records]
    values = ArraysToSave([], keys, list(_checked(records, arrays)))
    return write_part(directory, shard_id, records, values, durable=durable)


def _checked(records: Sequence[Record], arrays: Sequence[Any]) -> Iterator[Array]:
    """Yield arrays as they are stored.

    Raises:
        InvalidArgumentError: One is not what dask said it would be.
    """
    for record, array in zip(records, arrays, strict=True):
        value = stored_array(record.name, np.asarray(array))
        told = record.dtype.numpy, record.value_shape
        if (value.dtype, value.shape) != told:
            raise InvalidArgumentError(
                f"a chunk is {value.dtype} {format_shape(value.shape)}, and the array says {told[0]} "
                f"{format_shape(told[1])}",
                tensor=record.name,
            )
        yield value
