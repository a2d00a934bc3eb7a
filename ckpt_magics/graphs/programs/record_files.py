"""Files of records for programs: ``tf.python_io``.

Format: tensorflow/python/lib/io/tf_record.py; `record_file`, packed whole by gzip or zlib if an option says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, ClassVar, Self

from ckpt_magics.errors import FailedPreconditionError
from ckpt_magics.files.formats.record_file import encode_record, read_records
from ckpt_magics.files.storage.file_system import open_file
from ckpt_magics.files.storage.packed_files import unpacked
from ckpt_magics.files.storage.place import AnyPath, name_of, place_of
from ckpt_magics.files.storage.system_errors import system_errors

__all__ = ["TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter", "tf_record_iterator"]


class TFRecordCompressionType:
    """How a file is packed, by number."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


@dataclass(frozen=True)
class TFRecordOptions:
    """How a file of records is packed.

    Attributes:
        compression_type: ``"GZIP"``, ``"ZLIB"``, ``""`` or None for not at all, or a number of the same.
        compression_level: Of zlib, from 0 to 9; None for the usual one.
    """

    compression_type: str | int | None = None
    compression_level: int | None = None

    compression_type_map: ClassVar[dict[int | None, str]] = {
        None: "",
        TFRecordCompressionType.NONE: "",
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
    }

    @property
    def packing(self) -> str:
        """``"GZIP"``, ``"ZLIB"`` or ``""``."""
        kind = self.compression_type
        found = kind if isinstance(kind, str) else self.compression_type_map.get(kind)
        if found not in {"", "ZLIB", "GZIP"}:
            raise ValueError(f'Not a valid compression_type: "{kind}"')
        return found


def _packing(options: TFRecordOptions | int | str | None) -> str:
    return options.packing if isinstance(options, TFRecordOptions) else TFRecordOptions(options).packing


class TFRecordWriter:
    """Writes records to a file, which is there from the start, at a URL in the end; what is written is safe then.

    Args:
        path: Of the file.
        options: How to pack it; a number or a name of a packing will do.

    Raises:
        CheckpointError: The file cannot be made.
    """

    def __init__(self, path: AnyPath, options: TFRecordOptions | int | str | None = None) -> None:
        self._path = name_of(path)
        self._packing = _packing(options)
        level = options.compression_level if isinstance(options, TFRecordOptions) else None
        wbits = zlib.MAX_WBITS + 16 if self._packing == "GZIP" else zlib.MAX_WBITS
        self._packer = zlib.compressobj(-1 if level is None else level, wbits=wbits) if self._packing else None
        self._file: IO[bytes] | None = open_file(path, "wb")

    def write(self, record: bytes) -> None:
        """Write a record, bytes.

        Raises:
            FailedPreconditionError: The writer is closed.
        """
        data = encode_record(record)
        self._write(data if self._packer is None else self._packer.compress(data))

    def _write(self, data: bytes) -> None:
        if self._file is None:
            raise FailedPreconditionError("the writer is closed", file=self._path)
        with system_errors(self._path):
            self._file.write(data)

    def flush(self) -> None:
        """Write what waits; nothing of a packed file, which is whole only at its end."""
        if self._file is not None and self._packer is None:
            with system_errors(self._path):
                self._file.flush()

    def close(self) -> None:
        """End the file; closing twice is fine."""
        if self._file is None:
            return
        if self._packer is not None:
            self._write(self._packer.flush())
        with system_errors(self._path):
            self._file.close()
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def tf_record_iterator(path: AnyPath, options: TFRecordOptions | int | str | None = None) -> Iterator[bytes]:
    """Yield the records of a file, bytes each.

    Raises:
        DataLossError: A record is damaged, or the file is not packed as the options say.
    """
    packing = _packing(options)
    with place_of(path).open() as file:
        yield from read_records(unpacked(file, file.name, packing) if packing else file)
