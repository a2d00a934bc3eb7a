"""References to the values of a checkpoint, read as Zarr reads them; the library itself is asked beside the servers."""

import json

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.jobs.zarr_references import zarr_references
from tests.files.saved import write_checkpoint

VALUES = {
    "scope/w": np.arange(24, dtype=np.float32).reshape(6, 4),
    "scope/deep/n": np.array(7, np.int64),
    "half": np.arange(4).astype(ml_dtypes.bfloat16),
    "none": np.zeros((0, 3), np.float64),
    "text": np.array([b"a"], object),
    "half/below": np.ones(2, np.float32),
    "flags": np.array([True, False]),
}


@pytest.fixture
def prefix(tmp_path):
    write_checkpoint(tmp_path / "m", VALUES, num_shards=2, durable=False)
    return str(tmp_path / "m")


def metadata(refs, name):
    return json.loads(refs[f"{name}/zarr.json" if name else "zarr.json"])


def read(refs, name):
    """Return an array as Zarr puts it together."""
    facts = metadata(refs, name)
    chunks = sorted((key, where) for key, where in refs.items() if key.startswith(f"{name}/c"))
    data = b""
    for _, (path, offset, size) in chunks:
        with open(path, "rb") as file:
            file.seek(offset)
            data += file.read(size)
    return np.frombuffer(data, facts["data_type"]).reshape(facts["shape"])


@pytest.mark.parametrize("rows", [None, 1, 2, 4])
def test_every_array_is_found_where_it_lies(prefix, rows):
    found = zarr_references(prefix, rows)
    refs = found["refs"]
    assert found["version"] == 1
    for name in ("scope/w", "scope/deep/n", "none", "flags"):
        assert np.array_equal(read(refs, name), VALUES[name])
    assert np.array_equal(read(refs, "half").view(ml_dtypes.bfloat16), VALUES["half"])
    assert metadata(refs, "half")["attributes"] == {"dtype": "bfloat16"}
    assert metadata(refs, "scope/deep")["node_type"] == "group"
    assert sum(key.startswith("scope/w/c") for key in refs) == {None: 1, 1: 6, 2: 3, 4: 1}[rows]


def test_what_cannot_be_referred_to_is_named(prefix):
    left_out = metadata(zarr_references(prefix)["refs"], "")["attributes"]["left_out"]
    assert left_out.keys() == {"text", "half/below"}
    assert json.loads(json.dumps(zarr_references(prefix))) == zarr_references(prefix)


def test_what_has_no_references_is_refused(prefix, tmp_path):
    with pytest.raises(InvalidArgumentError, match="rows"):
        zarr_references(prefix, 0)
    write_checkpoint(tmp_path / "v1", {"w": np.ones(2)}, write_version=1, durable=False)
    with pytest.raises(InvalidArgumentError, match="only values of V2"):
        zarr_references(tmp_path / "v1")
