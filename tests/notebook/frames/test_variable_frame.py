"""A checkpoint's listing as a table."""

import numpy as np

from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.object_graph.shown_names import TensorListing, shown_names
from ckpt_magics.files.tensors.source import Columns
from ckpt_magics.notebook.frames.variable_frame import COLUMNS, variables_frame


def listing_of(*rows):
    """List tensors of (name, dtype, shape, shard, offset, size, slices)."""
    names, types, shapes, *numbers = map(list, zip(*rows, strict=True)) if rows else [[] for _ in range(7)]
    columns = Columns(names, types, shapes, *(np.array(column, np.int64) for column in numbers))
    return TensorListing.of(columns, shown_names([], None))


def test_what_is_unknown_is_missing():
    frame = variables_frame(
        listing_of((b"known", dtypes.FLOAT, (2,), 0, 8, 8, 1), (b"text", dtypes.STRING, (), 1, -1, -1, 2))
    )
    assert tuple(frame.columns) == COLUMNS
    assert frame["bytes"].isna().tolist() == [False, True]
    assert frame["offset"].isna().tolist() == [False, True]
    assert frame["elements"].tolist() == [2, 1]


def test_size_in_memory_stands_in_for_the_size_in_the_file():
    frame = variables_frame(listing_of((b"w", dtypes.DOUBLE, (3, 2), 0, -1, -1, 1)))
    assert frame["bytes"].tolist() == [48]


def test_shapes_beyond_any_memory_are_listed():
    frame = variables_frame(listing_of((b"w", dtypes.COMPLEX128, (1 << 62,), 0, -1, -1, 1)))
    assert frame["bytes"].tolist() == [(1 << 63) - 1]
    assert frame["elements"].tolist() == [1 << 62]


def test_empty_checkpoint_has_the_columns():
    assert tuple(variables_frame(listing_of()).columns) == COLUMNS


def test_names_that_are_not_utf8_are_kept():
    frame = variables_frame(listing_of((b"\xff", dtypes.FLOAT, (), 0, 0, 4, 1)))
    assert frame["name"][0].encode("utf-8", "surrogateescape") == b"\xff"
