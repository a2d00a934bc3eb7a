"""The same program through TensorFlow and through us gives the same GraphDef, and the same MetaGraphDef."""

import pytest

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.meta_graph.meta_graph import export_scoped_meta_graph
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef
from tests.graphs.graph.programs import PROGRAMS, build_graph

pytestmark = pytest.mark.tensorflow


@pytest.fixture(params=PROGRAMS, ids=lambda program: program.__name__)
def both(tf, request):
    """A program's graph by TensorFlow, and by us."""
    theirs = tf.Graph()
    with theirs.as_default():
        request.param(tf.compat.v1)
    return theirs, build_graph(request.param)


def as_text(graph_def):
    """Return the nodes as text, attributes in order, in our messages whoever wrote them."""
    nodes = GraphDef.FromString(graph_def.SerializeToString()).node
    return [node.SerializeToString(deterministic=True) for node in nodes]


def test_program_gives_the_nodes_that_tensorflow_makes(both):
    theirs, ours = both
    expected, found = theirs.as_graph_def(), ours.as_graph_def()
    assert [node.name for node in expected.node] == [node.name for node in found.node]
    assert as_text(expected) == as_text(found)


def test_output_shapes_are_those_that_tensorflow_infers(both):
    theirs, ours = both
    assert as_text(theirs.as_graph_def(add_shapes=True)) == as_text(ours.as_graph_def(add_shapes=True))


def test_collections_hold_the_same_variables(both):
    theirs, ours = both
    for name in ("variables", "trainable_variables", "local_variables", "global_step"):
        assert [v.name for v in theirs.get_collection(name)] == [v.name for v in ours.get_collection(name)]


EXPORTS = {
    "whole": {},
    "scope": {"export_scope": "v"},
    "no devices": {"clear_devices": True},
    "no defaults": {"strip_default_attrs": True},
    "only some collections": {"collection_list": ["variables"]},
}


def sort_control_inputs(graph_def):
    for node in graph_def.node:
        node.input[:] = sorted(node.input, key=lambda name: name if name.startswith("^") else "")


def normal(meta_graph):
    """Return a MetaGraphDef as our message, without what tells who wrote it."""
    result = MetaGraphDef.FromString(meta_graph.SerializeToString())
    result.meta_info_def.ClearField("tensorflow_git_version")
    # With cleared devices TensorFlow leaves control inputs in the order of their making, else it sorts them.
    sort_control_inputs(result.graph_def)
    return result


@pytest.mark.parametrize("options", EXPORTS.values(), ids=EXPORTS)
def test_exported_meta_graph_is_the_one_that_tensorflow_exports(tf, both, options):
    theirs, ours = both
    with theirs.as_default():
        expected = normal(tf.compat.v1.train.export_meta_graph(**options))
    found = normal(export_scoped_meta_graph(graph=ours, **options)[0])
    assert expected.SerializeToString(deterministic=True) == found.SerializeToString(deterministic=True)


@pytest.mark.parametrize("scope", ["", "imp"])
def test_importing_twice_gives_the_nodes_that_tensorflow_gives(tf, both, scope):
    graph_def = both[0].as_graph_def(add_shapes=True)
    expected, found = tf.Graph(), Graph()
    for _ in range(2):
        with expected.as_default(), tf.device("/gpu:1"):
            tf.import_graph_def(graph_def, name=scope)
        with found.as_default(), found.device("/gpu:1"):
            import_graph_def(GraphDef.FromString(graph_def.SerializeToString()), name=scope)
    # A new name can change the place of a control input; TensorFlow sorts again, we keep the file's order.
    theirs, ours = expected.as_graph_def(add_shapes=True), found.as_graph_def(add_shapes=True)
    sort_control_inputs(theirs)
    sort_control_inputs(ours)
    assert as_text(theirs) == as_text(ours)


def test_tensorflow_imports_what_we_export(tf, both, tmp_path):
    _, ours = both
    path = str(tmp_path / "model.meta")
    export_scoped_meta_graph(path, graph=ours)
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.train.import_meta_graph(path)
    for op in ours.get_operations():
        assert [t.name for t in graph.get_operation_by_name(op.name).inputs] == [t.name for t in op.inputs]
    names = [v.name for v in ours.get_collection("variables")]
    assert names == [v.name for v in graph.get_collection("variables")]


def test_input_map_and_return_elements_work_as_in_tensorflow(tf, both):
    theirs, _ = both
    graph_def = theirs.as_graph_def()
    source = next((name for node in graph_def.node for name in node.input if not name.startswith("^")), None)
    if source is None:
        return
    dtype = theirs.as_graph_element(source if ":" in source else f"{source}:0").dtype
    element = graph_def.node[-1].name
    expected, found = tf.Graph(), Graph()
    with expected.as_default():
        feed = tf.compat.v1.placeholder(dtype.base_dtype, name="feed")
        try:
            tf.import_graph_def(graph_def, input_map={source: feed}, return_elements=[element], name="in")
        except ValueError:
            return  # a placeholder can stand for a value, but not for a variable
    with found.as_default():
        feed = found.create_op(
            "Placeholder", attrs={"dtype": dtype.base_dtype.as_datatype_enum, "shape": None}, name="feed"
        )
        ours_def = GraphDef.FromString(graph_def.SerializeToString())
        returned = import_graph_def(ours_def, input_map={source: feed.outputs[0]}, return_elements=[element], name="in")
    assert returned == [found.get_operation_by_name(f"in/{element}")]
    assert as_text(expected.as_graph_def()) == as_text(found.as_graph_def())
