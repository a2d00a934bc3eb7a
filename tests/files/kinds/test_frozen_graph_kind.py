"""A frozen graph is read as its constants, wherever tensors are read."""

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics import (
    CheckpointError,
    DataLossError,
    convert_checkpoint,
    describe_checkpoint,
    load_checkpoint,
    verify_checkpoint,
)
from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto
from ckpt_magics.files.kinds.frozen_graph_kind import open_frozen_graph, recognise
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, SavedModel

TENSORS = {
    "w": np.arange(6, dtype=np.float32).reshape(2, 3),
    "net/b": np.float32(3),
    "names": np.array([b"a", b"bc"], object),
    "shape": np.int32([2, -1]),
}


def graph_of(tensors=TENSORS):
    graph = GraphDef()
    graph.node.add(name="x", op="Placeholder")
    for name, value in tensors.items():
        array = np.asarray(value)
        node = graph.node.add(name=name, op="Const")
        node.attr["value"].tensor.CopyFrom(array_to_tensor_proto(array, dtype_of(array)))
    return graph


@pytest.fixture(params=["binary", "text"])
def frozen(request, tmp_path):
    path = tmp_path / "model.pb"
    graph = graph_of()
    data = graph.SerializeToString() if request.param == "binary" else text_format.MessageToString(graph).encode()
    path.write_bytes(data)
    return path


def test_constants_are_the_tensors(frozen):
    with load_checkpoint(frozen) as reader:
        assert list(reader) == sorted(TENSORS)
        for name, value in TENSORS.items():
            np.testing.assert_array_equal(reader[name], value)
        np.testing.assert_array_equal(reader.get_slice("w", (slice(1, 2), slice(0, 2))), TENSORS["w"][1:, :2])
        assert np.concatenate([piece.reshape(-1) for _, piece in reader.pieces("w", 8)]).tolist() == [*range(6)]
    assert describe_checkpoint(frozen).format == "frozen graph"
    assert verify_checkpoint(frozen).is_whole


def test_becomes_a_file_of_another_kind(frozen, tmp_path):
    convert_checkpoint(frozen, tmp_path / "w.safetensors", [("include", ["w", "net/"])])
    with load_checkpoint(tmp_path / "w.safetensors") as reader:
        np.testing.assert_array_equal(reader["w"], TENSORS["w"])


def test_constants_of_functions_lie_below_them(tmp_path):
    graph = graph_of()
    function = graph.library.function.add()
    function.signature.name = "f"
    function.node_def.append(graph_of({"c": np.ones(2)}).node[1])
    (tmp_path / "f.pb").write_bytes(graph.SerializeToString())
    with load_checkpoint(tmp_path / "f.pb") as reader:
        np.testing.assert_array_equal(reader["f/c"], np.ones(2))


@pytest.mark.parametrize("op", ["VariableV2", "VarHandleOp"])
def test_a_graph_that_is_not_frozen_says_where_its_values_are(tmp_path, op):
    graph = graph_of()
    graph.node.add(name="v", op=op)
    (tmp_path / "g.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(DataLossError, match=r"such as v, are not frozen.*in a checkpoint"):
        load_checkpoint(tmp_path / "g.pb")


def test_a_graph_without_constants(tmp_path):
    (tmp_path / "g.pb").write_bytes(graph_of({}).SerializeToString())
    with pytest.raises(DataLossError, match="without constants"):
        load_checkpoint(tmp_path / "g.pb")


def test_a_damaged_constant_loses_itself_alone(tmp_path):
    graph = graph_of()
    graph.node[1].attr["value"].tensor.dtype = 99
    (tmp_path / "g.pb").write_bytes(graph.SerializeToString())
    with load_checkpoint(tmp_path / "g.pb") as reader:
        with pytest.warns(UserWarning, match="not all tensors can be listed"):
            assert "net/b" in list(reader)
        with pytest.raises(CheckpointError):
            reader["w"]


def test_other_messages_are_none():
    meta = MetaGraphDef()
    meta.meta_info_def.meta_graph_version = "Const"
    meta.graph_def.CopyFrom(graph_of())
    meta.meta_info_def.stripped_op_list.op.add(name="Const")
    saved = SavedModel(saved_model_schema_version=1, meta_graphs=[meta])
    assert not recognise(meta.SerializeToString())
    assert not recognise(saved.SerializeToString())
    assert recognise(graph_of().SerializeToString())


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_are_a_graph_or_an_error_of_ours(tmp_path_factory, data, cut):
    path = tmp_path_factory.mktemp("g") / "g.pb"
    path.write_bytes(graph_of().SerializeToString()[:cut] + data)
    try:
        file = open_frozen_graph(place_of(path))
        file.read_many(file.keys())
    except CheckpointError:
        pass


@pytest.mark.tensorflow
def test_reads_what_tensorflow_froze(tmp_path):
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        weight = tf.compat.v1.get_variable("net/w", initializer=TENSORS["w"])
        tf.identity(weight * 2, name="out")
        session.run(tf.compat.v1.global_variables_initializer())
        frozen = tf.compat.v1.graph_util.convert_variables_to_constants(session, session.graph_def, ["out"])
    (tmp_path / "frozen.pb").write_bytes(frozen.SerializeToString())
    with load_checkpoint(tmp_path / "frozen.pb") as reader:
        np.testing.assert_array_equal(reader["net/w"], TENSORS["w"])
