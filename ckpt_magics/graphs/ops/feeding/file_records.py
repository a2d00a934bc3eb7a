"""What files hold for a training, one item after the other: lines, records, and parts of one length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckpt_magics.errors import DataLossError, InvalidArgumentError, TruncatedError, visible
from ckpt_magics.files.formats.record_file import read_records
from ckpt_magics.files.storage.packed_files import read_lines, read_pieces, unpacked
from ckpt_magics.files.storage.place import place_of

__all__ = ["PartLayout", "file_lines", "file_parts", "file_records", "whole_file"]


@dataclass(frozen=True, slots=True)
class PartLayout:
    """A file of parts of one length.

    Attributes:
        header: Bytes before the first part.
        size: Bytes of a part.
        footer: Bytes behind the last one.
        hop: Bytes from the beginning of a part to that of the next; 0 for ``size``.

    Raises:
        InvalidArgumentError: A number cannot be meant.
    """

    header: int
    size: int
    footer: int = 0
    hop: int = 0

    def __post_init__(self) -> None:
        if min(self.header, self.footer, self.hop) < 0 or self.size <= 0:
            raise InvalidArgumentError("record_bytes must be > 0, header_bytes, footer_bytes and hop_bytes >= 0")


def file_lines(name: str | bytes, packing: str = "") -> Iterator[bytes]:
    """Yield the lines of a text file without their ends.

    Raises:
        CheckpointError: It cannot be read.
    """
    return read_lines(read_pieces(place_of(name), packing))


def file_records(name: str | bytes, packing: str = "") -> Iterator[bytes]:
    """Yield the records of a file.

    Raises:
        DataLossError: A record is damaged, or the file ends within one.
    """
    with place_of(name).open() as file:
        try:
            yield from read_records(unpacked(file, file.name, packing) if packing else file)
        except TruncatedError as error:
            # It is an error of the end of a range too, which means to programs that all is read.
            raise DataLossError(f"truncated record: {error.message}", file=file.name) from error


def file_parts(name: str | bytes, layout: PartLayout, packing: str = "") -> Iterator[bytes]:
    """Yield the parts of a file.

    Raises:
        InvalidArgumentError: What is between header and footer is no whole number of parts.
    """
    if packing:
        data = b"".join(read_pieces(place_of(name), packing))
        for offset in _offsets(len(data), visible(name), layout):
            yield data[offset : offset + layout.size]
        return
    with place_of(name).open() as file:
        for offset in _offsets(file.size, visible(name), layout):
            yield file.read_at(offset, layout.size, "part")


def _offsets(size: int, name: str, layout: PartLayout) -> range:
    """Return where the parts of a file of some size begin, in bytes."""
    body = size - layout.header - layout.footer
    if not layout.hop and body % layout.size:
        raise InvalidArgumentError(
            f"Excluding the header ({layout.header} bytes) and footer ({layout.footer} bytes), input file {name} has "
            f"body length {body} bytes, which is not an exact multiple of the record length ({layout.size} bytes)."
        )
    return range(layout.header, size - layout.footer - layout.size + 1, layout.hop or layout.size)


def whole_file(name: str | bytes) -> bytes:
    """Return what stands in a file.

    Raises:
        CheckpointError: It cannot be read.
    """
    return b"".join(read_pieces(place_of(name)))
