"""CRC-32C and its mask."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.wire.crc32c import crc32c, mask, unmask


@pytest.mark.parametrize(
    ("data", "crc"),
    [(b"123456789", 0xE3069283), (b"\x00" * 32, 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (b"", 0)],
)
def test_known_checksums(data, crc):
    assert crc32c(data) == crc


@pytest.mark.parametrize(
    ("data", "masked"), [(b"123456789", 0xC78AB0E5), (b"", 0xA282EAD8), (b"\0\0\0\0\1\0\0\0\0", 0xB0A1F2C0)]
)
def test_known_masked_checksums(data, masked):
    assert mask(crc32c(data)) == masked


@given(st.integers(0, 2**32 - 1))
def test_unmask_undoes_mask(crc):
    assert 0 <= mask(crc) < 2**32
    assert unmask(mask(crc)) == crc


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_goes_on_from_a_checksum(first, second):
    assert crc32c(second, crc32c(first)) == crc32c(first + second)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.arange(3).astype(ml_dtypes.bfloat16),
        np.float64(1.5).reshape(()),
        np.empty((0, 3), np.int64),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_takes_arrays(array):
    assert crc32c(array) == crc32c(array.tobytes())


def test_takes_views():
    data = bytearray(b"0123456789")
    assert crc32c(memoryview(data)[1:5]) == crc32c(b"1234")
