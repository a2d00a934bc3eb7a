"""xarray reads the values of a checkpoint where they lie, on a disk and at a URL."""

import pickle

import fsspec
import numpy as np
import pytest

from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint
from tests.files.storage.remote.servers.test_zarr import VALUES

pytestmark = [pytest.mark.servers, pytest.mark.filterwarnings("ignore:.*does not tell who puts a file first")]


@pytest.fixture(params=["disk", "URL"])
def prefix(request, tmp_path):
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield tmp_path / "m" if request.param == "disk" else "memory://run/m"
    system.store.clear()


@pytest.mark.parametrize("rows", [None, 2])
def test_values_are_lazy_labelled_and_those_of_the_checkpoint(prefix, rows):
    write_checkpoint(prefix, {**VALUES, "text": np.array([b"a"], object)})
    with load_checkpoint(prefix) as reader:
        tree = pickle.loads(pickle.dumps(reader)).to_xarray(rows)
    for name, value in VALUES.items():
        found = tree[name]
        expected = value.view(np.uint16) if name == "half" else value
        assert found.dtype == expected.dtype
        assert np.array_equal(found.values, expected)
    assert tree["scope/w"].dims == ("scope/w_0", "scope/w_1")
    assert tree["half"].attrs == {"dtype": "bfloat16"}
    assert "not verified" in tree.attrs["checksums"]
    assert list(tree.attrs["left_out"]) == ["text"]
    assert np.array_equal(tree["scope/w"][1:3, 2].values, VALUES["scope/w"][1:3, 2])


def test_another_version_is_told(prefix):
    write_checkpoint(prefix, {"w": np.zeros(1000)})
    with load_checkpoint(prefix) as reader:
        tree = reader.to_xarray()
        write_checkpoint(prefix, {"w": np.ones(2000)})
        write_checkpoint(prefix, {"w": np.ones(1000)})
        with pytest.raises(FailedPreconditionError, match="meanwhile"):
            tree["w"].load()
        with pytest.raises(FailedPreconditionError, match="meanwhile"):
            reader.to_xarray()


def test_what_is_no_v2_checkpoint_is_refused(tmp_path):
    write_checkpoint(tmp_path / "m", {"w": np.zeros(3)}, write_version=1)
    with load_checkpoint(tmp_path / "m") as reader, pytest.raises(InvalidArgumentError, match="V2"):
        reader.to_xarray()
