"""Training programs have TensorFlow's nodes and collections, and go on from TensorFlow's checkpoints and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ckpt_magics.compat.v1 as compat
from ckpt_magics.graphs.meta_graph.meta_graph import export_scoped_meta_graph
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef

pytestmark = pytest.mark.tensorflow

OPTIMIZERS = {
    "descent": lambda tf, step: tf.train.GradientDescentOptimizer(0.1),
    "decayed": lambda tf, step: tf.train.GradientDescentOptimizer(tf.constant(0.1)),
    "momentum": lambda tf, step: tf.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda tf, step: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True, use_locking=True),
    "adagrad": lambda tf, step: tf.train.AdagradOptimizer(0.1),
    "adadelta": lambda tf, step: tf.train.AdadeltaOptimizer(1.0),
    "adam": lambda tf, step: tf.train.AdamOptimizer(0.05),
    "named adam": lambda tf, step: tf.train.AdamOptimizer(0.05, name="Mine"),
    "rmsprop": lambda tf, step: tf.train.RMSPropOptimizer(0.01, momentum=0.5),
    "centered": lambda tf, step: tf.train.RMSPropOptimizer(0.01, centered=True),
    "ftrl": lambda tf, step: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.001),
    "ftrl v2": lambda tf, step: tf.train.FtrlOptimizer(0.1, l2_shrinkage_regularization_strength=0.01,
                                                       l2_regularization_strength=0.01),
    "proximal": lambda tf, step: tf.train.ProximalGradientDescentOptimizer(0.1, 0.01, 0.01),
    "proximal adagrad": lambda tf, step: tf.train.ProximalAdagradOptimizer(0.1, l1_regularization_strength=0.01),
    "dual averaging": lambda tf, step: tf.train.AdagradDAOptimizer(0.1, step, l1_regularization_strength=0.001),
}  # fmt: skip

RNG = np.random.default_rng(5)
WEIGHTS = RNG.standard_normal((6, 3)).astype(np.float32)
ROWS = RNG.standard_normal((4, 5)).astype(np.float32)
KINDS = {"references": False, "resources": True}


def program(tf: Any, optimizer: Any, resource: bool) -> None:
    """Add a small net with an embedding, whose gradient is sparse, to the default graph."""
    ids = tf.placeholder(tf.int32, [None], name="ids")
    labels = tf.placeholder(tf.float32, [None, 3], name="labels")
    with tf.variable_scope(tf.get_variable_scope(), use_resource=resource):
        step = tf.train.get_or_create_global_step()
    with tf.variable_scope("net", use_resource=resource):
        table = tf.get_variable("table", initializer=ROWS)
        hidden = tf.nn.relu(tf.nn.embedding_lookup(table, ids))
        split = tf.get_variable("split", [5, 6], initializer=tf.constant_initializer(0.25),
                                partitioner=tf.fixed_size_partitioner(2))  # fmt: skip
        bias = tf.get_variable("bias", [6], initializer=tf.zeros_initializer())
        hidden = tf.tanh(tf.nn.bias_add(tf.matmul(hidden, split), bias))
        logits = tf.matmul(hidden, tf.get_variable("weights", initializer=WEIGHTS))
    loss = tf.reduce_mean(tf.square(logits - labels), name="loss")
    optimizer(tf, step).minimize(loss, global_step=step)
    tf.global_variables_initializer()
    tf.train.Saver(max_to_keep=None)


def feeds(step: int) -> dict[str, Any]:
    rng = np.random.default_rng(step)
    return {"ids:0": rng.integers(0, 4, 7), "labels:0": rng.standard_normal((7, 3)).astype(np.float32)}


class Trainer:
    """A graph and its session, in TensorFlow or here."""

    def __init__(self, tf: Any, optimizer: Any = None, resource: bool = False, meta: Any = None) -> None:
        self.tf = tf
        self.graph = tf.Graph()
        with self.graph.as_default():
            if meta is None:
                program(tf, optimizer, resource)
            else:
                tf.train.import_meta_graph(meta)
            self.saver = tf.train.Saver()
        self.session = tf.Session(graph=self.graph)
        with self.graph.as_default():
            self.session.run(tf.global_variables_initializer())

    def train(self, start: int, stop: int) -> None:
        (op,) = self.graph.get_collection("train_op")
        for step in range(start, stop):
            self.session.run(op, feeds(step))

    def values(self) -> dict[str, np.ndarray]:
        variables = self.graph.get_collection("variables")
        return dict(zip([item.name for item in variables], self.session.run(variables), strict=True))

    def save(self, path: Any) -> str:
        with self.graph.as_default():
            return self.saver.save(self.session, str(path))

    def restore(self, prefix: str) -> None:
        with self.graph.as_default():
            self.saver.restore(self.session, prefix)


def check_close(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-4, atol=2e-5, err_msg=name)


def nodes(graph: Any) -> dict[str, Any]:
    message = GraphDef.FromString(graph.as_graph_def().SerializeToString())
    for node in message.node:
        node.ClearField("experimental_type")  # what TensorFlow infers, and tells nobody but itself
    return {node.name: node for node in message.node}


@pytest.fixture(params=OPTIMIZERS.items(), ids=OPTIMIZERS.keys())
def optimizer(request):
    return request.param[1]


@pytest.mark.parametrize("resource", KINDS.values(), ids=KINDS.keys())
def test_a_training_graph_has_tensorflows_nodes_and_collections(tf, optimizer, resource):
    with tf.Graph().as_default() as theirs:
        program(tf.compat.v1, optimizer, resource)
        expected = MetaGraphDef.FromString(tf.compat.v1.train.export_meta_graph().SerializeToString())
    with compat.Graph().as_default() as ours:
        program(compat, optimizer, resource)
        found = export_scoped_meta_graph(graph=ours)[0]
    want, got = nodes(theirs), nodes(ours)
    assert list(got) == list(want)
    for name, node in want.items():
        assert got[name].SerializeToString(deterministic=True) == node.SerializeToString(deterministic=True), (
            f"{got[name]}instead of {node}"
        )
    assert dict(found.collection_def) == dict(expected.collection_def)


@pytest.mark.parametrize("resource", KINDS.values(), ids=KINDS.keys())
def test_training_goes_on_from_a_checkpoint_of_the_other(tf, optimizer, resource, tmp_path):
    tf1 = tf.compat.v1
    whole = Trainer(tf1, optimizer, resource)
    whole.train(0, 20)
    for first, second in ((compat, tf1), (tf1, compat)):
        begun = Trainer(first, optimizer, resource)
        begun.train(0, 10)
        prefix = begun.save(tmp_path / first.__name__)
        # The graph as well as the values come from the other side's files.
        resumed = Trainer(second, meta=f"{prefix}.meta")
        resumed.restore(prefix)
        resumed.train(10, 20)
        check_close(resumed.values(), whole.values())
