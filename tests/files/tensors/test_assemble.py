"""Slices make up a tensor; gaps and overlaps are noticed."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError, InternalError, InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.files.formats.tensor_slice import Extent, TensorSlice
from ckpt_magics.files.tensors.assemble import assemble, bounds_of, find_overlap
from ckpt_magics.files.tensors.source import TensorSpec


@st.composite
def tilings(draw):
    """A shape, and slices that are cut along every axis and cover it, in any order."""
    shape = tuple(draw(st.lists(st.integers(1, 6), max_size=3)))
    cuts = [sorted({0, size, *draw(st.lists(st.integers(0, size), max_size=2))}) for size in shape]
    boxes = itertools.product(*(list(itertools.pairwise(points)) for points in cuts))
    slices = [TensorSlice(tuple(Extent(low, high - low) for low, high in box)) for box in boxes]
    return shape, draw(st.permutations(slices))


def put_together(value, slices, region, *, out=None, most=10**6):
    def read_slice(index, part, target):
        data = value[slices[index].resolve(value.shape)]
        data = data if part is None else data[part.resolve(data.shape)]
        if target is None:
            return data
        target[...] = data
        return target

    entry = TensorSpec(b"t", INT32, value.shape, tuple(slices))
    return assemble(entry, region, read_slice, most_elements=lambda used: most, out=out)


@given(tilings(), st.data())
def test_any_tiling_gives_any_region(tiling, data):
    shape, slices = tiling
    value = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    extents = []
    for size in shape:
        start = data.draw(st.integers(0, size - 1))
        extents.append(Extent(start, data.draw(st.integers(1, size - start))))
    region = TensorSlice(tuple(extents))
    expected = value[region.resolve(shape)]
    np.testing.assert_array_equal(put_together(value, slices, region), expected)
    out = np.zeros_like(expected)
    assert put_together(value, slices, region, out=out) is out
    np.testing.assert_array_equal(out, expected)


@given(tilings(), st.data())
def test_a_missing_slice_is_an_error_where_it_is_wanted(tiling, data):
    shape, slices = tiling
    lost = data.draw(st.sampled_from(slices))
    rest = [item for item in slices if item != lost]
    value = np.zeros(shape, np.int32)
    with pytest.raises(InvalidArgumentError, match="sufficient slices"):
        put_together(value, rest, TensorSlice.full(len(shape)))
    for item in rest:
        put_together(value, rest, item)


@given(tilings(), st.data())
def test_overlap_is_found_wherever_it_is(tiling, data):
    shape, slices = tiling
    assert find_overlap(bounds_of(slices, shape)) is None
    twice = [*slices, data.draw(st.sampled_from(slices))]
    twice = data.draw(st.permutations(twice))
    first, second = find_overlap(bounds_of(twice, shape))
    assert first != second
    assert twice[first].intersect(twice[second], shape) is not None
    with pytest.raises(InternalError, match="Overlapping slices"):
        put_together(np.zeros(shape, np.int32), twice, TensorSlice.full(len(shape)))


def test_no_more_is_allocated_than_the_files_can_hold():
    with pytest.raises(DataLossError, match="list 8 elements, the files can hold 7"):
        put_together(
            np.zeros(8, np.int32), [TensorSlice.parse("0,4"), TensorSlice.parse("4,4")], TensorSlice.full(1), most=7
        )
