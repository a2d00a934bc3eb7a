"""TensorFlow's own code in a %%graph cell: its graph is shown, and its values can be restored into it."""

import numpy as np
import pytest

from ckpt_magics.graphs.graph.default import set_default_graph
from ckpt_magics.notebook.magics import load_ipython_extension, unload_ipython_extension
from ckpt_magics.notebook.magics.active_graph import active_graph

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def notebook(shell, tf, tmp_path, monkeypatch):
    """A notebook in an empty folder in which ``tf`` is TensorFlow."""
    monkeypatch.chdir(tmp_path)
    before = set_default_graph(None)
    load_ipython_extension(shell)
    shell.push({"tf": tf})
    yield shell
    unload_ipython_extension(shell)
    set_default_graph(before)


def test_captures_its_default_graph(notebook, tf):
    cell = "w = tf.compat.v1.get_variable('w', [2, 3])\ny = tf.identity(w, name='y')"
    for _ in range(2):
        graph = notebook.run_cell_magic("graph", "net", cell)
        assert graph.contents.source.kind == "TensorFlow graph"
        assert graph.variables["name"].tolist() == ["w"]
        assert "y" in graph.graph
    assert notebook.user_ns["w"].graph is not tf.compat.v1.get_default_graph()
    assert tf.executing_eagerly()


def test_captures_what_the_cell_imports(notebook):
    del notebook.user_ns["tf"]
    graph = notebook.run_cell_magic(
        "graph", "", "import tensorflow as tf\nv = tf.compat.v1.placeholder('float32', name='p')"
    )
    assert "p" in graph.graph


def test_restores_what_tensorflow_saved(notebook):
    cell = """
w = tf.compat.v1.get_variable("w", [2, 3], initializer=tf.compat.v1.random_uniform_initializer())
with tf.compat.v1.Session() as sess:
    sess.run(tf.compat.v1.global_variables_initializer())
    value = sess.run(w)
    tf.compat.v1.train.Saver().save(sess, "./model.ckpt")
"""
    graph = notebook.run_cell_magic("graph", "net", cell)
    notebook.run_line_magic("ckpt_restore", "model.ckpt")
    np.testing.assert_array_equal(graph["w"], notebook.user_ns["value"])


@pytest.mark.parametrize(
    "ending",
    [
        "g",
        "g.as_graph_def()",
        "tf.compat.v1.train.export_meta_graph(graph=g)",
        "tf.function(lambda x: tf.add(x, x, name='twice')).get_concrete_function(tf.TensorSpec([2], tf.float32))",
    ],
)
def test_shows_the_graph_that_the_cell_ends_in(notebook, ending):
    notebook.run_cell(
        "g = tf.Graph()\nwith g.as_default():\n    tf.zeros([2], name='zeros') + tf.ones([2], name='twice')"
    )
    graph = notebook.run_cell_magic("graph", "net", ending)
    assert "twice" in {node.name for node in graph.contents.source.meta_graph.graph_def.node}
    assert active_graph(notebook) is graph


def test_asks_for_a_signature(notebook):
    result = notebook.run_cell("%%graph\ntf.function(lambda x: x)")
    assert "f.get_concrete_function(arguments)" in str(result.error_in_exec)


@pytest.mark.parametrize("options", ["", "--v1"])
def test_imports_the_meta_graph_of_plain_arrays(notebook, tf, options):
    notebook.push({"weight": np.ones((2, 3), np.float32), "names": np.array([b"a", b"b"], object)})
    notebook.run_line_magic("ckpt_save", f"m.ckpt weight names {options}")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.train.import_meta_graph("m.ckpt.meta").restore(session, "./m.ckpt")
        np.testing.assert_array_equal(session.run("weight/Read/ReadVariableOp:0"), notebook.user_ns["weight"])
        assert session.run("names/Read/ReadVariableOp:0").tolist() == [b"a", b"b"]


def test_imports_and_restores_what_a_graph_saved(notebook, tf):
    del notebook.user_ns["tf"]
    cell = """
w = tf.Variable([[1., 2.]], name="w")
v = tf.get_variable("v", [5, 2], partitioner=tf.fixed_size_partitioner(2))
"""
    graph = notebook.run_cell_magic("graph", "net", cell)
    notebook.run_line_magic("ckpt_save", "m.ckpt -q")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.train.import_meta_graph("m.ckpt.meta").restore(session, "./m.ckpt")
        np.testing.assert_array_equal(session.run("w:0"), graph["w"])
        parts = session.run(["v/part_0:0", "v/part_1:0"])
        np.testing.assert_array_equal(np.concatenate(parts), graph["v"])
