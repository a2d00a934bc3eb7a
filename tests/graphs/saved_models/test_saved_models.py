"""SavedModels written from a session and loaded into one: order of the steps, signatures, assets, start operations."""

import os
from pathlib import Path

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import CheckpointNotFoundError, DataLossError

SERVING = tf.saved_model.tag_constants.SERVING
DEFAULT = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def doubled(value=3.0):
    """A net that doubles its input by a variable."""
    x = tf.placeholder(tf.float32, [None], name="x")
    weight = tf.get_variable("w", initializer=value)
    return x, tf.multiply(x, weight, name="y")


def started():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def loaded(folder, tags=(SERVING,), **options):
    session = tf.Session(graph=tf.Graph())
    return session, tf.saved_model.loader.load(session, tags, folder, **options)


def test_a_model_runs_after_it_was_loaded_by_its_signature(tmp_path):
    x, y = doubled()
    with started() as session:
        tf.saved_model.simple_save(session, tmp_path / "m", inputs={"a": x}, outputs={"b": y})
    assert tf.saved_model.maybe_saved_model_directory(tmp_path / "m")
    session, meta_graph = loaded(tmp_path / "m")
    signature = meta_graph.signature_def[DEFAULT]
    assert tf.saved_model.is_valid_signature(signature)
    given, taken = signature.inputs["a"], signature.outputs["b"]
    assert [size.size for size in given.tensor_shape.dim] == [-1]
    result = tf.saved_model.utils.get_tensor_from_tensor_info(taken, session.graph)
    np.testing.assert_array_equal(session.run(result, {given.name: [1, 2]}), [3, 6])


def test_a_model_is_loaded_into_a_scope(tmp_path):
    doubled()
    with started() as session:
        builder = tf.saved_model.builder.SavedModelBuilder(str(tmp_path / "m"))
        builder.add_meta_graph_and_variables(session, ["a", "b"], main_op=tf.assign(tf.global_variables()[0], 5.0).op)
        assert builder.save(as_text=True) == os.fsencode(tmp_path / "m" / "saved_model.pbtxt")
    session, meta_graph = loaded(tmp_path / "m", {"b", "a"}, import_scope="in")
    assert meta_graph.graph_def.node[0].name == "x"
    assert session.run("in/y:0", {"in/x:0": [2]}) == [10]


def test_several_graphs_share_the_variables(tmp_path):
    builder = tf.saved_model.Builder(tmp_path / "m")
    doubled()
    with pytest.raises(AssertionError, match="add_meta_graph_and_variables"):
        builder.add_meta_graph(["too", "early"])
    with started() as session:
        builder.add_meta_graph_and_variables(session, [tf.saved_model.TRAINING])
        with pytest.raises(AssertionError, match="already been saved"):
            builder.add_meta_graph_and_variables(session, ["again"])
    tf.identity(tf.get_default_graph().get_tensor_by_name("y:0"), name="z")
    builder.add_meta_graph([SERVING])
    builder.save()
    session, _ = loaded(tmp_path / "m")
    assert session.run("z:0", {"x:0": [2]}) == [6]
    with pytest.raises(KeyError):
        loaded(tmp_path / "m", ["train"])[0].graph.get_tensor_by_name("z:0")
    with pytest.raises(RuntimeError, match=r"could not be found in SavedModel.*'train'.*'serve'"):
        loaded(tmp_path / "m", ["train", "serve"])


def test_what_cannot_be_a_model_is_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(AssertionError, match="isn't empty"):
        tf.saved_model.Builder(tmp_path / "full")
    with pytest.raises(OSError, match=f"SavedModel file does not exist at: {tmp_path}"):
        loaded(tmp_path)
    assert not tf.saved_model.contains_saved_model(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\xff no model")
    with pytest.raises(OSError, match=r"saved_model\.pb") as caught:
        loaded(tmp_path)
    assert isinstance(caught.value, DataLossError)


def test_signatures_are_checked_before_anything_is_saved(tmp_path):
    x, _ = doubled()
    info = tf.saved_model.build_tensor_info(x)
    builder = tf.saved_model.Builder(tmp_path)
    nameless, typeless = type(info)(dtype=info.dtype), type(info)(name="x:0")
    with started() as session:
        for bad in (nameless, typeless):
            signature = tf.saved_model.build_signature_def({"x": bad}, {"y": info}, "m")
            with pytest.raises(AssertionError):
                builder.add_meta_graph_and_variables(session, ["a"], {"s": signature})
        good = tf.saved_model.build_signature_def({"x": info}, {"y": info}, "m")
        with pytest.raises(KeyError, match="reserved"):
            builder.add_meta_graph_and_variables(session, ["a"], {"__saved_model_init_op": good})
    assert not os.listdir(tmp_path)


def test_a_second_main_op_is_refused(tmp_path):
    doubled()
    with started() as session:
        builder = tf.saved_model.Builder(tmp_path)
        builder.add_meta_graph_and_variables(session, ["a"], main_op=tf.no_op())
        with pytest.raises(ValueError, match="Graph already contains"):
            builder.add_meta_graph(["b"], legacy_init_op=tf.no_op())


def test_assets_come_with_the_model_and_equal_ones_once(tmp_path):
    paths = []
    for folder, contents in (("a", "one"), ("b", "two"), ("c", "one")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "words.txt").write_text(contents)
        paths.append(tf.constant(str(tmp_path / folder / "words.txt"), name=folder))
    seen = tf.get_variable("seen", initializer=["", "", ""])
    main_op = tf.group(tf.assign(seen, tf.stack(paths)))
    with started() as session:
        builder = tf.saved_model.Builder(tmp_path / "m")
        builder.add_meta_graph_and_variables(session, [SERVING], assets_collection=paths, main_op=main_op)
        builder.save()
    (tmp_path / "m").rename(tmp_path / "elsewhere")
    session, _ = loaded(tmp_path / "elsewhere")
    found = [os.fsdecode(path) for path in session.run("seen:0")]
    assert [Path(path).read_text() for path in found] == ["one", "two", "one"]
    assert found[0] == found[2] == str(tmp_path / "elsewhere" / "assets" / "words.txt")


def test_assets_are_constants_with_paths(tmp_path):
    doubled()
    with started() as session:
        builder = tf.saved_model.Builder(tmp_path)
        for wrong in (tf.constant(3), tf.placeholder(tf.string)):
            with pytest.raises(ValueError, match="Invalid asset filepath tensor"):
                builder.add_meta_graph_and_variables(session, ["a"], assets_collection=[wrong])
        with pytest.raises(CheckpointNotFoundError, match="gone"):
            builder.add_meta_graph_and_variables(session, ["a"], assets_collection=[tf.constant("gone")])


def test_a_model_without_variables_is_one(tmp_path):
    tf.constant(3.0, name="c")
    with tf.Session() as session:
        builder = tf.saved_model.Builder(tmp_path)
        builder.add_meta_graph_and_variables(session, [SERVING])
        builder.save()
    assert loaded(tmp_path)[0].run("c:0") == 3


def test_signatures_for_serving_have_the_dtypes_that_it_asks_for():
    text, numbers = tf.placeholder(tf.string), tf.placeholder(tf.float32)
    regression = tf.saved_model.regression_signature_def(text, numbers)
    classes = tf.saved_model.classification_signature_def(text, text, None)
    assert list(classes.outputs) == ["classes"]
    both = tf.saved_model.classification_signature_def(text, text, numbers)
    for signature in (regression, classes, both):
        assert tf.saved_model.is_valid_signature(signature)
        signature.method_name = "other"
        assert not tf.saved_model.is_valid_signature(signature)
    for make, arguments in (
        (tf.saved_model.regression_signature_def, (numbers, numbers)),
        (tf.saved_model.regression_signature_def, (text, text)),
        (tf.saved_model.regression_signature_def, (text, None)),
        (tf.saved_model.regression_signature_def, (None, numbers)),
        (tf.saved_model.classification_signature_def, (text, numbers, None)),
        (tf.saved_model.classification_signature_def, (text, None, None)),
        (tf.saved_model.predict_signature_def, ({}, {"y": numbers})),
        (tf.saved_model.predict_signature_def, ({"x": numbers}, None)),
    ):
        with pytest.raises(ValueError, match=r"(Regression|Classification|Prediction)"):
            make(*arguments)


def test_the_main_op_initializes_and_then_runs_one_operation_more():
    weight = tf.get_variable("w", initializer=1.0)
    after = tf.assign_add(weight, 1.0).op
    start = tf.saved_model.main_op.main_op()
    both = tf.saved_model.main_op_with_restore(after.name)
    with tf.Session() as session:
        session.run(start)
        assert session.run(weight) == 1
        session.run(both)
        assert session.run(weight) in {1, 2}
