"""Zarr itself reads the arrays of a checkpoint where they lie."""

import fsspec
import ml_dtypes
import numpy as np
import pytest
import zarr

from ckpt_magics.files.jobs.zarr_references import zarr_references
from tests.files.saved import write_checkpoint

pytestmark = pytest.mark.servers

VALUES = {
    "scope/w": np.arange(24, dtype=np.float32).reshape(6, 4),
    "n": np.array(7),
    "half": np.arange(4).astype(ml_dtypes.bfloat16),
    "none": np.zeros((0, 3)),
    "flags": np.array([True, False]),
    "complex": np.array([1 + 2j]),
}


@pytest.mark.parametrize("rows", [None, 2])
def test_every_array_is_read(tmp_path, rows):
    write_checkpoint(tmp_path / "m", VALUES, durable=False)
    system = fsspec.filesystem("reference", fo=zarr_references(tmp_path / "m", rows), asynchronous=True)
    group = zarr.open_group(zarr.storage.FsspecStore(system, read_only=True), mode="r", zarr_format=3)
    for name, value in VALUES.items():
        assert np.array_equal(group[name][...], value.view(np.uint16) if name == "half" else value)
