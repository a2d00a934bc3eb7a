"""V1 checkpoints as a kind of file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from functools import partial

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.maps.record_maps import map_slice_record
from ckpt_magics.files.formats.maps.table_map import map_table
from ckpt_magics.files.formats.slice_records import V1_DTYPES, check_saved_slice
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.byte_map import FileMap, map_structure
from ckpt_magics.files.kinds.companion_maps import map_companions
from ckpt_magics.files.kinds.data_files import v1_shards
from ckpt_magics.files.kinds.holding import EXCLUDE_STEP, Unheld, unheld_dtype
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.slice_table.slice_table import SliceTableStore
from ckpt_magics.files.kinds.slice_table.slice_table_sink import open_slice_table_sink
from ckpt_magics.files.storage.naming import is_foreign_temporary, parse_v1_shard
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.source import TensorSpec

__all__ = ["V1"]


def open_slice_table(place: Place) -> SliceTableStore:
    """Open a checkpoint; of several files that a save is just putting there, all of them.

    Raises:
        CheckpointError: It is not there, or damaged so that no tensor can be found.
    """
    store = SliceTableStore(place)
    shards = parse_v1_shard(place.name)
    if shards is None or len(store.file_names()) == shards[2]:
        return store
    store.close()
    # Whoever puts files there holds the lock until it is done.
    with place.directory.lock():
        return SliceTableStore(place)


def _can_hold(specs: Sequence[TensorSpec]) -> list[Unheld]:
    other = [unheld_dtype(spec, V1_DTYPES) for spec in specs if spec.dtype not in V1_DTYPES]
    large = [spec.key for spec in specs if spec.dtype in V1_DTYPES and _is_large(spec)]
    return [*other, *(Unheld(name, "values of more than 2 GiB", EXCLUDE_STEP) for name in large)]


def _is_large(spec: TensorSpec) -> bool:
    for part in spec.slices or (TensorSlice.full(len(spec.shape)),):
        try:
            check_saved_slice(spec.key, part, spec.dtype, math.prod(part.shape(spec.shape)))
        except InvalidArgumentError:
            return True
    return False


def _byte_map(place: Place) -> list[FileMap]:
    look = partial(map_table, map_value=map_slice_record)
    return [*(map_structure(file, look) for file in _files(place)), *map_companions(place)]


def _files(place: Place) -> list[Place]:
    """Return the files of a checkpoint, which may be damaged."""
    try:
        with closing(open_slice_table(place)) as store:
            return [place.at(path) for path in store.file_names()]
    except CheckpointError:
        shards = parse_v1_shard(place.name)
        if shards is None or place.is_file:
            return [place]
        return sorted(v1_shards(place.at(shards[0])), key=lambda shard: shard.name)


V1 = Kind(
    name="v1",
    suffixes=(),
    open=open_slice_table,
    can_hold=_can_hold,
    sink=open_slice_table_sink,
    byte_map=_byte_map,
    leftovers=is_foreign_temporary,
)
