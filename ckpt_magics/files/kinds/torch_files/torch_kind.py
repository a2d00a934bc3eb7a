"""PyTorch files as a kind of file: written as an archive that PyTorch loads without running code, and maps.

Format: `torch_file`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial

from ckpt_magics.files.formats.shard_index import looks_like_index, names_files
from ckpt_magics.files.formats.stored_zip import StoredZip
from ckpt_magics.files.formats.torch_pickle import DTYPES, encode_state_dict
from ckpt_magics.files.kinds.byte_map import FileMap
from ckpt_magics.files.kinds.flat_file import FlatFile
from ckpt_magics.files.kinds.flat_sink import FlatSink, ValueParts, open_file_sink
from ckpt_magics.files.kinds.holding import Unheld, check_held, unheld_text_names, unheld_values
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.sharded_files import find_index, map_indexed, open_indexed
from ckpt_magics.files.kinds.torch_files.torch_file import (
    BYTE_ORDER,
    PICKLE,
    STORAGE,
    is_torch_start,
    map_torch,
    open_torch,
    read_torch,
)
from ckpt_magics.files.storage.foreign import START_SIZE
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import NewFile
from ckpt_magics.files.tensors.records import Record, Specs, records_of, specs_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["TORCH"]

_ROOT = "archive/"
"""The directory in the archive; PyTorch names it after the file, and a file can be renamed."""

_SHARDED = ".bin"
"""The suffix of files that an index names; Hugging Face's libraries write no other."""

_VERSION = b"3\n"
_ALIGNMENT = 64


def recognise(start: bytes) -> bool:
    """Tell a file, or the index of several, from its first bytes."""
    return is_torch_start(start) or _is_index(start)


def _is_index(start: bytes) -> bool:
    return looks_like_index(start) and names_files(start, _SHARDED)


def _names_index(place: Place) -> bool:
    return _is_index(place.read_start(START_SIZE))


def open_torch_files(place: Place) -> FlatFile:
    """Open a file, or the files of an index, without running anything of them.

    Raises:
        DataLossError: It is neither, or damaged.
        UnimplementedError: It holds an object, and not tensors in containers.
    """
    return open_indexed(place, read_torch) if _names_index(place) else open_torch(place)


def _byte_map(place: Place) -> list[FileMap]:
    return map_indexed(place, map_torch) if _names_index(place) else [map_torch(place)]


def can_hold(specs: Sequence[TensorSpec]) -> list[Unheld]:
    """Return which tensors a file cannot hold."""
    return [*unheld_values(specs, DTYPES), *unheld_text_names(specs)]


def open_torch_sink(
    path: AnyPath, specs: Specs, options: SaveOptions, companions: Mapping[str, bytes] | None = None
) -> AbstractContextManager[FlatSink]:
    """Open a sink that makes a file of a dict of tensors, in the order of the specs; see :func:`sinks.open_sink`."""
    check_held(TORCH.name, can_hold(specs_of(specs)))
    records = records_of(specs)
    pickle = encode_state_dict([(key_to_name(record.name), record.dtype, record.shape) for record in records])
    return open_file_sink(save_place(path), records, options, companions, lambda file: _TorchArchive(file, pickle))


class _TorchArchive:
    """A file that is being written; what it holds is known before."""

    def __init__(self, file: NewFile, pickle: bytes) -> None:
        self._file = file
        self._zip = StoredZip(file.write)
        self._zip.add(_ROOT + PICKLE, [pickle])
        self._zip.add(_ROOT + BYTE_ORDER, [b"little"])
        self._count = 0

    def add(self, record: Record, value: ValueParts) -> None:  # noqa: ARG002 - as layouts
        self._zip.add(f"{_ROOT}{STORAGE}{self._count}", value, align=_ALIGNMENT)
        self._count += 1

    def finish(self) -> None:
        self._zip.add(f"{_ROOT}version", [_VERSION])
        self._zip.finish()
        self._file.finish()


TORCH = Kind(
    name="torch",
    suffixes=(".pt", ".pth", ".bin"),
    recognise=recognise,
    open=open_torch_files,
    can_hold=can_hold,
    sink=open_torch_sink,
    byte_map=_byte_map,
    find=partial(find_index, suffix=_SHARDED),
)
