"""Tensors of a checkpoint as lazy arrays of dask: each chunk is a task that reads a part of a tensor where it runs."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats.pieces import Box, elements_of
from ckpt_magics.files.formats.tensor_slice import Extent, TensorSlice
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.source import Array, TensorSpec
from ckpt_magics.files.tensors.tensor_names import key_to_name

if TYPE_CHECKING:
    import dask.array

__all__ = ["chunk_boxes", "chunk_sizes", "dask_module", "lazy_arrays", "region_slice"]

SLICES = "slices"
"""In place of a size: a chunk for each slice."""

Chunks = tuple[tuple[int, ...], ...]
"""Lengths of the chunks in every dimension, as dask has them."""


def dask_module(name: str) -> ModuleType:
    """Import a part of dask.

    Raises:
        UnimplementedError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnimplementedError(
            f"{name} is needed for this, and cannot be imported: {error}",
            hint="It comes with: pip install 'ckpt_magics[dask]'.",
        ) from error


def lazy_arrays(
    tensors: NamedTensors[OpenCheckpoint], names: Sequence[str | bytes] | None, chunks: int | str
) -> dict[str, dask.array.Array]:
    """Return tensors as arrays that read nothing before they are computed.

    Args:
        tensors: Where they are.
        names: Which of them; None for all.
        chunks: Bytes of a chunk at most, a number or a text that dask understands; or ``"slices"``.

    Raises:
        UnimplementedError: dask is not installed.
        InvalidArgumentError: ``chunks`` is no size.
        TensorNotFoundError: There is no tensor of one of the names.
    """
    dask_module("dask.array")
    most = None if chunks == SLICES else _chunk_size(chunks)
    wanted = list(tensors) if names is None else [_as_text(name) for name in names]
    # One that holds no files can be shared by all tasks, and outlives the reader.
    source = tensors.source.on_demand()
    version = tensors.source.identity()
    return {name: _lazy_array(source, version, tensors.spec(name), most) for name in wanted}


def _as_text(name: str | bytes) -> str:
    return name if isinstance(name, str) else key_to_name(name)


def _chunk_size(chunks: int | str) -> int:
    from dask.utils import parse_bytes

    try:
        size = int(parse_bytes(chunks))
    except (ValueError, TypeError, AttributeError) as error:
        words = f"chunks is {chunks!r}; it is a number of bytes, a size such as '64MiB', or '{SLICES}'"
        raise InvalidArgumentError(words) from error
    if size < 1:
        raise InvalidArgumentError(f"chunks of {size} bytes hold nothing")
    return size


def _lazy_array(source: OpenCheckpoint, version: bytes, spec: TensorSpec, most: int | None) -> dask.array.Array:
    import dask.array
    from dask.base import tokenize

    chunks = chunk_sizes(spec, most)
    name = f"checkpoint-{tokenize(source.origin, version, spec.key, chunks)}"
    tasks = {
        (name, *position): (_read, source, spec.key, region_slice(box, spec.shape))
        for position, box in chunk_boxes(chunks)
    }
    meta = np.empty((0,) * len(spec.shape), spec.dtype.numpy)
    return dask.array.Array(tasks, name, chunks, meta=meta)


def region_slice(box: Box, shape: tuple[int, ...]) -> TensorSlice | None:
    """Return a part of a tensor as a slice of it; None for all of it."""
    if all(part == slice(0, size) for part, size in zip(box, shape, strict=True)):
        return None
    return TensorSlice(tuple(Extent(part.start, part.stop - part.start) for part in box))


def _read(source: OpenCheckpoint, key: bytes, region: TensorSlice | None) -> Array:
    """Do one task."""
    return source.read(key, region)


def chunk_sizes(spec: TensorSpec, most: int | None) -> Chunks:
    """Return where a tensor is cut into chunks: at the ends of its slices, and then by leading dimensions.

    Args:
        spec: The tensor.
        most: Bytes of a chunk at most, where an element has fewer; None to cut between slices only.

    >>> from ckpt_magics.files.formats.dtypes import FLOAT
    >>> chunk_sizes(TensorSpec(b"w", FLOAT, (5, 4)), 32)
    ((2, 2, 1), (4,))
    >>> chunk_sizes(TensorSpec(b"w", FLOAT, (2, 20)), 32)
    ((1, 1), (8, 8, 4))
    """
    lengths = [_between_slices(spec, dimension) for dimension in range(len(spec.shape))]
    if most is None or not spec.dtype.itemsize:
        return tuple(map(tuple, lengths))
    # The last dimensions stay whole as long as they fit, for their elements are neighbours in the file.
    room = elements_of(most, spec.dtype.itemsize)
    for dimension in reversed(range(len(lengths))):
        largest = max(lengths[dimension])
        if largest > room:
            lengths[dimension] = [part for length in lengths[dimension] for part in _cut(length, room)]
        room = max(room // max(largest, 1), 1)
    return tuple(map(tuple, lengths))


def _between_slices(spec: TensorSpec, dimension: int) -> list[int]:
    size = spec.shape[dimension]
    starts = {0}
    for part in spec.slices:
        region = part.resolve(spec.shape)[dimension]
        starts |= {region.start, region.stop}
    ends = [*sorted(starts - {0, size}), size]
    return [stop - start for start, stop in zip([0, *ends], ends, strict=False)]


def _cut(length: int, most: int) -> list[int]:
    """Divide a length into parts of at most ``most``."""
    return [min(most, length - start) for start in range(0, length, most)] or [0]


def chunk_boxes(chunks: Chunks) -> Iterator[tuple[tuple[int, ...], Box]]:
    """Yield position and region of each chunk."""
    ends = [list(itertools.accumulate(lengths)) for lengths in chunks]
    for position in itertools.product(*(range(len(lengths)) for lengths in chunks)):
        places = list(zip(position, chunks, ends, strict=True))
        yield position, tuple(slice(stops[at] - lengths[at], stops[at]) for at, lengths, stops in places)
