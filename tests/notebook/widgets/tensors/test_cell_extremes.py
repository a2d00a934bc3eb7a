"""No value is left out of a picture, wherever the pieces are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.notebook.widgets.tensors import tensor_window
from ckpt_magics.notebook.widgets.tensors.tensor_window import TensorWindows, encode_cells


@st.composite
def regions(draw):
    """A shape, and a region of it with steps."""
    shape = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    starts = [draw(st.integers(0, size - 1)) for size in shape]
    stops = [draw(st.integers(start + 1, size)) for start, size in zip(starts, shape, strict=True)]
    return shape, [[*bounds, draw(st.integers(1, 4))] for bounds in zip(starts, stops, strict=True)]


@given(regions(), st.sampled_from([8, 40, 1 << 20]), st.integers(0, 3))
def test_cells_are_the_extremes_of_their_blocks(region, piece_size, odd):
    shape, ranges = region
    rng = np.random.default_rng(len(shape) + piece_size)
    array = rng.normal(size=shape).astype("f4")
    array.flat[rng.integers(array.size, size=odd)] = [np.nan, np.inf, -np.inf][:odd] or [0.0][:odd]
    windows = TensorWindows(NamedTensors(ArraySource({"x": array})))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensor_window, "_KEEP", 0 if piece_size < 100 else 1 << 20)
        patch.setattr(tensor_window, "PIECE_SIZE", piece_size)
        cells = windows.cells("x", ranges)
    for place in np.ndindex(cells.low.shape):
        starts = [start + index * step for index, (start, _, step) in zip(place, ranges, strict=True)]
        ends = [min(start + step, stop) for start, (_, stop, step) in zip(starts, ranges, strict=True)]
        block = array[tuple(map(slice, starts, ends))]
        np.testing.assert_array_equal([cells.low[place], cells.high[place]], [block.min(), block.max()])
    seen = array[tuple(slice(start, stop) for start, stop, _ in ranges)]
    assert cells.nans.count == np.isnan(seen).sum()
    assert cells.infs.count == np.isinf(seen).sum()
    if cells.nans.first is not None:
        assert np.isnan(array[tuple(cells.nans.first)])


def test_one_nan_and_one_peak_of_many_are_in_the_picture():
    array = np.zeros((4000, 1000), "f4")
    array[1, 1], array[7, 7] = np.nan, 1e6
    cells = TensorWindows(NamedTensors(ArraySource({"x": array}))).cells("x", [[0, 4000, 16], [0, 1000, 4]])
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
    cells = TensorWindows(NamedTensors(ArraySource({"x": array}))).cells("x", [[0, 5, 3]], "phase")
    expected = [[1, 0][dtype == "c8"], array[3] if dtype in ("i8", "u8") else [1, 0][dtype == "c8"]]
    assert cells.high.tolist() == expected
