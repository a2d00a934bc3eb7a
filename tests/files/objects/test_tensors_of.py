"""Whatever holds tensors is a source: sessions, modules and dicts, whose values are fetched one by one."""

import numpy as np
import pytest
from safetensors.numpy import load_file

import ckpt_magics.compat.v1 as tf
from ckpt_magics import InvalidArgumentError, compare_checkpoints, convert_checkpoint, load_checkpoint, save_checkpoint
from ckpt_magics.files.objects.tensors_of import tensors_of


class Fetched:
    """An array that is somewhere else, and counts how many of its kind are here at once."""

    here, most = 0, 0

    def __init__(self, value):
        self.value = np.full((300, 300), value, np.float32)
        self.shape, self.dtype = self.value.shape, self.value.dtype

    def __array__(self, dtype=None, copy=None):
        kind = type(self)
        kind.here += 1
        kind.most = max(kind.most, kind.here)
        return self.value.view(_Here)


class _Here(np.ndarray):
    def __del__(self):
        if type(self.base) is np.ndarray:
            Fetched.here -= 1


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(2, 3))
        partitioner = tf.fixed_size_partitioner(2)
        tf.get_variable("parts", [4, 2], tf.float32, tf.ones_initializer(), partitioner=partitioner)
        sess.run(tf.global_variables_initializer())
        tf.get_variable("unset", initializer=np.float32(1))
        yield sess


def test_a_session_is_converted_compared_and_saved_as_it_is_now(session, tmp_path):
    convert_checkpoint(session, tmp_path / "m.safetensors")
    found = load_file(tmp_path / "m.safetensors")
    assert {name: array.tolist() for name, array in found.items()} == {
        "w": [[0, 1, 2], [3, 4, 5]],
        "parts": [[1, 1]] * 4,
    }
    session.run(tf.global_variables()[0].assign(np.zeros((2, 3), np.float32)))
    table = compare_checkpoints(tmp_path / "m.safetensors", session).set_index("name")
    assert table["status"].to_dict() == {"w": "changed", "parts": "same"}
    with load_checkpoint(save_checkpoint(tmp_path / "m.ckpt", session, write_state=False)) as reader:
        assert reader["w"].sum() == 0
        assert reader.entry("parts").shape == (4, 2)


def test_what_is_elsewhere_is_here_one_by_one(tmp_path):
    model = {f"layer_{number}": {"kernel": Fetched(number)} for number in range(5)}
    Fetched.here = Fetched.most = 0
    convert_checkpoint(model, tmp_path / "m.safetensors")
    assert load_file(tmp_path / "m.safetensors")["layer_3/kernel"].max() == 3
    assert Fetched.most == 1


def test_two_tensors_of_one_name_are_refused_before_one_is_read():
    with pytest.raises(InvalidArgumentError, match="two tensors would have the name 'a/b'"):
        tensors_of({"a": {"b": np.ones(2)}, "a/b": np.ones(2)})
