"""Numbers as bytes, whole and in pieces: the bytes of any layout are those of C order."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats import number_bytes as number_bytes_module
from ckpt_magics.files.formats.number_bytes import COPY_SIZE, number_bytes, number_copies, number_pieces
from tests.strategies import NUMERIC, arrays
from tests.strategies import dtypes as any_dtype

MIB = 1 << 20


@st.composite
def layouts(draw, dtype):
    """Arrays of which neighbours are not neighbours in memory: axes swapped, steps of any sign, bytes swapped."""
    array = draw(arrays(dtype))
    array = array.transpose(draw(st.permutations(range(array.ndim))))
    steps = draw(st.lists(st.sampled_from([1, 2, 3, -1, -2]), min_size=array.ndim, max_size=array.ndim))
    array = array[tuple(slice(None, None, step) for step in steps)]
    if draw(st.booleans()):
        array = np.broadcast_to(array, (draw(st.integers(0, 3)), *array.shape))
    return array.astype(array.dtype.newbyteorder(">")) if draw(st.booleans()) else array


@given(st.data(), st.integers(1, 5))
def test_pieces_are_the_bytes_in_c_order(data, elements):
    dtype = data.draw(any_dtype(NUMERIC))
    array = data.draw(layouts(dtype))
    expected = array.astype(dtype.numpy).tobytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(number_bytes_module, "COPY_SIZE", elements * dtype.itemsize)
        pieces = list(number_pieces(array, dtype))
    assert b"".join(pieces) == expected == bytes(number_bytes(array, dtype))
    is_stored_so = array.flags.c_contiguous and array.dtype == dtype.numpy
    assert len(pieces) <= 1 if is_stored_so else all(len(piece) <= elements * dtype.itemsize for piece in pieces)


@pytest.mark.parametrize("shape", [(3, 5 * MIB), (5 * MIB, 3), (2, 2, MIB + 1), (7, 1, 2 * MIB)], ids=str)
@pytest.mark.parametrize("layout", ["transposed", "reversed", "big-endian"])
def test_large_array_is_not_copied_whole(shape, layout):
    array = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
    array = {"transposed": array.T, "reversed": array[..., ::-1], "big-endian": array.astype(">i4")}[layout]
    count, least = 0, []
    tracemalloc.start()
    try:
        for piece in number_pieces(array, dtypes.INT32):
            count += len(piece)
            least.append(len(piece))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == array.nbytes
    assert peak <= 3 * COPY_SIZE < array.nbytes
    # Not so small that calls would cost more than copies.
    assert count / len(least) > COPY_SIZE / 4


def test_piece_of_a_contiguous_array_is_a_view():
    array = np.arange(2 * MIB, dtype=np.int64)
    (piece,) = number_pieces(array, dtypes.INT64)
    assert np.shares_memory(np.frombuffer(piece, np.uint8), array)


@given(st.data(), st.integers(1, 5), st.integers(1, 3))
def test_copies_are_the_bytes_in_c_order_and_lie_in_the_buffers_in_turn(data, elements, count):
    dtype = data.draw(any_dtype(NUMERIC))
    array = data.draw(layouts(dtype))
    buffers = [np.empty(elements * dtype.itemsize, np.uint8) for _ in range(count)]
    stored = b""
    for number, piece in enumerate(number_copies([array], dtype, buffers)):
        assert not piece.nbytes or np.shares_memory(np.frombuffer(piece, np.uint8), buffers[number % count])
        stored += piece
    assert stored == array.astype(dtype.numpy).tobytes()


def test_takes_quantized_arrays_in_pieces():
    array = np.arange(12, dtype=np.int16).reshape(3, 4)
    structured = array.view([("qint16", "<i2")]).T
    assert b"".join(number_pieces(structured, dtypes.QINT16)) == array.T.tobytes()
    (copy,) = number_copies([structured], dtypes.QINT16, [np.empty(24, np.uint8)])
    assert copy == array.T.tobytes()


def test_refusal_comes_before_the_first_piece():
    with pytest.raises(InvalidArgumentError, match="array of float64 cannot be stored as float32"):
        number_pieces(np.zeros(2), dtypes.FLOAT)
    with pytest.raises(UnimplementedError, match="resource"):
        number_pieces(np.empty(1, object), dtypes.RESOURCE)
