"""TensorFlow's and Keras' own objects are saved and restored as their users mean it."""

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError, TargetRefusedError
from ckpt_magics.files.objects.collected import collect_tensors
from ckpt_magics.files.restore.restore import plan_restore, restore_checkpoint
from ckpt_magics.graphs.saver.array_saving import save_checkpoint

pytestmark = pytest.mark.tensorflow


def test_saves_variables_and_tensors_that_tensorflow_reads(tf, tmp_path):
    values = {
        "variable": tf.Variable([[1.0, 2.0]]),
        "half": tf.Variable(tf.cast([1, 2], tf.bfloat16)),
        "text": tf.Variable(["a", "ü"]),
        "deep": {"constant": tf.constant(3, tf.uint8), "list": [tf.zeros(2), tf.Variable(True)]},
    }
    prefix = save_checkpoint(tmp_path / "m", values)
    reader = tf.train.load_checkpoint(prefix)
    assert reader.get_variable_to_dtype_map() == {
        "variable": tf.float32,
        "half": tf.bfloat16,
        "text": tf.string,
        "deep/constant": tf.uint8,
        "deep/list/0": tf.float32,
        "deep/list/1": tf.bool,
    }
    np.testing.assert_array_equal(reader.get_tensor("variable"), values["variable"].numpy())
    assert reader.get_tensor("text").tolist() == [b"a", "ü".encode()]


def test_restores_variables_in_place_and_tensors_anew(tf):
    weight, text, tensor = tf.Variable(tf.zeros((2, 3))), tf.Variable(["", ""]), tf.zeros(3)
    targets = {"weight": weight, "text": text, "tensor": tensor}
    source = {
        "weight": np.ones((2, 3), np.float32),
        "text": np.array([b"x", b"y"], object),
        "tensor": np.arange(3, dtype=np.float32),
    }
    report = restore_checkpoint(source, targets)
    assert {restored.name: restored.how for restored in report.restored} == {
        "weight": "in place",
        "text": "in place",
        "tensor": "replaced",
    }
    assert targets["weight"] is weight
    np.testing.assert_array_equal(weight.numpy(), source["weight"])
    assert text.numpy().tolist() == [b"x", b"y"]
    assert tf.is_tensor(targets["tensor"])
    np.testing.assert_array_equal(targets["tensor"].numpy(), source["tensor"])


def test_checks_shapes_and_dtypes_of_variables_and_specs(tf):
    targets = {
        "a": tf.Variable(tf.zeros((2, 3))),
        "b": tf.TensorSpec((None, 3), tf.float32),
        "c": tf.TensorSpec((None, 3), tf.float64),
        "d": tf.Variable(tf.zeros(2), shape=tf.TensorShape(None)),
    }
    source = dict.fromkeys("abcd", np.zeros((3, 3), np.float32))
    found = [(problem.kind, problem.name) for problem in plan_restore(source, targets).report.problems]
    assert found == [("shape", "a"), ("dtype", "c")]


def test_takes_keras_weights(tf):
    layer = tf.keras.layers.Dense(4)
    layer.build((None, 3))
    arrays = collect_tensors({"dense": layer.weights})
    assert {name: array.shape for name, array in arrays.items()} == {"dense/0": (3, 4), "dense/1": (4,)}
    restore_checkpoint({name: np.full_like(array, 7) for name, array in arrays.items()}, {"dense": layer.weights})
    assert all((weight.numpy() == 7).all() for weight in layer.weights)


def test_refuses_a_symbolic_tensor_by_name(tf):
    with tf.Graph().as_default():
        symbol = tf.zeros(3)
    with pytest.raises(InvalidArgumentError, match=r"'net/symbol'.*cannot be saved"):
        collect_tensors({"net": {"symbol": symbol}})


def test_gives_variables_their_values_back_when_another_one_refuses(tf):
    layer = tf.keras.layers.Dense(2)
    layer.build((None, 3))
    only_ones = tf.Variable(["a"], shape=tf.TensorShape(None))
    targets = {
        "weight": tf.Variable(tf.zeros((2, 3))),
        "half": tf.Variable(tf.zeros(2, tf.bfloat16)),
        "text": tf.Variable(["x", "y"]),
        "kernel": layer.kernel,
        "refusing": only_ones,
    }
    before = {name: value.numpy().tolist() for name, value in targets.items()}

    def refuse(_value):
        raise tf.errors.InvalidArgumentError(None, None, "not this one")

    only_ones.assign = refuse
    source = {name: np.ones_like(value.numpy()) for name, value in targets.items() if name not in {"text", "refusing"}}
    source |= {"text": np.array([b"p", b"q"], object), "refusing": np.array([b"b"], object)}
    for order in (list(targets), list(targets)[::-1]):
        with pytest.raises(
            TargetRefusedError, match=r"refusing, a variable, does not take its value: .*not this"
        ) as caught:
            restore_checkpoint(source, {name: targets[name] for name in order})
        assert isinstance(caught.value.__cause__, tf.errors.InvalidArgumentError)
        assert {name: value.numpy().tolist() for name, value in targets.items()} == before
    del targets["refusing"]
    restore_checkpoint(source, targets)
    assert {name: value.numpy().tolist() for name, value in targets.items()} == {
        name: source[name].tolist() for name in targets
    }


@pytest.mark.parametrize(
    "name", ["float16", "bfloat16", "int4", "uint64", "complex128", "bool", "float8_e4m3fn", "string"]
)
def test_a_variable_and_a_tensor_of_every_kind_take_what_was_saved_of_them(tf, tmp_path, name):
    dtype = tf.as_dtype(name)
    items = np.array([b"\xff", b""], object) if name == "string" else np.array([1, 0]).astype(dtype.as_numpy_dtype)
    saved = {"variable": tf.Variable(items), "tensor": tf.constant(items)}
    prefix = save_checkpoint(tmp_path / "m", saved)
    targets = {"variable": tf.Variable(items[::-1].copy()), "tensor": tf.constant(items[::-1].copy())}
    restore_checkpoint(prefix, targets)
    for key, value in targets.items():
        assert value.dtype == dtype
        assert value.numpy().tolist() == saved[key].numpy().tolist()
