"""safetensors as a kind of file: one file, or several with their index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from ckpt_magics.files.formats.safetensors_header import METADATA, NAMES
from ckpt_magics.files.formats.shard_index import looks_like_index, names_files
from ckpt_magics.files.kinds.byte_map import FileMap
from ckpt_magics.files.kinds.flat_file import FlatFile
from ckpt_magics.files.kinds.flat_sink import FlatSink, open_file_sink
from ckpt_magics.files.kinds.holding import Unheld, check_held, unheld_text_names, unheld_values
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.safetensors_files.safetensors_file import (
    SafetensorsWriter,
    header_of,
    in_order,
    is_file_start,
    map_one,
    open_one,
    read_file,
)
from ckpt_magics.files.kinds.safetensors_files.safetensors_shards import SUFFIX, open_shards_sink, remove_other_version
from ckpt_magics.files.kinds.sharded_files import find_index, map_indexed, open_indexed
from ckpt_magics.files.storage.foreign import START_SIZE
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.tensors.records import Specs, records_of, shard_runs, specs_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec

__all__ = ["SAFETENSORS"]


def recognise(start: bytes) -> bool:
    """Tell a file or an index from its first bytes."""
    return is_file_start(start) or _is_index(start)


def open_safetensors(place: Place) -> FlatFile:
    """Open a file, or the files of an index.

    Raises:
        DataLossError: It is neither.
    """
    return open_one(place) if _is_single(place) else open_indexed(place, read_file)


def _is_index(start: bytes) -> bool:
    # What names no file in its first bytes is taken for an index too: the metadata may be long.
    return looks_like_index(start) and not names_files(start, ".bin")


def _is_single(place: Place) -> bool:
    start = place.read_start(START_SIZE)
    return is_file_start(start) or not looks_like_index(start)


def can_hold(specs: Sequence[TensorSpec]) -> list[Unheld]:
    """Return which tensors a file cannot hold."""
    return [*unheld_values(specs, NAMES), *unheld_text_names(specs, {METADATA.encode()})]


@contextmanager
def open_safetensors_sink(
    path: AnyPath, specs: Specs, options: SaveOptions, companions: Mapping[str, bytes] | None = None
) -> Iterator[FlatSink]:
    """Open a sink that makes a file as the library would, or several of them; see :func:`sinks.open_sink`."""
    check_held(SAFETENSORS.name, can_hold(specs_of(specs)))
    place = save_place(path)
    records = records_of(specs)
    runs = shard_runs([record.size for record in records], options)
    if len(runs) > 1:
        shards = [records[run.start : run.stop] for run in runs]
        with open_shards_sink(place, shards, options, companions) as sink:
            yield sink
        return
    records = in_order(records)
    header = header_of(records)
    with open_file_sink(place, records, options, companions, lambda file: SafetensorsWriter(file, header)) as sink:
        yield sink
    remove_other_version(place, [place.name])


def _byte_map(place: Place) -> list[FileMap]:
    return [map_one(place)] if _is_single(place) else map_indexed(place, map_one)


SAFETENSORS = Kind(
    name="safetensors",
    suffixes=(SUFFIX,),
    open=open_safetensors,
    can_hold=can_hold,
    sink=open_safetensors_sink,
    byte_map=_byte_map,
    recognise=recognise,
    find=partial(find_index, suffix=SUFFIX),
)
