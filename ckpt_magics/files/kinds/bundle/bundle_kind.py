"""V2 checkpoints as a kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import partial

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DTYPES
from ckpt_magics.files.formats.maps.byte_range import UNUSED
from ckpt_magics.files.formats.maps.record_maps import map_bundle_record
from ckpt_magics.files.formats.maps.table_map import map_table
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.bundle.bundle_sink import is_held, open_bundle_sink
from ckpt_magics.files.kinds.byte_map import FileMap, map_file, map_structure, map_unread
from ckpt_magics.files.kinds.companion_maps import map_companions
from ckpt_magics.files.kinds.data_files import data_files
from ckpt_magics.files.kinds.holding import Unheld, unheld_dtype
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.storage.naming import index_filename, is_foreign_temporary
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.source import MAX_ATTEMPTS, TensorSpec

__all__ = ["V2", "open_bundle"]


def open_bundle(place: Place, *, mmap: bool = False) -> BundleStore:
    """Open a checkpoint so that index and data are of one save.

    Raises:
        CheckpointError: It is not there, or damaged so that no tensor can be found.
    """
    store = BundleStore(place, mmap=mmap)
    for _ in range(MAX_ATTEMPTS):
        # They are if the index is still the same once the data is open.
        store.hold()
        if not store.replaced():
            break
        store.close()
        store = BundleStore(place, mmap=mmap)
    return store


def _can_hold(specs: Sequence[TensorSpec]) -> list[Unheld]:
    return [unheld_dtype(spec, DTYPES) for spec in specs if not is_held(spec.dtype)]


def _byte_map(place: Place) -> list[FileMap]:
    index = map_structure(place.at(index_filename(place.name)), partial(map_table, map_value=map_bundle_record))
    return [index, *_data_maps(place), *map_companions(place)]


def _data_maps(place: Place) -> Iterator[FileMap]:
    try:
        with closing(BundleStore(place)) as store:
            _, *names = store.file_names()
            values = store.byte_ranges()
    except CheckpointError as error:
        for data in sorted(data_files(place), key=lambda data: data.name):
            yield map_unread(data, f"the index does not tell what is in it: {error.message}")
        return
    for shard_id, path in enumerate(names):
        # Of what is not there, or no file, nothing can be said.
        with suppress(CheckpointError):
            yield map_file(place.at(path), values.get(shard_id, ()), UNUSED)


V2 = Kind(
    name="v2",
    suffixes=(".ckpt", ""),
    open=open_bundle,
    can_hold=_can_hold,
    sink=open_bundle_sink,
    byte_map=_byte_map,
    leftovers=is_foreign_temporary,
)
