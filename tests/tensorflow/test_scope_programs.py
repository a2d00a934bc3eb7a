"""Random programs of scopes and variables give the same graph and collections through us as through TensorFlow."""

import warnings

import pytest
from hypothesis import HealthCheck, given, settings

import ckpt_magics.compat.v1 as compat
from ckpt_magics.graphs.graph.default import use_resource_variables
from ckpt_magics.graphs.meta_graph.meta_graph import export_scoped_meta_graph
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef
from tests.safety.scale import scaled
from tests.tensorflow.scope_programs import PROGRAMS, Run

pytestmark = pytest.mark.tensorflow


THEIR_OWN = (
    "is not unique",  # importing into a scope that has such names, TensorFlow gives a name twice
    "Shape of a new partitioned variable must be fully defined",  # we take the shape of a first value that is no tensor
)
"""Refusals of TensorFlow that are not ours."""


@pytest.fixture
def resources():
    """Variables are resources by default, as in the TensorFlow that runs here."""
    use_resource_variables(True)
    yield
    use_resource_variables(False)


def nodes(graph):
    """Return a graph's nodes as text, attributes and control inputs in order."""
    return lines(GraphDef.FromString(graph.as_graph_def(add_shapes=True).SerializeToString()))


def lines(graph_def):
    """Return nodes as text."""
    return [
        "\n".join(
            [f"{node.op} {node.name} {node.device} <- {sorted(node.input, key=control_last)}"]
            + [f"  {key}: {' '.join(str(value).split())}" for key, value in sorted(node.attr.items())]
        )
        for node in graph_def.node
    ]


def control_last(name):
    """Sort control inputs; the order of the others counts."""
    return name if name.startswith("^") else ""


def collections(graph):
    """Return the names of what is in the collections."""
    return {
        key: [getattr(item, "name", type(item).__name__) for item in graph.get_collection(key)]
        for key in sorted(graph.get_all_collection_keys())
        if isinstance(key, str) and not key.startswith("_")
    }


def meta_graph(message):
    """Return the nodes and collections of a MetaGraph, of whichever package, and its ops."""
    result = MetaGraphDef.FromString(message.SerializeToString())
    collections = {key: str(value) for key, value in sorted(result.collection_def.items())}
    ops = [op.name for op in result.meta_info_def.stripped_op_list.op]
    return lines(result.graph_def), collections, ops, str(result.saver_def)


@settings(
    max_examples=scaled(25, 3000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(program=PROGRAMS)
def check(tf, program):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Run(tf.compat.v1, tf.Graph()).program(program)
    names = [op.name for op in theirs.graph.get_operations()]
    if len(set(names)) < len(names) or any(text in str(theirs.error) for text in THEIR_OWN):
        return
    ours = Run(compat, compat.Graph()).program(program)
    assert theirs.trail == ours.trail
    if theirs.error is not None:
        return  # what a refused step leaves behind may differ
    assert nodes(theirs.graph) == nodes(ours.graph)
    assert collections(theirs.graph) == collections(ours.graph)
    assert [*map(meta_graph, theirs.exports)] == [*map(meta_graph, ours.exports)]
    with theirs.graph.as_default():
        expected = meta_graph(tf.compat.v1.train.export_meta_graph())
    assert expected == meta_graph(export_scoped_meta_graph(graph=ours.graph)[0])


def test_random_programs_give_the_graphs_of_tensorflow(tf, resources):
    check(tf)
