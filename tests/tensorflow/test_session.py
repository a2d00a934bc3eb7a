"""The same graphs give the same values, and are refused in the same words, as in TensorFlow's session."""

from __future__ import annotations

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, UnimplementedError
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.meta_graph import import_scoped_meta_graph, read_meta_graph
from ckpt_magics.graphs.nodes.build import apply, constant, placeholder, placeholder_with_default
from ckpt_magics.graphs.session import Session
from ckpt_magics.graphs.variables.variable import Variable
from tests.tensorflow.sessions import tensorflow_session
from tests.truth import CORPUS

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def graph():
    graph = Graph()
    with graph.as_default():
        yield graph


def core_text(error):
    """Return what an error says about the values, without the frames that TensorFlow puts around it."""
    # What TensorFlow says about its container depends on which variables it has met.
    return error.message.split("\n\t [[")[0].partition(" Debug info:")[0]


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_change_as_in_tensorflow(tf, graph, use_resource):
    w = Variable(np.arange(6, dtype=np.float32).reshape(2, 3), name="w", use_resource=use_resource)
    x = placeholder("float32", [2, 3], name="x")
    steps = [
        ([w.initializer.name], {}),
        ([w.assign_add(x).op.name], {"x:0": np.full((2, 3), 0.5, np.float32)}),
        ([w.assign_sub(x * w).op.name], {"x:0": np.full((2, 3), 0.25, np.float32)}),
        ([w.assign(x + w).op.name], {"x:0": np.ones((2, 3), np.float32)}),
    ]
    read = w.value().name
    ours, theirs = Session(graph=graph), tensorflow_session(tf, graph)
    for fetches, feeds in steps:
        ours.run(fetches, feeds)
        theirs.run(fetches, feeds)
        np.testing.assert_array_equal(ours.run(read), theirs.run(read))


def test_a_dense_net_gives_tensorflows_probabilities(tf, graph):
    rng = np.random.default_rng(0)
    x = hidden = placeholder("float32", [None, 20], name="x")
    for rows, columns, activation in [(20, 16, "Relu"), (16, 8, "Tanh"), (8, 4, "Softmax")]:
        kernel = constant(rng.standard_normal((rows, columns)).astype(np.float32))
        bias = constant(rng.standard_normal(columns).astype(np.float32))
        hidden = apply(activation, apply("BiasAdd", apply("MatMul", hidden, kernel), bias))
    batch = rng.standard_normal((32, 20)).astype(np.float32)
    expected = tensorflow_session(tf, graph).run(hidden.name, {"x:0": batch})
    np.testing.assert_allclose(Session(graph=graph).run(hidden, {x: batch}), expected, rtol=1e-5, atol=1e-6)


OPTIMIZERS = [
    ("GradientDescent", 1, [0.1, "grad"], {}),
    ("Momentum", 2, [0.1, "grad", 0.9], {"use_nesterov": False}),
    ("Momentum", 2, [0.1, "grad", 0.9], {"use_nesterov": True}),
    ("Adagrad", 2, [0.1, "grad"], {}),
    ("Adagrad", 2, [0.1, "grad"], {"update_slots": False}),
    ("Adam", 3, [0.9, 0.99, 0.01, 0.9, 0.99, 1e-8, "grad"], {"use_nesterov": False}),
    ("Adam", 3, [0.9, 0.99, 0.01, 0.9, 0.99, 1e-8, "grad"], {"use_nesterov": True}),
]


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize(("name", "slots", "settings", "attrs"), OPTIMIZERS)
def test_optimizers_change_variables_and_slots_as_in_tensorflow(tf, graph, name, slots, settings, attrs, use_resource):
    rng = np.random.default_rng(0)
    variables = [
        Variable(np.abs(rng.standard_normal(5)).astype(np.float32), name=f"v{index}", use_resource=use_resource)
        for index in range(slots)
    ]
    grad = placeholder("float32", [5], name="grad")
    inputs = [grad if setting == "grad" else constant(setting) for setting in settings]
    holders = [variable.handle if use_resource else variable.ref for variable in variables]
    prefix = "ResourceApply" if use_resource else "Apply"
    step = graph.create_op(f"{prefix}{name}", [*holders, *inputs], attrs=attrs).name
    reads = [variable.value().name for variable in variables]
    sessions = [Session(graph=graph), tensorflow_session(tf, graph)]
    for session in sessions:
        session.run([variable.initializer.name for variable in variables])
    for _ in range(3):
        fed = {"grad:0": rng.standard_normal(5).astype(np.float32)}
        for session in sessions:
            session.run(step, fed)
        ours, theirs = (session.run(reads) for session in sessions)
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def add_uninitialized_reference():
    return Variable([1.0], name="w").value()


def add_uninitialized_resource():
    return Variable([1.0], name="w", use_resource=True).value()


def add_update_of_an_uninitialized_reference():
    return Variable([1.0], name="w").assign_add([1.0])


def add_missing_feed():
    return placeholder("float32", [2, None], name="x") * 2.0


def add_product_of_wrong_shapes():
    return apply("MatMul", of_hidden_shape(np.zeros((2, 3))), of_hidden_shape(np.zeros((2, 3))))


def add_sum_of_wrong_shapes():
    return apply("AddV2", of_hidden_shape(np.zeros(2)), of_hidden_shape(np.zeros(3)))


def add_reshape_of_too_few():
    return apply("Reshape", of_hidden_shape(np.zeros(4)), of_hidden_shape(np.array([5], np.int32)))


def add_division_by_zero():
    return apply("FloorDiv", constant([4]), constant([0]))


def add_index_out_of_range():
    return apply("GatherV2", of_hidden_shape(np.zeros(4)), constant([1, 9]), constant(0))


def add_failed_assertion():
    return apply("Assert", constant(False), [constant([1, 2, 3, 4]), constant("text")])


def of_hidden_shape(array):
    """Return a tensor whose shape is known only when the graph runs."""
    dtype = "int32" if array.dtype == np.int32 else "float32"
    return placeholder_with_default(constant(array.astype(dtype)), None)


@pytest.mark.parametrize(
    "add",
    [
        add_uninitialized_reference,
        add_uninitialized_resource,
        add_update_of_an_uninitialized_reference,
        add_missing_feed,
        add_product_of_wrong_shapes,
        add_sum_of_wrong_shapes,
        add_reshape_of_too_few,
        add_division_by_zero,
        add_index_out_of_range,
        add_failed_assertion,
    ],
)
def test_refusals_have_tensorflows_class_and_words(tf, graph, add):
    name = add().name
    with pytest.raises(tf.errors.OpError) as theirs:
        tensorflow_session(tf, graph).run(name)
    with pytest.raises(CheckpointError) as ours:
        Session(graph=graph).run(name)
    assert type(theirs.value).__name__ in [base.__name__ for base in type(ours.value).__mro__]
    assert core_text(ours.value) in theirs.value.message


NETS = sorted(CORPUS.glob("tf2.21.0/graph_conv*/**/*.meta"))

CHANGING = ("Assign", "Apply", "ResourceApply", "Restore", "Save", "Merge", "Random", "Truncated", "Var")
"""Starts of the names of ops whose outputs are no function of the feeds, or that change something."""


def random_feeds(graph):
    rng = np.random.default_rng(0)
    tensors = [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]
    shapes = [[4 if size is None else size for size in tensor.shape.sizes or ()] for tensor in tensors]
    return {
        tensor.name: np.asarray(rng.integers(0, 3, shape)).astype(tensor.dtype.numpy)
        if tensor.dtype.is_integer
        else rng.standard_normal(shape).astype(np.float32)
        for tensor, shape in zip(tensors, shapes, strict=True)
        if tensor.dtype.is_integer or tensor.dtype.is_floating
    }


@pytest.mark.parametrize("meta", NETS, ids=lambda path: path.parts[-3])
def test_a_saved_net_computes_what_tensorflow_computes(tf, corpus, graph, meta):
    meta_graph = read_meta_graph(str(meta))
    import_scoped_meta_graph(meta_graph)
    names, feeds = meta_graph.saver_def, random_feeds(graph)
    ours, theirs = Session(graph=graph), tensorflow_session(tf, graph)
    for session in (ours, theirs):
        session.run(names.restore_op_name, {names.filename_tensor_name: str(meta.with_suffix(""))})
    compared = 0
    for op in graph.get_operations():
        for tensor in op.outputs:
            if op.type.startswith(CHANGING) or op.name.startswith("save/") or not tensor.dtype.is_floating:
                continue
            try:
                found = ours.run(tensor, feeds)
            except UnimplementedError:
                continue
            np.testing.assert_allclose(found, theirs.run(tensor.name, feeds), 1e-4, 1e-5, err_msg=tensor.name)
            compared += 1
    assert compared > 50
