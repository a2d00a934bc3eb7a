"""What steps make of tensors is, region by region and piece by piece, what NumPy makes of the whole arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics import ChecksumError, save_checkpoint
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.files.formats.pieces import region_shape
from ckpt_magics.files.steps import lazy_tensor
from ckpt_magics.files.steps.lazy_tensor import (
    ArrayTensor,
    Elementwise,
    Joined,
    Part,
    Reshaped,
    SourceTensor,
    Transposed,
)

FLOAT = as_dtype("float32")


def leaf(shape):
    array = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    return ArrayTensor(FLOAT, array), array


def of_source(source, key):
    spec = source.spec(key)
    return SourceTensor(source, key, spec.dtype, spec.shape)


@st.composite
def boxes_of(draw, shape):
    bounds = [sorted((draw(st.integers(0, size)), draw(st.integers(0, size)))) for size in shape]
    return tuple(slice(*pair) for pair in bounds)


@st.composite
def tensors(draw):
    """A tensor behind some steps, and the array that it should be."""
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=4)))
    tensor, array = leaf(shape)
    for _ in range(draw(st.integers(0, 4))):
        tensor, array = draw(st.sampled_from(CHANGES))(draw, tensor, array)
    return tensor, array


def transpose(draw, tensor, array):
    axes = tuple(draw(st.permutations(range(array.ndim))))
    return Transposed(tensor, axes), array.transpose(axes)


def part(draw, tensor, array):
    box = draw(boxes_of(array.shape))
    return Part(tensor, box), array[(*box, ...)]


def reshape(draw, tensor, array):
    shapes = [(array.size,), (*array.shape, 1), (1, *array.shape)]
    shapes += [(2, array.size // 2), (array.size // 2, 1, 2)] if array.size % 2 == 0 else [(array.size, 1)]
    shape = draw(st.sampled_from(shapes))
    return Reshaped(tensor, shape), array.reshape(shape)


def join(draw, tensor, array):
    if not array.ndim:
        return tensor, array
    axis = draw(st.integers(0, array.ndim - 1))
    return Joined([tensor, tensor, tensor], axis), np.concatenate([array] * 3, axis)


def add(draw, tensor, array):
    number = draw(st.integers(1, 3))
    return Elementwise([tensor], FLOAT, lambda values: values + np.float32(number)), array + np.float32(number)


CHANGES = [transpose, part, reshape, join, add]


@settings(max_examples=300)
@given(tensors(), st.data())
def test_any_region_is_that_of_the_whole(case, data):
    tensor, array = case
    assert tensor.shape == array.shape
    box = data.draw(boxes_of(array.shape))
    np.testing.assert_array_equal(tensor.read(box), array[(*box, ...)])


@given(tensors(), st.integers(1, 200))
def test_pieces_are_the_whole_in_order_and_no_larger_than_asked(case, at_most):
    tensor, array = case
    found = np.full(array.shape, np.nan, np.float32)
    elements = []
    for box, piece in tensor.pieces(at_most):
        assert piece.shape == region_shape(box)
        assert piece.nbytes <= max(at_most, 4)
        found[(*box, ...)] = piece
        elements += piece.reshape(-1).tolist()
    np.testing.assert_array_equal(found, array)
    assert elements == array.reshape(-1).tolist()


@given(st.integers(0, 3), st.integers(2, 6), st.data())
def test_a_region_of_a_reshaped_tensor_is_read_in_halves_where_its_rows_are_too_many(monkeypatch_size, rows, data):
    tensor, array = leaf((rows, 4, 3))
    reshaped = Reshaped(tensor, (4, 3 * rows))
    largest = 4 * (monkeypatch_size + 1)
    box = data.draw(boxes_of((4, 3 * rows)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lazy_tensor, "PIECE_SIZE", largest)
        np.testing.assert_array_equal(reshaped.read(box), array.reshape(4, -1)[box])


class TestStored:
    @pytest.fixture
    def damaged(self, tmp_path):
        prefix = tmp_path / "m.ckpt"
        save_checkpoint(prefix, {"w": np.ones((64, 64), np.float32)})
        data = tmp_path / "m.ckpt.data-00000-of-00001"
        contents = bytearray(data.read_bytes())
        contents[-1] ^= 1
        data.write_bytes(contents)
        return open_tensors(prefix)

    @pytest.mark.parametrize("size", [1 << 24, 1 << 10], ids=["held", "in regions"])
    def test_a_region_is_given_only_of_a_tensor_that_is_whole(self, damaged, size, monkeypatch):
        monkeypatch.setattr(lazy_tensor, "PIECE_SIZE", size)
        with damaged, pytest.raises(ChecksumError):
            of_source(damaged.source, b"w").read((slice(0, 1), slice(0, 64)))

    def test_the_checksum_is_taken_once(self, tmp_path, monkeypatch):
        monkeypatch.setattr(lazy_tensor, "PIECE_SIZE", 1 << 10)
        save_checkpoint(tmp_path / "m.ckpt", {"w": np.arange(4096, dtype=np.float32).reshape(64, 64)})
        with open_tensors(tmp_path / "m.ckpt") as opened:
            walks = []
            pieces = opened.source.pieces
            monkeypatch.setattr(opened.source, "pieces", lambda *asked: walks.append(1) or pieces(*asked))
            tensor = of_source(opened.source, b"w")
            columns = [tensor.read((slice(0, 64), slice(at, at + 1))) for at in range(64)]
        assert len(walks) == 1
        np.testing.assert_array_equal(np.concatenate(columns, 1), np.arange(4096).reshape(64, 64))
