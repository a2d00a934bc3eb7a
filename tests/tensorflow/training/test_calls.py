"""Gradients through the conditionals, loops and calls of TensorFlow 2 equal TensorFlow's, in its sessions too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import ckpt_magics.compat.v1 as compat
from ckpt_magics.proto.messages import GraphDef
from tests.tensorflow.sessions import tensorflow_session

pytestmark = pytest.mark.tensorflow

FLAGS = (False, True)
COUNTS = (0, 1, 3)


@pytest.fixture(autouse=True)
def functional(tf: Any) -> Iterator[None]:
    """Let TensorFlow write If and While, not Switch and Merge."""
    before = tf.compat.v1.control_flow_v2_enabled()
    tf.compat.v1.enable_control_flow_v2()
    yield
    if not before:
        tf.compat.v1.disable_control_flow_v2()


def cond(tf: Any, flag: Any, _: Any, x: Any, w: Any) -> Any:
    return tf.cond(flag, lambda: tf.sin(x) * w, lambda: tf.exp(x @ tf.transpose(w)) @ w)


def cond_of_one_side(tf: Any, flag: Any, _: Any, x: Any, w: Any) -> Any:
    return tf.cond(flag, lambda: x * x * w, lambda: tf.ones_like(x)) + tf.cond(flag, lambda: x, lambda: w)


def nested_cond(tf: Any, flag: Any, count: Any, x: Any, w: Any) -> Any:
    return tf.cond(flag, lambda: tf.cond(count > 1, lambda: x * x * w, lambda: tf.tanh(w)), lambda: x * w)


def switch_case(tf: Any, _: Any, count: Any, x: Any, w: Any) -> Any:
    return tf.switch_case(count, {0: lambda: x * w, 1: lambda: tf.exp(x), 2: lambda: tf.sin(w)}, lambda: x * x)


def while_loop(tf: Any, _: Any, count: Any, x: Any, w: Any) -> Any:
    return tf.while_loop(lambda i, _: i < count, lambda i, y: (i + 1, tf.tanh(y @ tf.transpose(w) @ w)), (0, x))[1]


def while_that_swaps(tf: Any, _: Any, count: Any, x: Any, w: Any) -> Any:
    return tf.while_loop(lambda i, *_: i < count, lambda i, y, z: (i + 1, z * w, y + z), (0, x, x))[1]


def while_that_grows(tf: Any, _: Any, count: Any, x: Any, w: Any) -> Any:
    shapes = (tf.TensorShape([]), tf.TensorShape([None, 3]))
    body = lambda i, y: (i + 1, tf.concat([y * 2.0, w * x], 0))  # noqa: E731 -- beside its condition
    return tf.while_loop(lambda i, _: i < count, body, (0, x), shape_invariants=shapes)[1]


def cond_in_while(tf: Any, flag: Any, count: Any, x: Any, w: Any) -> Any:
    def step(i: Any, y: Any) -> Any:
        return i + 1, tf.cond(tf.equal(i % 2, 0) & flag, lambda: tf.sin(y) * w, lambda: y * y)

    return tf.while_loop(lambda i, _: i < count, step, (0, x))[1]


def while_in_while(tf: Any, _: Any, count: Any, x: Any, w: Any) -> Any:
    def step(i: Any, y: Any) -> Any:
        return i + 1, tf.while_loop(lambda j, _: j < i, lambda j, z: (j + 1, tf.sin(z) * w), (0, y * 1.5))[1]

    return tf.while_loop(lambda i, _: i < count, step, (0, x))[1]


def while_in_cond(tf: Any, flag: Any, count: Any, x: Any, w: Any) -> Any:
    return tf.cond(flag, lambda: while_loop(tf, flag, count, x, w), lambda: x * w)


def scan(tf: Any, _flag: Any, _count: Any, x: Any, w: Any) -> Any:
    return tf.scan(lambda y, row: tf.tanh(y * row), tf.concat([x, w], 0))


def map_fn(tf: Any, _flag: Any, _count: Any, x: Any, w: Any) -> Any:
    return tf.map_fn(lambda row: tf.sin(row) * tf.reduce_sum(w), x)


def array_in_while(tf: Any, _: Any, count: Any, x: Any, w: Any) -> Any:
    def step(i: Any, y: Any, array: Any) -> Any:
        row = tf.tanh(y * tf.gather(w, i % 2))
        return i + 1, row, array.write(i, row)

    empty = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[3])
    _, last, array = tf.while_loop(lambda i, *_: i < count + 1, step, (0, x[0], empty))
    return array.stack() * last


def reads_of_array(tf: Any, _: Any, count: Any, x: Any, w: Any) -> Any:
    array = tf.TensorArray(tf.float32, size=2).unstack(x)
    other = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(w[:, 0], [1, 1])
    step = lambda i, y: (i + 1, y * array.read(i % 2) * tf.reduce_sum(w))  # noqa: E731 -- beside its condition
    return tf.while_loop(lambda i, _: i < count, step, (0, x[0]))[1] + other.concat()[0] + array.gather([1, 0, 1])


def function(tf: Any, _flag: Any, _count: Any, x: Any, w: Any) -> Any:
    @tf.function
    def net(a: Any) -> Any:
        return tf.nn.softmax(tf.sin(a) * w), a * 2.0

    first, second = net(x)
    return first * second


def optionals(tf: Any, _flag: Any, _count: Any, x: Any, w: Any) -> Any:
    return tf.experimental.Optional.from_value((x * w, tf.identity(w))).get_value()[0]


def pushes_and_pops(tf: Any, _flag: Any, _count: Any, x: Any, w: Any) -> Any:
    raw, attrs = tf.raw_ops, {"element_shape": [-1, 3], "element_dtype": tf.float32}
    items = raw.EmptyTensorList(element_shape=[-1, 3], max_num_elements=-1, element_dtype=tf.float32)
    for tensor in (x, tf.identity(w), x * w):
        items = raw.TensorListPushBack(input_handle=items, tensor=tensor)
    items, last = raw.TensorListPopBack(input_handle=items, **attrs)
    longer = raw.TensorListResize(input_handle=items, size=4)
    return raw.TensorListStack(input_handle=longer, num_elements=-1, **attrs) * last


def scatters(tf: Any, _flag: Any, _count: Any, x: Any, w: Any) -> Any:
    raw, attrs = tf.raw_ops, {"element_shape": [3], "element_dtype": tf.float32}
    first = raw.TensorListScatter(tensor=x, indices=[2, 0], element_shape=[3])
    second = raw.TensorListScatterV2(tensor=x * w, indices=[1, 2], element_shape=[3], num_elements=3)
    first = raw.TensorListScatterIntoExistingList(input_handle=first, tensor=tf.sin(w), indices=[1, 2])
    stacked = [raw.TensorListStack(input_handle=items, num_elements=3, **attrs) for items in (first, second)]
    rows = raw.TensorListFromTensor(tensor=x[:, :, tf.newaxis], element_shape=[3, 1])
    joined = raw.TensorListConcat(input_handle=rows, element_dtype=tf.float32, element_shape=[3, 1])[0]
    return stacked[0] * stacked[1] * tf.reduce_sum(joined * joined)


def embedding_in_cond(tf: Any, flag: Any, count: Any, x: Any, w: Any) -> Any:
    rows = lambda: tf.gather(w, [1, 0, 1]) * x[0]  # noqa: E731 -- beside where it is called
    return tf.cond(flag, rows, lambda: tf.gather(w, [count % 2]))


CASES: dict[str, Callable[..., Any]] = {
    case.__name__: case
    for case in (
        array_in_while, cond, cond_in_while, cond_of_one_side, embedding_in_cond, function, map_fn, nested_cond,
        optionals, pushes_and_pops, reads_of_array, scan, scatters, switch_case, while_in_cond, while_in_while,
        while_loop, while_that_grows, while_that_swaps,
    )
}  # fmt: skip


def differentiate(tf: Any, y: Any, xs: list[Any]) -> list[Any]:
    """Return the gradients, and those of their squares."""
    first = [tf.convert_to_tensor(grad) for grad in tf.gradients(y, xs)]
    return [*first, *map(tf.convert_to_tensor, tf.gradients([grad * grad for grad in first], xs))]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("resource", [False, True])
def test_equals_tensorflow(tf: Any, name: str, resource: bool) -> None:
    tf1, rng = tf.compat.v1, np.random.default_rng(0)
    x_value, w_value = rng.uniform(-1.0, 1.0, (2, 2, 3)).astype(np.float32)
    with tf.Graph().as_default() as theirs:
        flag, count = tf1.placeholder(tf.bool, (), name="flag"), tf1.placeholder(tf.int32, (), name="count")
        x = tf1.placeholder(tf.float32, [None, 3], name="x")
        w = tf1.get_variable("w", initializer=w_value, use_resource=resource)
        tf.identity(CASES[name](tf, flag, count, x, w), name="y")
        forward = GraphDef.FromString(theirs.as_graph_def().SerializeToString())
        expected = differentiate(tf1, theirs.get_tensor_by_name("y:0"), [x, w])
    with compat.Graph().as_default() as ours:
        compat.import_graph_def(forward, name="")
        where = [ours.get_tensor_by_name("x:0"), ours.get_tensor_by_name("w:0")]
        found = differentiate(compat, ours.get_tensor_by_name("y:0"), where)
    fetched = [grad.name for grad in found]
    sessions = [tf1.Session(graph=theirs), compat.Session(graph=ours), tensorflow_session(tf, ours)]
    for session in sessions:
        session.run("w/Assign")
    for is_set in FLAGS:
        for number in COUNTS:
            feeds = {"flag:0": is_set, "count:0": number, "x:0": x_value}
            want = sessions[0].run(expected, feeds)
            for session in sessions[1:]:
                got = session.run(fetched, feeds)
                for one, other in zip(want, got, strict=True):
                    np.testing.assert_allclose(other, one, 1e-5, 1e-5)
