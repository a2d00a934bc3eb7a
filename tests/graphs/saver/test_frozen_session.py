"""A frozen graph gives what the graph gave, without variables and without what its outputs do not need."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics import FailedPreconditionError, InvalidArgumentError, NotFoundError, UnimplementedError
from ckpt_magics.graphs.meta_graph.freezing import freeze_graph_def
from ckpt_magics.graphs.meta_graph.graph_sources import find_graph
from ckpt_magics.graphs.saver.frozen_session import freeze_session, freeze_source
from ckpt_magics.notebook.reports.frozen_report import freeze_graph, likely_outputs
from ckpt_magics.proto.messages import GraphDef

INPUT = np.float32([[1, 2]])


@pytest.fixture(params=[False, True], ids=["reference", "resource"])
def trained(request):
    """A session of a layer, an embedding and an update, whose variables have values."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        kernel = tf.get_variable("layer/kernel", initializer=np.float32([[1, 2], [3, 4]]), use_resource=request.param)
        bias = tf.get_variable("layer/bias", initializer=np.float32([5, 6]), use_resource=request.param)
        table = tf.get_variable("table", initializer=np.float32([[1, 1], [2, 3]]), use_resource=request.param)
        looked = tf.nn.embedding_lookup(table, tf.constant([1]))
        tf.add(tf.nn.bias_add(tf.matmul(x, kernel), bias), looked, name="out")
        tf.assign_add(bias, [1.0, 1.0], name="update")
        session.run(tf.global_variables_initializer())
        yield session


def run(graph_def, fetch="out:0"):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        return session.run(fetch, {"x:0": INPUT})


@pytest.mark.parametrize("output", ["out", "out:0"])
def test_gives_the_same_without_variables(trained, output):
    frozen = freeze_session(trained, [output])
    assert not [node.op for node in frozen.node if "ariable" in node.op or "VarHandle" in node.op]
    assert "update" not in [node.name for node in frozen.node]
    assert {node.op for node in frozen.node if node.name in {"layer/kernel", "table"}} == {"Const"}
    np.testing.assert_array_equal(run(frozen), trained.run("out:0", {"x:0": INPUT}))


@pytest.mark.tensorflow
def test_tensorflow_runs_it_with_equal_values(trained):
    import tensorflow

    graph_def = tensorflow.compat.v1.GraphDef.FromString(freeze_session(trained, ["out"]).SerializeToString())
    with tensorflow.Graph().as_default() as graph:
        tensorflow.import_graph_def(graph_def, name="")
    with tensorflow.compat.v1.Session(graph=graph) as session:
        np.testing.assert_array_equal(session.run("out:0", {"x:0": INPUT}), trained.run("out:0", {"x:0": INPUT}))


def test_says_what_cannot_be_frozen(trained):
    with pytest.raises(NotFoundError, match=r'no node outt.*"out"'):
        freeze_session(trained, ["outt"])
    with pytest.raises(UnimplementedError, match=r"update .*changes a variable"):
        freeze_session(trained, ["update"])
    with tf.Session(graph=trained.graph) as fresh, pytest.raises(FailedPreconditionError, match="has no value"):
        freeze_session(fresh, ["out"])


@pytest.mark.parametrize(("op", "is_refused"), [("ScatterNd", False), ("ScatterUpdate", True), ("ApplyAdam", True)])
def test_only_what_takes_a_variable_first_changes_it(op, is_refused):
    first = "v" if is_refused else "indices"
    graph = GraphDef(node=[{"name": "v", "op": "VariableV2"}, {"name": "indices", "op": "Placeholder"}])
    graph.node[0].attr["dtype"].type = 1
    graph.node.add(name="out", op=op, input=[first, "v"])
    if is_refused:
        with pytest.raises(UnimplementedError, match="changes a variable"):
            freeze_graph_def(graph, {"v": np.ones(2, np.float32)}, ["out"])
    else:
        frozen = freeze_graph_def(graph, {"v": np.ones(2, np.float32)}, ["out"])
        assert [node.op for node in frozen.node] == ["Const", "Placeholder", op]


@pytest.mark.parametrize("model", ["graph_conv_adam", "graph_conv_momentum_bn", "graph_conv_resource"])
@pytest.mark.tensorflow
def test_graphs_of_tensorflow_with_the_checkpoint_beside_them(model, tmp_path):
    import tensorflow

    from tests.truth import CORPUS

    source = find_graph(CORPUS / "tf2.21.0" / model / "g")
    outputs = likely_outputs(source)
    frozen = freeze_graph(CORPUS / "tf2.21.0" / model / "g", tmp_path / "frozen.pb")
    assert frozen.outputs == outputs
    assert frozen.nodes < frozen.nodes_before
    feeds = {"images:0": np.random.default_rng(0).random((2, 12, 12, 1), np.float32), "labels:0": np.array([1, 2])}
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(f"{source.prefix}.meta").restore(session, source.prefix)
        wanted = session.run(list(outputs), feeds)
    with tensorflow.Graph().as_default(), v1.Session() as session:
        tensorflow.import_graph_def(v1.GraphDef.FromString((tmp_path / "frozen.pb").read_bytes()), name="")
        for found, value in zip(session.run(list(outputs), feeds), wanted, strict=True):
            np.testing.assert_array_equal(found, value)


def test_a_graph_without_a_checkpoint_says_so(trained, tmp_path):
    tf.train.export_meta_graph(str(tmp_path / "alone.meta"), graph=trained.graph)
    with pytest.raises(FailedPreconditionError, match="has no value"):
        freeze_source(find_graph(tmp_path / "alone.meta"), ["out"])


def test_what_gives_nothing_needs_outputs(tmp_path):
    (tmp_path / "empty.pb").write_bytes(GraphDef(node=[{"name": "n", "op": "NoOp"}]).SerializeToString())
    with pytest.raises(InvalidArgumentError, match="--outputs NAME"):
        freeze_graph(tmp_path / "empty.pb", tmp_path / "frozen.pb")
