"""Every element of a tensor is in the picture of all its axes, wherever the pieces are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.notebook.widgets.tensors import tensor_window
from ckpt_magics.notebook.widgets.tensors.tensor_window import TensorWindows, encode_cells


def facets(array, piece_size=1 << 20, **asked):
    windows = TensorWindows(NamedTensors(ArraySource({"x": array})))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensor_window, "_KEEP", 0 if piece_size < 100 else 1 << 20)
        patch.setattr(tensor_window, "PIECE_SIZE", piece_size)
        return windows.cells("x", asked)


@st.composite
def pictures(draw):
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    axes = draw(st.permutations(range(len(shape))))
    cut = draw(st.integers(0, len(shape)))
    down, across = list(axes[:cut]), list(axes[cut:])
    spans = []
    for side in (down, across):
        size = int(np.prod([shape[axis] for axis in side], dtype=int))
        start = draw(st.integers(0, size - 1))
        spans.append([start, draw(st.integers(start + 1, size)), draw(st.integers(1, 4))])
    return shape, down, across, *spans, draw(st.none() | st.sampled_from(axes))


@given(pictures(), st.sampled_from([8, 40, 1 << 20]), st.booleans())
def test_cells_are_the_extremes_of_their_blocks_of_the_plane(picture, piece_size, has_nan):
    shape, down, across, rows, columns, axis = picture
    array = np.random.default_rng(len(shape)).normal(size=shape).astype("f4")
    if has_nan:
        array.flat[array.size // 2] = np.nan
    asked = {"down": down, "across": across, "rows": rows, "columns": columns, "sorted": axis}
    cells, order = facets(array, piece_size, **asked)
    taken = array if axis is None else array.take(order, axis)
    if axis is not None:
        norms = np.square(np.moveaxis(taken, axis, 0).reshape(len(order), -1)).sum(axis=1)
        assert np.all(np.diff(norms[~np.isnan(norms)]) <= 1e-6)
    plane = taken.transpose(*down, *across).reshape(int(np.prod([shape[each] for each in down], dtype=int)), -1)
    seen = plane[slice(*rows[:2]), slice(*columns[:2])]
    blocks = [
        [seen[i : i + rows[2], j : j + columns[2]] for j in range(0, seen.shape[1], columns[2])]
        for i in range(0, seen.shape[0], rows[2])
    ]
    np.testing.assert_array_equal(cells.low, [[block.min() for block in row] for row in blocks])
    np.testing.assert_array_equal(cells.high, [[block.max() for block in row] for row in blocks])
    assert cells.nans.count == np.isnan(seen).sum()
    if cells.nans.first is not None:
        assert np.isnan(array[tuple(cells.nans.first)])


def test_a_part_of_a_large_picture_reads_only_what_it_shows(monkeypatch):
    array = np.arange(3000 * 7, dtype="f4").reshape(3000, 7)
    source = ArraySource({"x": array})
    windows = TensorWindows(NamedTensors(source))
    monkeypatch.setattr(tensor_window, "_KEEP", 0)
    boxes = []
    monkeypatch.setattr(tensor_window, "_cut", lambda box, _: boxes.append(box) or [box])
    asked = {"down": [0], "across": [1], "rows": [100, 110, 1], "columns": [2, 4, 1]}
    cells, _ = windows.cells("x", asked)
    np.testing.assert_array_equal(cells.low, array[100:110, 2:4])
    assert boxes == [(slice(100, 110), slice(2, 4))]


@pytest.mark.parametrize("axes", [([0], [0]), ([0], []), (0, 1), (["0"], [1]), ([0, 1], [2])])
def test_axes_that_do_not_fit_are_refused(axes):
    down, across = axes
    with pytest.raises(InvalidArgumentError):
        facets(np.ones((2, 3)), down=down, across=across, rows=[0, 2, 1], columns=[0, 3, 1])


def test_one_nan_and_one_peak_of_many_are_in_the_picture():
    array = np.zeros((4000, 1000), "f4")
    array[1, 1], array[7, 7] = np.nan, 1e6
    cells, _ = facets(array, down=[0], across=[1], rows=[0, 4000, 16], columns=[0, 1000, 4])
    assert np.isnan(cells.low[0, 0])
    assert cells.high[0, 1] == 1e6
    content, buffers = encode_cells(cells, [16, 4])
    assert content["specials"] == [{"kind": "NaN", "count": 1, "first": [1, 1]}]
    assert len(buffers) == 2


@pytest.mark.parametrize("dtype", ["i8", "u8", "?", "c8"])
def test_integers_stay_exact_and_others_have_numbers(dtype):
    array = np.array([0, 1, 1, 0, 1]).astype(dtype)
    if dtype in ("i8", "u8"):
        array[3] = np.iinfo(dtype).max - 1
    cells, _ = facets(array, down=[0], across=[], rows=[0, 5, 3], columns=[0, 1, 1], part="phase")
    expected = [[1, 0][dtype == "c8"], array[3] if dtype in ("i8", "u8") else [1, 0][dtype == "c8"]]
    assert cells.high[:, 0].tolist() == expected
