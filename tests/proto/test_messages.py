"""The message classes: names, nesting, and the bytes that they read and write."""

import subprocess
import sys

import pytest

from ckpt_magics.proto import messages


def test_nested_messages_and_enums_are_attributes():
    assert messages.MetaGraphDef.MetaInfoDef().DESCRIPTOR.full_name == "ckpt_magics.MetaGraphDef.MetaInfoDef"
    assert messages.TrackableObjectGraph.TrackableObject.ObjectReference(node_id=3).node_id == 3
    assert messages.AttrValue(list=messages.AttrValue.ListValue(i=[1, 2])).list.i == [1, 2]
    assert messages.SaverDef.V2 == messages.SaverDef.CheckpointFormatVersion.Value("V2") == 2
    assert messages.BundleHeaderProto.Endianness.Name(1) == "BIG"


def test_top_level_enums_have_names_and_values():
    assert messages.DataType.Name(19) == "DT_HALF"
    assert messages.DataType.Value("DT_FLOAT_REF") == messages.DT_FLOAT_REF == 101
    assert messages.Code.Name(messages.DATA_LOSS) == "DATA_LOSS"


def test_any_packs_our_own_messages():
    info = messages.MetaGraphDef.MetaInfoDef()
    info.any_info.Pack(messages.SaverDef(max_to_keep=5))
    saver_def = messages.SaverDef()
    assert info.any_info.Unpack(saver_def)
    assert saver_def.max_to_keep == 5
    assert messages.Any.FromString(info.any_info.SerializeToString()) == info.any_info


def test_bool_value_is_usable_in_an_object_graph():
    node = messages.TrackableObjectGraph.TrackableObject(has_checkpoint_values=messages.BoolValue(value=True))
    assert node.SerializeToString() == bytes.fromhex("2a020801")


def test_names_in_v1_records_may_hold_any_bytes():
    meta = messages.SavedSliceMeta(name=b"\xff\x00w")
    assert messages.SavedSliceMeta.FromString(meta.SerializeToString()).name == b"\xff\x00w"


def test_unknown_fields_survive():
    data = messages.NodeDef(name="n", op="NoOp").SerializeToString() + bytes.fromhex("fa3e0378797a")
    assert messages.NodeDef.FromString(data).SerializeToString(deterministic=True) == data


def test_debug_info_keeps_written_zeros():
    """TensorFlow declares it in proto2, where a zero that was set is written."""
    data = bytes.fromhex("08001000")
    assert messages.GraphDebugInfo.FileLineCol.FromString(data).SerializeToString() == data


def _meta_graphs(corpus, release):
    return sorted(
        path for path in corpus.glob(f"{release}/**/*.meta") if not path.read_bytes().startswith(b"meta_info_def {")
    )


@pytest.mark.parametrize("release", ["tf0.12.1", "tf1.0.1", "tf1.15.5", "tf2.4.4", "tf2.21.0"])
def test_every_meta_graph_parses_and_keeps_its_content(corpus, release):
    paths = _meta_graphs(corpus, release)
    assert paths
    for path in paths:
        data = path.read_bytes()
        meta_graph = messages.MetaGraphDef.FromString(data)
        assert meta_graph.graph_def.node, path
        again = meta_graph.SerializeToString(deterministic=True)
        assert len(again) == len(data), path
        assert messages.MetaGraphDef.FromString(again) == meta_graph, path


def test_meta_graphs_of_the_newest_tensorflow_serialize_to_the_same_bytes(corpus):
    for path in _meta_graphs(corpus, "tf2.21.0"):
        data = path.read_bytes()
        assert messages.MetaGraphDef.FromString(data).SerializeToString(deterministic=True) == data, path


def test_saved_models_serialize_to_the_same_bytes(corpus):
    for path in sorted(corpus.glob("tf2.21.0/**/saved_model.pb")):
        data = path.read_bytes()
        saved_model = messages.SavedModel.FromString(data)
        assert saved_model.meta_graphs, path
        assert len(saved_model.SerializeToString(deterministic=True)) == len(data), path


BESIDE_TENSORFLOW = """
from tensorflow.core.protobuf import meta_graph_pb2
theirs = meta_graph_pb2.MetaGraphDef()
with tf.Graph().as_default() as graph:
    tf.constant([1.0, 2.0], name="c")
    theirs.graph_def.CopyFrom(graph.as_graph_def())
ours = messages.MetaGraphDef.FromString(theirs.SerializeToString())
assert [node.name for node in ours.graph_def.node] == ["c"]
assert meta_graph_pb2.MetaGraphDef.FromString(ours.SerializeToString()) == theirs
"""


@pytest.mark.tensorflow
def test_lives_beside_tensorflow_that_comes_later(tf):
    exec(BESIDE_TENSORFLOW, {"messages": messages, "tf": tf})


@pytest.mark.tensorflow
def test_lives_beside_tensorflow_that_was_there_before():
    imports = "import tensorflow as tf; from ckpt_magics.proto import messages"
    program = f"{imports}\n{BESIDE_TENSORFLOW}"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=120)
