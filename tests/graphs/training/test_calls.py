"""Gradients through ops that call functions agree with finite differences, and leave what ran before as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ckpt_magics.compat.v1 as tf
from ckpt_magics.graphs.graph.function_export import export_function
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.session.function_body import library_body
from ckpt_magics.graphs.training.differentiated_body import add_function

STEPS: dict[str, Callable[..., Any]] = {
    "product": lambda x, y: x * y,
    "sine": lambda x, y: tf.sin(x) + y,
    "mean": lambda x, y: tf.reduce_mean(x) * y + x,
    "chosen": lambda x, y: tf.where(x > 0.5, x * 2.0, y),
    "constant": lambda x, _: tf.ones_like(x) * 0.5,
}


def function(make: Callable[..., list[Any]], *dtypes: Any, name: str = "function") -> Any:
    """Add a function to the default graph's library, and return what calls it."""
    graph = Graph()
    graph.library = tf.get_default_graph().library
    with graph.as_default():
        inputs = [tf.placeholder(dtype) for dtype in dtypes]
        outputs = make(*inputs)
    own = set(graph.get_operations()) - {tensor.op for tensor in inputs}
    return add_function(tf.get_default_graph(), export_function(name, inputs, outputs, own))


def looped(step: Callable[..., Any], count: Any, x: Any, y: Any) -> Any:
    types = (tf.int32, tf.int32, tf.float64, tf.float64)
    body = function(lambda i, n, a, b: [i + 1, tf.identity(n), step(a, b), b], *types)
    condition = function(lambda i, n, *_: [i < n], *types)
    return apply("StatelessWhile", [0, count, x, y], cond=condition, body=body)[2]


def chosen(first: Callable[..., Any], second: Callable[..., Any], flag: Any, x: Any, y: Any) -> Any:
    branches = [function(lambda a, b, f=f: [f(a, b)], tf.float64, tf.float64) for f in (first, second)]
    return apply(
        "StatelessIf", flag, [x, y], Tout=[tf.float64], then_branch=branches[0], else_branch=branches[1]
    )[0]  # fmt: skip


def called(step: Callable[..., Any], x: Any, y: Any) -> Any:
    made = function(lambda a, b: [step(a, b)], tf.float64, tf.float64)
    return apply("PartitionedCall", [x, y], Tout=[tf.float64], f=made)[0]


def differences(run: Callable[[Any, Any], float], x: Any, y: Any, direction: Any) -> float:
    step = 1e-6 * direction
    return (run(x + step[0], y + step[1]) - run(x - step[0], y - step[1])) / 2e-6


names = st.sampled_from(sorted(STEPS))


@settings(max_examples=5, deadline=None)
@given(st.lists(names, min_size=2, max_size=2), st.booleans(), st.integers(0, 3), st.integers(0, 2**31))
def test_agrees_with_finite_differences(chain: list[str], flag: bool, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (STEPS[name] for name in chain)
    with tf.Graph().as_default() as graph:
        x, y = tf.placeholder(tf.float64, [3]), tf.placeholder(tf.float64, [3])
        pred = tf.placeholder(tf.bool, [])
        inner = lambda a, b: chosen(first, lambda c, d: looped(second, 2, c, d), tf.reduce_sum(a) > 0.7, a, b)  # noqa: E731
        result = called(second, chosen(lambda a, b: looped(inner, count, a, b), second, pred, x, y), x)
        total = tf.reduce_sum(result * result)
        feeds = {pred: flag}
        with tf.Session(graph=graph) as session:
            session.run(total, {x: np.ones(3), y: np.ones(3), **feeds})  # planned before the calls are changed
            gradients = tf.gradients(total, [x, y], unconnected_gradients="zero")
            at, direction = rng.uniform(0.1, 1.0, (2, 2, 3))
            found = session.run(gradients, {x: at[0], y: at[1], **feeds})
            wanted = differences(lambda a, b: float(session.run(total, {x: a, y: b, **feeds})), *at, direction)
    np.testing.assert_allclose(np.sum(found * direction), wanted, 1e-5, 1e-6)


def test_gradients_can_be_asked_for_twice() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, y, times = tf.constant([2.0], tf.float64), tf.constant([3.0], tf.float64), tf.placeholder(tf.int32, [])
        result = looped(STEPS["product"], times, x, y)
        first, again = tf.gradients(result, [x, y]), tf.gradients(result, [x, y])
        second = tf.gradients(first[1], [x, y])
        for fetches in (first, again):
            assert [item.tolist() for item in session.run(fetches, {times: 3})] == [[27.0], [54.0]]
        assert [item.tolist() for item in session.run(second, {times: 3})] == [[27.0], [36.0]]


def test_a_branch_that_changes_keeps_its_effects() -> None:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        counter, x = tf.get_variable("counter", initializer=0.0, use_resource=True), tf.constant(3.0)

        def counting(handle: Any, value: Any) -> list[Any]:
            with tf.control_dependencies([apply("AssignAddVariableOp", handle, tf.constant(1.0))]):
                return [value * tf.identity(value)]

        made = function(counting, tf.resource, tf.float32)
        function_def = graph.library.function[-1]
        update = next(node.name for node in function_def.node_def if node.op == "AssignAddVariableOp")
        function_def.control_ret[update] = update
        [result] = apply("StatefulPartitionedCall", [counter.handle, x], Tout=[tf.float32], f=made)
        [gradient] = tf.gradients(result, x)
        session.run(tf.global_variables_initializer())
        assert session.run(gradient) == 6.0
        assert session.run(counter) == 1.0


def test_names_the_ops_of_a_function_that_have_no_gradient() -> None:
    with tf.Graph().as_default():
        x = tf.constant([1.0], tf.float64)
        result = called(lambda a, b: apply("TruncateMod", a, b), x, x)
        with pytest.raises(LookupError, match="TruncateMod"):
            tf.gradients(result, x)


def test_a_function_is_read_as_it_was_written() -> None:
    with tf.Graph().as_default() as graph:
        made = function(lambda a, b: [a, tf.split(b, 2)[1], tf.nn.top_k(b)[0], a], tf.float64, tf.float32)
        written = graph.library.function[-1]
        body = library_body(graph, made)
        inputs = {tensor.op for tensor in body.inputs}
        own = [op for op in body.graph.get_operations() if op not in inputs]
        again = export_function(made.name, body.inputs, body.outputs, own, body.effects)
        assert again == written
