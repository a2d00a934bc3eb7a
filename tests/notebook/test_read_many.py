"""Many tensors at once: those of a checkpoint, whatever their sizes, and what is wrong with one."""

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, ChecksumError
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import save_v2, write_checkpoint, write_index


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


def test_values_that_share_bytes_are_read_together_into_memory_of_their_own(tmp_path):
    prefix = save_v2(tmp_path / "m", {"a": np.arange(6, dtype=np.float32), "z": np.ones(2, np.float32)})
    index = BundleIndex(place_of(prefix))
    entry, last = index.get(b"a"), index.get(b"z")
    index.close()
    write_index(prefix, {b"a": entry, b"b": entry, b"c": entry._replace(crc32c=1), b"d": entry, b"z": last})
    with load_checkpoint(prefix) as reader:
        values = reader.get_tensors(["a", "b", "d", "z"])
        values["a"][:] = -1
        assert values["b"].tolist() == values["d"].tolist() == [0, 1, 2, 3, 4, 5]
        assert values["z"].tolist() == [1, 1]
        with pytest.raises(CheckpointError, match="Checksum does not match"):
            reader.get_tensors(["c"])
        report = reader.verify()
        assert (report.good, report.damaged) == (["a", "b", "d", "z"], ["c"])
