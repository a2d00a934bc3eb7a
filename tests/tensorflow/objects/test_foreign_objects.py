"""TensorFlow's and Keras' objects are saved, restored and compared by the edges that TensorFlow sees."""

from pathlib import Path

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


def keras_model():
    import keras

    layers = [keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.layers.Input((3,)), *layers])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    return model


def former_keras_model(optimizer):
    import tf_keras

    inner = tf_keras.Sequential([tf_keras.layers.Input((4,)), tf_keras.layers.Dense(4)])
    model = tf_keras.Sequential(
        [tf_keras.layers.Input((3,)), tf_keras.layers.Dense(4), inner, tf_keras.layers.Dense(2)]
    )
    model.compile(optimizer(tf_keras)(0.1), "mse")
    return model


MODELS = {
    "Keras 3": keras_model,
    "tf_keras": lambda: former_keras_model(lambda keras: keras.optimizers.SGD),
    "tf_keras, legacy optimizer": lambda: former_keras_model(lambda keras: keras.optimizers.legacy.Adam),
}


@pytest.fixture(params=MODELS.values(), ids=MODELS)
def make(request, tf):
    """Makes models that have been trained a step, so that their optimizers have all their variables."""

    def model():
        made = request.param()
        made.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
        return made

    return model


def contents(prefix):
    return [Path(prefix + ending).read_bytes() for ending in (".index", ".data-00000-of-00001")]


def same(one, other):
    return [np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True)]


def test_files_are_those_of_tensorflow(tf, make, tmp_path):
    model = make()
    theirs = tf.train.Checkpoint(model=model).write(str(tmp_path / "theirs"))
    assert contents(ckpt_magics.Checkpoint(model=model).write(tmp_path / "ours")) == contents(theirs)
    assert contents(ckpt_magics.save_checkpoint(tmp_path / "m", {"model": model}, objects=True)) == contents(theirs)
    theirs = tf.train.Checkpoint(model).write(str(tmp_path / "root"))
    assert contents(ckpt_magics.Checkpoint(model).write(tmp_path / "our_root")) == contents(theirs)


def test_all_that_was_saved_is_restored(tf, make, tmp_path):
    model, other, third = make(), make(), make()
    path = tf.train.Checkpoint(model=model).save(str(tmp_path / "m"))
    ckpt_magics.Checkpoint(model=other).restore(path).assert_consumed()
    assert same(model, other) == [True] * len(model.get_weights())
    report = ckpt_magics.restore_checkpoint(path, {"model": third})
    assert report.unused == ("save_counter",)
    compared = ckpt_magics.compare_checkpoints(path, {"model": third, "save_counter": np.int64(1)})
    differing = compared[compared["status"] != "same"]
    assert differing["name"].tolist() == ["_CHECKPOINTABLE_OBJECT_GRAPH"]
    assert same(model, third) == [True] * len(model.get_weights())


def test_weights_of_a_model_are_restored_from_a_file_of_them(tf, make, tmp_path):
    model, other = make(), make()
    path = tf.train.Checkpoint(model).write(str(tmp_path / "weights"))
    ckpt_magics.restore_checkpoint(path, other)
    assert same(model, other) == [True] * len(model.get_weights())


def test_modules_and_checkpoints_of_tensorflow_are_sources_and_targets(tf, tmp_path):
    module = tf.Module()
    module.layers, module.me = [tf.Variable([1.0, 2.0], name="w"), {"b": tf.Variable(3)}], module
    checkpoint = tf.train.Checkpoint(net=module)
    by_name = ckpt_magics.save_checkpoint(tmp_path / "named", checkpoint, write_meta_graph=False)
    assert ckpt_magics.list_variables(by_name) == [("net/layers/0", [2]), ("net/layers/1/b", [])]
    path = checkpoint.save(str(tmp_path / "m"))
    module.layers[0].assign([0.0, 0.0])
    ckpt_magics.restore_checkpoint(path, checkpoint)
    assert module.layers[0].numpy().tolist() == [1.0, 2.0]
    module.layers[0].assign([0.0, 0.0])
    ckpt_magics.restore_checkpoint(by_name, {"net": module})
    assert module.layers[0].numpy().tolist() == [1.0, 2.0]
    # Its list can be saved after that, which it could not if it had been assigned to.
    checkpoint.save(str(tmp_path / "m"))


def test_objects_of_both_packages_stand_in_one_checkpoint(tf, tmp_path):
    tree = {"theirs": tf.Variable([1.0]), "ours": EagerVariable([2.0]), "array": np.array([3.0])}
    path = ckpt_magics.Checkpoint(**tree).save(tmp_path / "m")
    into = tf.train.Checkpoint(theirs=tf.Variable([0.0]), ours=tf.Variable([0.0]), array=tf.Variable(np.zeros(1)))
    into.restore(path).assert_consumed()
    assert [into.theirs.numpy().item(), into.ours.numpy().item(), into.array.numpy().item()] == [1.0, 2.0, 3.0]


def test_slots_of_optimizers_of_tensorflow_1_wait_for_nothing_where_they_are_there(tf, tmp_path):
    def trained():
        weight, optimizer = tf.Variable([1.0, 2.0]), tf.compat.v1.train.AdamOptimizer(0.1)
        optimizer.minimize(lambda: tf.reduce_sum(weight**2))
        return {"w": weight, "o": optimizer}

    one, other = trained(), trained()
    one["o"].minimize(lambda: tf.reduce_sum(one["w"] ** 2))
    theirs = tf.train.Checkpoint(**one).write(str(tmp_path / "theirs"))
    ours = ckpt_magics.Checkpoint(**one).write(tmp_path / "ours")
    assert contents(ours) == contents(theirs)
    ckpt_magics.Checkpoint(**other).read(theirs).assert_consumed()
    slots = [each["o"].get_slot(each["w"], "v").numpy().tolist() for each in (one, other)]
    assert slots[0] == slots[1]


def test_a_model_of_keras_3_takes_the_weights_of_an_older_one_by_order(tf, tmp_path):
    import keras
    import tf_keras

    def layers(of):
        return [of.layers.Dense(4), of.layers.BatchNormalization(), of.layers.Dense(4), of.layers.Dense(2)]

    old = tf_keras.Sequential([tf_keras.layers.Input((3,)), *layers(tf_keras)])
    old.compile("adam", "mse")
    old.fit(np.random.default_rng(1).normal(size=(8, 3)), np.ones((8, 2)), verbose=0)
    path = tf.train.Checkpoint(model=old).save(str(tmp_path / "m"))
    new = keras.Sequential([keras.layers.Input((3,)), *layers(keras)])
    new.compile("adam", "mse")
    new.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    report = ckpt_magics.restore_checkpoint(path, {"net": new}, by_order=True)
    assert same(old, new) == [True] * 10
    assert len(report.restored) == 10
    new.pop()
    with pytest.raises(ckpt_magics.InvalidArgumentError, match="8 here, 10 there"):
        ckpt_magics.restore_checkpoint(path, new, by_order=True)
