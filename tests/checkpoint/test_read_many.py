"""Many tensors at once: those of a checkpoint, whatever their sizes, and what is wrong with one."""

import numpy as np
import pytest

from ckpt_magics.checkpoint.reader import load_checkpoint
from ckpt_magics.checkpoint.saving import write_checkpoint
from ckpt_magics.errors import ChecksumError


def test_large_tensors_are_read_together_and_damage_is_told(tmp_path):
    arrays = {f"w{number}": np.full(40_000, number, np.float32) for number in range(6)}
    saved = write_checkpoint(tmp_path / "m", arrays)
    with load_checkpoint(saved) as reader:
        found = reader.get_tensors()
        assert list(found) == list(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array)
    path = tmp_path / "m.data-00000-of-00001"
    contents = bytearray(path.read_bytes())
    contents[4 * 40_000 * 3] ^= 1
    path.write_bytes(contents)
    with load_checkpoint(saved) as reader, pytest.raises(ChecksumError) as caught:
        reader.get_tensors()
    assert "w3" in str(caught.value)
