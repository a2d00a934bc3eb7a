"""A save takes little memory beside the arrays, whatever their layout is."""

import tracemalloc

import numpy as np
import pytest

from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint

MIB = 1 << 20
SHAPE = (4096, 6144)
"""96 MiB of float32."""


def layouts():
    floats = np.arange(np.prod(SHAPE), dtype=np.float32)
    return {
        "contiguous": floats.reshape(SHAPE),
        "transposed": floats.reshape(SHAPE[::-1]).T,
        "reversed": floats.reshape(SHAPE)[::-1, ::-1],
        "big-endian": floats.reshape(SHAPE).astype(">f4"),
    }


def save_measured(prefix, array, version):
    """Save an array and return the most memory that was taken meanwhile, in bytes."""
    tracemalloc.start()
    try:
        write_checkpoint(prefix, {"w": array}, write_version=version, durable=False)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "reversed", "big-endian"])
def test_floats_are_not_copied_whole(tmp_path, layout, version):
    array = layouts()[layout]
    assert save_measured(tmp_path / "m", array, version) < 48 * MIB
    with load_checkpoint(tmp_path / "m") as reader:
        assert np.array_equal(reader["w"], array)


def test_integers_of_v1_take_little_more_than_their_varints(tmp_path):
    array = np.arange(32 * MIB, dtype=np.int32).reshape(4, -1)[:, ::2]
    peak = save_measured(tmp_path / "m", array, 1)
    assert peak < (tmp_path / "m").stat().st_size + 48 * MIB
    with load_checkpoint(tmp_path / "m") as reader:
        assert np.array_equal(reader["w"], array)
