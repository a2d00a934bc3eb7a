"""Regions cover a tensor once, in C order, and none is larger than was said."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.formats.pieces import cut_shape, elements_of, part_of, region_shape, shape_pieces

SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)


@given(SHAPES, st.integers(1, 30))
def test_regions_are_the_tensor_cut_in_c_order(shape, most):
    array = np.arange(math.prod(shape)).reshape(shape)
    regions = list(cut_shape(shape, most))
    parts = [part_of(array, region) for region in regions]
    assert all(part.size <= most for part in parts)
    assert all(part.shape == region_shape(region) for part, region in zip(parts, regions, strict=True))
    assert np.concatenate([part.reshape(-1) for part in parts]).tolist() == list(range(array.size))
    # No more of them than needed: two neighbours in one run of rows are more than a region may have.
    assert len(regions) <= 1 + 2 * math.prod(shape) // most + math.prod(shape[:-1] or (1,))


@given(SHAPES, st.integers(1, 30), st.data())
def test_parts_of_any_sizes_become_regions(shape, most, data):
    size = math.prod(shape)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=6)))
    flat = np.arange(size, dtype=np.int16)
    pieces = list(shape_pieces(shape, most, flat.dtype, np.split(flat, cuts)))
    assert [region for region, _ in pieces] == list(cut_shape(shape, most))
    whole = flat.reshape(shape)
    for region, piece in pieces:
        assert piece.dtype == np.int16
        np.testing.assert_array_equal(piece, whole[region])


def test_a_part_of_a_scalar_is_a_view():
    array = np.zeros(())
    part_of(array, ())[...] = 3
    assert array == 3


@pytest.mark.parametrize(("at_most", "itemsize", "count"), [(16, 4, 4), (3, 4, 1), (0, 8, 1), (16, 0, 16)])
def test_a_piece_has_an_element_at_least(at_most, itemsize, count):
    assert elements_of(at_most, itemsize) == count
