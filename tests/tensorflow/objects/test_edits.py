"""Checkpoints of objects that were edited are restored by TensorFlow, and hold what it would have written itself."""

from pathlib import Path

import numpy as np
import pytest

from ckpt_magics import (
    ConvertOptions,
    average_checkpoints,
    convert_checkpoint,
    load_checkpoint,
    salvage_checkpoint,
    save_checkpoint,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def tf_keras(tf):
    import tf_keras

    return tf_keras


@pytest.fixture(scope="module")
def keras(tf):
    import keras

    return keras


def tensors(prefix):
    with load_checkpoint(prefix) as reader:
        return {name: reader[name] for name in reader}


def assert_same_bytes(found, wanted):
    """Whether the files of two checkpoints are equal."""
    for ending in (".index", ".data-00000-of-00001"):
        assert Path(f"{found}{ending}").read_bytes() == Path(f"{wanted}{ending}").read_bytes()


def two_layers(keras):
    return keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization(), keras.layers.Dense(2)])


def built(keras):
    model = two_layers(keras)
    model.build((None, 4))
    model.set_weights([np.random.default_rng(1).random(one.shape, np.float32) for one in model.get_weights()])
    return model


def trained(keras, optimizer):
    model = built(keras)
    model.compile(optimizer, "mse")
    model.fit(np.ones((4, 4), np.float32), np.ones((4, 2), np.float32), verbose=0)
    return model


def consumed(tf, prefix, **objects):
    """Read a checkpoint into objects, all of it and all of them."""
    tf.train.Checkpoint(**objects).read(str(prefix)).assert_consumed()


def optimizers(tf_keras, keras):
    return {
        "legacy": (tf_keras, tf_keras.optimizers.legacy.Adam(amsgrad=True)),
        "keras 2": (tf_keras, tf_keras.optimizers.Adam()),
        "keras 3": (keras, keras.optimizers.Adam()),
    }


@pytest.mark.parametrize("steps", [[("exclude", ["model/optimizer"])], ["weights-only"]], ids=["exclude", "weights"])
@pytest.mark.parametrize("kind", ["legacy", "keras 2", "keras 3"])
def test_a_model_without_its_optimizer(tf, tf_keras, keras, tmp_path, kind, steps):
    library, optimizer = optimizers(tf_keras, keras)[kind]
    model = trained(library, optimizer)
    whole = tf.train.Checkpoint(model=model).write(str(tmp_path / "whole"))
    convert_checkpoint(whole, tmp_path / "less", steps)
    other = built(library)
    consumed(tf, tmp_path / "less", model=other)
    for found, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert len(tensors(tmp_path / "less")) == len(model.weights) + 1


def test_a_model_without_its_optimizer_has_nothing_for_a_new_one(tf, tf_keras, tmp_path):
    model = trained(tf_keras, tf_keras.optimizers.Adam())
    whole = tf.train.Checkpoint(model=model).write(str(tmp_path / "whole"))
    convert_checkpoint(whole, tmp_path / "weights", ["weights-only", ("reroot", [""])])
    other = trained(tf_keras, tf_keras.optimizers.Adam())
    with pytest.raises(AssertionError, match="not bound"):
        tf.train.Checkpoint(other).read(str(tmp_path / "weights")).assert_consumed()
    third = trained(tf_keras, tf_keras.optimizers.Adam())
    third.load_weights(str(tmp_path / "weights"))
    for each in (other, third):
        for found, wanted in zip(each.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_tensors_that_go_without_their_graph_are_missed(tf, tmp_path):
    """Why a conversion lets the graph follow: TensorFlow refuses the rest, and verifying it says so before."""
    whole = tf.train.Checkpoint(v=tf.Variable(1.0), w=tf.Variable(2.0)).write(str(tmp_path / "whole"))
    stored = tf.train.load_checkpoint(whole)
    values = {name: stored.get_tensor(name) for name in stored.get_variable_to_shape_map()}
    values["_CHECKPOINTABLE_OBJECT_GRAPH"] = np.array(values["_CHECKPOINTABLE_OBJECT_GRAPH"], object)
    del values["w/.ATTRIBUTES/VARIABLE_VALUE"]
    lacking = str(save_checkpoint(tmp_path / "lacking", values, write_state=False, write_meta_graph=False))
    with pytest.raises(tf.errors.NotFoundError, match=r"w/\.ATTRIBUTES/VARIABLE_VALUE"):
        tf.train.Checkpoint(v=tf.Variable(0.0), w=tf.Variable(0.0)).read(lacking)
    with pytest.raises(AssertionError, match="Unresolved object"):
        tf.train.Checkpoint(v=tf.Variable(0.0)).read(lacking).assert_consumed()
    with load_checkpoint(lacking) as reader:
        assert "an object's value is not stored, and TensorFlow fails where it is asked for" in str(reader.verify())


def test_a_renamed_object_is_what_the_renamed_program_writes(tf, tf_keras, tmp_path):
    model, step = trained(tf_keras, tf_keras.optimizers.legacy.Adam()), tf.Variable(7, name="step")
    old = tf.train.Checkpoint(model=model, step=step)
    old.save(str(tmp_path / "old"))
    tf.train.Checkpoint(zebra=model, step=step).save(str(tmp_path / "new"))
    convert_checkpoint(tmp_path / "old-1", tmp_path / "renamed", [("map", {"zebra/": "model/"})])
    assert_same_bytes(tmp_path / "renamed", tmp_path / "new-1")


def test_a_renamed_attribute_is_what_the_renamed_program_writes(tf, tmp_path):
    class Old(tf.Module):
        def __init__(self):
            self.first = tf.Variable(1.0)
            self.kernel = tf.Variable(2.0)
            self.last = [self.kernel, tf.Variable(3.0)]

    class New(tf.Module):
        def __init__(self):
            self.first = tf.Variable(1.0)
            self.weight = tf.Variable(2.0)
            self.last = [self.weight, tf.Variable(3.0)]

    tf.train.Checkpoint(net=Old()).write(str(tmp_path / "old"))
    tf.train.Checkpoint(net=New()).write(str(tmp_path / "new"))
    convert_checkpoint(tmp_path / "old", tmp_path / "renamed", [("map", {"*/weight*": "*/kernel*"})])
    assert_same_bytes(tmp_path / "renamed", tmp_path / "new")


def test_a_model_alone_and_below_a_name(tf, tf_keras, tmp_path):
    model = built(tf_keras)
    model.save_weights(str(tmp_path / "alone"))
    tf.train.Checkpoint(model=model).write(str(tmp_path / "below"))
    convert_checkpoint(tmp_path / "alone", tmp_path / "put", [("reroot", ["model"])])
    assert_same_bytes(tmp_path / "put", tmp_path / "below")
    convert_checkpoint(tmp_path / "below", tmp_path / "taken", [("reroot", [""])])
    assert_same_bytes(tmp_path / "taken", tmp_path / "alone")


def test_a_model_alone_and_below_a_name_with_the_number_of_saves(tf, tf_keras, tmp_path):
    model = trained(tf_keras, tf_keras.optimizers.legacy.Adam())
    tf.train.Checkpoint(model).save(str(tmp_path / "alone"))
    tf.train.Checkpoint(model=model).save(str(tmp_path / "below"))
    convert_checkpoint(tmp_path / "alone-1", tmp_path / "put", [("reroot", ["model"])])
    assert_same_bytes(tmp_path / "put", tmp_path / "below-1")
    convert_checkpoint(tmp_path / "below-1", tmp_path / "taken", [("reroot", ["/"])])
    assert_same_bytes(tmp_path / "taken", tmp_path / "alone-1")


def test_cast_values_are_restored_into_variables_of_that_dtype(tf, tmp_path):
    checkpoint = tf.train.Checkpoint(v=tf.Variable([1.5, 2.5]), step=tf.Variable(3, dtype=tf.int64))
    checkpoint.save(str(tmp_path / "wide"))
    convert_checkpoint(tmp_path / "wide-1", tmp_path / "narrow", [("dtype", {"*": "float16"})])
    v, step = tf.Variable(np.zeros(2, np.float16)), tf.Variable(0, dtype=tf.int64)
    tf.train.Checkpoint(v=v, step=step).restore(str(tmp_path / "narrow")).assert_consumed()
    assert (v.numpy().tolist(), step.numpy()) == ([1.5, 2.5], 3)


def test_cast_values_are_refused_by_variables_of_the_former_dtype(tf, tmp_path):
    wide = tf.train.Checkpoint(v=tf.Variable([1.5, 2.5])).write(str(tmp_path / "wide"))
    convert_checkpoint(wide, tmp_path / "narrow", [("dtype", {"*": "bfloat16"})])
    v = tf.Variable([0.0, 0.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected dtype float does not equal original dtype"):
        tf.train.Checkpoint(v=v).read(str(tmp_path / "narrow"))
    assert v.numpy().tolist() == [0, 0]


def test_an_average_is_restored(tf, tf_keras, tmp_path):
    model = trained(tf_keras, tf_keras.optimizers.Adam())
    checkpoint = tf.train.Checkpoint(model=model)
    first = checkpoint.save(str(tmp_path / "run"))
    before = model.get_weights()
    model.set_weights([weight + 1 for weight in before])
    second = checkpoint.save(str(tmp_path / "run"))
    average_checkpoints([first, second], tmp_path / "mean")
    other = trained(tf_keras, tf_keras.optimizers.Adam())
    restored = tf.train.Checkpoint(model=other)
    restored.restore(str(tmp_path / "mean")).assert_consumed()
    assert restored.save_counter.numpy() == 2
    for found, weight in zip(other.get_weights(), before, strict=True):
        np.testing.assert_allclose(found, weight + 0.5, rtol=1e-6)


def test_two_checkpoints_become_one(tf, tmp_path):
    body, head = tf.Variable([1.0], name="b"), tf.Variable([2.0], name="h")
    first = tf.train.Checkpoint(body=body).save(str(tmp_path / "a"))
    second = tf.train.Checkpoint(head=head)
    second.save(str(tmp_path / "b"))
    second = second.save(str(tmp_path / "b"))
    report = convert_checkpoint([first, second], tmp_path / "both")
    assert report.dropped["name"].tolist() == ["save_counter"]
    tf.train.Checkpoint(body=body, head=head).save(str(tmp_path / "wanted"))
    assert_same_bytes(tmp_path / "both", tmp_path / "wanted-1")


def test_two_checkpoints_of_one_model_become_one(tf, tf_keras, tmp_path):
    model, other = built(tf_keras), built(tf_keras)
    first = tf.train.Checkpoint(model=model).write(str(tmp_path / "a"))
    second = tf.train.Checkpoint(model=other).write(str(tmp_path / "b"))
    convert_checkpoint([first, second], tmp_path / "both", under=["teacher", "student"])
    teacher, student = (tf.train.Checkpoint(model=built(tf_keras)) for _ in range(2))
    consumed(tf, tmp_path / "both", teacher=teacher, student=student)


def test_names_become_objects(tf, tf_keras, tmp_path):
    """Weights of TensorFlow 1, whose names say nothing of objects, are restored into a Keras model."""
    values = {
        "net/first/weights": np.random.default_rng(2).random((4, 3), np.float32),
        "net/first/biases": np.ones(3, np.float32),
        "net/last/weights": np.ones((3, 2), np.float32),
        "net/last/biases": np.zeros(2, np.float32),
    }
    source = save_checkpoint(tmp_path / "old.ckpt", values, write_state=False)
    names = {"model/layer_with_weights-0/": "net/first/", "model/layer_with_weights-1/": "net/last/"}
    steps = [("map", names), ("map", {"*/kernel": "*/weights", "*/bias": "*/biases"})]
    convert_checkpoint(source, tmp_path / "new", steps, options=ConvertOptions(objects=True))
    model = tf_keras.Sequential([tf_keras.layers.Dense(3, input_shape=(4,)), tf_keras.layers.Dense(2)])
    consumed(tf, tmp_path / "new", model=model)
    for found, wanted in zip(model.get_weights(), values.values(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    # The names in a graph are still known.
    with load_checkpoint(tmp_path / "new") as reader:
        assert reader.object_graph.full_names.keys() == values.keys()


def test_weights_of_keras_2_become_a_checkpoint_of_keras_3(tf, tf_keras, keras, tmp_path):
    model, other = built(tf_keras), built(keras)
    model.save_weights(str(tmp_path / "old"))
    steps = [
        ("map", {r"model/_functional/_operations/\1/\2": r"re:layer_with_weights-(\d+)/(.*)"}),
        ("number-shift", {"model/_functional/_operations/#/*": "1"}),
        ("map", {"*/_kernel": "*/kernel"}),
    ]
    other.set_weights([weight + 1 for weight in model.get_weights()])
    convert_checkpoint(tmp_path / "old", tmp_path / "new", steps)
    consumed(tf, tmp_path / "new", model=other)
    for found, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_names_become_the_tree_that_tensorflow_would_write(tf, tmp_path):
    tree = {"b": {"w": tf.Variable([1.0], name="b/w")}, "a": {"v": tf.Variable([2.0], name="a/v")}}
    tf.train.Checkpoint(**tree).write(str(tmp_path / "wanted"))
    source = save_checkpoint(tmp_path / "x.ckpt", {"b/w": np.float32([1]), "a/v": np.float32([2])}, write_state=False)
    convert_checkpoint(source, tmp_path / "found", options=ConvertOptions(objects=True))
    assert_same_bytes(tmp_path / "found", tmp_path / "wanted")


def stateful(tf):
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    iterator = iter(tf.data.Dataset.range(10))
    return {"table": table, "iterator": iterator, "random": tf.random.Generator.from_seed(5), "w": tf.Variable(1.0)}


def test_iterators_tables_and_generators_survive(tf, tmp_path):
    saved = stateful(tf)
    saved["table"].insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
    for _ in range(3):
        next(saved["iterator"])
    drawn = saved["random"].uniform([])
    whole = tf.train.Checkpoint(net=tf.train.Checkpoint(**saved), gone=tf.Variable(1.0)).write(str(tmp_path / "whole"))
    convert_checkpoint(whole, tmp_path / "less", [("exclude", ["gone"]), ("map", {"old/": "net/"})])
    fresh = stateful(tf)
    fresh["w"].assign(0)
    consumed(tf, tmp_path / "less", old=tf.train.Checkpoint(**fresh))
    assert fresh["table"].lookup(tf.constant(["b"])).numpy().tolist() == [2]
    assert next(fresh["iterator"]).numpy() == 3
    assert fresh["random"].uniform([]) != drawn
    assert fresh["w"].numpy() == 1
    tf.train.Checkpoint(old=tf.train.Checkpoint(**saved)).write(str(tmp_path / "wanted"))
    assert tensors(tmp_path / "less").keys() == tensors(tmp_path / "wanted").keys()


def test_the_state_of_python_objects_survives(tf, tmp_path):
    class State(tf.train.experimental.PythonState):
        def __init__(self, text):
            self.text = text

        def serialize(self):
            return self.text

        def deserialize(self, text):
            self.text = text.decode()

    made = tf.train.Checkpoint(a=tf.Variable(1.0), state=State("x"), z=tf.Variable(2.0))
    old = made.write(str(tmp_path / "old"))
    convert_checkpoint(old, tmp_path / "less", [("exclude", ["a"]), ("map", {"python/": "state/"})])
    state = State("")
    consumed(tf, tmp_path / "less", python=state, z=tf.Variable(0.0))
    assert state.text == "x"
    tf.train.Checkpoint(python=State("x"), z=made.z).write(str(tmp_path / "wanted"))
    assert_same_bytes(tmp_path / "less", tmp_path / "wanted")


def test_what_is_saved_of_a_reader_is_what_was_read(tf, tmp_path):
    saved = tf.train.Checkpoint(**stateful(tf)).save(str(tmp_path / "a"))
    with load_checkpoint(saved) as reader:
        save_checkpoint(tmp_path / "b", reader, write_state=False)
    assert_same_bytes(tmp_path / "b", saved)


def test_what_is_good_of_a_damaged_checkpoint_is_restored(tf, tf_keras, tmp_path):
    model = trained(tf_keras, tf_keras.optimizers.legacy.Adam())
    whole = tf.train.Checkpoint(model=model).write(str(tmp_path / "whole"))
    data = bytearray(Path(f"{whole}.data-00000-of-00001").read_bytes())
    with load_checkpoint(whole) as reader:
        spec = reader.named_tensors.spec("model/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE")
    data[spec.offset] ^= 1
    Path(f"{whole}.data-00000-of-00001").write_bytes(data)
    salvage_checkpoint(whole, tmp_path / "rest")
    other = trained(tf_keras, tf_keras.optimizers.legacy.Adam())
    before = other.get_weights()
    status = tf.train.Checkpoint(model=other).read(str(tmp_path / "rest"))
    with pytest.raises(AssertionError, match="Found 3 Python objects that were not bound"):
        # The kernel and its slots.
        status.assert_existing_objects_matched()
    for at, (found, wanted) in enumerate(zip(other.get_weights(), model.get_weights(), strict=True)):
        np.testing.assert_array_equal(found, before[at] if at == 0 else wanted)


def test_what_a_saver_of_its_own_wrote_survives(tf, tmp_path):
    class Part(tf.__internal__.tracking.AutoTrackable):
        def __init__(self, value):
            # Not by an attribute that is tracked: nothing but the saver knows it.
            object.__setattr__(self, "value", tf.Variable(value))

    def save(trackables, file_prefix):
        names = list(trackables)
        tf.raw_ops.SaveV2(
            prefix=file_prefix,
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=[part.value for part in trackables.values()],
        )
        return file_prefix

    def restore(trackables, merged_prefix):
        for name, part in trackables.items():
            part.value.assign(tf.raw_ops.RestoreV2(
                prefix=merged_prefix, tensor_names=[name], shape_and_slices=[""], dtypes=[tf.float32])[0])  # fmt: skip

    from tensorflow.python.saved_model import registration

    registration.register_tf_checkpoint_saver(
        name="Parts", predicate=lambda value: isinstance(value, Part), save_fn=save, restore_fn=restore
    )
    whole = tf.train.Checkpoint(part=Part(3.0), v=tf.Variable(1.0), gone=tf.Variable(2.0)).write(str(tmp_path / "w"))
    convert_checkpoint(whole, tmp_path / "less", [("exclude", ["gone"])])
    part, v = Part(0.0), tf.Variable(0.0)
    tf.train.Checkpoint(part=part, v=v).read(str(tmp_path / "less")).assert_existing_objects_matched()
    assert (part.value.numpy(), v.numpy()) == (3, 1)
