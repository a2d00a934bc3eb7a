"""npz archives as a kind of file: written as ``numpy.savez`` does, a member after the other.

Format: numpy/lib/_npyio_impl.py (_savez) of NumPy 2.4; `stored_zip`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain

from ckpt_magics.files.formats.dtypes import DTYPES
from ckpt_magics.files.formats.maps.array_map import map_archive
from ckpt_magics.files.formats.npy_header import encode_array_header
from ckpt_magics.files.formats.stored_zip import MAX_NAME, StoredZip
from ckpt_magics.files.kinds.byte_map import FileMap, map_structure
from ckpt_magics.files.kinds.flat_sink import FlatSink, ValueParts, open_file_sink
from ckpt_magics.files.kinds.holding import MAP_STEP, Unheld, check_held, unheld_text_names, unheld_values
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.numpy_files.npz_file import SUFFIX, open_npz, recognise
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import NewFile
from ckpt_magics.files.tensors.records import Record, Specs, records_of, specs_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["NPZ"]

NUMPY_DTYPES = {
    dtype: dtype.numpy for dtype in DTYPES if dtype.itemsize and not dtype.is_quantized and dtype.numpy.isbuiltin == 1
}
"""The dtypes of numbers that NumPy has by itself, which the header of an array can name, and as what."""


def can_hold(specs: Sequence[TensorSpec]) -> list[Unheld]:
    """Return which tensors an archive cannot hold.

    Text is among it: NumPy's has a width, which no spec says, and loses the NULs at its end.
    """
    keys = {spec.key for spec in specs}
    return [
        *unheld_values(specs, NUMPY_DTYPES),
        *unheld_text_names(specs),
        *(Unheld(spec.key, why, MAP_STEP) for spec in specs if (why := _why_no_name(spec.key, keys))),
    ]


def _why_no_name(key: bytes, keys: Collection[bytes]) -> str:
    if b"\0" in key:
        return "names with a NUL"
    if len(key) + len(SUFFIX) > MAX_NAME:
        return f"names of more than {MAX_NAME - len(SUFFIX)} bytes"
    stem = key.removesuffix(SUFFIX.encode())
    # NumPy takes such a name for the member of the other.
    return f"names that are another's and {SUFFIX}" if stem != key and stem in keys else ""


def open_npz_sink(
    path: AnyPath, specs: Specs, options: SaveOptions, companions: Mapping[str, bytes] | None = None
) -> AbstractContextManager[FlatSink]:
    """Open a sink that makes an archive in the order of the specs; see :func:`sinks.open_sink`."""
    check_held(NPZ.name, can_hold(specs_of(specs)))
    return open_file_sink(save_place(path), records_of(specs), options, companions, _Archive)


class _Archive:
    """An archive that is being written."""

    def __init__(self, file: NewFile) -> None:
        self._file = file
        self._zip = StoredZip(file.write)

    def add(self, record: Record, value: ValueParts) -> None:
        header = encode_array_header(record.dtype, record.shape)
        self._zip.add(key_to_name(record.name) + SUFFIX, chain([header], value))

    def finish(self) -> None:
        self._zip.finish()
        self._file.finish()


def _byte_map(place: Place) -> list[FileMap]:
    return [map_structure(place, map_archive)]


NPZ = Kind(
    name="npz",
    suffixes=(".npz",),
    recognise=recognise,
    open=open_npz,
    can_hold=can_hold,
    sink=open_npz_sink,
    byte_map=_byte_map,
)
