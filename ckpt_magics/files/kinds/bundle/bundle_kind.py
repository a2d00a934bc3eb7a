"""V2 checkpoints as a kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

from ckpt_magics.errors import NotFoundError
from ckpt_magics.files.formats.dtypes import DTYPES
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.bundle.bundle_sink import is_held, open_bundle_sink
from ckpt_magics.files.kinds.byte_map import ByteRange, map_file
from ckpt_magics.files.kinds.holding import Unheld, unheld_dtype
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.storage.naming import is_foreign_temporary
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


def _byte_map(place: Place) -> list[ByteRange]:
    with closing(open_bundle(place)) as store:
        return list(_iter_ranges(place, store))


def _iter_ranges(place: Place, store: BundleStore) -> Iterator[ByteRange]:
    index, *data = store.file_names()
    yield from map_file(index, place.at(index).size(), (), "index")
    values = store.value_places()
    for shard_id, path in enumerate(data):
        # Of a file that is not there nothing can be said.
        with suppress(NotFoundError):
            yield from map_file(path, place.at(path).size(), values.get(shard_id, ()), "unused")


V2 = Kind(
    name="v2",
    suffixes=(".ckpt", ""),
    open=open_bundle,
    can_hold=_can_hold,
    sink=open_bundle_sink,
    byte_map=_byte_map,
    leftovers=is_foreign_temporary,
)
