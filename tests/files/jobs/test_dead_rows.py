import numpy as np
import pytest

from ckpt_magics.files.jobs.checkpoint_statistics import checkpoint_statistics
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource


@pytest.mark.parametrize("size", [8, 30_000], ids=["small", "large"])
def test_rows_that_are_all_zero_are_counted_along_the_first_axis_and_the_last(size):
    value = np.ones((size, 4, 6), np.float32)
    value[2] = value[5] = value[:, :, 3] = 0
    only = np.zeros((size, 3), np.float32)
    found = checkpoint_statistics(NamedTensors(ArraySource({"some": value, "all": only, "flat": value[:, 0, 3]})))
    assert {one.name: one.dead for one in found} == {"some": 3, "all": 0, "flat": 0}
