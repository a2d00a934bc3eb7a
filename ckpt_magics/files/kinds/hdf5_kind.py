"""HDF5 as a kind of file: read, whatever wrote it, such as Keras; written with each tensor as a dataset at its path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from ckpt_magics.files.formats.dtypes import DTYPES
from ckpt_magics.files.kinds.byte_map import FileMap, map_file, tensor_ranges
from ckpt_magics.files.kinds.flat_sink import FlatSink, open_file_sink
from ckpt_magics.files.kinds.hdf5_file import MAX_DEPTH, MAX_ENTRIES, dataset_places, is_hdf5, open_hdf5
from ckpt_magics.files.kinds.hdf5_layout import Attributes, Hdf5Layout, Hdf5Writer
from ckpt_magics.files.kinds.holding import (
    EXCLUDE_STEP,
    MAP_STEP,
    Unheld,
    check_held,
    unheld_text_names,
    unheld_values,
)
from ckpt_magics.files.kinds.kind import Kind, OpenSink
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.tensors.records import Record, Specs, records_of, specs_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec

__all__ = ["HDF5", "byte_map", "can_hold", "hdf5_sink"]

_NAME = "hdf5"
_HELD = [dtype for dtype in DTYPES if dtype.itemsize and not dtype.is_quantized]

_MAX_RANK = 32
"""Dimensions of a dataset."""

_MAX_NAME = 1 << 12
"""Bytes of a path."""


def can_hold(specs: Sequence[TensorSpec]) -> list[Unheld]:
    """Return which tensors a file cannot hold."""
    groups = {group for spec in specs for group in _groups(spec.key)}
    entries = Counter(key.rpartition(b"/")[0] for key in {spec.key for spec in specs} | groups)
    return [
        *unheld_values(specs, _HELD),
        *unheld_text_names(specs),
        *(Unheld(spec.key, why, MAP_STEP) for spec in specs if (why := _why_no_path(spec.key, groups, entries))),
        *(
            Unheld(spec.key, f"more than {_MAX_RANK} dimensions", EXCLUDE_STEP)
            for spec in specs
            if len(spec.shape) > _MAX_RANK
        ),
    ]


def _groups(key: bytes) -> Iterator[bytes]:
    """Yield the paths of the groups that a dataset lies in."""
    end = key.find(b"/")
    while end >= 0:
        yield key[:end]
        end = key.find(b"/", end + 1)


def _why_no_path(key: bytes, groups: Collection[bytes], entries: Mapping[bytes, int]) -> str:
    parts = key.split(b"/")
    if b"" in parts or b"." in parts or b"\0" in key:
        return "names that are no paths"
    if len(parts) > MAX_DEPTH or len(key) > _MAX_NAME:
        return f"names of more than {MAX_DEPTH} parts or {_MAX_NAME} bytes"
    if key in groups:
        return "names that others begin with"
    return f"more than {MAX_ENTRIES} names in one group" if entries[key.rpartition(b"/")[0]] > MAX_ENTRIES else ""


def hdf5_sink(
    name: str,
    can_hold: Callable[[Sequence[TensorSpec]], list[Unheld]],
    attributes: Callable[[Sequence[Record]], Attributes] = lambda _: {},
) -> OpenSink:
    """Return what opens the sink of a kind that makes a file with a dataset for each tensor.

    Args:
        name: Of the kind.
        can_hold: Returns what it cannot hold.
        attributes: Returns what the groups of a file with such tensors say of themselves.
    """

    def open_sink(
        path: AnyPath, specs: Specs, options: SaveOptions, companions: Mapping[str, bytes] | None = None
    ) -> AbstractContextManager[FlatSink]:
        check_held(name, can_hold(specs_of(specs)))
        records = records_of(specs)
        layout = Hdf5Layout(records, attributes(records))
        place = save_place(path)
        return open_file_sink(place, layout.records, options, companions, lambda file: Hdf5Writer(file, layout))

    return open_sink


def byte_map(place: Place) -> list[FileMap]:
    """Return what each byte of a file belongs to."""
    return [map_file(place, tensor_ranges(dataset_places(place)), "HDF5 structure")]


HDF5 = Kind(
    name=_NAME,
    suffixes=(".hdf5",),
    recognise=is_hdf5,
    open=open_hdf5,
    can_hold=can_hold,
    sink=hdf5_sink(_NAME, can_hold),
    byte_map=byte_map,
)
