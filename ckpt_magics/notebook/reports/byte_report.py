"""What each byte of a checkpoint's files is, for people: a table per file, what is inside of a range indented."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ckpt_magics.errors import InvalidArgumentError, TensorNotFoundError, visible
from ckpt_magics.files.directory.byte_maps import find_tensor_ranges, map_bytes, range_at
from ckpt_magics.files.formats.maps.byte_range import ByteRange
from ckpt_magics.files.formats.maps.table_map import key_text
from ckpt_magics.files.kinds.byte_map import FileMap
from ckpt_magics.files.storage.place import AnyPath, name_of
from ckpt_magics.files.tensors.tensor_names import name_to_key
from ckpt_magics.notebook.reports.hex_dump import hex_lines
from ckpt_magics.phrasing import amount, names_text
from ckpt_magics.report import Report, Table

__all__ = ["CheckpointBytes", "bytes_report", "describe_bytes", "range_words"]

MAX_ROWS = 200
"""Ranges of a file in the table; more belong in a view that scrolls."""
DEPTH = 2
"""How deep what is inside of a range is shown."""
MAX_HEX = 256
"""Bytes of a range that are shown."""


@dataclass(frozen=True, eq=False)
class CheckpointBytes:
    """What each byte of each file of a checkpoint is; shows itself in a notebook.

    Attributes:
        source: What was given.
        files: A map of each file: path, size, and ranges that make up all of it.
        only: The tensor whose bytes alone are shown; None for all.
        depth: How deep what is inside of a range is shown; 1 is not at all.
    """

    source: str
    files: Sequence[FileMap]
    only: str | None = None
    depth: int = DEPTH

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def problems(self) -> list[tuple[FileMap, ByteRange]]:
        """The ranges that cannot be read, or that are not as they should be, on the outermost level."""
        return [(file, one) for file in self.files for one in file.ranges if one.problem]

    def file(self, name: str | None = None) -> FileMap:
        """Return the map of a file by its name or the end of it; without one, that of the first.

        Raises:
            InvalidArgumentError: There is no such file, or there are several.
        """
        found = [file for file in self.files if name is None or file.name.endswith(name)]
        if not found or (name is not None and len(found) > 1):
            names = names_text([os.path.basename(file.name) for file in self.files])
            raise InvalidArgumentError(f"{len(found)} files end in {visible(name or '')!r}; there are {names}")
        return found[0]

    def hex(self, offset: int = 0, size: int = MAX_HEX, file: str | None = None) -> str:
        """Return bytes of a file as lines of hexadecimal numbers.

        Args:
            offset: Where to begin, in bytes.
            size: How many.
            file: The end of the file's name; the first file by default.

        Raises:
            InvalidArgumentError: There is no such file, or the place is not in it.
        """
        found = self.file(file)
        if not 0 <= offset <= found.size or size < 0:
            raise InvalidArgumentError(
                f"{visible(found.name)} has the bytes 0 to {found.size:,}, and {offset:,} is none"
            )
        return "\n".join(hex_lines(found.read(offset, size), offset))

    def tensor(self, name: str) -> list[tuple[FileMap, ByteRange]]:
        """Return the ranges of a tensor: its values and its records, those of its slices too.

        Raises:
            TensorNotFoundError: There are none.
        """
        key = name_to_key(name)
        paths = [] if key is None else list(find_tensor_ranges(self.files, key))
        if not paths:
            raise TensorNotFoundError(f"no bytes are those of a tensor {visible(name)!r}", name=name)
        return [range_at(self.files, path) for path in paths]

    def __str__(self) -> str:
        return bytes_report(self, MAX_ROWS).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return bytes_report(self, MAX_ROWS).html()


def describe_bytes(source: AnyPath, *, tensor: str | None = None, depth: int = DEPTH) -> CheckpointBytes:
    """Return what each byte of the files of a checkpoint is: blocks, entries, messages, checksums, values, gaps.

    What cannot be read is a range that says why, never an error.

    Args:
        source: A prefix, any file of the checkpoint, a directory, or a file of another kind.
        tensor: Show the bytes of this one only, with the first of them as numbers.
        depth: How deep to show what is inside of each range; 1 is not at all.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        InvalidArgumentError: The depth is below 1.
        TensorNotFoundError: No bytes are those of the tensor.
    """
    if depth < 1:
        raise InvalidArgumentError(f"the depth is {depth}, and has to be 1 or more")
    found = CheckpointBytes(name_of(source), map_bytes(source), tensor, depth)
    if tensor is not None:
        found.tensor(tensor)
    return found


def range_words(one: ByteRange) -> str:
    """Return what a range says: the tensor's name, its text, and what is wrong."""
    key = key_text(one.key) if one.key and one.what != "entry" else ""
    return "  ".join(filter(None, [key, one.text, f"✗ {one.problem}" if one.problem else ""]))


def bytes_report(found: CheckpointBytes, at_most: int | None) -> Report:
    """Return what is shown of a checkpoint's bytes.

    Args:
        found: What they are.
        at_most: How many ranges of a file; None for all.
    """
    if found.only is not None:
        return _tensor_report(found, found.only)
    title = f"{visible(found.source)}: {amount(found.size, 'byte')} in {amount(len(found.files), 'file')}"
    problems = len(found.problems)
    lines = [f"{amount(problems, 'range')} not as they should be."] if problems else []
    return Report(title, lines, [_file_table(file, found.depth, at_most) for file in found.files])


def _tensor_report(found: CheckpointBytes, name: str) -> Report:
    ranges = found.tensor(name)
    tables = [table for file, one in ranges for table in _range_tables(file, one, found.depth)]
    return Report(f"{visible(name)}: {amount(len(ranges), 'range')} of bytes", (), tables)


def _range_tables(file: FileMap, one: ByteRange, depth: int) -> Iterator[Table]:
    """Yield what is inside of a range, and its first bytes."""
    where = f"{os.path.basename(file.name)}, bytes {one.offset:,} to {one.end - 1:,}:"
    rows = list(islice(_rows(file, [one], depth, 0), MAX_ROWS))
    yield Table(_COLUMNS, rows, where, numeric=_NUMERIC)
    lines = hex_lines(file.read(one.offset, min(one.size, MAX_HEX)), one.offset)
    more = -(-max(one.size - MAX_HEX, 0) // 16)
    yield Table(("hex",), [(line,) for line in lines], headed=False, more=more)


_COLUMNS = ("offset", "bytes", "what", "says")
_NUMERIC = ("offset", "bytes")


def _file_table(file: FileMap, depth: int, at_most: int | None) -> Table:
    rows = list(islice(_rows(file, file.ranges, depth - 1, 0), None if at_most is None else at_most + 1))
    more = at_most is not None and len(rows) > at_most
    left = max(len(file.ranges) - (at_most or 0), 1) if more else 0
    caption = f"{file.name}, {amount(file.size, 'byte')}:"
    return Table(_COLUMNS, rows[:at_most], caption, more=left, numeric=_NUMERIC)


def _rows(file: FileMap, ranges: Sequence[ByteRange], depth: int, level: int) -> Iterator[Sequence[object]]:
    for one in ranges:
        yield one.offset, one.size, f"{'  ' * level}{one.what}", range_words(one)
        if depth > level and one.inside is not None:
            yield from _rows(file, file.inside(one), depth, level + 1)
