"""%graph writes graphs: frozen, or as they are, binary and as text."""

import numpy as np
import pytest
from IPython.core.error import UsageError

import ckpt_magics.compat.v1 as tf
from ckpt_magics.proto.messages import GraphDef


@pytest.fixture
def files(notebook):
    """A folder with a graph and its checkpoint."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        tf.matmul(x, tf.get_variable("w", initializer=np.float32([[1, 2], [3, 4]])), name="out")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, "model.ckpt")
    return notebook


def nodes(path):
    return {node.name: node.op for node in GraphDef.FromString(path.read_bytes()).node}


def test_freezes_with_the_checkpoint_beside_the_graph(files, tmp_path):
    frozen = files.run_line_magic("graph", "model.ckpt.meta --freeze out.pb")
    assert frozen.outputs == ("out:0",)
    assert "It gives out:0" in str(frozen)
    assert frozen._repr_html_()
    assert nodes(tmp_path / "out.pb") == {"x": "Placeholder", "w": "Const", "w/read": "Identity", "out": "MatMul"}


def test_freezes_with_the_values_of_the_session(files, tmp_path):
    net = files.run_line_magic("graph", "model.ckpt.meta --static")
    files.push({"net": net})
    files.run_line_magic("ckpt_restore", "model.ckpt")
    net.session.assign_variables({"w": np.zeros((2, 2), np.float32)})
    files.run_line_magic("graph", "net --freeze out.pb --outputs out")
    assert not files.run_line_magic("graph", "out.pb --static")["w"].any()


def test_text_and_binary_are_the_same(files, tmp_path):
    files.run_line_magic("graph", "model.ckpt.meta --write a.pb --static")
    files.run_line_magic("graph", "a.pb --write a.pbtxt --static")
    files.run_line_magic("graph", "a.pbtxt --write b.pb --static")
    assert (tmp_path / "a.pb").read_bytes() == (tmp_path / "b.pb").read_bytes()


@pytest.mark.parametrize("option", ["--freeze", "--write"])
def test_another_ending_is_refused_before_anything_is_written(files, tmp_path, option):
    with pytest.raises(UsageError, match=r"ends in \.pb or \.pbtxt"):
        files.run_line_magic("graph", f"model.ckpt.meta {option} out.svg --static")
    assert not (tmp_path / "out.svg").exists()


def test_names_without_a_graph_cannot_be_written(files, tmp_path):
    (tmp_path / "model.ckpt.meta").unlink()
    with pytest.raises(UsageError, match=r"no \.meta file is beside it"):
        files.run_line_magic("graph", "model.ckpt --freeze out.pb")
