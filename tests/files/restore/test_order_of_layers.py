"""Weights are paired in the order of layers where names say nothing, and only if all shapes agree."""

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.graphs.saver.array_saving import save_checkpoint


@pytest.fixture
def saved(tmp_path):
    """Twelve layers, so that numbers in the order of text are another order."""
    layers = [{"kernel": np.full((2, 2), at, np.float32), "bias": np.full(2, -at, np.float32)} for at in range(12)]
    tree = {"layers": layers, "optimizer": {"iterations": np.int64(5)}}
    return save_checkpoint(tmp_path / "m", tree, objects=True, global_step=1)


def model(count):
    names = [f"block_{chr(ord('z') - at)}" for at in range(count)]
    return {name: {"w": np.full((2, 2), -1, np.float32), "b": np.zeros(2, np.float32)} for name in names}


def test_layers_are_paired_in_order(saved):
    target = model(12)
    report = restore_checkpoint(saved, target, by_order=True)
    assert [layer["w"][0, 0] for layer in target.values()] == list(range(12))
    assert [layer["b"][0] for layer in target.values()] == [-at for at in range(12)]
    assert [(one.name, one.stored) for one in report.restored][10:12] == [
        ("block_u/w", "layers/5/kernel"),
        ("block_u/b", "layers/5/bias"),
    ]
    assert set(report.unused) == {"optimizer/iterations", "save_counter"}


def test_a_part_may_be_chosen(saved):
    target = model(12)
    restore_checkpoint(saved, target, by_order=True, include=["block_y/"])
    assert [layer["w"][0, 0] for layer in target.values()][:3] == [-1, 1, -1]


def test_other_numbers_and_shapes_are_refused(saved):
    with pytest.raises(InvalidArgumentError, match="22 here, 24 there") as caught:
        restore_checkpoint(saved, model(11), by_order=True)
    assert "block_z/w [2,2] = layers/0/kernel [2,2]" in str(caught.value)
    target = model(12)
    target["block_y"] = dict(reversed(target["block_y"].items()))
    with pytest.raises(InvalidArgumentError, match=r"block_y/b \[2\] ≠ layers/1/kernel \[2,2\]"):
        restore_checkpoint(saved, target, by_order=True)
    assert target["block_z"]["w"][0, 0] == -1


def test_tensors_by_names_have_no_order(tmp_path):
    path = save_checkpoint(tmp_path / "m", {"w": np.zeros((2, 2), np.float32)})
    with pytest.raises(InvalidArgumentError, match="no order of layers"):
        restore_checkpoint(path, {"a": np.zeros((2, 2), np.float32)}, by_order=True)
