"""Ops that put the rows and columns of a checkpoint's matrix into the order of another vocabulary."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.storage.packed_files import read_lines, read_pieces
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext

__all__ = ["ROWS", "file_words", "remap_vocabulary"]

_ABSENT = -1


def remap_vocabulary(new_file: str, old_file: str, offset: int, count: int, old_size: int) -> Array:
    """Return the line in an old vocabulary of each word of a new one, int64 [count]; -1 of those that are new.

    Args:
        new_file: A word per line.
        old_file: The same.
        offset: Line of the new one to begin at.
        count: How many of its lines.
        old_size: Lines of the old one that count; -1 for all.

    Raises:
        CheckpointError: A file cannot be read.
        InvalidArgumentError: One has too few lines, or the old one has a word twice.
    """
    limit = None if old_size == _ABSENT else old_size
    places: dict[bytes, int] = {}
    for line, word in enumerate(islice(_words(old_file), limit)):
        if places.setdefault(word, line) != line:
            raise InvalidArgumentError(f"{visible(old_file)} has {visible(word)!r} in lines {places[word]} and {line}")
    if limit is not None and len(places) < limit:
        raise InvalidArgumentError(f"{visible(old_file)} has {len(places)} lines, and {limit} are to count")
    found = [places.get(word, _ABSENT) for word in islice(_words(new_file), offset, offset + count)]
    if len(found) < count:
        raise InvalidArgumentError(
            f"{visible(new_file)} has {len(found)} lines from line {offset} on, and {count} are wanted"
        )
    return np.array(found, np.int64)


def _words(file: AnyPath) -> Iterator[bytes]:
    for line in read_lines(read_pieces(place_of(file))):
        yield line.rstrip(b"\r\n")


def file_words(file: bytes, first: int, count: int | None) -> Iterator[bytes]:
    """Yield lines of a text file without their ends.

    Args:
        file: Its name.
        first: Lines to leave out at its beginning.
        count: How many at most.
    """
    return islice(_words(file), first, None if count is None else first + count)


def _generate(ctx: KernelContext, new_file: Array, old_file: Array) -> tuple[Array, Array]:
    count, old_size = ctx.attr("num_new_vocab"), ctx.attr("old_vocab_size")
    places = remap_vocabulary(_text(new_file), _text(old_file), ctx.attr("new_vocab_offset"), count, old_size)
    return places, np.int32(np.count_nonzero(places != _ABSENT))


def _text(value: Array) -> str:
    text: bytes = np.asarray(value, object).item()
    return os.fsdecode(text)


def _load(ctx: KernelContext, path: Array, name: Array, *maps_and_values: Array) -> Array:
    rows, columns, first = maps_and_values
    num_rows, num_cols = ctx.attr("num_rows"), ctx.attr("num_cols")
    if rows.size != num_rows or columns.size not in {0, num_cols}:
        raise InvalidArgumentError(
            f"{rows.size} rows and {columns.size} columns are mapped of a matrix of {num_rows} x {num_cols}"
        )
    key: bytes = np.asarray(name, object).item()
    with open_tensors(_text(path)) as tensors:
        old = tensors.read(key)
    if old.ndim != 2 or old.dtype != np.float32:
        raise InvalidArgumentError(f"{visible(key)} is {old.dtype} {list(old.shape)}, and no matrix of float32")
    if not columns.size and old.shape[1] != num_cols:
        raise InvalidArgumentError(f"{visible(key)} has {old.shape[1]} columns, and {num_cols} are wanted")
    return _remapped(old, rows, columns if columns.size else np.arange(num_cols), first)


def _remapped(old: Array, rows: Array, columns: Array, first: Array) -> Array:
    """Return the matrix whose cells come from places of an old one, the absent ones in their order from ``first``."""
    _check_places("row", rows, old.shape[0])
    _check_places("column", columns, old.shape[1])
    is_new = (rows == _ABSENT)[:, None] | (columns == _ABSENT)
    if first.size != np.count_nonzero(is_new):
        raise InvalidArgumentError(
            f"{np.count_nonzero(is_new)} cells are not in the old matrix, and there are {first.size} values for them"
        )
    found: Array = np.empty(is_new.shape, np.float32)
    found[~is_new] = old[np.ix_(rows[rows != _ABSENT], columns[columns != _ABSENT])].reshape(-1)
    found[is_new] = first.reshape(-1)
    return found


def _check_places(what: str, places: Array, size: int) -> None:
    present = places[places != _ABSENT]
    if np.any((present < 0) | (present >= size)):
        raise InvalidArgumentError(f"a {what} is mapped to one that the old matrix, with {size}, does not have")
    if np.unique(present).size != present.size:
        raise InvalidArgumentError(f"a {what} of the old matrix is mapped to twice")


def _generated_shapes(ctx: ShapeContext) -> list[Shape]:
    return [(ctx.attr("num_new_vocab"),), ()]


def _matrix_shape(ctx: ShapeContext) -> list[Shape]:
    return [(ctx.attr("num_rows"), ctx.attr("num_cols"))]


ROWS: tuple[Op, ...] = (
    Op(
        "GenerateVocabRemapping",
        "new_vocab_file: string, old_vocab_file: string -> remapping: int64, num_present: int32",
        (
            Attr("new_vocab_offset", "int", minimum=0),
            Attr("num_new_vocab", "int", minimum=0),
            Attr("old_vocab_size", "int", -1, minimum=-1),
        ),
        _generated_shapes,
        _generate,
    ),
    Op(
        "LoadAndRemapMatrix",
        "ckpt_path: string, old_tensor_name: string, row_remapping: int64, col_remapping: int64, "
        "initializing_values: float -> output_matrix: float",
        (
            Attr("num_rows", "int", minimum=0),
            Attr("num_cols", "int", minimum=1),
            Attr("max_rows_in_memory", "int", -1),
        ),
        _matrix_shape,
        _load,
        is_stateful=True,
    ),
)
