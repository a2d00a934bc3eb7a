"""Files in memory, and the check that every file makes."""

import numpy as np
import pytest

from ckpt_magics.errors import TruncatedError
from ckpt_magics.files.formats.random_access import BytesFile, check_range


def test_reads_from_any_place():
    file = BytesFile(b"0123456789")
    assert file.size == 10
    assert file.read_at(3, 4, "part") == b"3456"
    assert file.read_at(10, 0, "nothing") == b""
    buffer = bytearray(3)
    file.read_into(7, memoryview(buffer), "end")
    assert buffer == b"789"


def test_takes_arrays_by_their_bytes():
    assert BytesFile(np.arange(3, dtype="<i2").data).read_at(2, 4, "two") == b"\1\0\2\0"


@pytest.mark.parametrize(("offset", "size"), [(0, 11), (10, 1), (11, 0), (-1, 2), (0, -1), (2**70, 1), (1, 2**70)])
def test_refuses_ranges_outside_the_file(offset, size):
    with pytest.raises(TruncatedError, match="header: Read less bytes than requested") as caught:
        check_range(10, offset, size, "header")
    assert caught.value.offset == offset


def test_refuses_a_buffer_that_is_too_long():
    with pytest.raises(TruncatedError, match="weights"):
        BytesFile(b"abc").read_into(1, memoryview(bytearray(3)), "weights")
