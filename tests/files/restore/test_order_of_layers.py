"""Weights are paired in the order of layers where names say nothing, and only if all shapes agree."""

import numpy as np
import pytest

from ckpt_magics import convert_checkpoint
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


def by_names():
    """Weights as a graph of Keras calls them: of one kind of layer by numbers, which are not in the order of text."""
    arrays = {}
    for at in range(12):
        layer = f"net/dense_{at}" if at else "net/dense"
        arrays |= {f"{layer}/kernel": np.full((2, 2), at, np.float32), f"{layer}/bias": np.full(2, -at, np.float32)}
        arrays |= {f"{layer}/kernel/Adam": np.ones((2, 2), np.float32)}
    norm = {"gamma": 1.0, "beta": 2.0, "moving_mean": 3.0, "moving_variance": 4.0}
    arrays |= {f"net/batch_normalization/{name}": np.full(2, value, np.float32) for name, value in norm.items()}
    return arrays | {"global_step": np.int64(7)}


class Layered:
    """A model as Keras 3 has it: numbered layers with a layer of another kind between them."""

    def __init__(self):
        self.layers = [{"_kernel": np.zeros((2, 2), np.float32), "bias": np.zeros(2, np.float32)} for _ in range(12)]
        norm = ("gamma", "beta", "moving_mean", "moving_variance")
        self.layers.insert(5, {name: np.zeros(2, np.float32) for name in norm})

    def tree(self):
        return {"model": {"_functional": {"_operations": self.layers}}}


@pytest.mark.parametrize("kind", ["V2", "V1", "safetensors", "npz"])
def test_layers_that_names_number_are_paired_in_order(tmp_path, kind):
    path = save_checkpoint(tmp_path / "m", by_names(), write_version=1 if kind == "V1" else 2)
    if kind in {"safetensors", "npz"}:
        convert_checkpoint(path, tmp_path / f"m.{kind}")
        path = tmp_path / f"m.{kind}"
    model = Layered()
    report = restore_checkpoint(path, model.tree(), by_order=True)
    norm = model.layers.pop(5)
    assert [layer["_kernel"][0, 0] for layer in model.layers] == list(range(12))
    assert [layer["bias"][0] for layer in model.layers] == [-at for at in range(12)]
    assert [array[0] for array in norm.values()] == [1, 2, 3, 4]
    assert len(report.restored) == 28


def test_names_that_tell_no_order_or_another_shape_are_refused(tmp_path):
    arrays = by_names()
    for name in ("kernel", "bias"):
        arrays[f"net/head/{name}"] = arrays.pop(f"net/dense_3/{name}")
    path = save_checkpoint(tmp_path / "words", arrays)
    model = Layered()
    with pytest.raises(InvalidArgumentError, match="no order of layers"):
        restore_checkpoint(path, model.tree(), by_order=True)
    arrays = by_names()
    arrays["net/dense_11/kernel"] = np.zeros((2, 3), np.float32)
    path = save_checkpoint(tmp_path / "shape", arrays)
    with pytest.raises(InvalidArgumentError):
        restore_checkpoint(path, model.tree(), by_order=True)
    assert not any(layer["_kernel"].any() for layer in model.layers if "_kernel" in layer)


def test_tensors_by_names_have_no_order(tmp_path):
    path = save_checkpoint(tmp_path / "m", {"w": np.zeros((2, 2), np.float32)})
    with pytest.raises(InvalidArgumentError, match="no order of layers"):
        restore_checkpoint(path, {"a": np.zeros((2, 2), np.float32)}, by_order=True)


def test_the_only_kernel_of_a_layer_may_be_called_depthwise(tmp_path):
    """As in MobileNets of Keras 2, where it is a kernel in Keras 3."""
    arrays = {}
    for at, number in enumerate(("", "_1", "_2")):
        arrays[f"depthwise_conv2d{number}/depthwise_kernel"] = np.full((3, 3, 2, 1), at, np.float32)
        arrays[f"conv2d{number}/kernel"] = np.full((1, 1, 2, 2), at, np.float32)
    path = save_checkpoint(tmp_path / "m", arrays, write_state=False)
    shapes = [(3, 3, 2, 1), (1, 1, 2, 2)] * 3
    target = [{"kernel": np.full(shape, -1, np.float32)} for shape in shapes]
    restore_checkpoint(path, target, by_order=True)
    assert [layer["kernel"].flat[0] for layer in target] == [0, 0, 1, 1, 2, 2]


def test_the_forward_layer_of_two_directions_is_first(tmp_path):
    arrays, value = {}, 0
    for outer, inner in (("bidirectional", "lstm"), ("bidirectional_1", "lstm_1")):
        for direction in ("forward", "backward"):
            cell = f"{outer}/{direction}_{inner}/lstm_cell"
            arrays |= {f"{cell}/kernel": np.full((2, 8), value), f"{cell}/recurrent_kernel": np.full((2, 8), value)}
            arrays[f"{cell}/bias"] = np.full(8, value)
            value += 1
    path = save_checkpoint(tmp_path / "m", arrays, write_state=False)
    cell = {"kernel": (2, 8), "recurrent_kernel": (2, 8), "bias": 8}
    target = [{name: np.full(shape, -1) for name, shape in cell.items()} for _ in range(4)]
    restore_checkpoint(path, target, by_order=True)
    assert [[array.flat[0] for array in layer.values()] for layer in target] == [[at] * 3 for at in range(4)]
