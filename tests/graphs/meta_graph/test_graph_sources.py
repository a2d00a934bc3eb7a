"""A graph is found by whatever names it, and told from what is none by its content."""

import os

import pytest

from ckpt_magics.errors import CheckpointError, CheckpointNotFoundError, DataLossError, InvalidArgumentError
from ckpt_magics.graphs.meta_graph.graph_sources import find_graph
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, NodeDef, SavedModel

NODES = GraphDef(node=[NodeDef(name="a", op="NoOp"), NodeDef(name="b", op="MyOwn>Op", input=["^a"])])
META_GRAPH = MetaGraphDef(meta_info_def=MetaGraphDef.MetaInfoDef(tensorflow_version="1.15.5"), graph_def=NODES)
SAVED_MODEL = SavedModel(saved_model_schema_version=1, meta_graphs=[META_GRAPH])


@pytest.mark.parametrize(
    ("message", "kind"), [(NODES, "GraphDef"), (META_GRAPH, "MetaGraph"), (SAVED_MODEL, "SavedModel")]
)
@pytest.mark.parametrize("name", ["model.meta", "graph.pb", "graph", "saved_model.pb", "x.pbtxt"])
@pytest.mark.parametrize("as_text", [False, True])
def test_tells_a_graph_by_its_content(tmp_path, message, kind, name, as_text):
    from google.protobuf import text_format

    data = text_format.MessageToString(message).encode() if as_text else message.SerializeToString()
    (tmp_path / name).write_bytes(data)
    found = find_graph(tmp_path / name)
    assert found.kind == kind
    assert found.meta_graph.graph_def == NODES


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.meta", b"", "is no graph but an empty file"),
        ("a.meta", META_GRAPH.SerializeToString()[:-3], "is no MetaGraphDef, SavedModel or GraphDef"),
        ("a.pb", b"\xff" * 40, "is no MetaGraphDef, SavedModel or GraphDef"),
        ("a.pbtxt", b"node { name: 3 }", "Cannot parse file"),
        ("a.pb", b"PK\x03\x04 archive/data.pkl", "is no graph but a PyTorch checkpoint"),
        ("model.ckpt", b"PK\x03\x04 readme", "a zip archive"),
    ],
)
def test_says_what_it_is_instead(tmp_path, name, data, text):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataLossError, match=text):
        find_graph(tmp_path / name)


def test_names_what_is_near(tmp_path):
    (tmp_path / "model.ckpt.meta").write_bytes(META_GRAPH.SerializeToString())
    assert find_graph(tmp_path / "model.ckpt").path == str(tmp_path / "model.ckpt.meta")
    with pytest.raises(CheckpointNotFoundError, match=r"no graph file and no checkpoint at .*mode"):
        find_graph(tmp_path / "mode")


def test_tags_belong_to_saved_models(tmp_path):
    (tmp_path / "a.meta").write_bytes(META_GRAPH.SerializeToString())
    with pytest.raises(InvalidArgumentError, match="is no SavedModel"):
        find_graph(tmp_path / "a.meta", ["serve"])


def test_opens_every_graph_of_the_collection(corpus):
    """And of the damaged ones either a graph or an error of ours."""
    paths = [path for path in corpus.rglob("*.*") if path.suffix in {".meta", ".pb", ".pbtxt"}]
    assert len(paths) > 100
    for path in paths:
        try:
            kind = find_graph(path).kind
        except CheckpointError:
            assert "damaged" in path.parts or path.name == "fingerprint.pb", path
        else:
            expected = "SavedModel" if path.name.startswith("saved_model") else "MetaGraph"
            assert kind == expected or path.parent.name == "meta_graphdef_instead" or path.suffix == ".pbtxt", path


def test_every_prefix_of_a_file_gives_a_graph_or_our_error(tmp_path):
    data = META_GRAPH.SerializeToString()
    path = tmp_path / "model.meta"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        try:
            find_graph(path)
        except DataLossError:
            continue
    assert os.listdir(tmp_path) == ["model.meta"]
