"""A Saver adds the very nodes that TensorFlow's adds."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.saver.saver import Saver
from ckpt_magics.graphs.variables.partition import fixed_size_partitioner
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import get_variable
from ckpt_magics.proto.messages import GraphDef, SaverDef

pytestmark = pytest.mark.tensorflow

OURS = SimpleNamespace(
    Graph=Graph,
    Variable=Variable,
    get_variable=get_variable,
    fixed_size_partitioner=fixed_size_partitioner,
    train=SimpleNamespace(Saver=Saver),
    device=lambda name: get_default_graph().device(name),
)


def program(api, *, use_resource, partitioned, second_device, **options):
    with api.Graph().as_default() as graph:
        api.Variable(np.zeros((2, 3), np.float32), name="weight", use_resource=use_resource)
        with api.device(second_device):
            api.Variable(np.ones(3, np.float32), name="biases", use_resource=use_resource)
        if partitioned:
            partitioner = api.fixed_size_partitioner(3)
            api.get_variable("parts", shape=[5, 2], partitioner=partitioner, use_resource=use_resource)
        saver = api.train.Saver(**options)
        saver_def = SaverDef.FromString(saver.saver_def.SerializeToString())
        return nodes_of(graph), saver_def


def nodes_of(graph):
    graph_def = GraphDef.FromString(graph.as_graph_def().SerializeToString())
    for node in graph_def.node:
        node.attr.pop("_has_manual_control_dependencies", None)
    return [(node.name, node) for node in graph_def.node]


@pytest.mark.parametrize(("write_version", "sharded"), list(product([1, 2], [False, True])))
@pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("partitioned", [False, True], ids=["whole", "partitioned"])
@pytest.mark.parametrize("second_device", [None, "/cpu:1"])
@pytest.mark.parametrize("reshape", [False, True], ids=["as stored", "reshape"])
def test_nodes_are_tensorflows(tf, use_resource, partitioned, second_device, write_version, sharded, reshape):
    parts = {"use_resource": use_resource, "partitioned": partitioned, "second_device": second_device}
    options = {"write_version": write_version, "sharded": sharded, "reshape": reshape}
    expected, expected_def = program(tf.compat.v1, **parts, **options)
    nodes, saver_def = program(OURS, **parts, **options)
    assert [name for name, _ in nodes] == [name for name, _ in expected]
    assert nodes == expected
    assert saver_def == expected_def
