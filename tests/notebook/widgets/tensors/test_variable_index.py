"""The packed index, read back as the browser reads it."""

import zlib

import numpy as np
import pandas as pd

from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.widgets.tensors.variable_index import ExtraColumn, first_rows, pack_index
from tests.notebook.widgets.conftest import TENSORS


def column(packed, place, dtype):
    return np.frombuffer(zlib.decompress(packed.buffers[place]), dtype)


def test_columns_say_what_the_checkpoint_says(prefix):
    packed = pack_index(load_checkpoint(prefix).variables)
    names = sorted(TENSORS)
    assert packed.rows == len(names)
    assert zlib.decompress(packed.buffers[1]).decode() == "".join(names)
    assert list(column(packed, 0, "<u4")) == [len(name) for name in names]
    assert [packed.dtypes[code] for code in column(packed, 2, "u1")] == [
        load_checkpoint(prefix).entry(name).dtype.name for name in names
    ]
    assert list(column(packed, 3, "u1")) == [TENSORS[name].ndim for name in names]
    assert list(column(packed, 4, "<f8")) == [size for name in names for size in TENSORS[name].shape]
    assert list(column(packed, 5, "<f8")) == [TENSORS[name].size for name in names]
    groups = [packed.groups[code] for code in column(packed, 10, "u1")]
    assert dict(zip(names, groups, strict=True))["conv/kernel/Adam"] == "optimizer slot"


def test_what_is_not_known_is_minus_one_or_nan():
    frame = pd.DataFrame(
        {
            "name": ["a\udcff"],
            "dtype": ["string"],
            "shape": [(2,)],
            "elements": [2],
            "bytes": pd.array([None], "Int64"),
            "group": ["weights"],
            "norm": [np.nan],
            "was": ["é"],
        }
    )
    packed = pack_index(frame, extras=[ExtraColumn("norm", "Norm"), ExtraColumn("was", "Was", "texts")])
    assert zlib.decompress(packed.buffers[1]) == b"a\\udcff"
    assert list(column(packed, 6, "<f8")) == [-1]
    assert np.isnan(column(packed, 11, "<f8")).all()
    assert zlib.decompress(packed.buffers[13]).decode() == "é"
    assert first_rows(frame) == [["a\\udcff", "string", "[2]", 2, -1]]


def test_the_first_rows_are_as_many_as_asked_for(prefix):
    rows = first_rows(load_checkpoint(prefix).variables, 3)
    assert [row[0] for row in rows] == sorted(TENSORS)[:3]


def test_an_empty_checkpoint_packs():
    frame = pd.DataFrame({"name": [], "dtype": [], "shape": [], "elements": [], "bytes": [], "group": []})
    assert pack_index(frame).rows == 0
