"""The gradient of each op has TensorFlow's nodes and values, over generated inputs, dtypes and shapes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import ckpt_magics.compat.v1 as compat
from ckpt_magics.files.formats.dtypes import FLOAT, dtype_of
from ckpt_magics.graphs.ops.rows import OPS
from ckpt_magics.graphs.training import branches, loops, optionals, tensor_arrays, tensor_lists
from ckpt_magics.graphs.training.normalization import DIFFERENTIATING_RULES
from ckpt_magics.graphs.training.rules import CALL_RULES, NO_GRADIENT, RULES
from ckpt_magics.proto.messages import GraphDef
from tests.tensorflow.kernel_cases import Case, data, data_types
from tests.tensorflow.op_cases import MAKERS
from tests.tensorflow.single_ops import attrs_of, check_equal, our_call, their_call

pytestmark = pytest.mark.tensorflow

ELSEWHERE = {"IdentityN", "PlaceholderWithDefault", "Print", "ReadVariableOp", "ResourceGather", "TopK"}.union(
    branches.RULES, loops.RULES, optionals.RULES, tensor_arrays.RULES, tensor_lists.RULES
)
"""Ops whose gradients are compared in programs."""

CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
"""Ops whose rule TensorFlow finds by the function that they call, not by their name."""

OTHER_NODES = {
    # TensorFlow makes nodes without a use where it meets a shape for the first time.
    "Mean", "Sum",
    # It packs sizes that are known here.
    "GatherV2", "Prod",
    # It asks for the shape of what it has reshaped, and works out that of a diagonal by conditionals.
    "TopKV2", "MatrixSetDiagV2", "MatrixSetDiagV3",
    # It makes other nodes to the same end, or the same ones in another order.
    "RGBToHSV", "FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3",
    # It knows the shape of what is broadcast where it is cut out of a constant.
    "Einsum",
    # It makes sparse tensors, or has an op for the gradient alone.
    "SparseFillEmptyRows", "SparseReduceSum", "SparseReorder", "SparseSoftmax", "SparseTensorDenseMatMul",
}  # fmt: skip
"""Ops whose gradients have the same values from other nodes."""

MADE_UP = {"MaxPoolGrad", "MaxPoolGradGrad", "MaxPool3DGrad", "MaxPool3DGradGrad"}
"""Ops whose inputs belong together: where they do not, as those that are generated, TensorFlow gives other values."""

SUMS = ("BlockLSTM", "Conv2D", "Conv3D", "CropAndResize", "DepthwiseConv2d", "ResizeNearestNeighbor")
"""Ops whose gradients are long sums."""

REFUSED = {"PreventGradient"}
"""Ops whose rule is to say no."""


def test_every_rule_is_compared():
    assert RULES.keys() - MAKERS.keys() == ELSEWHERE


@pytest.mark.parametrize("name", sorted(OPS))
def test_an_op_has_a_rule_where_tensorflow_has_one(tf, name):
    from tensorflow.python.framework import ops

    ruled = RULES.keys() | CALL_RULES.keys() - CALLS
    try:
        rule = ops.gradient_registry.lookup(name)
    except LookupError:
        assert name not in ruled
    else:
        assert (name in ruled) == (rule is not None and name not in NO_GRADIENT)
        assert (name in ruled) + (name in NO_GRADIENT) == 1


def cases(name: str) -> Iterator[tuple[str, Case, int]]:
    """Yield a scope, a case, and how much the graph is told of shapes: everything, or nothing."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for dtype in data_types(name):
        if dtype.name in {"float16", "bfloat16"} and name.startswith(SUMS):
            continue  # TensorFlow adds up such products as they are, here they are added up as float32
        if dtype.is_floating or dtype.is_complex:
            for index, case in enumerate(MAKERS[name](rng, dtype)):
                if dtype is FLOAT or index == 0:
                    yield f"known_{dtype.name}_{index}", case, True
                if dtype is FLOAT:
                    yield f"unknown_{dtype.name}_{index}", case, False


@dataclass
class Differentiated:
    """An op in a graph, and its gradients."""

    inputs: list[Any]
    ys: list[Any]
    weights: list[Any]
    gradients: list[Any]


def is_data(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


def differentiate(tf: Any, call: Any, raw: Any, name: str, case: Case, known: bool) -> Differentiated:
    """Add the op and its gradients to the default graph."""
    inputs = []
    for index, array in enumerate(case.inputs):
        dtype: Any = dtype_of(array) if tf is compat else raw.as_dtype(dtype_of(array).number)
        if index in case.fixed:
            inputs.append(tf.constant(array, dtype, name=f"in{index}"))
        else:
            inputs.append(tf.placeholder(dtype, array.shape if known else None, name=f"in{index}"))
    outputs = call(raw, name, inputs, attrs_of(name, case))[: case.outputs]
    ys, xs = [tensor for tensor in outputs if is_data(tensor)], [tensor for tensor in inputs if is_data(tensor)]
    weights = [tf.placeholder(tensor.dtype, name=f"weight{index}") for index, tensor in enumerate(ys)]
    return Differentiated(inputs, ys, weights, tf.gradients(ys, xs, grad_ys=weights) if ys and xs else [])


def gradient_nodes(graph: Any, scope: str) -> list[Any]:
    message = GraphDef.FromString(graph.as_graph_def().SerializeToString())
    for node in message.node:
        node.ClearField("experimental_type")  # what TensorFlow infers, and tells nobody but itself
    return [node for node in message.node if node.name.startswith(f"{scope}/gradients")]


def check_nodes(expected: list[Any], found: list[Any], where: str) -> None:
    assert [node.name for node in found] == [node.name for node in expected], where
    for want, got in zip(expected, found, strict=True):
        assert got.SerializeToString(deterministic=True) == want.SerializeToString(deterministic=True), (
            f"{where}: {got}instead of {want}"
        )


def run(session: Any, made: Differentiated, case: Case) -> list[Any]:
    """Return the gradients' values for random weights of the outputs."""
    pairs = enumerate(zip(made.inputs, case.inputs, strict=True))
    feeds = {tensor: array for index, (tensor, array) in pairs if index not in case.fixed}
    rng = np.random.default_rng(3)
    for weight, value in zip(made.weights, session.run(made.ys, feeds), strict=True):
        feeds[weight] = data(rng, dtype_of(np.asarray(value)), np.shape(value), small=True)
    fetches = []
    for item in made.gradients:
        if item is not None:
            fetches += [item.values, item.indices, item.dense_shape] if hasattr(item, "indices") else [item]
    return session.run(fetches, feeds)


def check_case(tf: Any, name: str, scope: str, case: Case, known: bool) -> bool:
    """Compare one case, in graphs of its own, since TensorFlow runs nothing of a graph with an impossible node.

    Returns:
        Whether it is one that TensorFlow takes.
    """
    with tf.Graph().as_default() as their_graph, compat.Graph().as_default() as our_graph:
        try:
            with tf.compat.v1.name_scope(scope):
                theirs = differentiate(tf.compat.v1, their_call, tf, name, case, known)
        except (ValueError, tf.errors.InvalidArgumentError, TypeError):
            return False
        with compat.name_scope(scope):
            ours = differentiate(compat, our_call, tf, name, case, known)
    where = f"{scope}: {name} {[array.tolist() for array in case.inputs]} {case.attrs}"
    if name not in OTHER_NODES:
        check_nodes(gradient_nodes(their_graph, scope), gradient_nodes(our_graph, scope), where)
    assert [item is None for item in ours.gradients] == [item is None for item in theirs.gradients], where
    with tf.compat.v1.Session(graph=their_graph) as their_session, compat.Session(graph=our_graph) as our_session:
        try:
            wanted = run(their_session, theirs, case)
        except tf.errors.OpError:
            return False
        for want, got in zip(wanted, run(our_session, ours, case), strict=True):
            check_equal(want, got, where)
    return True


@pytest.mark.parametrize("name", sorted((RULES.keys() | DIFFERENTIATING_RULES.keys()) - ELSEWHERE - MADE_UP - REFUSED))
def test_gives_tensorflows_nodes_and_values(tf, name):
    assert sum(check_case(tf, name, *each) for each in cases(name))


def test_the_second_derivative_of_a_pool(tf):
    """MaxPoolGrad of a pool's own output."""
    images = np.random.default_rng(5).permutation(2 * 4 * 6 * 3).astype(np.float32).reshape(2, 4, 6, 3)
    found = []
    for names in (compat, tf.compat.v1):
        with names.Graph().as_default(), names.Session() as session:
            x = names.constant(images)
            pooled = names.nn.max_pool(x * x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
            [first] = names.gradients(pooled, [x])
            [second] = names.gradients(names.reduce_sum(first * first), [x])
            found.append(session.run([first, second]))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
