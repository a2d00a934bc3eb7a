""".npy files as a kind of file: written as a directory with a file per tensor, a name's parts being directories."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ckpt_magics.errors import FailedPreconditionError, InternalError, visible
from ckpt_magics.files.formats.npy_header import MAGIC, encode_array_header
from ckpt_magics.files.kinds.flat_sink import FlatSink, ValueParts
from ckpt_magics.files.kinds.holding import MAP_STEP, Unheld, check_held, unheld_text_names, unheld_values
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.numpy_files.npy_file import find_arrays, map_arrays, open_npy
from ckpt_magics.files.kinds.numpy_files.npz_file import SUFFIX
from ckpt_magics.files.kinds.numpy_files.npz_kind import NUMPY_DTYPES
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import DirectoryStage
from ckpt_magics.files.tensors.records import Record, Specs, records_of, specs_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.phrasing import names_text

__all__ = ["NPY"]

_MOST_BYTES = 255
"""Bytes of the name of a file or directory that file systems take."""
_NOT_IN_NAMES = (b"\0", b"\\", *((b":",) if os.name == "nt" else ()))
"""What no part of a path may hold, here or where the files are taken to."""


def can_hold(specs: Sequence[TensorSpec]) -> list[Unheld]:
    """Return which tensors a directory cannot hold, as it is on every system."""
    folders = {folder for spec in specs for folder in _folders(spec.key)}
    return [
        *unheld_values(specs, NUMPY_DTYPES),
        *unheld_text_names(specs),
        *(Unheld(spec.key, why, MAP_STEP) for spec in specs if (why := _why_no_path(spec.key, folders))),
    ]


def _folders(key: bytes) -> Iterator[bytes]:
    """Yield the paths of the directories on the way to the file of a tensor."""
    parts = key.split(b"/")
    return (b"/".join(parts[:count]) for count in range(1, len(parts)))


def _why_no_path(key: bytes, folders: Collection[bytes]) -> str:
    parts = key.split(b"/")
    if not {b"", b".", b".."}.isdisjoint(parts) or any(mark in key for mark in _NOT_IN_NAMES):
        return "names that are no path in a directory"
    path = key + SUFFIX.encode()
    if any(len(part) > _MOST_BYTES for part in path.split(b"/")):
        return f"names with a part of more than {_MOST_BYTES - len(SUFFIX)} bytes"
    return "names whose file is the directory of another" if path in folders else ""


@contextmanager
def open_npy_sink(
    path: AnyPath, specs: Specs, options: SaveOptions, companions: Mapping[str, bytes] | None = None
) -> Iterator[FlatSink]:
    """Open a sink that makes a directory; see :func:`sinks.open_sink`.

    Raises:
        FailedPreconditionError: There is something of that name that is no directory of .npy files alone.
    """
    if companions:
        raise InternalError("nothing appears together with a directory of arrays", file=next(iter(companions)))
    check_held(NPY.name, can_hold(specs_of(specs)))
    place = save_place(path, may_be_bare=True)
    directory = place.at(place.store.resolve(place.name))
    _check_free(directory)
    records = records_of(specs)
    size = sum(record.size for record in records)
    meter = ProgressMeter(size, options.progress)
    with place.store.stage_directory(directory.name, durable=options.durable) as stage:
        stage.check_space(directory.name, size)
        sink = FlatSink(directory.name, [records], lambda _: _Writer(stage), meter)
        yield sink
        sink.finish()
        with directory.directory.lock():
            _check_free(directory)
            stage.commit()
        meter.finish()
    sink.written = tuple(stage.written)


def _check_free(directory: Place) -> None:
    """Refuse a place where a directory of arrays cannot be put without something else going."""
    if not directory.is_taken:
        return
    if not directory.is_directory:
        raise FailedPreconditionError(f"{visible(directory.name)}; Not a directory", file=directory.name)
    others = [
        "/".join([*inner.within(directory), name])
        for inner, names in directory.walk()
        for name in names
        if not name.endswith(SUFFIX)
    ]
    if others:
        raise FailedPreconditionError(
            f"{visible(directory.name)} holds more than {SUFFIX} files, which would be lost: {names_text(others)}",
            file=directory.name,
            hint="Give a new directory.",
        )


class _Writer:
    """A directory that is being written."""

    def __init__(self, stage: DirectoryStage) -> None:
        self._stage = stage

    def add(self, record: Record, value: ValueParts) -> None:
        header = encode_array_header(record.dtype, record.shape)
        name = key_to_name(record.name) + SUFFIX
        file = self._stage.create(name, len(header) + record.size)
        file.write(header)
        value.write_to(file)
        self._stage.finish(name, file)

    def finish(self) -> None:
        """Do nothing: each file is finished when it is written."""


NPY = Kind(
    name="npy",
    suffixes=("/",),
    open=open_npy,
    can_hold=can_hold,
    sink=open_npy_sink,
    byte_map=map_arrays,
    recognise=lambda start: start.startswith(MAGIC),
    find=find_arrays,
)
