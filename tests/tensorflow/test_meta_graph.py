"""Files of the corpus through TensorFlow and through us: the same graph after importing, and after exporting again."""

import pytest

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.meta_graph import export_scoped_meta_graph, import_scoped_meta_graph
from ckpt_magics.proto.messages import GraphDef
from tests.truth import CORPUS

pytestmark = pytest.mark.tensorflow

REFUSED_BY_TENSORFLOW = {
    "tf0.12.1/graph_functions/g/model.ckpt-2.meta",  # a function returns a tensor by a name that is no longer valid
    "tf1.15.5/graph_layers_bn/g/model.ckpt-2.meta",  # FusedBatchNormGradV3 has other output shapes today
}
METAS = [
    name
    for path in sorted(CORPUS.glob("tf*/graph_*/**/*.meta"))
    if (name := path.relative_to(CORPUS).as_posix()) not in REFUSED_BY_TENSORFLOW
]


def nodes(graph_def):
    result = []
    for node in GraphDef.FromString(graph_def.SerializeToString()).node:
        data = sorted(name for name in node.input if name.startswith("^"))
        result.append((node.name, node.op, node.device, [n for n in node.input if not n.startswith("^")] + data))
    return sorted(result)


@pytest.mark.parametrize("scope", [None, "imp"])
@pytest.mark.parametrize("file", METAS)
def test_import_gives_the_nodes_that_tensorflow_gives(tf, corpus, file, scope):
    theirs, ours = tf.Graph(), Graph()
    with theirs.as_default():
        tf.compat.v1.train.import_meta_graph(str(corpus / file), import_scope=scope)
    import_scoped_meta_graph(str(corpus / file), graph=ours, import_scope=scope)
    known = {op.name for op in ours.get_operations()}
    expected = theirs.as_graph_def()
    # Without a saver in the file TensorFlow makes one, whose nodes are not the file's.
    kept = [entry for entry in nodes(expected) if entry[0] in known]
    assert kept == nodes(ours.as_graph_def())
    for name in ("variables", "trainable_variables", "local_variables"):
        assert [v.name for v in theirs.get_collection(name)] == [v.name for v in ours.get_collection(name)]


@pytest.mark.parametrize("file", METAS)
def test_tensorflow_imports_what_we_export_again(tf, corpus, file, tmp_path):
    ours = Graph()
    import_scoped_meta_graph(str(corpus / file), graph=ours)
    path = str(tmp_path / "again.meta")
    export_scoped_meta_graph(path, graph=ours)
    theirs = tf.Graph()
    with theirs.as_default():
        tf.compat.v1.train.import_meta_graph(path)
    assert {op.name for op in ours.get_operations()} <= {op.name for op in theirs.get_operations()}
