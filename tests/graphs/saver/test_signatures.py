"""Signatures of SavedModels are functions, with the values and the tables that came with them."""

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.saver.model_start import start_model
from ckpt_magics.proto.messages import AssetFileDef, MetaGraphDef

# What TensorFlow 2.21 gives.
SOFTMAX = [[0.49892393, 0.50107604]]
DENSE = [[1.5798461, 0.0]]


@pytest.fixture
def old(corpus):
    return ckpt_magics.load_graph(corpus / "tf1.0.1/saved_model_v1/export/1")


@pytest.fixture
def new(corpus):
    return ckpt_magics.load_graph(corpus / "tf2.21.0/saved_model/model")


def test_a_signature_takes_and_gives_arrays_by_name(old, new):
    np.testing.assert_allclose(old.signatures["serving_default"](x=[[1.0, 1.0, 1.0]])["y"], SOFTMAX, 1e-6)
    np.testing.assert_allclose(new.signatures["serving_default"](x=np.ones((1, 3)))["y"], DENSE, 1e-6)


def test_the_only_input_needs_no_name(new):
    np.testing.assert_allclose(new.signatures["serving_default"](np.ones((1, 3)))["y"], DENSE, 1e-6)


def test_tables_are_filled_from_the_files_that_came_with_them(new, corpus):
    words = (corpus / "tf2.21.0/saved_model/model/assets/words.txt").read_bytes().split(b"\n")
    found = new.signatures["lookup"](s=[words[1], b"nowhere to be found"])
    assert found["output_0"].tolist() == [1, -1]


def test_signatures_are_listed_as_functions(new):
    assert list(new.signatures) == ["lookup", "serving_default"]
    assert repr(new.signatures["serving_default"]) == "serving_default(x: float32 (?, 3)) -> y: float32 (?, 2)"
    with pytest.raises(KeyError, match="there are: lookup, serving_default"):
        new.signatures["other"]


@pytest.mark.parametrize("inputs", [{}, {"y": 1}, {"x": 1, "y": 1}])
def test_inputs_that_it_does_not_take_are_refused(new, inputs):
    with pytest.raises(TypeError, match=r"serving_default\(x: float32 \(\?, 3\)\).* given: "):
        new.signatures["serving_default"](**inputs)


def test_a_run_finds_what_a_graph_takes_and_gives(old):
    np.testing.assert_allclose(old.run(inputs=[[1.0, 1.0, 1.0]]), SOFTMAX, 1e-6)
    np.testing.assert_allclose(old.run("y", {"x": [[1.0, 1.0, 1.0]]}), SOFTMAX, 1e-6)


def test_a_run_takes_the_values_beside_a_meta_graph(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None], name="x")
        scale = tf.Variable([2.0], name="scale")
        tf.multiply(x, scale, name="y")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, tmp_path / "model.ckpt")
    net = ckpt_magics.load_graph(tmp_path / "model.ckpt")
    assert net.run(inputs=[1.0, 3.0]).tolist() == [2.0, 6.0]
    assert net["scale"].tolist() == [2.0]


def test_a_value_for_one_of_several_inputs_needs_its_name(tmp_path):
    with tf.Graph().as_default():
        tf.add(tf.placeholder(tf.float32, name="a"), tf.placeholder(tf.float32, name="b"), name="c")
        tf.train.export_meta_graph(str(tmp_path / "two.meta"))
    net = ckpt_magics.load_graph(tmp_path / "two.meta")
    assert net.run(inputs={"a": 1.0, "b": 2.0}) == 3.0
    with pytest.raises(InvalidArgumentError, match="takes a:0, b:0"):
        net.run(inputs=1.0)


@pytest.mark.parametrize("filename", ["../secret", "/etc/passwd", "a/../../b"])
def test_an_asset_outside_of_the_model_is_refused(filename):
    meta_graph = MetaGraphDef(asset_file_def=[AssetFileDef(filename=filename)])
    meta_graph.collection_def["legacy_init_op"].node_list.value.append("init")
    with ckpt_magics.Graph().as_default() as graph:
        graph.create_op("NoOp", name="init")
        with pytest.raises(InvalidArgumentError, match="an asset of a SavedModel is in its directory"):
            start_model(ckpt_magics.Session(graph=graph), meta_graph, "/model/variables/variables")
