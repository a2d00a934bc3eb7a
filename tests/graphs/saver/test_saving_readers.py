"""What a reader has is saved as it is read, a few pieces at a time, with its objects where it has some."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics import load_checkpoint, save_checkpoint
from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import VariantBytes

MANY = 12 << 20
"""Elements of a tensor that takes three pieces."""


def contents(prefix):
    return [Path(f"{prefix}{end}").read_bytes() for end in (".index", ".data-00000-of-00001")]


def variants(*elements):
    array = np.empty(len(elements), object)
    array[:] = list(map(VariantBytes, elements))
    return array


@pytest.mark.parametrize("objects", [False, True], ids=["names", "objects"])
@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_a_copy_is_what_was_read(tmp_path, objects, large):
    tensors = {
        "b": np.arange(MANY if large else 5, dtype=np.float32),
        "a": {"text": b"x", "state": variants(b"1", b"")},
    }
    saved = save_checkpoint(tmp_path / "one", tensors, objects=objects, durable=False)
    with load_checkpoint(saved) as reader:
        tracemalloc.start()
        copied = save_checkpoint(tmp_path / "two", reader, durable=False)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        names = list(reader)
    assert contents(copied) == contents(saved)
    assert peak < (2 << 24) + (4 << 20)
    with load_checkpoint(copied) as reader:
        assert list(reader) == names
        assert (reader.object_graph is not None) is objects
        assert reader.named_tensors.spec("a/state").dtype.name == "variant"
    assert Path(f"{copied}.meta").exists() is not objects


def test_a_reader_is_saved_over_its_own_files(tmp_path):
    saved = save_checkpoint(tmp_path / "m", {"v": np.arange(3.0)}, objects=True, durable=False)
    with load_checkpoint(saved) as reader:
        graph = reader["_CHECKPOINTABLE_OBJECT_GRAPH"]
        save_checkpoint(tmp_path / "m", reader, durable=False)
    with load_checkpoint(saved) as reader:
        assert reader["v"].tolist() == [0, 1, 2]
        assert reader["_CHECKPOINTABLE_OBJECT_GRAPH"] == graph


def test_another_version_takes_the_tensors_by_their_keys(tmp_path):
    saved = save_checkpoint(tmp_path / "m", {"v": np.arange(3.0)}, objects=True, durable=False)
    with load_checkpoint(saved) as reader:
        old = save_checkpoint(tmp_path / "old", reader, write_version=1, durable=False)
        assert load_checkpoint(old)["v/.ATTRIBUTES/VARIABLE_VALUE"].tolist() == [0, 1, 2]


def test_nothing_is_not_saved(tmp_path):
    np.savez(tmp_path / "none.npz")
    with pytest.raises(InvalidArgumentError, match="nothing to save"):
        save_checkpoint(tmp_path / "m", load_checkpoint(tmp_path / "none.npz"))
